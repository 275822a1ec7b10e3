"""One descent: where an optimizer went on a function, with what it saw on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.canvas import can_draw
from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon._base.notebook import card, facts, paragraph
from sklon._base.picture import Picture
from sklon.calculus.subject import Function, Point, Subject, subject_of
from sklon.calculus.writing import number, shown
from sklon.optim import Optimizer
from sklon.optim.schedules import Schedule
from sklon.tensors.creation import tensor

from .picture import picture_of
from .run import Outcome, Way, label_of, walk, way_of
from .run.rules import Chosen
from .theory import Rate, cause_of, rate_of

if TYPE_CHECKING:
    from sklon.calculus.expressions import Expression

Array: TypeAlias = np.ndarray[Any, Any]
#: the length of a gradient that counts as zero
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Descent:
    """The path of one optimizer: at each of k + 1 points the value of f and the length of its gradient, in float64.

    ``points`` [k+1, n] are where gradients were taken, also with schedule-free rules; ``values``, ``gradient_norms``
    [k+1]; ``step_lengths`` [k]. ``outcome.kind`` is "converged", "stalled", "diverged" or "unfinished", and
    ``outcome.reason`` says why in a sentence.
    """

    label: str
    subject: Subject
    points: Array
    values: Array
    gradient_norms: Array
    outcome: Outcome
    way: Way
    optimizer: Optimizer
    units: Array

    @property
    def step_lengths(self) -> Array:
        """‖xₖ₊₁ − xₖ‖ of each step."""
        lengths: Array = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return lengths

    @property
    def end(self) -> dict[str, float]:
        """The last point, by the names of the variables."""
        return dict(zip(self.subject.names, self.points[-1].tolist(), strict=True))

    def rate(self) -> Rate:
        """How fast the path shrinks, next to what theory says where there is one: see :class:`Rate`."""
        return rate_of(self.subject, self.points, self.optimizer, self.units, constant=self.way.schedule is None)

    def picture(self, plane: tuple[str, str] | None = None) -> Picture:
        """The path on the function, and its values over the steps; see ``calculus.compare`` for several.

        Of two variables: level lines with the path; of one: the curve with the path; of more: the values alone, or
        with ``plane`` level lines over two of the variables, the others being those of the end.
        """
        return picture_of((self,), plane)

    def json(self) -> dict[str, Any]:
        """Everything as numbers, lists and texts."""
        return {
            "label": self.label,
            "variables": list(self.subject.names),
            "outcome": self.outcome.kind,
            "reason": self.outcome.reason,
            "points": self.points.tolist(),
            "values": self.values.tolist(),
            "gradient_norms": self.gradient_norms.tolist(),
            "step_lengths": self.step_lengths.tolist(),
        }

    def __str__(self) -> str:
        rows = "\n".join(f"  {name:<9} {value}" for name, value in self._facts())
        return f"{self.label}: {self.outcome.kind}\n{rows}"

    def _facts(self) -> list[tuple[str, str]]:
        first, last = self.points[0], self.points[-1]
        return [
            ("steps", f"{len(self.points) - 1}"),
            ("from", f"{_named(self.subject.names, first)}, f = {number(self.values[0])}"),
            ("to", f"{_named(self.subject.names, last)}, f = {number(self.values[-1])}"),
            ("gradient", f"{number(self.gradient_norms[0], 3)} → {number(self.gradient_norms[-1], 3)}"),
            ("why", self.outcome.reason),
        ]

    def _repr_html_(self) -> str:
        drawn = [self.picture()._repr_html_()] if can_draw() else [paragraph("With matplotlib there is a picture.")]
        return card(f"{self.label}: {self.outcome.kind}", facts(self._facts()), *drawn)


def descend(
    f: str | Expression | Function | Subject,
    start: Point,
    optimizer: Chosen = "sgd",
    *,
    steps: int = 100,
    lr: float | None = None,
    schedule: Schedule | str | None = None,
    scale: Any = None,
    tolerance: float = TOLERANCE,
    **options: Any,
) -> Descent:
    """Let an optimizer go down a function from a start, and return its path. All is computed in float64.

    ``f`` is a formula or a Python function, called as ``start`` says (a number, a tuple, a list, a dictionary).
    ``optimizer`` is a name ("sgd", "adam", "lbfgs", … as the Trainer takes them) with its ``lr`` and ``options`` such
    as ``momentum=0.9``, or a function that makes one: ``lambda parameters: optim.Adam(parameters, lr=0.1)``.
    ``schedule`` moves the rate, a value of ``optim.schedules`` or its text. A step of "lbfgs" is one iteration with a
    line search.

    At most ``steps`` ≥ 0 steps are taken, fewer where the gradient's length is at most ``tolerance``, nothing moves, or
    f or its gradient is not finite. With ``scale`` s, one number for each variable or "start" for those of the start,
    the optimizer moves x/s: a change of units, which matters where variables differ by orders of magnitude.

    Raises InputError where f is not finite at the start, and for settings that cannot be used.

    >>> path = descend(lambda x, y: x**2 + 10 * y**2, (5.0, 1.0), "sgd", lr=0.05, steps=200, momentum=0.5)
    >>> path.outcome.kind, len(path.points), round(float(path.values[-1]), 12)
    ('converged', 77, 0.0)
    """
    check_whole(0, steps=steps)
    subject, point = (f, _vector(start)) if isinstance(f, Subject) else subject_of(f, start)
    _check_follows(subject, point)
    way = way_of(optimizer, lr, schedule, options, steps)
    units = _units_of(scale, point)
    walked = walk(subject.function, point, way, steps, units, tolerance)
    found = Descent(
        label=label_of(way, walked.optimizer),
        subject=subject,
        points=walked.points,
        values=walked.values,
        gradient_norms=np.linalg.norm(walked.gradients, axis=1),
        outcome=walked.outcome,
        way=way,
        units=units,
        optimizer=walked.optimizer,
    )
    cause = cause_of(subject, walked.points, walked.optimizer, units) if _leads_away(found) else None
    if cause is None:
        return found
    return replace(found, outcome=Outcome("diverged", f"{_course(found)}; {cause}"))


def _course(descent: Descent) -> str:
    """What a path that leads away has done so far."""
    if descent.outcome.kind == "diverged":
        return descent.outcome.reason
    first, last = number(descent.values[0], 4), number(descent.values[-1], 4)
    return f"f went from {first} to {last} in {len(descent.points) - 1} steps"


def _check_follows(subject: Subject, start: Array) -> None:
    """Refuse a Python function whose value has lost its variables: it would look like a constant."""
    if subject.expression is None and not subject.function(tensor(start, requires_grad=True)).requires_grad:
        raise InputError(
            "f gives a number that does not follow from its variables by functions of sklon, so it has no gradient; "
            "use sklon.sin, sklon.exp, … in place of those of math and numpy"
        )


def _leads_away(descent: Descent) -> bool:
    """Whether a path diverged, or may be about to: its gradient is longer at the end than somewhere before."""
    kind, lengths = descent.outcome.kind, descent.gradient_norms
    return kind == "diverged" or (kind == "unfinished" and lengths[-1] > lengths[len(lengths) * 3 // 4])


def _units_of(scale: Any, start: Array) -> Array:
    if scale is None:
        return np.ones(len(start))
    if isinstance(scale, str):
        if scale != "start":
            raise InputError(f'scale is one number for each variable, or "start", not {scale!r}')
        return np.where(start == 0, 1.0, np.abs(start))
    units = _vector(scale)
    if units.shape != start.shape or not np.isfinite(units).all() or not units.all():
        raise InputError(f"scale has one number other than 0 for each of the {len(start)} variables, not {scale!r}")
    return units


def _vector(at: Any) -> Array:
    try:
        return np.asarray(at, np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InputError(f"a point is made of numbers, not {at!r}") from error


def _named(names: tuple[str, ...], point: Array) -> str:
    return ", ".join(f"{shown(name)} = {number(value)}" for name, value in zip(names, point, strict=True))
