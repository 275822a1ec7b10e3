"""One turn of a walk: the function's value and gradient where the point is, and where its rule moves it.

A turn is one compiled program, recorded once; L-BFGS, which decides in Python, evaluates the program of value and
gradient as often as it asks for other points. A function that looks at values while it runs cannot be recorded, and is
evaluated as it is. Shapes: point, gradient [n].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sklon._base.errors import InputError, SklonError
from sklon.optim import LBFGS, Optimizer
from sklon.tensors import Tensor
from sklon.tensors.creation import from_array
from sklon.tensors.jit import jit
from sklon.tensors.leaves import settle

Array: TypeAlias = np.ndarray[Any, Any]
Function: TypeAlias = Callable[[Tensor], Tensor]


class Turn(NamedTuple):
    """f(x), ∇f(x), and the point to which the rule goes from x."""

    value: float
    gradient: Array
    moved: Array


def turning(function: Function, leaf: Tensor, optimizer: Optimizer) -> Callable[[], Turn]:
    """What takes one turn after the other with the leaf of an optimizer."""
    evaluate = _Once(lambda: _evaluated(function, leaf))
    if isinstance(optimizer, LBFGS):
        return lambda: _searched(evaluate, leaf, optimizer)
    both = _Once(lambda: _stepped(function, leaf, optimizer))

    def turn() -> Turn:
        value, gradient = both()
        return Turn(float(value.item()), gradient.numpy(), leaf.numpy())

    return turn


class _Once:
    """A function of no arguments, recorded once where that is possible."""

    def __init__(self, function: Callable[[], tuple[Tensor, Tensor]]) -> None:
        self.recorded: Callable[[], tuple[Tensor, Tensor]] | None = jit(function)
        self.function = function

    def __call__(self) -> tuple[Tensor, Tensor]:
        if self.recorded is not None:
            try:
                return self.recorded()
            except (SklonError, TypeError):
                self.recorded = None  # it asks for values; and what is wrong otherwise is wrong below as well
        return self.function()


def _evaluated(function: Function, leaf: Tensor) -> tuple[Tensor, Tensor]:
    leaf.grad = None
    value = function(leaf)
    if value.requires_grad:
        value.backward()
    gradient = leaf.grad
    return value.detach(), from_array(np.zeros(leaf.numel())) if gradient is None else gradient


def _stepped(function: Function, leaf: Tensor, optimizer: Optimizer) -> tuple[Tensor, Tensor]:
    found = _evaluated(function, leaf)
    optimizer.step()
    return found


def _searched(evaluate: _Once, leaf: Tensor, optimizer: LBFGS) -> Turn:
    seen: list[Turn] = []

    def closure() -> Tensor:
        value, gradient = evaluate()
        leaf.grad = gradient
        seen.append(Turn(float(value.item()), gradient.numpy(), leaf.numpy()))
        return value

    try:
        optimizer.step(closure)
    except InputError:
        if not seen or _finite(seen[-1]):
            raise
        settle(leaf, from_array(seen[-1].moved).node)  # it took the step back; a walk goes there and ends
    return Turn(seen[0].value, seen[0].gradient, leaf.numpy())


def _finite(turn: Turn) -> bool:
    return bool(np.isfinite(turn.value) and np.isfinite(turn.gradient).all())
