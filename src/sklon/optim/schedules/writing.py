"""Schedules as the text that reads back to them: names of settings and what Python writes for their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any


def arguments_of(schedule: Any) -> list[str]:
    """The settings that are not the defaults; the leading ones without their names."""
    found: list[str] = []
    named = False
    for field in fields(schedule):
        value = getattr(schedule, field.name)
        if field.default is not MISSING and value == field.default:
            named = True
            continue
        found.append(f"{field.name}={_written(value)}" if named else _written(value))
    return found


def all_settings(schedule: Any) -> Iterator[Any]:
    """The values of all settings, those of schedules in it too."""
    for field in fields(schedule):
        value = getattr(schedule, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            yield from all_settings(one) if is_dataclass(one) else (one,)


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if callable(value):
        return str(getattr(value, "__name__", type(value).__name__))
    if is_dataclass(value):
        return str(value)
    return repr(value.item() if hasattr(value, "item") else value)  # a number of NumPy as Python's
