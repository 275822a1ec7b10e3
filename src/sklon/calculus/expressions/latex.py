"""A formula as LaTeX."""

from __future__ import annotations

import re

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
from .text import ATOM, GREEK, POWER, PRODUCT, SUM, binding, digits

#: functions that are written around their argument
_AROUND = {
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor ", r" \right\rfloor"),
    "ceil": (r"\left\lceil ", r" \right\rceil"),
    "sqrt": (r"\sqrt{", "}"),
    "cbrt": (r"\sqrt[3]{", "}"),
    "exp": ("e^{", "}"),
}
_RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}


def latex(node: Node, least: int = SUM) -> str:
    r"""The LaTeX of a formula, in brackets if it binds less than ``least``.

    >>> from .parsing import read
    >>> latex(read("sqrt(x1)/2").node)
    '\\frac{\\sqrt{x_{1}}}{2}'
    """
    text = _latex(node)
    fraction = isinstance(node, Quotient) and least <= POWER  # its bar brackets it
    return rf"\left({text}\right)" if binding(node) < least and not fraction else text


def _latex(node: Node) -> str:
    match node:
        case Number(value, decimal):
            return _number(digits(value, decimal))
        case Constant(name):
            return r"\pi" if name == "pi" else "e"
        case Variable(name):
            return name_of(name)
        case Sum(terms):
            return _sum(terms)
        case Product(factors):
            return _product(factors)
        case Quotient(numerator, denominator):
            return rf"\frac{{{latex(numerator)}}}{{{latex(denominator)}}}"
        case Negative(operand):
            return f"-{latex(operand, PRODUCT)}"
        case Power(base, exponent):
            return f"{{{_base(base)}}}^{{{latex(exponent)}}}"
    return _applied(node)


def name_of(name: str) -> str:
    """A variable: x_{1}, α as \\alpha, a long name upright."""
    found = re.fullmatch(r"([^\W\d_]+?)_?(\d*|_.*|[^\W\d_]+\w*)", name) if not name.isalpha() else None
    letters, index = (found[1], found[2].strip("_")) if found else (name, "")
    if found and "_" in name:
        letters, index = name.split("_", 1)
    head = f"\\{GREEK[letters]}" if letters in GREEK else letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    return f"{head}_{{{index}}}".replace("_{}", "") if "_" not in index else f"{head}_{{{index.replace('_', ',')}}}"


def _number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    if "/" in text:
        above, below = text.split("/")
        return rf"\frac{{{above}}}{{{below}}}"
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else mantissa


def _sum(terms: tuple[Node, ...]) -> str:
    text = latex(terms[0], PRODUCT)
    for term in terms[1:]:
        negative = isinstance(term, Negative)
        operand = term.operand if isinstance(term, Negative) else term
        text += f" {'-' if negative else '+'} {latex(operand, PRODUCT)}"
    return text


def _product(factors: tuple[Node, ...]) -> str:
    """Factors side by side, with a dot where a number follows."""
    text = latex(factors[0], PRODUCT + isinstance(factors[0], Negative) * 2)
    for factor in factors[1:]:
        found = latex(factor, POWER)
        text += rf" \cdot {found}" if found[0].isdigit() or found.startswith(r"\frac") else rf" {found}"
    return text


def _base(node: Node) -> str:
    """What is raised to a power; a root or a fraction in brackets."""
    bare = isinstance(node, Variable | Constant | Number) and binding(node) == ATOM
    return latex(node) if bare else rf"\left({latex(node)}\right)"


def _applied(node: Node) -> str:
    match node:
        case Call(function, (operand,)) if function in _AROUND:
            before, after = _AROUND[function]
            return f"{before}{latex(operand)}{after}"
        case Call("log", (operand, base)):
            return rf"\log_{{{latex(base)}}}\left({latex(operand)}\right)"
        case Call(function, arguments):
            row = FUNCTIONS[function]
            return rf"{row.latex or _upright(row.name)}\left({', '.join(map(latex, arguments))}\right)"
        case Compare(left, relation, right):
            return f"{latex(left)} {_RELATIONS.get(relation, relation)} {latex(right)}"
        case Where(conditions, then, otherwise):
            chain = latex(conditions[0]) + "".join(
                f" {_RELATIONS.get(c.relation, c.relation)} {latex(c.right)}" for c in conditions[1:]
            )
            cases = rf"{latex(then)} & \text{{if }} {chain} \\ {latex(otherwise)} & \text{{otherwise}}"
            return rf"\begin{{cases}} {cases} \end{{cases}}"
        case Derivative(operand, name, sign):
            d = "d" if sign == "d" else r"\partial"
            return rf"\frac{{{d}}}{{{d} {name_of(name)}}}\left[{latex(operand)}\right]"
    raise TypeError(node)


def _upright(name: str) -> str:
    return rf"\operatorname{{{name}}}"
