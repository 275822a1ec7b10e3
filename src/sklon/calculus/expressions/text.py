"""A formula as text: plain, which our reader reads again, and pretty, for terminals and pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .functions import FUNCTIONS
from .nodes import (
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
)

#: how tightly a node binds
SUM, PRODUCT, SIGNED, POWER, ATOM = range(5)
#: digits above which a whole number is written as 1.5e400
MOST_DIGITS = 20

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi \
chi psi omega"
)
#: the letters that LaTeX names
GREEK = {chr(0x3B1 + i + (i > 16)): name for i, name in enumerate(_GREEK.split())}


def plain(node: Node) -> str:
    """As it is typed: 2*x1 + x2^2."""
    return _Writer(_PLAIN).of(node)


def pretty(node: Node) -> str:
    """As it is read: 2·x₁ + x₂²."""
    return _Writer(_PRETTY).of(node)


def binding(node: Node) -> int:
    """How tightly a node binds when it is written."""
    match node:
        case Sum():
            return SUM
        case Product() | Quotient():
            return PRODUCT
        case Negative():
            return SIGNED
        case Number(value, decimal):
            return SIGNED if value < 0 else ATOM if decimal or value.denominator == 1 else PRODUCT
        case Power():
            return POWER
    return ATOM


def digits(value: Fraction, decimal: bool) -> str:
    """A number: whole, decimal, or as a fraction."""
    if value.denominator == 1 and abs(value.numerator).bit_length() < 3.3 * MOST_DIGITS:
        return str(value.numerator)
    if decimal or value.denominator == 1 or value.denominator.bit_length() > 200:
        return _decimal(value)
    return f"{value.numerator}/{value.denominator}"


def _decimal(value: Fraction) -> str:
    """A decimal number with as many digits as it has, and an exponent where it is long."""
    try:
        near = float(value)
    except OverflowError:
        near = float("inf")
    if near in (0.0, float("inf"), float("-inf")):
        from mpmath import mp, mpf  # numbers that float64 does not hold

        return str(mp.nstr(mpf(value.numerator) / value.denominator, 15)).replace("e+", "e")
    return re.sub(r"e([+-])0*", lambda m: f"e{m[1].strip('+')}", repr(near).removesuffix(".0"))


@dataclass(frozen=True, slots=True)
class _Style:
    times: str
    minus: str
    name: Callable[[str], str]
    power: Callable[[str, str, Node], str]
    absolute: Callable[[str], str]
    relations: dict[str, str]
    pi: str


def _pretty_name(name: str) -> str:
    found = re.fullmatch(r"([^\W\d_]+)(\d+)", name)
    return found[1] + found[2].translate(_SUBSCRIPTS) if found else name


def _pretty_power(base: str, exponent: str, node: Node) -> str:
    whole = node.operand if isinstance(node, Negative) else node
    if isinstance(whole, Number) and whole.value.denominator == 1 and whole.value < 10**6:
        return base + exponent.strip("()").replace("−", "-").translate(_SUPERSCRIPTS)
    return f"{base}^{exponent}"


_PLAIN = _Style("*", "-", str, lambda b, e, _: f"{b}^{e}", lambda u: f"abs({u})", {}, "pi")
_PRETTY = _Style("·", "−", _pretty_name, _pretty_power, lambda u: f"|{u}|", {"<=": "≤", ">=": "≥", "!=": "≠"}, "π")


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a tree in one style; brackets where the reader needs them."""

    style: _Style

    def of(self, node: Node, least: int = SUM) -> str:
        """The text, in brackets if the node binds less than ``least``."""
        text = self._text(node)
        return f"({text})" if binding(node) < least else text

    def _text(self, node: Node) -> str:
        match node:
            case Number(value, decimal):
                return digits(value, decimal).replace("-", self.style.minus)
            case Constant(name):
                return self.style.pi if name == "pi" else name
            case Variable(name):
                return self.style.name(name)
            case Sum(terms):
                return self._sum(terms)
            case Product(factors):
                first, *rest = factors
                return self.style.times.join([self.of(first, PRODUCT + isinstance(first, Negative) * 2)]
                                             + [self.of(f, POWER) for f in rest])  # fmt: skip
            case Quotient(numerator, denominator):
                above = self.of(numerator, PRODUCT + isinstance(numerator, Negative) * 2)
                return f"{above}/{self.of(denominator, POWER)}"
            case Negative(operand):
                return self.style.minus + self.of(operand, PRODUCT)
            case Power(base, exponent):
                return self.style.power(self.of(base, ATOM), self.of(exponent, ATOM), exponent)
        return self._applied(node)

    def _sum(self, terms: tuple[Node, ...]) -> str:
        text = self.of(terms[0], PRODUCT)
        for term in terms[1:]:
            negative = isinstance(term, Negative)
            operand = term.operand if isinstance(term, Negative) else term
            text += f" {self.style.minus if negative else '+'} {self.of(operand, PRODUCT)}"
        return text

    def _applied(self, node: Node) -> str:
        match node:
            case Call("abs", (operand,)):
                return self.style.absolute(self.of(operand))
            case Call(function, arguments):
                return f"{FUNCTIONS[function].name}({', '.join(map(self.of, arguments))})"
            case Compare(left, relation, right):
                return f"{self.of(left)} {self.style.relations.get(relation, relation)} {self.of(right)}"
            case Where(conditions, then, otherwise):
                return f"where({self._chain(conditions)}, {self.of(then)}, {self.of(otherwise)})"
            case Derivative(operand, name, sign):
                d = sign if self.style is _PRETTY else "d"
                return f"{d}/{d}{self.style.name(name)}[{self.of(operand)}]"
        raise TypeError(node)

    def _chain(self, conditions: tuple[Compare, ...]) -> str:
        """0 < x < 1."""
        text = self.of(conditions[0])
        for c in conditions[1:]:
            text += f" {self.style.relations.get(c.relation, c.relation)} {self.of(c.right)}"
        return text
