"""Derivatives from values alone: difference quotients at halved steps, extrapolated to step 0, with their error.

A quotient is f′ plus c₁hᵖ + c₂h²ᵖ + …, so quotients at h and h/2 combine into one without the first term, and so on:
a table in which every entry has two neighbours that ought to agree with it (Richardson 1911; Ridders 1982). How far
they do not, and what rounding does at so small a step, is the error. At a kink the central quotients agree with each
other on a slope that does not exist; there the slopes from both sides differ, and half their gap is the error.

Shapes: x, direction [n]; a Hessian [n, n].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TypeAlias

import numpy as np

from sklon.tensors.creation import tensor
from sklon.tensors.jit import jit

from .subject import Array, Subject

#: a function of one real number, such as t ↦ f(x + t·v)
Line: TypeAlias = Callable[[float], float]

#: the largest step, relative to the size of the point, and how often it is halved; in float64 the last is about 1e-7
LARGEST_STEP, HALVINGS = 0.25, 22
#: terms of the error that are cancelled; more of them amplify rounding and gain nothing in float64
MOST_TERMS = 8
#: rounding of a float64, relative to it, and how many such errors a value of f is taken to hold at the least
UNIT, ROUNDINGS = float(np.finfo(np.float64).eps) / 2, 16
#: the distance of the points that show the noise of f, in smallest steps; no ratio that rounding could be in time with
NOISE_STEP = 2**0.5
#: where these points show nothing, the next are so much further apart, and at the most so many smallest steps
WIDER, WIDEST = 8.0, 1e5
#: standard deviations that a bound of the noise holds
DEVIATIONS = 3.0
#: how much nearer to look, relative to the point, for the other side of a function that ends
NEARER = 2.0**-20
#: one-sided slopes with relative errors above this say nothing about whether there is a kink
ROUGH = 1e-2
#: finer rows of the table that have to be there before a row is believed
CONFIRMING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with a bound of its error; NaN ± ∞ where there is none."""

    value: float
    error: float

    def settles(self, relative: float = 1e-4) -> bool:
        """Whether the error is small beside the number, or beside 1."""
        return isfinite(self.value) and self.error <= relative * max(1.0, abs(self.value))


NOTHING = Estimate(value=nan, error=inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSided(Estimate):
    """A derivative of a line, with what it is from the right and from the left alone."""

    right: Estimate
    left: Estimate

    @property
    def torn(self) -> bool:
        """Whether both sides have a derivative, and not the same: a kink."""
        sided = self.right.settles() and self.left.settles()
        return sided and abs(self.right.value - self.left.value) > self.right.error + self.left.error

    @property
    def ends(self) -> bool:
        """Whether there are values on one side only, at the smallest steps: an edge of the domain, or near one."""
        return isfinite(self.right.value) != isfinite(self.left.value)


UNDEFINED = TwoSided(value=nan, error=inf, right=NOTHING, left=NOTHING)


@np.errstate(over="ignore", invalid="ignore")
def slope(line: Line, scale: float = 1.0) -> TwoSided:
    """g′(0) of a line g, from values of g at steps of up to ``scale``/4.

    >>> found = slope(lambda t: (1 + t) ** 3)
    >>> round(found.value, 6), found.error < 1e-9, slope(abs).torn
    (3.0, True, True)
    """
    steps, here, ahead, behind = _values(line, scale)
    if not isfinite(here):
        return UNDEFINED
    size = _uncertainty(line, here, ahead, behind, float(steps[-1]))
    central = _extrapolated((ahead - behind) / (2 * steps), size / steps, steps, scale, order=2)
    right = _extrapolated((ahead - here) / steps, 2 * size / steps, steps, scale, order=1)
    left = _extrapolated((here - behind) / steps, 2 * size / steps, steps, scale, order=1)
    return _two_sided(central, right, left)


@np.errstate(over="ignore", invalid="ignore")
def curvature(line: Line, scale: float = 1.0) -> TwoSided:
    """g″(0) of a line g, from values of g at steps of up to ``scale``/4.

    >>> round(curvature(lambda t: (1 + t) ** 3).value, 6)
    6.0
    """
    steps, here, ahead, behind = _values(line, scale)
    if not isfinite(here):
        return UNDEFINED
    size = _uncertainty(line, here, ahead, behind, float(steps[-1]))
    noise, half = 4 * size / steps**2, steps[1:]
    central = _extrapolated((ahead - 2 * here + behind) / steps**2, noise, steps, scale, order=2)
    right = _extrapolated((ahead[:-1] - 2 * ahead[1:] + here) / half**2, noise[1:], half, scale, order=1)
    left = _extrapolated((behind[:-1] - 2 * behind[1:] + here) / half**2, noise[1:], half, scale, order=1)
    return _two_sided(central, right, left)


def gradient(subject: Subject, at: Array) -> tuple[TwoSided, ...]:
    """∂f/∂xᵢ at a point, for each variable."""
    values = _values_of(subject)
    return tuple(
        _inside(slope, _line(values, at, unit), at, abs(x)) for unit, x in zip(np.eye(len(at)), at, strict=True)
    )


def directional(subject: Subject, at: Array, direction: Array) -> TwoSided:
    """The derivative of t ↦ f(at + t·direction) at t = 0; the direction is taken as long as it is."""
    return _inside(slope, _line(_values_of(subject), at, direction), at, float(np.abs(at).max(initial=0.0)))


def hessian(subject: Subject, at: Array) -> tuple[tuple[Estimate, ...], ...]:
    """∂²f/∂xᵢ∂xⱼ at a point: second derivatives along the axes, and along the diagonals between them.

    With u = eᵢ + eⱼ and w = eᵢ − eⱼ, uᵀHu − wᵀHw = 4Hᵢⱼ.
    """
    count, size, axes, values = len(at), np.abs(at), np.eye(len(at)), _values_of(subject)
    rows = [[NOTHING] * count for _ in range(count)]
    for i in range(count):
        rows[i][i] = _inside(curvature, _line(values, at, axes[i]), at, size[i])
        for j in range(i):
            diagonals = [_line(values, at, axes[i] + s * axes[j]) for s in (1.0, -1.0)]
            plus, minus = (_inside(curvature, line, at, min(size[i], size[j])) for line in diagonals)
            mixed = Estimate(value=(plus.value - minus.value) / 4, error=(plus.error + minus.error) / 4)
            rows[i][j] = rows[j][i] = mixed
    return tuple(tuple(row) for row in rows)


# ---- values along a line
def _values_of(subject: Subject) -> Callable[[Array], float]:
    """What gives a value at a point: a formula compiled once, a Python function called anew each time."""
    if subject.expression is None:
        return subject.value
    compiled = jit(subject.function)
    return lambda at: float(compiled(tensor(at)).item())


def _line(values: Callable[[Array], float], at: Array, direction: Array) -> Line:
    """t ↦ f(at + t·direction)."""
    return lambda t: values(at + t * direction)


def _inside(measure: Callable[[Line, float], TwoSided], line: Line, at: Array, size: float) -> TwoSided:
    """What ``measure`` says with steps relative to the point, or to 1; nearer, where one side of f ends before them.

    ``size`` is how far 0 is along the line, where many functions end.
    """
    scale = max(1.0, float(np.abs(at).max(initial=0.0)))
    found = measure(line, scale)
    for nearer in (size, NEARER * scale):
        if found.ends and 0 < nearer < scale:
            found = measure(line, nearer)
    return found


def _values(line: Line, scale: float) -> tuple[Array, float, Array, Array]:
    """Steps, the value at 0, and those at each step ahead and behind."""
    steps = LARGEST_STEP * scale * 0.5 ** np.arange(HALVINGS)
    sides = np.array([[line(float(s * h)) for h in steps] for s in (1.0, -1.0)])
    ahead, behind = np.where(np.isfinite(sides), sides, nan)
    return steps, line(0.0), ahead, behind


def _uncertainty(line: Line, here: float, ahead: Array, behind: Array, step: float) -> Array:
    """Of each step, how uncertain the values are that its quotients read: by rounding, or by the noise of f."""
    values = np.nan_to_num(np.abs([ahead, behind]), nan=0.0)
    rounding = UNIT * ROUNDINGS * np.maximum(values.max(axis=0), abs(here))
    return np.asarray(np.maximum(rounding, _noise(line, step)))


def _noise(line: Line, step: float) -> float:
    """How much values of f jitter where it is smooth, from fourth differences at points so near that f has none.

    Of independent errors with deviation σ they have the deviation √70·σ (Hamming 1973; Moré and Wild 2011). Values
    that are all the same tell nothing, as those of a function in float32: points further apart are asked.
    """
    spacing = NOISE_STEP * step
    values = _neighbours(line, spacing)
    while np.ptp(values) == 0.0 and spacing < WIDEST * step:
        spacing *= WIDER
        values = _neighbours(line, spacing)
    differences = np.diff(values, n=4)
    return float(DEVIATIONS * np.abs(differences).max() / 70**0.5) if np.isfinite(differences).all() else 0.0


def _neighbours(line: Line, spacing: float) -> Array:
    return np.array([line(spacing * k) for k in range(-4, 5)])


# ---- to step 0
def _extrapolated(quotients: Array, noise: Array, steps: Array, scale: float, order: int) -> Estimate:
    """The limit of quotients with an error of h^order, h^(2·order), … whose values are uncertain by ``noise``.

    That the points themselves are rounded makes each quotient uncertain by its size times the unit over the step.
    """
    finite = np.isfinite(quotients)
    first = len(finite) - int(np.argmin(finite[::-1])) if not finite.all() else 0
    if len(quotients) - first < 2 + CONFIRMING:
        return NOTHING
    uncertain = noise + UNIT * scale / steps * np.abs(quotients)
    rows = _rows(quotients[first:], uncertain[first:], order)
    values, errors = np.array([r.value for r in rows]), np.array([r.error for r in rows])
    for i in range(len(rows) - 1):  # what a coarser step says has to fit to what each finer one says
        apart = np.abs(values[i] - values[i + 1 :]) - errors[i + 1 :]
        errors[i] = max(errors[i], apart.max())
    errors[1:] = np.maximum(errors[1:], np.abs(np.diff(values)))
    best = int(np.argmin(errors[:-CONFIRMING]))
    return Estimate(value=float(values[best]), error=float(errors[best]))


def _rows(quotients: Sequence[float] | Array, noise: Array, order: int) -> list[Estimate]:
    """The best entry of each row of the table: T(i, j) = (2^(order·j)·T(i, j−1) − T(i−1, j−1)) / (2^(order·j) − 1)."""
    found: list[Estimate] = []
    above: list[float] = []
    doubts: list[float] = []
    for q, uncertain in zip(quotients, noise, strict=True):
        row, doubt, best = [float(q)], [float(uncertain)], NOTHING
        for j in range(min(len(above), MOST_TERMS)):
            factor = 2.0 ** (order * (j + 1))
            row.append((factor * row[j] - above[j]) / (factor - 1))
            doubt.append((factor * doubt[j] + doubts[j]) / (factor - 1))
            apart = max(abs(row[-1] - row[j]), abs(row[-1] - above[j]))
            if apart + doubt[-1] < best.error:
                best = Estimate(value=row[-1], error=apart + doubt[-1])
        if above:
            found.append(best)
        above, doubts = row, doubt
    return found


def _two_sided(central: Estimate, right: Estimate, left: Estimate) -> TwoSided:
    """The better of the central estimate and of the mean of both sides, if these agree within small errors.

    Where they do not, half of what they differ by counts as error.
    """
    gap = abs(right.value - left.value)
    if not (gap <= right.error + left.error and right.settles(ROUGH) and left.settles(ROUGH)):
        error = float(np.nanmax([central.error, gap / 2]))
        return TwoSided(value=central.value, error=error, right=right, left=left)
    mean = Estimate(value=(right.value + left.value) / 2, error=(right.error + left.error) / 2)
    best = min(central, mean, key=lambda estimate: estimate.error)
    return TwoSided(value=best.value, error=best.error, right=right, left=left)
