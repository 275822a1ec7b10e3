"""The protocol of update rules: pure functions of a parameter, its gradient and its slots.

``scalars(t)`` are numbers of step t = 1, 2, …, computed in double precision outside the graph; in ``update`` they
are scalar tensors, so a changing learning rate changes no program. Flags that change the formula are fields, and
so is a setting that is zero by default: zero or not chooses between two programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

from sklon.tensors import Tensor

Tensors = Mapping[str, Tensor]
Update = tuple[Tensor, dict[str, Tensor]]
#: a number, or an array with one for each of several steps
Number: TypeAlias = Any
#: a tensor, or a NumPy array
Values = TypeVar("Values", bound=Any)


class Rule(Protocol):
    """What an optimizer does to one parameter in one step."""

    name: ClassVar[str]

    @property
    def lr(self) -> float:
        """The learning rate."""
        ...

    @property
    def slots(self) -> Mapping[str, float]:
        """What is kept for each parameter: the names of arrays of its shape, and the value that fills them first."""
        ...

    def scalars(self, t: Number) -> dict[str, Number]:
        """The numbers of step ``t``, counted from one.

        ``t`` may be an array of steps, and so may then be settings that a schedule moves (the rate, the momentum): what
        differs from step to step comes back as an array. ``parts.each`` and ``parts.power`` help to write both at once.
        """
        ...

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        """The new parameter and the new slots."""
        ...


@runtime_checkable
class Diagonal(Protocol):
    """What a rule has besides whose step is, element by element, a rate times a mean of gradients.

    Proximal steps need the rates: the threshold of a weight is the strength times its own rate, or a penalty under such
    a rule would not minimise what it says. Source: Yun, Lozano and Yang, *Adaptive proximal gradient methods for
    structured neural networks*, 2021.
    """

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        """By how much a steady gradient of 1 moves each element in a step.

        ``param`` is the parameter before the step, ``slots`` are those after it. One number where it is the same for
        all, else of the parameter's shape.
        """
        ...


@runtime_checkable
class TwoPoints(Protocol):
    """What a rule has besides whose parameters stand, while it trains, elsewhere than where they are to be evaluated.

    The Trainer then validates, keeps and hands out the averaged point, and goes on from the trained one.
    """

    def averaged(self, param: Values, slots: Mapping[str, Values]) -> Values:
        """The point to evaluate, of a parameter where it trains and its slots."""
        ...

    def trained(self, averaged: Values, slots: Mapping[str, Values]) -> Values:
        """The point to train on from, of the one to evaluate and the slots."""
        ...
