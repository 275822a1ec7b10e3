"""Whether reverse mode gives the derivative of a function: against central differences, entry by entry.

For y = f(x) with several numbers a random c makes the scalar s₁ = ⟨c, f(x)⟩; for second derivatives a random v makes
s₂ = ⟨∇s₁, v⟩. Each ∂s/∂xᵢ is compared with a quotient of s, and ⟨∇s, u⟩ along a random direction u, which holds all of
them. Where they disagree, the cause is looked for: an op, a kink, what was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from math import inf, isfinite
from typing import Any, TypeAlias

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.dtypes import float32, float64
from sklon._base.errors import GradientError, InputError
from sklon.tensors import Tensor
from sklon.tensors.autograd import grad
from sklon.tensors.creation import tensor
from sklon.tensors.functional import where
from sklon.tensors.modes import enable_grad, seeded
from sklon.tensors.trees import Nesting, flatten, nested

from ..recording import Array, recording_of
from .blaming import cause_of
from .comparing import PRECISIONS, Comparison, Line, Precision, compared, size_of

#: results of more numbers are compared as a random sum only
MOST_OUTPUTS = 256
Scalar: TypeAlias = Callable[[Sequence[Array]], "tuple[list[Tensor], Tensor]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientReport:
    """What :func:`check_grads` compared: how many derivatives of which orders, and the one that was farthest off."""

    compared: int
    orders: int
    dtype: str
    largest_error: float
    tolerance: float  # of the one with the largest error

    def __str__(self) -> str:
        orders = "order 1" if self.orders == 1 else f"orders 1 to {self.orders}"
        note = "; float32 resolves about three digits, float64 five" if self.dtype == "float32" else ""
        return (
            f"{self.compared} derivatives of {orders} agree with central differences in {self.dtype}; the largest "
            f"error is {self.largest_error:.2g} where {self.tolerance:.2g} is allowed{note}"
        )


@enable_grad
def check_grads(
    function: Callable[..., Any],
    *arguments: Any,
    orders: int = 1,
    entries: int = 256,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
) -> GradientReport:
    """Compare the gradients of ``function(*arguments)`` with central differences; raise GradientError if they differ.

    ``arguments`` are tensors, arrays and numbers, or trees of them (tuples, lists, dictionaries); ``function`` gets
    tensors in their places and returns a tensor, or a tree of some. Derivatives are taken with respect to all floating
    entries: each one if there are at most ``entries`` of them, else the half with the largest derivatives, as many
    random ones, and in both cases a random direction. ``orders=2`` checks second derivatives too.

    A derivative d is right if |d − q| ≤ atol + rtol·max(|d|, |q|) + rounding for the quotient q at one of a few steps.
    In float64 the steps are 6e-6, 6e-7 and 6e-8 (relative to entries above 1), atol 1e-7 and rtol 1e-5; whatever is
    float32 on the way is compared at 5e-3 and 1e-3 with atol 1e-3 and rtol 1e-2, and the report says so: pass float64.
    A kink passes where the central quotient is what autodiff returns there, as for |x| at 0.
    Random numbers of sklon start from ``seed`` at each evaluation, so that dropout draws one mask.

    Differs from ``torch.autograd.gradcheck`` (eps 1e-6, atol 1e-5, rtol 1e-3), which compares every entry of a
    Jacobian, by tighter tolerances and a bounded number of evaluations, and from ``jax.test_util.check_grads``, which
    compares random directions only, by naming the entry. Raises InputError for a function without floating arguments or
    results, or whose values change from call to call.

    >>> import sklon
    >>> report = sklon.check_grads(lambda x, y: (x * y).sin(), np.linspace(0.0, 1.0, 5), 2.0, orders=2)
    >>> report.compared, report.dtype, report.largest_error < 1e-7
    (14, 'float64', True)
    >>> try:
    ...     sklon.check_grads(lambda x: x * x.detach(), 3.0)
    ... except AssertionError as error:
    ...     print(str(error).split(" (")[0])
    the gradient of <lambda> is wrong at x: reverse mode gives 3, central differences 6
    """
    check_whole(1, orders=orders, entries=entries)
    _check_settings(function, atol=atol, rtol=rtol)
    subject = _Subject.of(function, arguments, seed)
    counted: list[Comparison] = []
    dtype = float64
    for order in range(1, orders + 1):
        scalar = subject.scalar(order)
        tensors, result = scalar(subject.arrays)
        recording = recording_of(result)
        dtype = recording.precision([n for leaf in tensors for n in (leaf._node, *recording.leaves_of(leaf))])
        precision = PRECISIONS[dtype].of(atol, rtol)
        check = _Check(subject, scalar, order, precision, subject.gradients(tensors, result))
        counted += check.run(entries, np.random.default_rng(seed))
    worst = max(counted, key=lambda c: abs(c.derivative - c.quotient))
    return GradientReport(
        compared=len(counted),
        orders=orders,
        dtype=dtype.name,
        largest_error=abs(worst.derivative - worst.quotient),
        tolerance=worst.tolerance,
    )


def _check_settings(function: Any, **tolerances: float | None) -> None:
    if not callable(function):
        raise InputError(f"check_grads takes a function and its arguments, not a {type(function).__name__}")
    for name, value in tolerances.items():
        if value is not None and not 0 <= value < inf:
            raise InputError(f"{name} must be a finite number of at least 0, not {value!r}")


# ---- the function
@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A function with its arguments: ``arrays`` are the floating ones, ``places`` says which leaves they are."""

    function: Callable[..., Any]
    leaves: list[Any]
    nesting: Nesting
    places: tuple[int, ...]
    names: tuple[str, ...]  # of the floating leaves
    arrays: tuple[Array, ...]
    seed: int

    @staticmethod
    def of(function: Callable[..., Any], arguments: tuple[Any, ...], seed: int) -> _Subject:
        leaves, nesting = flatten(arguments)
        found = [_array(leaf) for leaf in leaves]
        places = tuple(i for i, a in enumerate(found) if a is not None and a.dtype.kind == "f" and a.size)
        if not places:
            raise InputError("there is no floating number to differentiate by; pass tensors or arrays of float64")
        names = list(_names(function, arguments))
        return _Subject(
            function=function,
            leaves=[leaf if a is None else a for leaf, a in zip(leaves, found, strict=True)],
            nesting=nesting,
            places=places,
            names=tuple(names[i] for i in places),
            arrays=tuple(np.array(found[i]) for i in places),
            seed=seed,
        )

    @property
    def title(self) -> str:
        """How messages call the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def call(self, arrays: Sequence[Array]) -> tuple[list[Tensor], list[Tensor]]:
        """The floating arguments as leaves, and the floating results."""
        given = [tensor(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in self.leaves]
        leaves = [tensor(a, requires_grad=True) for a in arrays]
        for place, leaf in zip(self.places, leaves, strict=True):
            given[place] = leaf
        with seeded(self.seed):
            results, _ = flatten(self.function(*nested(given, self.nesting)))
        floating = [r for r in results if isinstance(r, Tensor) and r.dtype.is_floating]
        if not floating:
            raise InputError(f"{self.title} returns no floating tensor, so there is nothing to differentiate")
        return leaves, floating

    def scalar(self, order: int) -> Scalar:
        """s₁ = ⟨c, f(x)⟩, or s₂ = ⟨∇s₁, v⟩, …, as functions of the floating arguments."""
        return self.weighted(self._at_random) if order == 1 else self._along(self.scalar(order - 1), order)

    def weighted(self, weights: Callable[[Sequence[Tensor]], list[Array]]) -> Scalar:
        """⟨c, f(x)⟩ for the c of these results."""

        def scalar(arrays: Sequence[Array]) -> tuple[list[Tensor], Tensor]:
            leaves, results = self.call(arrays)
            return leaves, _sum([_inner(r, w) for r, w in zip(results, weights(results), strict=True)])

        return scalar

    def _at_random(self, results: Sequence[Tensor]) -> list[Array]:
        """c: one for a single number, else at random."""
        rng = np.random.default_rng(self.seed)
        if len(results) == 1 and results[0].numel() == 1:
            return [np.ones(_shape(results[0]))]
        return [rng.standard_normal(_shape(r)) for r in results]

    def output(self, place: int, index: tuple[int, ...]) -> Scalar:
        """One number of the results; the others may be anything, NaN too."""

        def one(arrays: Sequence[Array]) -> tuple[list[Tensor], Tensor]:
            leaves, results = self.call(arrays)
            chosen = np.zeros(_shape(results[place]), bool)
            chosen[index] = True
            return leaves, where(tensor(chosen), results[place], 0.0).sum()

        return one

    def _along(self, scalar: Scalar, order: int) -> Scalar:
        rng = np.random.default_rng((self.seed, order))
        directions = [np.asarray(rng.standard_normal(a.shape)) for a in self.arrays]

        def along(arrays: Sequence[Array]) -> tuple[list[Tensor], Tensor]:
            leaves, value = scalar(arrays)
            found = self.gradients(leaves, value, create_graph=True)
            return leaves, _sum([_inner(g, v) for g, v in zip(found, directions, strict=True)])

        return along

    def gradients(self, leaves: list[Tensor], value: Tensor, create_graph: bool = False) -> list[Tensor]:
        """∂value/∂leaf for each leaf; zeros where none flows."""
        if not value.requires_grad:
            return [tensor(np.zeros(_shape(leaf), leaf.dtype.numpy)) for leaf in leaves]
        found = grad(value, leaves, create_graph=create_graph, retain_graph=True, materialize_grads=True)
        return [g for g in found if g is not None]


def _array(leaf: Any) -> Array | None:
    """The values of what can be differentiated by, or is an array; None for anything else."""
    if isinstance(leaf, Tensor):
        return leaf.numpy()
    if isinstance(leaf, np.ndarray):
        return leaf
    return np.asarray(leaf) if isinstance(leaf, float | np.floating) else None


def _names(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Iterator[str]:
    """How the leaves of the arguments are called: ``x``, ``weights['b'][0]``."""
    try:
        own = list(signature(function).parameters)
    except (TypeError, ValueError):
        own = []
    for place, argument in enumerate(arguments):
        yield from _paths(argument, own[place] if place < len(own) else f"argument {place}")


def _paths(tree: Any, name: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _paths(value, f"{name}[{key!r}]")
    elif isinstance(tree, tuple | list):
        for place, value in enumerate(tree):
            yield from _paths(value, f"{name}[{place}]")
    else:
        yield name


def _inner(x: Tensor, weights: Array) -> Tensor:
    return (x * tensor(np.asarray(weights, x.dtype.numpy))).sum()


def _sum(parts: Sequence[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _shape(x: Tensor) -> tuple[int, ...]:
    return tuple(int(str(e)) for e in x.shape)


# ---- one order
@dataclass(frozen=True, slots=True)
class Place:
    """One number among the arguments."""

    argument: int
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Check:
    """The derivatives of one order beside the quotients of their scalar."""

    subject: _Subject
    of: Scalar
    order: int
    precision: Precision
    found: list[Tensor]

    def run(self, entries: int, rng: np.random.Generator) -> list[Comparison]:
        """All comparisons. Raises GradientError if one of them fails."""
        self._check_repeats()
        arrays = [g.numpy() for g in self.found]
        chosen = _chosen(arrays, entries, rng)
        by_entry = {e: self._compared(float(arrays[e.argument][e.index]), *self._moved(e)) for e in chosen}
        wrong = {e: c for e, c in by_entry.items() if c.verdict != "right"}
        if wrong:
            raise GradientError(self._message(wrong, len(by_entry)))
        directions = [rng.standard_normal(a.shape) for a in arrays]
        length = float(np.sqrt(sum(np.sum(d**2) for d in directions)))
        units = [np.asarray(d / length) for d in directions]
        slope = float(sum(np.sum(a * u) for a, u in zip(arrays, units, strict=True)))
        along = self._compared(slope, self._line(units), 1.0)
        if along.verdict != "right":
            raise GradientError(
                f"the gradient of {self.subject.title} is wrong along a random direction: reverse mode gives "
                f"{along.derivative:.6g}, central differences {along.quotient:.6g} (tolerance {along.tolerance:.2g}), "
                f"while the {len(by_entry)} entries that were looked at are right; look at more of them with entries="
            )
        return [*by_entry.values(), along]

    def value(self, arrays: Sequence[Array]) -> float:
        return float(self.of(arrays)[1].item())

    def _check_repeats(self) -> None:
        first, second = (self.value(self.subject.arrays) for _ in range(2))
        if first != second and not (np.isnan(first) and np.isnan(second)):
            raise InputError(
                f"{self.subject.title} gives {first!r} and then {second!r} for the same arguments, so it has no "
                "derivative; draw its random numbers with sklon, or once outside of it"
            )

    def _compared(self, derivative: float, line: Line, scale: float) -> Comparison:
        return compared(derivative, line, self.precision, scale)

    def _line(self, directions: Sequence[Array]) -> Line:
        arrays = self.subject.arrays
        return lambda t: self.value([a + (t * d).astype(a.dtype) for a, d in zip(arrays, directions, strict=True)])

    def _moved(self, entry: Place) -> tuple[Line, float]:
        return self._line(self._directions(entry)), size_of(self.subject.arrays[entry.argument][entry.index])

    def _directions(self, entry: Place) -> list[Array]:
        """One at the entry, zero elsewhere."""
        directions = [np.zeros(a.shape) for a in self.subject.arrays]
        directions[entry.argument][entry.index] = 1.0
        return directions

    # ---- in words
    def _message(self, wrong: dict[Place, Comparison], looked_at: int) -> str:
        entry, worst = max(wrong.items(), key=lambda pair: (pair[1].excess, not isfinite(pair[1].derivative)))
        at, check = self._named(entry), self
        found = self._output(entry) if self.order == 1 else None
        if found is not None:
            check, worst, output = found
            at = f"{at} for the output {output}"
        kind = ("gradient", "second derivative")[self.order - 1] if self.order < 3 else f"derivative {self.order}"
        more = f"; {len(wrong)} of the {looked_at} entries that were compared disagree" if len(wrong) > 1 else ""
        return (
            f"the {kind} of {self.subject.title} is wrong at {at}: reverse mode gives {worst.derivative:.6g}, central "
            f"differences {worst.quotient:.6g} (tolerance {worst.tolerance:.2g}){more}. {check._cause(entry, worst)}"
        )

    def _output(self, entry: Place) -> tuple[_Check, Comparison, str] | None:
        """The first number of the results whose derivative is wrong; None where there is only one, or too many."""
        _, results = self.subject.call(self.subject.arrays)
        outputs = [(i, index) for i, r in enumerate(results) for index in np.ndindex(_shape(r))]
        if not 1 < len(outputs) <= MOST_OUTPUTS:
            return None
        for place, index in outputs:
            scalar = self.subject.output(place, index)
            check = replace(self, of=scalar, found=self.subject.gradients(*scalar(self.subject.arrays)))
            derivative = float(check.found[entry.argument].numpy()[entry.index])
            comparison = check._compared(derivative, *check._moved(entry))
            if comparison.verdict != "right":
                of = f" of result {place}" if len(results) > 1 else ""
                return check, comparison, f"[{', '.join(map(str, index))}]{of}"
        return None

    def _named(self, entry: Place) -> str:
        return self.subject.names[entry.argument] + (f"[{', '.join(map(str, entry.index))}]" if entry.index else "")

    def _cause(self, entry: Place, worst: Comparison) -> str:
        leaves, result = self.of(self.subject.arrays)
        recording = recording_of(result)
        own = recording.leaves_of(leaves[entry.argument])
        return cause_of(recording, own, worst, self._directions(entry)[entry.argument]) or self._last_words

    @property
    def _last_words(self) -> str:
        if self.precision.unit == PRECISIONS[float32].unit:
            return "In float32 differences resolve about three digits; pass float64 to be sure"
        return "No single op is to blame; look for what the function changes outside of itself"


def _chosen(arrays: Sequence[Array], count: int, rng: np.random.Generator) -> list[Place]:
    """All entries, or the half of ``count`` with the largest values and as many at random."""
    places = [(i, k) for i, a in enumerate(arrays) for k in range(a.size)]
    if len(places) > count:
        sizes = np.concatenate([np.abs(a).ravel() for a in arrays])
        largest = np.argsort(-sizes, kind="stable")[: (count + 1) // 2]
        picked = dict.fromkeys([*largest.tolist(), *rng.choice(len(places), count // 2, replace=False).tolist()])
        places = [places[p] for p in picked]
    return [Place(i, tuple(int(x) for x in np.unravel_index(k, arrays[i].shape))) for i, k in places]
