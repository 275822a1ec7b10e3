"""A formula as a function of tensors: what the engine makes of it, with the engine's conventions at kinks.

The tree is followed as typed: x/x is a division, √(x²) the root of a square. More than
two arguments of max are compared in pairs, from the left, and ties share in pairs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TypeAlias

from sklon._base.dtypes import float64
from sklon.tensors import Tensor, elementwise, functional
from sklon.tensors.creation import tensor

from .functions import FUNCTIONS
from .nodes import (
    Call,
    Compare,
    Constant,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
    Where,
)
from .precise import meaning

Operand: TypeAlias = Tensor | float
_RELATIONS: Mapping[str, Callable[..., Tensor]] = {
    "<": functional.less,
    "<=": elementwise.less_equal,
    ">": functional.greater,
    ">=": elementwise.greater_equal,
    "=": functional.equal,
    "!=": elementwise.not_equal,
}


def function_of(node: Node, names: tuple[str, ...]) -> Callable[..., Tensor]:
    """The function of one tensor for each of ``names``, in this order, all of one shape."""

    def function(*tensors: Tensor) -> Tensor:
        found = record(node, dict(zip(names, tensors, strict=True)))
        if isinstance(found, Tensor):
            return found
        return _constant(found, tensors[0]) if tensors else tensor(found, dtype=float64)

    return function


def _constant(value: float, like: Tensor) -> Tensor:
    """A constant function of a tensor: of its shape, with the gradient 0."""
    zero = functional.multiply(functional.where(elementwise.isfinite(like), like, 0.0), 0.0)
    return functional.add(zero, value)


def record(node: Node, at: Mapping[str, Operand]) -> Operand:
    """The value of a formula, as the engine computes it; a Python number where no variable occurs."""
    match node:
        case Number(value):
            return _float(value.numerator, value.denominator)
        case Constant(name):
            return math.pi if name == "pi" else math.e
        case Variable(name):
            return at[name]
        case Where(conditions, then, otherwise):
            return _where(conditions, then, otherwise, at)
        case Call(function, arguments):
            return _call(function, [record(a, at) for a in arguments])
    return _arithmetic(node, at)


def _arithmetic(node: Node, at: Mapping[str, Operand]) -> Operand:
    match node:
        case Sum(terms):
            return reduce(operator.add, (record(t, at) for t in terms))
        case Product(factors):
            return reduce(operator.mul, (record(f, at) for f in factors))
        case Quotient(numerator, denominator):
            return _divide(record(numerator, at), record(denominator, at))
        case Negative(operand):
            return -record(operand, at)
        case Power(base, exponent):
            return _power(record(base, at), record(exponent, at))
    raise TypeError(node)


def _float(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def _divide(x: Operand, y: Operand) -> Operand:
    return functional.divide(x, y) if _any(x, y) else _number(functional.divide(_tensor(x), _tensor(y)))


def _power(x: Operand, y: Operand) -> Operand:
    return elementwise.pow(x, y) if _any(x, y) else _number(elementwise.pow(_tensor(x), _tensor(y)))


def _where(conditions: tuple[Compare, ...], then: Node, otherwise: Node, at: Mapping[str, Operand]) -> Operand:
    tests = [_test(c.relation, record(c.left, at), record(c.right, at)) for c in conditions]
    yes, no = record(then, at), record(otherwise, at)
    if not _any(yes, no):
        like = next((x for x in at.values() if isinstance(x, Tensor)), None)
        yes = _tensor(yes) if like is None else functional.astype(_tensor(yes), like.dtype)
    return functional.where(reduce(elementwise.logical_and, tests), yes, no)


def _test(relation: str, left: Operand, right: Operand) -> Tensor:
    return _RELATIONS[relation](left if _any(left, right) else _tensor(left), right)


def _call(function: str, arguments: list[Operand]) -> Operand:
    row = FUNCTIONS[function]
    if not _any(*arguments):
        return _number(_tensor(_applied(function, [_tensor(a) for a in arguments])))
    if row.tensor is None or row.most > 1:
        return _applied(function, arguments)
    return _applied(function, [_tensor(a) for a in arguments])


def _applied(function: str, arguments: list[Operand]) -> Operand:
    row = FUNCTIONS[function]
    if row.tensor is None:
        return record(meaning(function), dict(zip("uv", arguments, strict=False)))
    return reduce(row.tensor, arguments) if row.most > 2 else row.tensor(*arguments)


def _any(*operands: Operand) -> bool:
    return any(isinstance(x, Tensor) for x in operands)


def _tensor(x: Operand) -> Tensor:
    return x if isinstance(x, Tensor) else tensor(x, dtype=float64)


def _number(x: Tensor) -> float:
    return float(x.item())
