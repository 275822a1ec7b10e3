"""Hooks on tensors: functions that see, and may replace, a gradient on its way back.

A leaf keeps its hooks whatever values it takes. A result's hooks belong to its node, so they run even if nobody
holds the tensor any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import ReferenceType, WeakKeyDictionary

from sklon._base.errors import AutogradError
from sklon.graph.node import Node

from .tracing import settings

if TYPE_CHECKING:
    from .tensor import Tensor

#: takes the gradient, and returns another one or None
GradientHook: TypeAlias = "Callable[[Tensor], Tensor | None]"
#: takes the tensor whose ``.grad`` has just been added to
AccumulatedHook: TypeAlias = "Callable[[Tensor], None]"
_numbers = count()


@dataclass(slots=True)
class Hooks:
    """The hooks of one tensor, in the order in which they were registered."""

    on_gradient: dict[int, GradientHook] = field(default_factory=dict)
    on_accumulated: dict[int, AccumulatedHook] = field(default_factory=dict)
    retained: ReferenceType[Tensor] | None = None  # the result that wants its .grad


#: the hooks of results, by their nodes
of_results: WeakKeyDictionary[Node, Hooks] = WeakKeyDictionary()


class Handle:
    """Removes a hook; also as a context manager."""

    def __init__(self, table: dict[int, Any], hook: Any) -> None:
        self._table, self._number = table, next(_numbers)
        table[self._number] = hook
        settings.changes += 1

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        self._table.pop(self._number, None)
        settings.changes += 1

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def run(hooks: Hooks, gradient: Tensor) -> Tensor:
    """The gradient after all hooks, each of which may replace it."""
    for hook in list(hooks.on_gradient.values()):
        changed = hook(gradient)
        if changed is not None:
            _check(hook, gradient, changed)
            gradient = changed
    return gradient


def _check(hook: GradientHook, before: Tensor, after: Any) -> None:
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(after, type(before)):
        raise TypeError(f"the hook {name!r} returned a {type(after).__name__}; return a Tensor or None")
    if (after.shape, after.dtype) != (before.shape, before.dtype):
        raise AutogradError(
            f"the hook {name!r} got a gradient of shape {before.shape} and type {before.dtype!r} and returned one of "
            f"shape {after.shape} and type {after.dtype!r}; return one like it"
        )
