"""How numbers stand at the axes: plain where they are short, as powers of ten where they are not."""

from __future__ import annotations

from typing import Any

from sklon._base.canvas import write_ticks

PLAIN = 1e-3, 1e4
"""What lies between these is written plainly."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def label_ticks(axes: Any) -> None:
    """Write the numbers at both axes."""
    for axis in (axes.xaxis, axes.yaxis):
        write_ticks(axis, tick)


def tick(value: float) -> str:
    """A number as a label.

    >>> tick(-0.25), tick(1e-6), tick(-3e5)
    ('−0.25', '10⁻⁶', '−3·10⁵')
    """
    if value == 0 or PLAIN[0] <= abs(value) < PLAIN[1]:
        return f"{value:g}".replace("-", "−")
    digits, exponent = f"{value:.3e}".split("e")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    short = f"{float(digits):g}".replace("-", "−")
    return {"1": power, "−1": f"−{power}"}.get(short, f"{short}·{power}")
