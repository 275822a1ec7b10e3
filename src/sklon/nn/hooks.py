"""Hooks: functions that are called before or after each forward of a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

ForwardHook: TypeAlias = Callable[[Any, tuple[Any, ...], Any], Any]
ForwardPreHook: TypeAlias = Callable[[Any, tuple[Any, ...]], Any]


def run_pre_hooks(table: Mapping[int, ForwardPreHook], module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs after all hooks, each of which may replace them."""
    for hook in list(table.values()):
        changed = hook(module, inputs)
        if changed is not None:
            inputs = changed if isinstance(changed, tuple) else (changed,)
    return inputs


def run_forward_hooks(table: Mapping[int, ForwardHook], module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
    """The output after all hooks, each of which may replace it."""
    for hook in list(table.values()):
        changed = hook(module, inputs, output)
        output = output if changed is None else changed
    return output
