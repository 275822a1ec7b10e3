"""What settings of every kind are checked for."""

from __future__ import annotations

import re
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


def bytes_of(size: int | str, name: str) -> int:
    """A number of bytes, or a text such as "512MB" or "2 GiB". Raises InputError, with the setting's name.

    >>> bytes_of("1.5kB", "memory"), bytes_of("2MiB", "memory"), bytes_of(10, "memory")
    (1500, 2097152, 10)
    """
    read = _read_bytes(size) if isinstance(size, str) else size
    if isinstance(read, bool) or not isinstance(read, int) or read < 1:
        raise InputError(f'{name} must be a whole number of bytes, at least 1, or a text such as "512MB", not {size!r}')
    return read


_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B?")
_POWERS = ("", "K", "M", "G", "T")


def _read_bytes(text: str) -> int | None:
    """Units are powers of 1000, as disks have them, or with an i of 1024; None for what is no amount."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS.index(unit.upper()))
