"""What a formula is: a tree of frozen nodes, faithful to the text as it was typed.

x/x stays a quotient here and √(x²) a root of a square: nothing is simplified by reading. From this tree come tensors,
high-precision numbers, SymPy's formula, text and LaTeX, each in its own file. The functions at the end build
derivatives: they drop the zeros and ones that the rules leave behind, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A number, exactly as written: 0.1 is 1/10. ``decimal`` says that it is printed with a point."""

    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """``e`` or ``pi``."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A real variable, by its canonical name: x₁ and x_1 are x1."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of two or more terms; a difference has a Negative among them."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The product of two or more factors."""

    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """numerator / denominator."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True)
class Negative:
    """−operand."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Power:
    """base to the power exponent."""

    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table in ``functions``, by its own name."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """left relation right, for ``relation`` one of < <= > >= = !=."""

    left: Node
    relation: str
    right: Node


@dataclass(frozen=True, slots=True)
class Where:
    """``then`` where all the conditions hold, ``otherwise`` elsewhere."""

    conditions: tuple[Compare, ...]
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative that is still to be taken: ∂operand/∂name. No formula that was typed holds one."""

    operand: Node
    name: str
    sign: str = "d"


Node: TypeAlias = (
    Number | Constant | Variable | Sum | Product | Quotient | Negative | Power | Call | Compare | Where | Derivative
)

ZERO, ONE, TWO = Number(Fraction(0)), Number(Fraction(1)), Number(Fraction(2))


# ---- looking
def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order in which they are written."""
    match node:
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Quotient(a, b) | Power(a, b) | Compare(a, _, b):
            return (a, b)
        case Negative(a) | Derivative(a):
            return (a,)
        case Where(conditions, then, otherwise):
            return (*conditions, then, otherwise)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, a node before its parts; what stands in two places comes twice."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(children(found)))


def depth(node: Node) -> int:
    """How many nodes stand within each other, at most."""
    level, deepest = [node], 0
    while level:
        level, deepest = [c for n in level for c in children(n)], deepest + 1
    return deepest


def names(node: Node) -> frozenset[str]:
    """The variables that occur."""
    return frozenset(n.name for n in walk(node) if isinstance(n, Variable))


def replaced(node: Node, replace: Callable[[Node], Node | None]) -> Node:
    """The tree with each node for which ``replace`` gives another one put in its place, from above."""
    new = replace(node)
    if new is not None:
        return new
    parts = children(node)
    return rebuilt(node, tuple(replaced(p, replace) for p in parts)) if parts else node


def rebuilt(node: Node, parts: tuple[Node, ...]) -> Node:
    """The same node with other parts."""
    match node:
        case Sum():
            return added(*parts)
        case Product():
            return multiplied(*parts)
        case Quotient():
            return divided(*parts)
        case Power():
            return raised(*parts)
        case Negative():
            return negated(*parts)
        case Call(function):
            return Call(function, parts)
        case Compare(_, relation, _):
            return Compare(parts[0], relation, parts[1])
        case Where(conditions):
            return Where(tuple(c for c in parts[: len(conditions)] if isinstance(c, Compare)), *parts[-2:])
        case Derivative(_, name, sign):
            return Derivative(parts[0], name, sign)
    return node


# ---- building: what the rules of differentiation leave behind is dropped
def number(value: Fraction | int) -> Number:
    """A number as a node."""
    return Number(Fraction(value))


def added(*terms: Node) -> Node:
    """Their sum, without zeros; sums in it are opened."""
    parts = [p for t in terms for p in (t.terms if isinstance(t, Sum) else (t,)) if not is_number(p, 0)]
    return Sum(tuple(parts)) if len(parts) > 1 else parts[0] if parts else ZERO


def multiplied(*factors: Node) -> Node:
    """Their product, without ones; zero if one factor is zero; numbers and signs in front, joined."""
    parts: list[Node] = [p for f in factors for p in (f.factors if isinstance(f, Product) else (f,))]
    sign = (-1) ** sum(isinstance(p, Negative) for p in parts)
    parts = [p.operand if isinstance(p, Negative) else p for p in parts]
    parts = [p for f in parts for p in (f.factors if isinstance(f, Product) else (f,))]
    factor = _joined([p for p in parts if isinstance(p, Number)])
    rest: list[Node] = [p for p in parts if not isinstance(p, Number)]
    if factor.value == 0:
        return ZERO
    if abs(factor.value) != 1 or not rest:
        rest.insert(0, Number(abs(factor.value), factor.decimal))
    product = Product(tuple(rest)) if len(rest) > 1 else rest[0]
    return negated(product) if sign * factor.value < 0 else product


def _joined(numbers: list[Number]) -> Number:
    value = Fraction(1)
    for n in numbers:
        value *= n.value
    return Number(value, any(n.decimal for n in numbers))


def divided(numerator: Node, denominator: Node) -> Node:
    """Their quotient; a denominator of one is dropped, and a numerator of zero is zero."""
    if is_number(denominator, 1) or is_number(numerator, 0):
        return numerator
    if isinstance(numerator, Negative):
        return Negative(divided(numerator.operand, denominator))
    return Quotient(numerator, denominator)


def negated(operand: Node) -> Node:
    """−operand; of a difference or a zero, the operand."""
    if isinstance(operand, Negative):
        return operand.operand
    return operand if is_number(operand, 0) else Negative(operand)


def raised(base: Node, exponent: Node) -> Node:
    """The power; the first is the base."""
    return base if is_number(exponent, 1) else Power(base, exponent)


def is_number(node: Node, value: int) -> bool:
    """Whether this is the number ``value``."""
    return isinstance(node, Number) and node.value == value
