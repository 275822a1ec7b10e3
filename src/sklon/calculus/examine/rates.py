"""How differences change with the step: the powers of h that tell a kink from a bend, a jump and a cusp."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, nan
from typing import Any

import numpy as np

from .evidence import Evidence
from .sampling import RATIO
from .tendency import SIGNIFICANT

LAST = 12
"""Steps over which a power is taken."""
ROWS = 12
"""Rows of the table of evidence."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the evidence: h, f(x ∓ h), q∓(h)."""

    step: float
    left: float
    right: float
    left_quotient: float
    right_quotient: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A choice of the samples as ``rows``, and the powers of h with which the gaps between the sides go.

    ``values`` is p in |f(x+h) − f(x−h)| ∝ hᵖ, ``quotients`` the same for |q₊ − q₋|: 1 for a bend, 0 for a kink, −1 for
    a jump, −½ for √|x|; NaN where the gap is lost in rounding.
    """

    rows: tuple[Row, ...]
    values: float
    quotients: float


def rates_of(evidence: Evidence) -> Rates:
    """The rates, and a table of about a dozen steps."""
    left, right = evidence.left, evidence.right
    steps, values = left.samples.steps, (left.samples.values, right.samples.values)
    noise = left.samples.noise + right.samples.noise
    quotients = (left.quotients, right.quotients)
    with np.errstate(all="ignore"):
        gaps = np.abs(values[1] - values[0])
        bends = np.abs(quotients[1] - quotients[0])
    chosen = np.unique(np.linspace(0, len(steps) - 1, ROWS).round().astype(int))
    rows = (Row(*(float(a[i]) for a in (steps, *values, *quotients))) for i in chosen)
    return Rates(rows=tuple(rows), values=_power(gaps, noise), quotients=_power(bends, noise / steps))


def _power(gaps: np.ndarray[Any, Any], noise: np.ndarray[Any, Any]) -> float:
    """The power of the last gaps that stand out of the noise."""
    with np.errstate(all="ignore"):
        clear = np.isfinite(gaps) & (gaps > SIGNIFICANT * noise)
    last = np.flatnonzero(clear)[-LAST:]
    if len(last) < LAST:
        return nan
    return float(np.polyfit(last * log(RATIO), np.log(gaps[last]), 1)[0])
