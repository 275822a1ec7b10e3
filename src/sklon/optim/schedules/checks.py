"""What the settings of schedules have in common: whole numbers, numbers in a range, words from a list, shares."""

from __future__ import annotations

from collections.abc import Collection
from math import inf, isfinite
from numbers import Integral, Real

from sklon._base.checks import check_whole
from sklon._base.errors import InputError


def whole_or_none(least: int, **values: object) -> None:
    """Refuse what is neither left out nor a whole number of at least ``least``."""
    check_whole(least, **{name: value for name, value in values.items() if value is not None})


def within(low: float, high: float = inf, **values: object) -> None:
    """Refuse what is no finite number from ``low`` to ``high``."""
    for name, value in values.items():
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else inf
        if not (isfinite(number) and low <= number <= high):
            bounds = f"from {low:g} to {high:g}" if high < inf else f"of at least {low:g}"
            raise InputError(f"{name} must be a number {bounds}, not {value!r}")


def positive(high: float = inf, **values: object) -> None:
    """Refuse what is no finite number above zero, up to ``high``."""
    for name, value in values.items():
        within(0.0, high, **{name: value})
        if value == 0:
            raise InputError(f"{name} must be larger than 0")


def word(words: Collection[str], **values: object) -> None:
    """Refuse what is not one of ``words``."""
    for name, value in values.items():
        if value not in words:
            raise InputError(f"{name} must be {' or '.join(map(repr, words))}, not {value!r}")


def flag(**values: object) -> None:
    """Refuse what is neither True nor False."""
    for name, value in values.items():
        if not isinstance(value, bool):
            raise InputError(f"{name} must be True or False, not {value!r}")


def function(**values: object) -> None:
    """Refuse what cannot be called."""
    for name, value in values.items():
        if not callable(value):
            raise InputError(f"{name} must be a function, not {value!r}")


# ---- a number of steps, or a share of all of them
def steps_or_share(least: int = 1, **values: object) -> None:
    """Refuse what is neither a whole number of at least ``least`` nor a share of all steps, between 0 and 1."""
    for name, value in values.items():
        if not (isinstance(value, Real) and not isinstance(value, Integral) and 0 < float(value) < 1):
            try:
                check_whole(least, **{name: value})
            except InputError as error:
                raise InputError(f"{error}; or a share of all steps, between 0 and 1") from None


def is_share(value: float) -> bool:
    """Whether a checked number is a share of all steps."""
    return not isinstance(value, Integral)


def in_steps(value: float, total_steps: int) -> int:
    """A number of steps, or a share of ``total_steps``, as a number of steps: at least one for a share."""
    return max(1, round(value * total_steps)) if is_share(value) else int(value)
