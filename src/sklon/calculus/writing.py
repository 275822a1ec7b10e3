"""Numbers and vectors as people write them: six digits, no zeros at the end, a minus that is none of a hyphen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import floor, inf, isfinite, isnan, log10

from .differences import Estimate

#: digits behind the point at which rounding changes no number
MOST_DIGITS = 300
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def number(value: float, digits: int = 6) -> str:
    """A number to so many digits.

    >>> number(-0.5), number(2.0), number(1 / 3), number(1e-9), number(-0.0), number(float("inf"))
    ('−0.5', '2', '0.333333', '1e−9', '0', '∞')
    """
    if isnan(value):
        return "undefined"
    text = f"{value + 0.0:.{digits}g}".replace("inf", "∞").replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−")


def shown(name: str) -> str:
    """The name of a variable, with its number as an index.

    >>> shown("x1"), shown("alpha")
    ('x₁', 'alpha')
    """
    found = re.fullmatch(r"([^\W\d_]+)(\d+)", name)
    return found[1] + found[2].translate(_SUBSCRIPTS) if found else name


def vector(values: Iterable[float]) -> str:
    """Numbers in brackets.

    >>> vector([1.0, -0.25])
    '(1, −0.25)'
    """
    return f"({', '.join(number(v) for v in values)})"


def estimated(estimate: Estimate) -> str:
    """An estimate with its error to one digit, and no digits beyond that.

    >>> estimated(Estimate(value=1 / 3, error=2.3e-12)), estimated(Estimate(value=1 / 3, error=0.02))
    ('0.333333 ± 2e−12', '0.33 ± 0.02')
    """
    value, error = estimate.value, float(f"{estimate.error:.0e}")
    if 0.0 < error < inf and isfinite(value):
        value = round(value, min(-floor(log10(error)), MOST_DIGITS))
    return f"{number(value)} ± {number(error)}"
