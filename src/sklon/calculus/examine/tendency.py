"""Where a sequence tends as its step shrinks: to a number, to infinity, to and fro, or nobody knows.

A value y(h) = L + C·hᵖ changes from step to step by differences that shrink by rᵖ: their ratio tells the exponent p. A
positive one means a limit, zero a logarithm, a negative one a power that grows. Where differences change their signs
the width of what the values cover is looked at instead. Only differences above the noise of rounding count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log, nan

import numpy as np

from sklon.calculus.subject import Array

from .sampling import RATIO

FINITE, INFINITE, OSCILLATING, UNKNOWN, ABSENT = "finite", "infinite", "oscillating", "unknown", "absent"
SIGNIFICANT = 10.0
"""A difference counts from this many standard deviations on."""
RUN = 5
"""Differences of one sign in a row that make a trend."""
STEADY = 0.3
"""The spread of the exponents in a run that is one power."""
DOUBT = 1 / 20
"""The largest share of a difference that is noise, where it counts."""
FEWEST = 8
"""Values of which something can be said."""
SLOW = 0.03
"""Exponents nearer to 0 are not told from a logarithm."""
LOGARITHM, COARSE = 1e-6, 2e-3
"""Differences whose ratio is 1 within the first do not shrink: the sequence is a logarithm. Where ratios themselves are
known worse, within what they are known to, and the second at the most."""
WINDOW = 6
"""Steps over which the width of what oscillates is taken."""
SHRINKING = 0.05
"""From this exponent on, and beyond doubt, that width vanishes."""
SCATTER = 0.3
"""The standard deviation of the logarithm of a width: a window may see half a period of what goes to and fro."""
SHARE_ABSENT = 0.6
"""A function that is no number at this share of the smallest steps is not defined there."""
MOST_OF_WINDOW = 4
"""Differences that count in a window, the last with it, from which on they are no chance."""
STRAY = 0.5
"""An exponent that differs so much from the last ones belongs to larger features than the limit."""
STOPPED = 2
"""Steps without a difference that counts, after which a trend has ended."""
WINDOWS, MOST_WINDOWS = 3, 8
"""Fewer windows tell no tendency of their widths; more are too far from the point."""
QUIET, VERY_QUIET, QUIET_STEPS = 0.5, 0.01, 4
"""Noise below this share of what was covered, for so many steps: what does not move there does not move. The second
where there is enough before it to judge by."""
SAFETY = 4.0
"""What errors that were estimated from the last step are multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tendency:
    """What y(h) does as h → 0.

    ``limit`` is a number, ±∞, or NaN; ``error`` bounds its error. ``exponent`` is p in y − L ∝ hᵖ, or in y ∝ hᵖ where
    y is unbounded; 0 is a logarithm, −∞ faster than any, NaN unknown. ``low`` and ``high`` are what oscillates between.
    """

    kind: str
    limit: float = nan
    error: float = nan
    exponent: float = nan
    low: float = nan
    high: float = nan

    @property
    def is_finite(self) -> bool:
        """Whether there is a finite limit."""
        return self.kind == FINITE


def tendency(steps: Array, values: Array, noise: Array, between: Array | None = None) -> Tendency:
    """What ``values`` [K] at ``steps`` [K], which shrink, tend to; ``noise`` [K] is their standard deviation.

    ``between`` [K, M] are values between each step and the next: where values go to and fro, they tell how far.
    """
    more = np.zeros((len(values), 0)) if between is None else between
    with np.errstate(all="ignore"):
        return _tendency(steps, values, noise, more)


def _tendency(steps: Array, values: Array, noise: Array, between: Array) -> Tendency:
    last = values[int(len(values) * (1 - SHARE_ABSENT)) :]
    if np.isnan(last).all():
        return Tendency(kind=ABSENT)
    noise = noise + _of_steps(steps, values)
    known = ~np.isnan(values)
    steps, values, noise, between = steps[known], values[known], noise[known], between[known]
    if np.isinf(values[-3:]).all():
        return _endless(values)
    finite = np.isfinite(values)
    steps, values, noise, between = steps[finite], values[finite], noise[finite], between[finite]
    if len(values) < FEWEST:
        return Tendency(kind=UNKNOWN)
    return _judged(steps, values, noise, between)


def _of_steps(steps: Array, values: Array) -> Array:
    """What values differ from those at steps that shrink by exactly one ratio: next to c a step is rounded."""
    with np.errstate(all="ignore"):
        slopes = np.abs((values[1:] - values[:-1]) / np.diff(steps))
        moved = np.append(slopes, slopes[-1]) * np.abs(steps - steps[0] * RATIO ** np.arange(len(steps)))
    return np.where(np.isfinite(moved), moved, 0.0)


def _endless(values: Array) -> Tendency:
    if len(set(np.sign(values[-3:]))) > 1:
        return Tendency(kind=OSCILLATING, low=-inf, high=inf)
    return Tendency(kind=INFINITE, limit=float(values[-1]), error=0.0, exponent=-inf)


def _judged(steps: Array, values: Array, noise: Array, between: Array) -> Tendency:
    differences = np.diff(values)
    counts = np.abs(differences) > SIGNIFICANT * (noise[1:] + noise[:-1])
    end = _last_in_company(counts)
    if end == 0:
        return _converged(values, noise, nan)
    start, exponents = _run(differences, noise, counts, end)
    if len(exponents) >= RUN - 1:
        if _stopped(differences, noise, end, float(np.median(exponents[1 - RUN :]))):
            return _settled(values[end:], noise[end:])
        return _trend(values[start:], noise[start:], exponents)
    quiet = _quiet(values, noise, end)
    if quiet < (VERY_QUIET if end >= WINDOWS * WINDOW else QUIET):
        return _settled(values[end:], noise[end:])
    inner = np.where(np.isfinite(between), between, values[:, None])
    return _swinging(steps[: end + 1], np.column_stack((values, inner))[: end + 1], noise[: end + 1])


def _settled(values: Array, noise: Array) -> Tendency:
    """The limit of what does not move any more, but for what is left of it where it came to rest."""
    return _converged(values, noise + np.ptp(values[:QUIET_STEPS]), nan)


def _stopped(differences: Array, noise: Array, end: int, exponent: float) -> bool:
    """Whether a trend ends where it would still stand out of the noise: there a larger feature ends."""
    after = noise[end : end + STOPPED]
    expected = abs(differences[end - 1]) * RATIO ** (exponent * STOPPED)
    return len(after) == STOPPED and bool(expected > 4 * SIGNIFICANT * after.max())


def _quiet(values: Array, noise: Array, end: int) -> float:
    """The noise behind what counts, as a share of what the values covered there; infinite at the end."""
    after = noise[end : end + QUIET_STEPS]
    return float(after.max() / np.ptp(values[: end + 1])) if len(after) == QUIET_STEPS else inf


def _last_in_company(counts: Array) -> int:
    """How many differences there are up to the last one that counts with most of those before it: chance is lonely."""
    company = np.convolve(counts, np.ones(WINDOW))[: len(counts)]
    found = np.flatnonzero(counts & (company >= np.minimum(np.arange(len(counts)) + 1, MOST_OF_WINDOW)))
    return int(found[-1]) + 1 if len(found) else 0


def _run(differences: Array, noise: Array, counts: Array, end: int) -> tuple[int, Array]:
    """Where the last run of differences of one sign begins that follow one power, and its exponents."""
    start = end - 1
    while start > 0 and counts[start - 1] and differences[start - 1] * differences[end - 1] > 0:
        start -= 1
    exponents = np.log(differences[start + 1 : end] / differences[start : end - 1]) / log(RATIO)
    with np.errstate(all="ignore"):
        doubt = min(DOUBT, float(np.max((noise[1:] / np.abs(differences))[max(0, end - RUN) : end])))
    if len(exponents) < RUN - 1 or np.ptp(exponents[1 - RUN :]) >= STEADY + 4 * doubt / -log(RATIO):
        return start, exponents[:0]
    strays = np.flatnonzero(np.abs(exponents - np.median(exponents[1 - RUN :])) > STRAY)
    first = int(strays[-1]) + 1 if len(strays) else 0
    return start + first, exponents[first:]


def _trend(values: Array, noise: Array, exponents: Array) -> Tendency:
    """The tendency of values whose differences shrink or grow by steady ratios."""
    exponent = float(np.median(exponents[1 - RUN :]))
    sign = float(np.sign(values[len(exponents)] - values[len(exponents) - 1]))
    if exponent < -SLOW:
        return Tendency(kind=INFINITE, limit=sign * inf, error=0.0, exponent=exponent)
    if exponent <= SLOW:
        return _slow(exponents, sign)
    return _converged(values, noise, exponent)


def _slow(exponents: Array, sign: float) -> Tendency:
    """A logarithm, or slower than what can be told apart."""
    last = exponents[1 - RUN :]
    grows = float(np.median(last)) <= min(max(LOGARITHM / -log(RATIO), float(np.ptp(last))), COARSE / -log(RATIO))
    if grows and len(exponents) >= FEWEST:
        return Tendency(kind=INFINITE, limit=sign * inf, error=0.0, exponent=0.0)
    return Tendency(kind=UNKNOWN)


def _swinging(steps: Array, values: Array, noise: Array) -> Tendency:
    """The tendency of values [K, 1 + M] that go to and fro, from the width of what they cover."""
    ends = range(len(values), WINDOW - 1, -WINDOW)
    cut = [slice(end - WINDOW, end) for end in ends][:MOST_WINDOWS][::-1]
    cut = cut[1:] if WINDOWS < len(cut) < MOST_WINDOWS else cut  # the largest steps may see other features
    widths = np.array([np.ptp(values[s]) for s in cut])
    if len(cut) < WINDOWS or not (widths > 0).all():
        return Tendency(kind=UNKNOWN)
    middles = np.array([np.log(steps[s]).mean() for s in cut])
    exponent = float(np.polyfit(middles, np.log(widths), 1)[0])
    doubt = SCATTER / float(np.sqrt(np.sum((middles - middles.mean()) ** 2)))
    if exponent > SHRINKING + 4 * doubt:
        last = values[cut[-1]]
        error = float(np.ptp(last) + noise[cut[-1]].max())
        return Tendency(kind=FINITE, limit=float(last.mean()), error=error, exponent=exponent)
    if exponent < -3 * doubt:
        return Tendency(kind=OSCILLATING, low=-inf, high=inf, exponent=exponent)
    if exponent < 3 * doubt:
        seen = values[cut[0].start :]
        return Tendency(kind=OSCILLATING, low=float(seen.min()), high=float(seen.max()), exponent=0.0)
    return Tendency(kind=UNKNOWN)


# ---- the limit of what has one
def _converged(values: Array, noise: Array, exponent: float) -> Tendency:
    shrinks = RATIO ** (exponent if isfinite(exponent) else 1.0)
    left = max(1.0, shrinks / (1 - shrinks))  # what is still to come, in last differences
    guesses = [*_extrapolated(values, noise, left), *_accelerated(values, noise, shrinks)]
    error, limit = min(guesses)
    return Tendency(kind=FINITE, limit=limit, error=SAFETY * error, exponent=exponent)


def _extrapolated(values: Array, noise: Array, left: float) -> list[tuple[float, float]]:
    """Richardson's extrapolation for hᵖ, p = 1, 2, …: errors and limits."""
    columns, spread, guesses = values, noise, []
    moved = np.zeros(len(values))
    for order in range(min(6, len(values) - 1)):
        error = np.maximum(np.abs(np.diff(columns)) * left, moved[1:]) + spread[1:]
        guesses += list(zip(error.tolist(), columns[1:].tolist(), strict=True))
        ratio = RATIO ** (order + 1)
        better = (columns[1:] - ratio * columns[:-1]) / (1 - ratio)
        moved = np.abs(better - columns[1:])
        columns, spread = better, (spread[1:] + ratio * spread[:-1]) / (1 - ratio)
    return guesses


def _accelerated(values: Array, noise: Array, shrinks: float) -> list[tuple[float, float]]:
    """Aitken's extrapolation, for a power that is no integer: errors and limits."""
    first = np.diff(values)
    with np.errstate(all="ignore"):
        ratio = first[1:] / first[:-1]
        limits = values[2:] + first[1:] * ratio / (1 - ratio)
    spread = noise[2:] * 2 / (1 - shrinks) ** 2
    error = np.abs(np.diff(limits)) * max(1.0, shrinks / (1 - shrinks)) + spread[1:]
    good = (ratio[1:] > 0) & (ratio[1:] < 0.99) & np.isfinite(error)
    return list(zip(error[good].tolist(), limits[1:][good].tolist(), strict=True))
