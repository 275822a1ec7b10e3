"""What settings of every kind are checked for."""

from __future__ import annotations

from math import inf
from numbers import Integral

from sklon._base.errors import InputError


def check_whole(least: int, most: float = inf, /, **settings: object) -> None:
    """Raise InputError for what is no whole number from ``least`` to ``most``; True and False are none.

    >>> check_whole(1, rows=0)
    Traceback (most recent call last):
        ...
    sklon._base.errors.InputError: rows must be a whole number of at least 1, not 0
    """
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or not least <= int(value) <= most:
            bounds = f"of at least {least}" if most == inf else f"from {least} to {most}"
            raise InputError(f"{name} must be a whole number {bounds}, not {value!r}")
