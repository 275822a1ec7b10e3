"""Numbers as they are shown and as JSON holds them."""

from __future__ import annotations

from math import floor, inf, isfinite, isnan, log10

from .. import writing


def number(value: float, digits: int = 6) -> str:
    """A number with so many digits that mean something, and a dash for none.

    >>> number(-0.5), number(float("-inf")), number(float("nan"))
    ('−0.5', '−∞', '–')
    """
    return "–" if isnan(value) else writing.number(value, digits)


def plain(value: float | None) -> float | str | None:
    """A number for JSON, which knows no infinity: that is "inf" or "-inf", and what is not a number is None.

    >>> plain(0.5), plain(float("-inf")), plain(float("nan"))
    (0.5, '-inf', None)
    """
    if value is None or isnan(value):
        return None
    return {inf: "inf", -inf: "-inf"}.get(value, float(value))


def tidy(value: float, error: float) -> float:
    """A number without the digits that its error leaves open.

    >>> tidy(1.00000000003, 1e-9), tidy(3e-37, 1e-35), tidy(2.0, 0.0)
    (1.0, 0.0, 2.0)
    """
    if not isfinite(value) or not error > 0:
        return value
    if abs(value) <= error:
        return 0.0
    digits = floor(log10(abs(value))) - floor(log10(error)) + 1
    return float(f"{value:.{min(max(digits, 1), 17)}g}")
