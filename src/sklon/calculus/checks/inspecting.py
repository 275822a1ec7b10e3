"""What an audit finds out about each parameter: facts in the model's own type, and in float64 what is right.

A gradient is compared with difference quotients of the loss and with the sum of the gradients of single rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from sklon._base.dtypes import Dtype, float32, float64
from sklon._base.errors import InputError
from sklon._base.notebook import written
from sklon.nn import Parameter
from sklon.tensors import Tensor

from ..nonfinite import Origin, find_nonfinite
from ..recording import Array, Recording, recording_of
from .bench import Bench, left_unchanged
from .blaming import cause_of
from .comparing import PRECISIONS, Comparison, compared, size_of

Verdict: TypeAlias = Literal["right", "zero", "kink", "frozen", "wrong", "unused", "uneven rows", "not finite"]
#: of a batch's gradient and the sum over its rows, the largest relative difference, by element type
SUMS_AGREE = {float64: 1e-6, float32: 1e-3}
#: what is said of losses and of models
UNEVEN = (
    "the gradient of the batch is not the {of} of those of its rows: the loss does not weigh rows equally, as a mean "
    "of means does not, so a short or accumulated batch gives another gradient; take one mean over all rows, or, where "
    "rows have weights, a loss of sklon.nn, which says what they are"
)
UNRESOLVED = (
    "its derivatives are smaller than what differences may be off by ({:.1g}), so a wrong one would not show; if they "
    "should not be as small, look at what makes them so, or multiply the loss"
)
UNREGISTERED = (
    "The loss reads tensors of shape {} that require gradients and are no parameters of the model, so no optimizer "
    "will move them; layers in a plain list belong into nn.ModuleList, tensors into nn.Parameter."
)
PADDED = "Rows of padding are not trained and were not compared."
COARSE = "A part of the model computes in float32 whatever it is given, so all was compared to three digits only."
NO_ROWS = "The loss cannot be computed for a single row, so sums over rows were not compared."
COUPLED = (
    "A row's output depends on the other rows of its batch or on its place among them (batch norm, dropout), so the "
    "losses of the rows were differentiated one by one within the whole batch, not each row alone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterAudit:
    """What was found about one parameter; None where there is nothing to compare.

    ``norm`` is ‖∂loss/∂parameter‖ in the model's own type, ``differences`` the largest relative error beside
    difference quotients of ``compared`` entries and directions, ``rows`` the relative error beside the sum over
    samples. ``zeros`` and ``not_finite`` are shares of the entries; ``dead_rows`` counts those along the first axis
    (units, mostly) whose gradient is exactly 0.
    """

    name: str
    shape: tuple[int, ...]
    verdict: Verdict
    reason: str = ""
    norm: float | None = None
    differences: float | None = None
    compared: int = 0
    rows: float | None = None
    zeros: float | None = None
    dead_rows: int | None = None
    not_finite: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table."""
        dead = "" if self.dead_rows is None else f"{self.dead_rows} of {self.shape[0]}"
        errors = ["" if e is None else f"{e:.1e}" for e in (self.differences, self.rows)]
        shares = ["" if s is None else f"{100 * s:.0f} %" for s in (self.zeros, self.not_finite)]
        return (self.name, _size(self), written(self.norm), *errors, shares[0], dead, shares[1], self.verdict)


def _size(x: Tensor | ParameterAudit) -> str:
    return "×".join(map(str, x.shape)) or "number"


# ---- in the model's own type
@dataclass(frozen=True, slots=True)
class Own:
    """The gradients as the user's own types give them, and where what is not finite begins."""

    loss: float
    gradients: dict[str, Array | None]
    origin: str


def own_gradients(bench: Bench) -> Own:
    """The gradients in the model's own type."""
    with left_unchanged(*bench.modules):
        for parameter in bench.parameters.values():
            parameter._hooks = None
        value = bench.value()
        found = bench.gradients(value)
        loss = float(value.item())
        finite = np.isfinite(loss) and all(g is None or np.isfinite(g).all() for g in found.values())
        origin = None if finite else find_nonfinite(bench.value())
    return Own(loss, found, "" if origin is None else origin.sentence + _whose(origin, bench))


def _whose(origin: Origin, bench: Bench) -> str:
    """Of a number that was given: which parameters hold such, or that none does."""
    if origin.op:
        return ""
    lost = [name for name, p in bench.parameters.items() if not np.isfinite(p.numpy()).all()]
    return f"; not finite are the parameters {', '.join(lost)}" if lost else "; all parameters are finite"


# ---- in float64
@dataclass(frozen=True, slots=True)
class _Sum:
    """Gradients of rows added up, and their lengths."""

    gradient: Array
    length: float


def _added_up(bench: Bench, *, coupled: bool) -> tuple[list[float], dict[str, _Sum] | None]:
    """The losses of single rows, and their gradients added up by name; one row after the other.

    None where the loss refuses a single row, as a variance does.
    """
    values: list[float] = []
    sums: dict[str, _Sum] = {}
    for row in range(len(bench)):
        try:
            value = bench.row_value(row, coupled=coupled)
        except Exception:  # of the user's loss, which may refuse a single row in whatever way
            return [], None
        for name, g in bench.gradients(value).items():
            if g is not None:
                before = sums.get(name, _Sum(np.zeros(g.shape), 0.0))
                sums[name] = _Sum(before.gradient + g, before.length + float(np.linalg.norm(g)))
        values.append(float(value.item()))
    return values, sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A bench in float64 with its gradients, those of its rows, and what was recorded."""

    bench: Bench
    entries: int
    loss: float
    gradients: dict[str, Array | None]
    recording: Recording
    dtype: Dtype  # the coarsest in which something is computed from a parameter
    coupled: bool
    meaning: str  # of the batch's loss among those of its rows
    factor: float  # of each of these
    sums: dict[str, _Sum] | None  # None where a row alone has no loss
    unregistered: str  # shapes of what requires gradients and is no parameter
    padded: bool  # whether rows of padding were left out

    @staticmethod
    def of(bench: Bench, entries: int) -> Inspection:
        """Evaluate the batch and each of its rows."""
        value = bench.value()
        recording, found, loss = recording_of(value), bench.gradients(value), float(value.item())
        _check_repeats(loss, float(bench.value().item()))
        coupled = bench.coupled()
        values, sums = _added_up(bench, coupled=coupled)
        factor, meaning = bench.share(loss, values) if sums is not None else (1.0, "neither")
        return Inspection(
            bench=bench,
            entries=entries,
            loss=loss,
            gradients=found,
            recording=recording,
            dtype=recording.precision(n for p in bench.parameters.values() for n in recording.leaves_of(p)),
            coupled=coupled,
            meaning=meaning,
            factor=factor,
            sums=sums,
            unregistered=", ".join(_size(leaf) for leaf in bench.unregistered(value)),
            padded=not all(bench.trained(p).all() for p in bench.parameters.values()),
        )

    @property
    def remarks(self) -> list[str]:
        """What holds for all parameters."""
        told = (
            (COUPLED, self.coupled),
            (NO_ROWS, self.sums is None),
            (COARSE, self.dtype is float32),
            (PADDED, self.padded),
            (UNREGISTERED.format(self.unregistered), bool(self.unregistered)),
        )
        return [remark for remark, holds in told if holds]

    def row(self, name: str, parameter: Parameter, own: Own) -> ParameterAudit:
        """What is found about one parameter."""
        shape = tuple(int(str(e)) for e in parameter.shape)
        if not parameter.requires_grad:
            return ParameterAudit(name=name, shape=shape, verdict="frozen")
        gradient = own.gradients[name]
        facts = {} if gradient is None else _facts(gradient)
        if own.origin and (gradient is None or not np.isfinite(gradient).all() or not np.isfinite(own.loss)):
            return ParameterAudit(name=name, shape=shape, verdict="not finite", reason=own.origin, **facts)
        comparisons = self._compared(parameter, self.gradients[name])
        rows = self._rows(name)
        verdict, reason = self._verdict(parameter, self.gradients[name], comparisons, rows)
        return ParameterAudit(
            name=name,
            shape=shape,
            verdict=verdict,
            reason=reason,
            differences=max(_error(c) for c, _ in comparisons),
            compared=len(comparisons),
            rows=rows,
            **facts,
        )

    def _compared(self, parameter: Parameter, gradient: Array | None) -> list[tuple[Comparison, Array]]:
        """The derivatives along some axes and a random direction, with these, beside quotients of the loss."""
        here = parameter.numpy()
        slope = np.zeros(here.shape) if gradient is None else gradient
        found = []
        trained = self.bench.trained(parameter)
        for along in _directions(slope, trained, self.entries, np.random.default_rng(self.bench.seed)):

            def line(t: float, along: Array = along) -> float:
                return self.bench.moved(parameter, here + t * along)

            scale = size_of(here[along != 0]) if np.count_nonzero(along) == 1 else 1.0
            derivative = float((slope * along).sum())
            found.append((compared(derivative, line, PRECISIONS[self.dtype], scale, abs(self.loss)), along))
        return found

    def _rows(self, name: str) -> float | None:
        """How far the sum over rows is from the gradient, relative to the lengths that are added up."""
        gradient = self.gradients[name]
        if gradient is None or self.sums is None:
            return None
        total = self.sums.get(name, _Sum(np.zeros(gradient.shape), 0.0))
        off = float(np.linalg.norm(self.factor * total.gradient - gradient))
        return off / max(self.factor * total.length, PRECISIONS[self.dtype].atol * max(1.0, abs(self.loss)))

    def _verdict(
        self,
        parameter: Parameter,
        gradient: Array | None,
        comparisons: Sequence[tuple[Comparison, Array]],
        rows: float | None,
    ) -> tuple[Verdict, str]:
        worst, along = max(comparisons, key=lambda pair: (_is_wrong(pair[0]), pair[0].excess))
        if _is_wrong(worst):
            return "wrong", self._cause(parameter, worst, along)
        if gradient is None:
            return self._without_gradient(parameter, comparisons)
        if rows is not None and not rows <= SUMS_AGREE[self.dtype]:
            return "uneven rows", UNEVEN.format(of="sum" if self.meaning == "sum" else "mean")
        if worst.verdict == "kink":
            return "kink", f"it stands at a kink, with slopes from {worst.left:.4g} to {worst.right:.4g}"
        if not gradient.any():
            return "zero", "its gradient is exactly 0 on this batch, and so is the slope"
        return "right", UNRESOLVED.format(worst.tolerance) if _is_unresolved(comparisons) else ""

    def _without_gradient(
        self, parameter: Parameter, comparisons: Sequence[tuple[Comparison, Array]]
    ) -> tuple[Verdict, str]:
        """A loss that does not read a parameter is the same to the bit wherever that is moved."""
        steepest, along = max(comparisons, key=lambda pair: abs(pair[0].quotient))
        if steepest.quotient:
            return "wrong", self._cause(parameter, steepest, along)
        return "unused", "the loss does not depend on it; use it in forward, or leave it out"

    def _cause(self, parameter: Parameter, worst: Comparison, along: Array) -> str:
        differ = f"reverse mode gives {worst.derivative:.6g} where central differences give {worst.quotient:.6g}"
        cause = cause_of(self.recording, self.recording.leaves_of(parameter), worst, along)
        return f"{differ}. {cause}".rstrip(" .")


def _is_wrong(one: Comparison) -> bool:
    """Whether a derivative is neither right nor one of those that a kink has."""
    return one.verdict == "wrong" or (one.verdict == "kink" and not one.is_between)


def _is_unresolved(comparisons: Sequence[tuple[Comparison, Array]]) -> bool:
    """Whether any derivative as small as these would have passed."""
    return all(max(abs(c.derivative), abs(c.quotient)) <= c.tolerance for c, _ in comparisons)


def _check_repeats(first: float, second: float) -> None:
    if first != second and not (np.isnan(first) and np.isnan(second)):
        raise InputError(
            f"the loss is {first!r} and then {second!r} for the same batch, so it has no derivative; draw random "
            "numbers with sklon, whose seed the audit sets"
        )


def _directions(slope: Array, trained: Array, entries: int, rng: np.random.Generator) -> list[Array]:
    """Axes of the largest derivatives and random ones, and one random direction of length 1, among what is trained."""
    flat = np.abs(slope).ravel()
    free = np.flatnonzero(trained)
    largest = free[np.argsort(-flat[free], kind="stable")[: (entries + 1) // 2]]
    others = rng.choice(free, min(entries // 2, free.size), replace=False)
    found = []
    for place in dict.fromkeys([*largest.tolist(), *others.tolist()]):
        axis = np.zeros(flat.size)
        axis[place] = 1.0
        found.append(axis.reshape(slope.shape))
    random = np.asarray(rng.standard_normal(slope.shape)) * trained
    return [*found, random / max(float(np.linalg.norm(random)), 1e-300)]


def _facts(gradient: Array) -> dict[str, Any]:
    """The norm of a gradient, and what of it is zero or not finite."""
    dead = None if gradient.ndim < 2 else int((~gradient.reshape(len(gradient), -1).any(axis=1)).sum())
    return {
        "norm": float(np.linalg.norm(gradient.astype(np.float64))),
        "zeros": float((gradient == 0).mean()),
        "not_finite": float((~np.isfinite(gradient)).mean()),
        "dead_rows": dead,
    }


def _error(one: Comparison) -> float:
    """The relative error of a derivative; beside a quotient of 0, what is allowed there counts as its size."""
    size = max(abs(one.derivative), abs(one.quotient), one.tolerance)
    return abs(one.derivative - one.quotient) / size
