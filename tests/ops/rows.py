"""One row for each use of each primitive: how it is built, on what, and PyTorch's word for the same.

Shapes are written in letters: N rows of the step, k and m columns; digits are themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, bool_, dtype_of, float32, float64, int32, int64
from sklon._base.shapes import Extent, N, Shape, concrete
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b
from tests.executors import Trial

Array = np.ndarray[Any, Any]
Sample = Callable[[np.random.Generator, tuple[int, ...]], Array]


# ---- samples: float64 unless the op wants another type; kinks and poles are at least 0.05 away
def anywhere(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.3, 3.0, shape)


def nonzero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(positive(rng, shape) * rng.choice((-1.0, 1.0), shape))


def inside(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(-0.9, 0.9, shape)


def above_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(1.2, 3.0, shape)


def between_steps(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.integers(-4, 4, shape) + rng.uniform(0.1, 0.4, shape) + rng.choice((0.0, 0.5), shape))


def even(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.integers(-9, 9, shape) * 0.2)


def odd(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return even(rng, shape) + 0.1


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return (rng.permutation(int(np.prod(shape))) * 0.1 - 2.0).reshape(shape)


def truth(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.random(shape) < 0.5


def small_integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 5, shape).astype(np.int32)


def about_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(1.0, 1.001, shape)


def signed_integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-9, 9, shape).astype(np.int32)


def odd_integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return 2 * signed_integers(rng, shape) + np.int32(1)


def words(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 2**32, shape, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the letters of shapes stand for."""

    N: int
    k: int
    m: int

    def shape(self, letters: str) -> Shape:
        """The shape that ``letters`` write."""
        return tuple(self._extent(c) for c in letters)

    def _extent(self, letter: str) -> Extent:
        return N if letter == "N" else int(letter) if letter.isdigit() else int(getattr(self, letter))


#: one, primes, a shard exactly and one more, more than two shards
AWKWARD = (Sizes(1, 1, 1), Sizes(5, 7, 3), Sizes(67, 17, 64), Sizes(64, 64, 33), Sizes(130, 100, 2))
ORDINARY = Sizes(5, 7, 3)


@dataclass(frozen=True, slots=True)
class Row:
    """``build`` takes the nodes of the inputs and the sizes; ``torch`` the module, its tensors and the sizes.

    ``orders`` tells up to which order derivatives are compared with differences; 0 where there is none, or where
    the function has steps. ``exact`` rows have the same bits compiled and interpreted.
    """

    op: str
    build: Callable[..., Node]
    inputs: tuple[tuple[Sample, str], ...]
    torch: Callable[..., Any] | None = None
    orders: int = 2
    exact: bool = False
    name: str = ""

    def __str__(self) -> str:
        return f"{self.op} {self.name}".strip()

    def arrays(self, sizes: Sizes, dtype: Dtype = float64, seed: int = 0) -> list[Array]:
        """Sampled inputs; floating ones have type ``dtype``."""
        rng = np.random.default_rng(seed)
        made = [sample(rng, concrete(sizes.shape(letters), sizes.N)) for sample, letters in self.inputs]
        return [a.astype(dtype.numpy) if a.dtype == np.float64 else a for a in made]

    def trial(self, sizes: Sizes, dtype: Dtype = float64) -> Trial:
        """The op on states, its result as the output y."""
        arrays = self.arrays(sizes, dtype)
        nodes = [
            slot(f"x{i}", "state", sizes.shape(letters), dtype_of(a.dtype))
            for i, ((_, letters), a) in enumerate(zip(self.inputs, arrays, strict=True))
        ]
        graph = Graph((("y", self.build(*nodes, sizes)),))
        bound = {f"x{i}": a for i, a in enumerate(arrays)}
        return Trial(graph, sizes.N, (sizes.N,), bound, np.zeros(sizes.N, np.int32), np.zeros((1, 0)))


def unary(op: str, sample: Sample, torch: Callable[..., Any], exact: bool = False) -> Row:
    """A point op of one input."""
    return Row(op, lambda x, s: getattr(b, op)(x), ((sample, "Nk"),), lambda t, x, s: torch(t, x), exact=exact)


def binary(op: str, left: Sample, right: Sample, orders: int = 2, torch: str = "") -> Row:
    """A point op of two inputs, exact in every arithmetic."""
    inputs = ((left, "Nk"), (right, "Nk"))
    reference: Callable[..., Any] = lambda t, x, y, s: getattr(t, torch or op)(x, y)  # noqa: E731
    return Row(op, lambda x, y, s: getattr(b, op)(x, y), inputs, reference, orders, exact=True)


def logical(op: str, arity: int) -> Row:
    """A point op on booleans."""
    return Row(
        op,
        lambda *x: getattr(b, op)(*x[:-1]),
        ((truth, "Nk"),) * arity,
        lambda t, *x: getattr(t, f"logical_{op.rstrip('_')}")(*x[:-1]),
        orders=0,
        exact=True,
    )


def whole(op: str, left: Sample, right: Sample, torch: Callable[..., Any], name: str = "") -> Row:
    """A point op on two integers."""
    inputs = ((left, "Nk"), (right, "Nk"))
    return Row(op, lambda x, y, s: getattr(b, op)(x, y), inputs, lambda t, x, y, s: torch(t, x, y), 0, True, name)


def contract(spec: str, left: str, right: str) -> Row:
    """A product, written as einsum writes it."""
    a, rest = spec.split(",")
    other, out = rest.split("->")
    return Row(
        "contract",
        lambda x, y, s: b.contract(x, y, a=a, b=other, out=out),
        ((anywhere, left), (anywhere, right)),
        lambda t, x, y, s: t.einsum(spec, x, y),
        name=f"{spec} {left} {right}",
    )


def reduce(fn: str, letters: str, axes: tuple[int, ...]) -> Row:
    """A sum or a maximum along axes."""
    return Row(
        "reduce",
        lambda x, s: b.reduce(x, fn=fn, axes=axes),
        ((distinct if fn == "max" else anywhere, letters),),
        lambda t, x, s: (t.sum if fn == "sum" else t.amax)(x, dim=axes),
        name=f"{fn} {letters} {axes}",
    )


def standardize(letters: str, axes: tuple[int, ...], scaled: bool = False) -> Row:
    """Values less their mean, over the root of their variance and 0.3, perhaps scaled."""

    def build(x: Node, *rest: Any) -> Node:
        shape = x.shape
        count = b.constant(value=float(np.prod([e for a in axes if isinstance(e := shape[a], int)])), dtype=x.dtype)
        count = b.mul(count, b.size(dtype=x.dtype)) if 0 in axes else count

        def mean(values: Node) -> Node:
            total = b.reduce(values, fn="sum", axes=axes)
            return b.div(total, b.expand(count, shape=total.shape, dims=()))

        centre = mean(x)
        centred = b.sub(x, b.spread(centre, shape, axes))
        variance = mean(b.mul(centred, centred))
        return b.standardize(x, centre, b.add(variance, b.full_like(0.3, variance)), *rest[:-1], axes=axes)

    def reference(t: Any, x: Any, *rest: Any) -> Any:
        variance, mean = t.var_mean(x, dim=axes, correction=0, keepdim=True)
        y = (x - mean) / t.sqrt(variance + 0.3)
        return y * rest[0].reshape([1 if a in axes else -1 for a in range(x.ndim)]) if scaled else y

    kept = "".join(letter for a, letter in enumerate(letters) if a not in axes)
    inputs = ((anywhere, letters), *(((anywhere, kept),) if scaled else ()))
    return Row("standardize", build, inputs, reference, name=f"{letters} {axes}{' scaled' if scaled else ''}")


def cast(sample: Sample, dtype: Dtype) -> Row:
    """A conversion; only rounding, so no differences are taken."""
    return Row(
        "cast",
        lambda x, s: b.cast(x, dtype=dtype),
        ((sample, "Nk"),),
        lambda t, x, s: x.to(getattr(t, dtype.name)),
        orders=0,
        exact=True,
        name=f"{sample.__name__} to {dtype.name}",
    )


def expand(letters: str, out: str, dims: tuple[int, ...]) -> Row:
    """Repetition and exchange of axes."""

    def reference(t: Any, x: Any, s: Sizes) -> Any:
        ordered = x.permute(*np.argsort(dims).tolist()) if dims else x
        shape = concrete(s.shape(out), s.N)
        return ordered.reshape([shape[a] if a in dims else 1 for a in range(len(shape))]).expand(shape)

    return Row(
        "expand",
        lambda x, s: b.expand(x, shape=s.shape(out), dims=dims),
        ((anywhere, letters),),
        reference,
        exact=True,
        name=f"{letters} to {out}",
    )


def reshape(letters: str, shape: Callable[[Sizes], Shape]) -> Row:
    """Other axes for the same elements."""
    return Row(
        "reshape",
        lambda x, s: b.reshape(x, shape=shape(s)),
        ((anywhere, letters),),
        lambda t, x, s: x.reshape(concrete(shape(s), s.N)),
        exact=True,
        name=f"{letters} to {shape(ORDINARY)}",
    )


def leaf(op: str, build: Callable[[Sizes], Node], torch: Callable[..., Any]) -> Row:
    """An op without inputs."""
    return Row(op, build, (), torch, orders=0, exact=True)


ROWS: tuple[Row, ...] = (
    Row("slot", lambda x, s: x, ((anywhere, "Nk"),), lambda t, x, s: x, exact=True),
    binary("add", anywhere, anywhere),
    binary("sub", anywhere, anywhere),
    binary("mul", anywhere, anywhere),
    binary("div", anywhere, nonzero),
    binary("maximum", even, odd),
    binary("minimum", even, odd),
    binary("equal", even, even, orders=0, torch="eq"),
    binary("less", even, even, orders=0),
    binary("greater", even, even, orders=0),
    logical("and_", 2),
    logical("or_", 2),
    logical("xor_", 2),
    logical("not_", 1),
    whole("and_", signed_integers, small_integers, lambda t, x, y: x & y, "of integers"),
    whole("or_", signed_integers, small_integers, lambda t, x, y: x | y, "of integers"),
    whole("xor_", signed_integers, small_integers, lambda t, x, y: x ^ y, "of integers"),
    whole("floor_div", signed_integers, odd_integers, lambda t, x, y: x // y),
    whole("integer_pow", signed_integers, small_integers, lambda t, x, y: x**y),
    whole("shift_left", signed_integers, small_integers, lambda t, x, y: x << y),
    whole("shift_right", signed_integers, small_integers, lambda t, x, y: x >> y),
    replace(unary("signbit", nonzero, lambda t, x: t.signbit(x), exact=True), orders=0),
    unary("neg", anywhere, lambda t, x: -x, exact=True),
    unary("abs", nonzero, lambda t, x: t.abs(x), exact=True),
    unary("relu", nonzero, lambda t, x: t.relu(x), exact=True),
    unary("sqrt", positive, lambda t, x: t.sqrt(x), exact=True),
    unary("exp", anywhere, lambda t, x: t.exp(x)),
    unary("log", positive, lambda t, x: t.log(x)),
    unary("sigmoid", anywhere, lambda t, x: t.sigmoid(x)),
    unary("tanh", anywhere, lambda t, x: t.tanh(x)),
    unary("softplus", anywhere, lambda t, x: t.logaddexp(x, t.zeros_like(x))),
    unary("sin", anywhere, lambda t, x: t.sin(x)),
    unary("cos", anywhere, lambda t, x: t.cos(x)),
    unary("tan", inside, lambda t, x: t.tan(x)),
    unary("asin", inside, lambda t, x: t.asin(x)),
    unary("acos", inside, lambda t, x: t.acos(x)),
    unary("atan", anywhere, lambda t, x: t.atan(x)),
    unary("sinh", anywhere, lambda t, x: t.sinh(x)),
    unary("cosh", anywhere, lambda t, x: t.cosh(x)),
    unary("asinh", anywhere, lambda t, x: t.asinh(x)),
    unary("acosh", above_one, lambda t, x: t.acosh(x)),
    unary("atanh", inside, lambda t, x: t.atanh(x)),
    unary("expm1", anywhere, lambda t, x: t.expm1(x)),
    unary("log1p", positive, lambda t, x: t.log1p(x)),
    unary("erf", anywhere, lambda t, x: t.erf(x)),
    unary("erfc", anywhere, lambda t, x: t.erfc(x)),
    unary("lgamma", positive, lambda t, x: t.lgamma(x)),
    unary("exp2", anywhere, lambda t, x: t.exp2(x)),
    unary("log2", positive, lambda t, x: t.log2(x)),
    unary("log10", positive, lambda t, x: t.log10(x)),
    replace(binary("pow", positive, anywhere), exact=False),
    replace(binary("atan2", nonzero, nonzero), exact=False),
    replace(binary("hypot", nonzero, nonzero), exact=False),
    binary("fmod", between_steps, about_one),
    unary("floor", between_steps, lambda t, x: t.floor(x), exact=True),
    unary("ceil", between_steps, lambda t, x: t.ceil(x), exact=True),
    unary("trunc", between_steps, lambda t, x: t.trunc(x), exact=True),
    unary("round", between_steps, lambda t, x: t.round(x), exact=True),
    Row("stop_gradient", lambda x, s: b.stop_gradient(x), ((anywhere, "Nk"),), lambda t, x, s: x.detach(), 0, True),
    Row("copy", lambda x, s: b.copy(x), ((anywhere, "Nk"),), lambda t, x, s: x.clone(), exact=True),
    Row("copy", lambda x, s: b.copy(x, panel=16), ((anywhere, "km"),), lambda t, x, s: x.clone(), name="in panels"),
    Row(
        "where",
        lambda c, x, y, s: b.where(c, x, y),
        ((truth, "Nk"), (anywhere, "Nk"), (anywhere, "Nk")),
        lambda t, c, x, y, s: t.where(c, x, y),
        exact=True,
    ),
    cast(anywhere, float32),
    cast(anywhere, int32),
    cast(anywhere, int64),
    cast(even, bool_),
    cast(truth, float64),
    cast(small_integers, float64),
    cast(small_integers, int64),
    contract("ni,oi->no", "Nk", "mk"),
    contract("oi,ni->no", "mk", "Nk"),
    contract("no,oi->ni", "Nk", "km"),
    contract("no,ni->oi", "N1", "N1"),
    contract("no,ni->oi", "Nk", "Nm"),
    contract("ik,kj->ij", "km", "mk"),
    contract("ik,jk->ji", "km", "5m"),
    contract("ni,ni->n", "Nk", "Nk"),
    contract("ni,i->ni", "Nk", "k"),
    contract("ni,i->n", "Nk", "k"),
    contract("n,o->no", "N", "m"),
    contract("nij,nj->ni", "N3k", "Nk"),
    contract("nji,oi->njo", "N3k", "mk"),
    contract("njo,nji->oi", "N3m", "N3k"),
    contract("nji,jio->njo", "N3k", "3km"),
    contract("ni,jio->njo", "Nk", "3km"),
    contract("njo,jio->ni", "N3m", "3km"),
    contract("njo,nji->jio", "N3m", "N3k"),
    contract("tu,fud->ftd", "5k", "3km"),
    standardize("Nk", (1,)),
    standardize("Nk", (0,)),
    standardize("N3k", (0, 2)),
    standardize("N3k", (0, 2), scaled=True),
    standardize("Nk", (1,), scaled=True),
    contract("ni,nj->", "Nk", "Nm"),
    reduce("sum", "Nk", (0,)),
    reduce("sum", "Nk", (1,)),
    reduce("sum", "Nk", (0, 1)),
    reduce("sum", "N3k", (1,)),
    reduce("sum", "N", (0,)),
    reduce("max", "Nk", (0,)),
    reduce("max", "Nk", (1,)),
    reduce("max", "N3k", (0, 2)),
    expand("k", "Nk", (1,)),
    expand("N", "Nk", (0,)),
    expand("", "Nk", ()),
    expand("km", "mk", (1, 0)),
    expand("Nk", "N3k", (0, 2)),
    expand("N3k", "Nk3", (0, 2, 1)),
    Row(
        "gather",
        lambda table, index, s: b.gather(table, index),
        ((anywhere, "5k"), (small_integers, "N")),
        lambda t, table, index, s: table[index.long()],
        exact=True,
    ),
    Row(
        "gather",
        lambda table, index, s: b.gather(table, index),
        ((anywhere, "5k"), (small_integers, "N3")),
        lambda t, table, index, s: table[index.long()],
        exact=True,
        name="of several rows each",
    ),
    Row(
        "scatter_add",
        lambda index, x, s: b.scatter_add(index, x, rows=7),
        ((small_integers, "N3"), (anywhere, "N3k")),
        lambda t, index, x, s: t.zeros(7, *x.shape[2:], dtype=x.dtype).index_add(
            0, index.long().flatten(), x.flatten(0, 1)
        ),
        name="of several rows each",
    ),
    Row(
        "scatter_add",
        lambda index, x, s: b.scatter_add(index, x, rows=7),
        ((small_integers, "N"), (anywhere, "Nk")),
        lambda t, index, x, s: t.zeros(7, *x.shape[1:], dtype=x.dtype).index_add(0, index.long(), x),
    ),
    Row(
        "slice",
        lambda x, s: b.slice(x, starts=(0, s.k // 3, 1), shape=(N, s.k - s.k // 2, 2)),
        ((anywhere, "Nk3"),),
        lambda t, x, s: x[:, s.k // 3 : s.k // 3 + s.k - s.k // 2, 1:],
        exact=True,
    ),
    Row(
        "pad",
        lambda x, s: b.pad(x, before=(0, 2), shape=(N, s.k + 5)),
        ((anywhere, "Nk"),),
        lambda t, x, s: t.nn.functional.pad(x, (2, 3)),
        exact=True,
    ),
    Row(
        "pad",
        lambda x, s: b.pad(b.tanh(x), before=(3, 0, 1), shape=(s.m + 3, s.k, 3)),
        ((anywhere, "mk1"),),
        lambda t, x, s: t.nn.functional.pad(t.tanh(x), (1, 1, 0, 0, 3, 0)),
        name="what was computed, on three axes",
    ),
    Row("flip", lambda x, s: b.flip(x, axes=(1,)), ((anywhere, "Nk"),), lambda t, x, s: x.flip(1), exact=True),
    Row(
        "flip",
        lambda x, s: b.flip(x, axes=(0, 2)),
        ((anywhere, "mk3"),),
        lambda t, x, s: x.flip(0, 2),
        exact=True,
        name="two axes",
    ),
    reshape("Nk3", lambda s: (N, 3 * s.k)),
    reshape("Nk", lambda s: (N, 1, s.k, 1)),
    reshape("4k3", lambda s: (2, s.k * 2, 3)),
    reshape("mk", lambda s: (s.k, s.m)),
    reshape("mk", lambda s: (s.m * s.k,)),
    leaf("constant", lambda s: b.constant(value=0.3, dtype=float64), lambda t, s: t.tensor(0.3, dtype=t.float64)),
    leaf("size", lambda s: b.size(dtype=float64), lambda t, s: t.tensor(float(s.N), dtype=t.float64)),
    leaf(
        "iota",
        lambda s: b.iota(axis=1, shape=(N, s.k), dtype=int32),
        lambda t, s: t.arange(s.k, dtype=t.int32).expand(s.N, s.k),
    ),
    Row("random_bits", lambda *x: b.random_bits(*x[:-1]), ((words, "Nk"),) * 6, orders=0, exact=True),
    Row("unit_interval", lambda x, s: b.unit_interval(x), ((words, "Nk"),), orders=0, exact=True),
)
