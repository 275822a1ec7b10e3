"""What several rules share: checks of settings, the direction of descent, weight decay, running means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from numbers import Real
from typing import Any, Protocol, TypeVar

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

from .rule import Number, Tensors

Moved = TypeVar("Moved", bound=Any)
COUNTS = {2: "two", 3: "three"}


class Coupled(Protocol):
    """A rule whose decay is a part of the gradient."""

    @property
    def maximize(self) -> bool: ...
    @property
    def weight_decay(self) -> float: ...


class Decoupled(Coupled, Protocol):
    """A rule whose decay may act on the parameter instead."""

    @property
    def lr(self) -> float: ...
    @property
    def decoupled_weight_decay(self) -> bool: ...


def coupled(rule: Coupled, param: Tensor, grad: Tensor, scalars: Tensors) -> Tensor:
    """g ← −g if the rule climbs;  g ← g + λ·p."""
    if rule.maximize:
        grad = -grad
    return grad + scalars["weight_decay"] * param if rule.weight_decay else grad


def decayed(rule: Decoupled, param: Tensor, grad: Tensor, scalars: Tensors) -> tuple[Tensor, Tensor]:
    """The parameter and the gradient after decay: p ← (1 − η·λ)·p if it is decoupled, else g ← g + λ·p."""
    if not (rule.weight_decay and rule.decoupled_weight_decay):
        return param, coupled(rule, param, grad, scalars)
    return scalars["kept"] * param, -grad if rule.maximize else grad


def decay_scalars(rule: Decoupled) -> dict[str, Number]:
    """The numbers that :func:`decayed` reads."""
    return {"weight_decay": rule.weight_decay, "kept": 1 - rule.lr * rule.weight_decay}


def moment_scalars(betas: tuple[float, float]) -> dict[str, Number]:
    """β₁, 1 − β₁, β₂ and 1 − β₂: the numbers that :func:`moments` reads."""
    beta1, beta2 = betas
    return {"beta1": beta1, "fresh1": 1 - beta1, "beta2": beta2, "fresh2": 1 - beta2}


def moments(grad: Tensor, slots: Tensors, scalars: Tensors) -> tuple[Tensor, Tensor]:
    """m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g²."""
    mean = scalars["beta1"] * slots["exp_avg"] + scalars["fresh1"] * grad
    square = scalars["beta2"] * slots["exp_avg_sq"] + scalars["fresh2"] * (grad * grad)
    return mean, square


def sign(x: Tensor) -> Tensor:
    """1, −1, or x itself where it is 0 or NaN."""
    return F.where(x > 0.0, 1.0, F.where(x < 0.0, -1.0, x))


def length(x: Tensor) -> Tensor:
    """‖x‖, the root of the sum of all squares: a scalar tensor."""
    return F.sqrt(F.sum(x * x))


def unit_norms(weight: Tensor) -> Tensor:
    """The length of each unit's weights, its row, with axes of size one behind; of a vector each element is a unit."""
    if weight.ndim < 2:
        return F.abs(weight)
    return F.sqrt(F.sum(weight * weight, tuple(range(1, weight.ndim)), keepdims=True))


# ---- the numbers of a step, or of many at once
def each(function: Callable[..., float], *numbers: Number) -> Number:
    """A function of numbers; where some are arrays, with one for each step, an array of its results.

    >>> each(max, np.array([1.0, 3.0]), 2.0)
    array([2., 3.])
    """
    if not any(isinstance(number, np.ndarray) for number in numbers):
        return function(*numbers)
    columns = (column.tolist() for column in np.broadcast_arrays(*numbers))
    return np.array(list(map(function, *columns)), np.float64)


def power(base: Number, exponent: Number) -> Number:
    """base^exponent as Python computes it, so that many steps at once have the bits of one at a time.

    >>> power(0.5, 3), power(0.5, np.array([1, 2]))
    (0.125, array([0.5 , 0.25]))
    """
    if isinstance(exponent, np.ndarray) and not isinstance(base, np.ndarray):
        return np.array([pow(base, t) for t in exponent.tolist()], np.float64)  # quicker than ``each``
    return each(pow, base, exponent)


def inverse_root(number: Number) -> Number:
    """1/√x, correctly rounded twice, so that many steps at once have the bits of one at a time."""
    found: Number = 1.0 / np.sqrt(number)
    return found


def moved(rule: Moved, **settings: Number) -> Moved:
    """A twin of a rule with other settings, unchecked; with arrays among them it can only be asked for scalars."""
    twin = copy(rule)
    for name, value in settings.items():
        object.__setattr__(twin, name, value)
    return twin


# ---- settings
def at_least_zero(**settings: float) -> None:
    """Refuse what is no number, or below 0, or NaN."""
    for name, value in settings.items():
        check_number(name, value)
        if not value >= 0:
            raise InputError(f"{name} must be at least 0, not {value}")


def above_zero(**settings: float) -> None:
    """Refuse what is no number, or not above 0, or NaN."""
    for name, value in settings.items():
        check_number(name, value)
        if not value > 0:
            raise InputError(f"{name} must be above 0, not {value}")


def check_betas(betas: tuple[float, float]) -> None:
    """Refuse decay rates of running means outside [0, 1)."""
    check_pair("betas", betas)
    if not all(0 <= b < 1 for b in betas):
        raise InputError(f"betas must lie in [0, 1), not {betas}")


def check_pair(name: str, pair: tuple[float, float]) -> None:
    """Refuse what is not two numbers."""
    check_numbers(name, pair, 2)


def check_numbers(name: str, given: Sequence[float], count: int) -> None:
    """Refuse what is not so many numbers."""
    if not isinstance(given, tuple | list) or len(given) != count:
        raise InputError(f"{name} must be {COUNTS[count]} numbers, not {given!r}")
    for value in given:
        check_number(name, value)


def check_number(name: str, value: object) -> None:
    """Refuse tensors and texts: a number of a rule is a Python number, changed by assignment."""
    if not isinstance(value, Real):
        raise InputError(f"{name} must be a number, not a {type(value).__name__}; use float(...) or .item()")
