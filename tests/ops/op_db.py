"""How PyTorch's database of operators judges ours: its samples, run by both, with two orders of derivatives.

All samples of an operator become one graph: values, the gradients of a random projection of them, and the gradients
of a random projection of those. It is interpreted once and compiled once.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.dtypes import dtype_of
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import Node, Slot, walk
from sklon.tensors import Tensor, realise, values
from sklon.tensors.pending import pending

torch: Any = pytest.importorskip("torch")
DATABASE = pytest.importorskip("torch.testing._internal.common_methods_invocations").op_db

Array = np.ndarray[Any, Any]
INFOS = {f"{o.name} {o.variant_test_name}".strip(): o for o in DATABASE}
#: element types without gradients; those of values in float64 are compared
WHOLE = (torch.int32, torch.int64, torch.bool)
OURS = {torch.float32, torch.float64, *WHOLE}
#: samples of one operator in float64, and in each other type; those of a new combination of ranks come first
SAMPLES, WHOLE_SAMPLES = 6, 3
#: NumPy's arrays have no more
AXES = 64
#: samples with more elements than this come last
LARGE = 300
RTOL, ATOL = 1e-9, 1e-10
#: relative error of results in float32
SINGLE = 1e-5


@dataclass(frozen=True, slots=True)
class Entry:
    """An operator of the database and our function for it.

    ``leave`` says why a sample is left out, or None; ``accepted`` are parts of PyTorch's messages about inputs that
    we take, each with the reason; ``orders`` of derivatives are compared where PyTorch has them.
    """

    name: str
    ours: Callable[..., Any]
    orders: int = 2
    types: tuple[Any, ...] = WHOLE
    leave: Callable[[Any], str | None] = lambda sample: None
    accepted: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = RTOL
    single: float = SINGLE

    def __str__(self) -> str:
        return self.name

    @property
    def info(self) -> Any:
        """PyTorch's description of the operator."""
        return INFOS[self.name]


class NotOursError(Exception):
    """A sample uses what we do not have: complex numbers, short types, a memory layout."""


@dataclass(slots=True)
class Judged:
    """What must agree: names, our nodes, PyTorch's arrays."""

    names: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    expected: list[Array] = field(default_factory=list)
    samples: int = 0

    def add(self, name: str, node: Node, expected: Any) -> None:
        """One more result."""
        self.names.append(name)
        self.nodes.append(node)
        self.expected.append(expected.numpy(force=True))


# ---- samples
def tensors(what: Any) -> Iterator[Any]:
    """The tensors in nested arguments, in order."""
    if torch.is_tensor(what):
        yield what
    elif isinstance(what, list | tuple | dict):
        for one in what.values() if isinstance(what, dict) else what:
            yield from tensors(one)


def arguments(sample: Any) -> tuple[Any, ...]:
    """Everything that a sample passes."""
    return (sample.input, tuple(sample.args), dict(sample.kwargs))


def samples(entry: Entry, dtype: Any) -> list[Any]:
    """Some samples of different kinds that the entry does not leave out."""
    torch.manual_seed(0)
    grads = dtype is torch.float64 and entry.info.supports_autograd
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = list(entry.info.sample_inputs("cpu", dtype, requires_grad=grads))
    kept = [s for s in given if why_not(s) is None and entry.leave(s) is None]
    seen: dict[Any, int] = defaultdict(int)
    order = []
    for position, sample in enumerate(kept):
        shapes = tuple(tuple(t.shape) for t in tensors(arguments(sample)))
        kind = (tuple(len(s) for s in shapes), len(sample.args), tuple(sample.kwargs))
        large = max((int(np.prod(s)) for s in shapes), default=0) > LARGE
        order.append((large, seen[kind], position))
        seen[kind] += 1
    count = SAMPLES if dtype is torch.float64 else WHOLE_SAMPLES
    return [kept[position] for *_, position in sorted(order)[:count]]


def why_not(sample: Any) -> str | None:
    """What excludes a sample for every operator."""
    if any(t.dtype not in OURS for t in tensors(arguments(sample))):
        return "an element type that we do not have"
    return None


def ours(what: Any, made: dict[int, Tensor]) -> Any:
    """Arguments with our tensors in place of PyTorch's; ``made`` gets them by identity."""
    if torch.is_tensor(what):
        if what.dtype not in OURS or what.ndim > AXES:
            raise NotOursError(f"{what.dtype} with {what.ndim} axes")
        return made.setdefault(id(what), _tensor(what))
    if isinstance(what, torch.dtype):
        if what not in OURS:
            raise NotOursError(str(what))
        return dtype_of(str(what).removeprefix("torch."))
    if isinstance(what, torch.Size):
        return tuple(what)
    if isinstance(what, complex) or type(what).__module__.startswith("torch"):
        raise NotOursError(repr(what))
    if isinstance(what, list | tuple):
        return type(what)(ours(w, made) for w in what)
    return {k: ours(v, made) for k, v in what.items()} if isinstance(what, dict) else what


def _tensor(theirs: Any) -> Tensor:
    return sklon.tensor(theirs.detach().numpy().copy(), requires_grad=theirs.requires_grad)


def results(value: Any) -> tuple[Any, ...]:
    """One result or several, as several."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


# ---- judging
def judge(entry: Entry, dtypes: Iterable[Any]) -> Judged:
    """Record all samples of an entry with us and run them with PyTorch."""
    judged = Judged()
    for dtype in dtypes:
        for number, sample in enumerate(samples(entry, dtype)):
            _judge_one(entry, sample, f"{dtype} sample {number}", judged)
            judged.samples += 1
    return judged


def _judge_one(entry: Entry, sample: Any, what: str, judged: Judged) -> None:
    made: dict[int, Tensor] = {}
    shapes = [tuple(t.shape) for t in tensors(arguments(sample))]
    where = f"{what} {shapes} {sample.args} {sample.kwargs}"[:400]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = results(entry.info(sample.input, *sample.args, **sample.kwargs))
    args = ours(arguments(sample), made)
    mine = results(entry.ours(args[0], *args[1], **args[2]))
    assert len(mine) == len(theirs), where
    for k, (x, y) in enumerate(zip(mine, theirs, strict=True)):
        assert (x.shape, x.dtype.name) == (tuple(y.shape), str(y.dtype).removeprefix("torch.")), where
        judged.add(f"result {k} of {where}", x.node, y)
    wrt = [t for t in tensors(arguments(sample)) if t.requires_grad]
    leaves = [made[id(t)].node for t in wrt]
    nodes = [x.node for x in mine]
    orders = min(entry.orders, 2 if entry.info.supports_gradgrad else 1) if entry.info.supports_autograd else 0
    for order in range(1, orders + 1):
        nodes, theirs = _derive(nodes, theirs, leaves, wrt, order)
        for k, (node, y) in enumerate(zip(nodes, theirs, strict=True)):
            judged.add(f"gradient {k} of order {order} of {where}", node, y)


def _derive(
    nodes: Sequence[Node], theirs: Sequence[Any], leaves: Sequence[Node], wrt: Sequence[Any], order: int
) -> Any:
    """The gradients of a random projection of results, ours and PyTorch's; zero where there is none."""
    rng = np.random.default_rng(order)
    seeds = [rng.standard_normal(tuple(y.shape)) for y in theirs]
    return _our_gradients(nodes, seeds, leaves), _their_gradients(theirs, seeds, wrt)


def _our_gradients(nodes: Sequence[Node], seeds: Sequence[Array], leaves: Sequence[Node]) -> list[Node]:
    build, projected = Build(), dict[Node, Node]()
    for node, seed in zip(nodes, seeds, strict=True):
        if node.dtype.is_floating:
            leaf = values.leaf(seed.astype(node.dtype.numpy))
            projected[node] = build.add(projected[node], leaf) if node in projected else leaf
    found = gradients(projected, leaves)
    return [build.full_like(0.0, x) if g is None else g for x, g in zip(leaves, found, strict=True)]


def _their_gradients(results: Sequence[Any], seeds: Sequence[Array], wrt: Sequence[Any]) -> list[Any]:
    smooth = [(y, torch.tensor(s)) for y, s in zip(results, seeds, strict=True) if y.requires_grad]
    if not smooth:
        return [torch.zeros_like(x) for x in wrt]
    outputs, projections = zip(*smooth, strict=True)
    found = torch.autograd.grad(outputs, wrt, projections, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(wrt, found, strict=True)]


# ---- refused inputs
def refused(entry: Entry) -> Iterator[tuple[str, str, Any]]:
    """What PyTorch refuses: a name, its message, and a function that passes the same to us."""
    function = entry.info.error_inputs_func
    given = entry.info.error_inputs("cpu") if function else ()
    for error in given:
        sample = error.sample_input
        if _is_number(sample.input) or (any(map(_is_number, sample.args)) and not error.error_regex):
            continue  # numbers are operands wherever tensors are
        if "out" in sample.kwargs:
            continue  # results are new tensors
        try:
            args = ours(arguments(sample), {})
        except NotOursError:
            continue
        shapes = [tuple(t.shape) for t in tensors(arguments(sample))]
        yield f"{entry} {shapes} {sample.args} {sample.kwargs}"[:300], error.error_regex, _call(entry, args)


def _call(entry: Entry, args: Any) -> Callable[[], Any]:
    return lambda: [x.numpy() for x in results(entry.ours(args[0], *args[1], **args[2]))]


def _is_number(what: Any) -> bool:
    return isinstance(what, int | float)


# ---- both executors
def interpreted(judged: Judged) -> list[Array]:
    """Our results, by the meaning of the graph."""
    leaves = [n for n in walk(judged.nodes) if isinstance(n.op, Slot)]
    bound: dict[Node, Any] = {}
    for n in leaves:
        known = values.array_of(n)
        bound[n] = values.number_of(n) if known is None else known
    with np.errstate(all="ignore"):
        found = evaluate(tuple(judged.nodes), bound, 1)
    return [np.asarray(found[n]) for n in judged.nodes]


def compiled(judged: Judged) -> list[Array]:
    """Our results, by native code: one program for all of them."""
    pending.clear()  # handles of others are no part of this program
    handles = [Tensor(n) for n in judged.nodes]
    return [realise.value(h) for h in handles]


def compare(entry: Entry, judged: Judged, found: Sequence[Array], how: str) -> None:
    """Fail with the first result that differs, or if nothing was judged."""
    assert judged.samples, f"{entry}: no sample was judged"
    for name, a, b in zip(judged.names, found, judged.expected, strict=True):
        close = entry.single if b.dtype == np.float32 else entry.tolerance
        np.testing.assert_allclose(a, b, close, max(ATOL, close / 10), err_msg=f"{entry}, {how}: {name}")
