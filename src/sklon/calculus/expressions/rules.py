"""The rules of differentiation: one line of a derivation each, from a derivative to simpler ones.

``apply`` turns ∂u/∂x into a formula that may hold derivatives of parts of u. Doing it until none is left gives the
derivative; doing it one at a time gives the steps. Each rule also says where it does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .functions import FUNCTIONS
from .nodes import (
    ONE,
    ZERO,
    Call,
    Compare,
    Constant,
    Derivative,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
    Where,
    added,
    divided,
    multiplied,
    names,
    number,
    raised,
    replaced,
)
from .parsing import definition
from .text import plain


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its names, with its equation."""

    english: str
    russian: str
    equation: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Where a rule does not hold: where ``node`` is zero, or where it has no value at all."""

    node: Node
    reason: str
    zero: bool = True


@dataclass(frozen=True, slots=True)
class Applied:
    """What a rule made of a derivative, and where that does not hold."""

    rule: Rule
    node: Node
    guards: tuple[Guard, ...] = ()


CONSTANT = Rule("constant", "производная постоянной", "c' = 0")
VARIABLE = Rule("variable", "производная переменной", "x' = 1")
SUM = Rule("sum", "производная суммы", "(u + v)' = u' + v'")
NEGATIVE = Rule("sign", "знак выносится", "(-u)' = -u'")
FACTOR = Rule("constant factor", "постоянный множитель выносится", "(c*u)' = c*u'")
PRODUCT = Rule("product", "производная произведения", "(u*v)' = u'*v + u*v'")
QUOTIENT = Rule("quotient", "производная частного", "(u/v)' = (u'*v - u*v')/v^2")
RECIPROCAL = Rule("reciprocal", "производная обратной величины", "(c/v)' = -c*v'/v^2")
POWER = Rule("power", "производная степени", "(x^n)' = n*x^(n - 1)")
POWER_CHAIN = Rule("power and chain rule", "производная степени и сложной функции", "(u^n)' = n*u^(n - 1)*u'")
EXPONENTIAL = Rule("exponential", "производная показательной функции", "(a^u)' = a^u*ln(a)*u'")
EULER = Rule("exponential", "производная экспоненты", "(e^u)' = e^u*u'")
GENERAL_POWER = Rule(
    "logarithmic differentiation", "логарифмическое дифференцирование", "(u^v)' = u^v*(v'*ln(u) + v*u'/u)"
)
LARGEST = Rule("largest and smallest", "наибольшее и наименьшее", "max(u, v)' = u' where u > v, v' where v > u")
CASES = Rule("cases", "производная по участкам", "where(c, u, v)' = where(c, u', v')")


def apply(node: Node, name: str, sign: str) -> Applied:
    """One rule, applied to the derivative of ``node`` with respect to ``name``."""
    if name not in names(node):
        return Applied(CONSTANT, ZERO)
    if isinstance(node, Call):
        return _largest(node, name, sign) if node.function in ("min", "max") else _call(node, name, sign)
    match node:
        case Variable():
            return Applied(VARIABLE, ONE)
        case Sum(terms):
            return Applied(SUM, Sum(tuple(Derivative(t, name, sign) for t in terms)))
        case Negative(operand):
            return Applied(NEGATIVE, Negative(Derivative(operand, name, sign)))
        case Product():
            return _product(node, name, sign)
        case Quotient():
            return _quotient(node, name, sign)
        case Power():
            return _power(node, name, sign)
        case Where(conditions, then, otherwise):
            return _where(conditions, then, otherwise, name, sign)
    raise TypeError(node)


def _product(node: Product, name: str, sign: str) -> Applied:
    factors = node.factors
    moving = [f for f in factors if name in names(f)]
    if len(moving) < len(factors):
        fixed = [f for f in factors if name not in names(f)]
        rest = moving[0] if len(moving) == 1 else Product(tuple(moving))
        return Applied(FACTOR, Product((*fixed, Derivative(rest, name, sign))))
    terms = (Product((*factors[:i], Derivative(f, name, sign), *factors[i + 1 :])) for i, f in enumerate(factors))
    return Applied(PRODUCT, Sum(tuple(terms)))


def _quotient(node: Quotient, name: str, sign: str) -> Applied:
    u, v = node.numerator, node.denominator
    if name not in names(v):
        return Applied(FACTOR, Quotient(Derivative(u, name, sign), v))
    square = Power(v, number(2))
    if name not in names(u):
        return Applied(RECIPROCAL, Negative(Quotient(multiplied(u, Derivative(v, name, sign)), square)))
    above = Sum((Product((Derivative(u, name, sign), v)), Negative(Product((u, Derivative(v, name, sign))))))
    return Applied(QUOTIENT, Quotient(above, square))


def _power(node: Power, name: str, sign: str) -> Applied:
    u, v = node.base, node.exponent
    if name not in names(v):
        outer = multiplied(v, raised(u, _less_one(v)))
        if isinstance(u, Variable):
            return Applied(POWER, outer)
        return Applied(POWER_CHAIN, multiplied(outer, Derivative(u, name, sign)))
    if u == Constant("e"):
        return Applied(EULER, multiplied(node, Derivative(v, name, sign)))
    if name not in names(u):
        return Applied(EXPONENTIAL, multiplied(node, Call("ln", (u,)), Derivative(v, name, sign)))
    first = multiplied(Derivative(v, name, sign), Call("ln", (u,)))
    second = multiplied(v, divided(Derivative(u, name, sign), u))
    return Applied(GENERAL_POWER, multiplied(node, Sum((first, second))))


def _less_one(exponent: Node) -> Node:
    """exponent − 1, computed where it is a number."""
    value = rational(exponent)
    if value is None:
        return Sum((exponent, Negative(ONE)))
    decimal = isinstance(exponent, Number) and exponent.decimal
    return signed(value - 1, decimal)


def rational(node: Node) -> Fraction | None:
    """The value of a number, a negative number, or a fraction of numbers; None for anything else."""
    match node:
        case Number(value):
            return value
        case Negative(operand):
            inner = rational(operand)
            return None if inner is None else -inner
        case Quotient(above, below):
            upper, lower = rational(above), rational(below)
            return upper / lower if upper is not None and lower else None
    return None


def signed(value: Fraction, decimal: bool = False) -> Node:
    """A number as it is written: with a sign before it, and a fraction as a quotient."""
    size = abs(value)
    if decimal or size.denominator == 1:
        node: Node = Number(size, decimal and size.denominator != 1)
    else:
        node = Quotient(number(size.numerator), number(size.denominator))
    return Negative(node) if value < 0 else node


def _where(conditions: tuple[Compare, ...], then: Node, otherwise: Node, name: str, sign: str) -> Applied:
    made = Where(conditions, Derivative(then, name, sign), Derivative(otherwise, name, sign))
    guards = [
        Guard(Sum((c.left, Negative(c.right))), f"the border {plain(c.left)} = {plain(c.right)} of two cases")
        for c in conditions
        if name in names(c)
    ]
    return Applied(CASES, made, tuple(guards))


def _largest(node: Call, name: str, sign: str) -> Applied:
    """max(u, v, …)' = u' where u > max(v, …)."""
    first, *others = node.arguments
    if not others:
        return Applied(LARGEST, Derivative(first, name, sign))
    rest = others[0] if len(others) == 1 else Call(node.function, tuple(others))
    relation = ">" if node.function == "max" else "<"
    made = Where((Compare(first, relation, rest),), Derivative(first, name, sign), Derivative(rest, name, sign))
    guard = Guard(Sum((first, Negative(rest))), f"the corner of {plain(node)}")
    return Applied(LARGEST, made, (guard,))


def _call(node: Call, name: str, sign: str) -> Applied:
    """A function of the table: its partial derivatives, times the derivatives of what is inside."""
    row, arguments = FUNCTIONS[node.function], node.arguments
    terms = []
    for slope, argument in zip(row.slopes, arguments, strict=True):
        if name in names(argument):
            inner = ONE if argument == Variable(name) else Derivative(argument, name, sign)
            terms.append(multiplied(_put(definition(slope), arguments), inner))
    guards: tuple[Guard, ...] = ()
    if row.kink:
        guards = (Guard(_put(definition(row.kink), arguments), f"the corner or jump of {plain(node)}"),)
    chained = any(a != Variable(name) and name in names(a) for a in arguments)
    equations = f"{row.name}(u)' = {row.slopes[0]}" if len(row.slopes) == 1 else "f(u, v)' = f_u*u' + f_v*v'"
    rule = Rule(
        row.english + (" and chain rule" if chained else ""),
        row.russian + (" и производная сложной функции" if chained else ""),
        equations + ("*u'" if chained and len(row.slopes) == 1 else ""),
    )
    return Applied(rule, added(*terms), guards)


def _put(node: Node, arguments: tuple[Node, ...]) -> Node:
    """A formula in u and v with the arguments in their places."""
    values = dict(zip("uv", arguments, strict=False))
    return replaced(node, lambda n: values.get(n.name) if isinstance(n, Variable) else None)
