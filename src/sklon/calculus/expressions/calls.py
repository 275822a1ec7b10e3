"""How functions take their arguments: in brackets, or bare as in ``sin 2x``; and the cases of ``where``."""

from __future__ import annotations

from .functions import FUNCTIONS, LOG, ROOT, Function
from .nodes import (
    ONE,
    Call,
    Constant,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Variable,
    Where,
    is_number,
)
from .reading import Reader
from .tokens import Token

#: functions with an inverse, which a negative exponent could mean
INVERSES = {
    "sin": "arcsin", "cos": "arccos", "tan": "arctan", "cot": "arccot",
    "sinh": "arsinh", "cosh": "arcosh", "tanh": "artanh",
}  # fmt: skip


def call(reader: Reader) -> Node:
    """A function, its exponent as in sin²x, and its arguments."""
    token = reader.take()
    row = FUNCTIONS[token.text]
    base = _base(reader, token)
    exponent = _exponent(reader, row)
    arguments = _arguments(reader, token, row)
    node = _applied(reader, token, row, arguments, base)
    return node if exponent is None else Power(node, exponent)


def _base(reader: Reader, token: Token) -> Node | None:
    """The base that an index of log names, as in log_a x."""
    if not token.tail:
        return None
    index = token.tail.strip("_")
    if index == "e":
        return Constant("e")
    return Number(token.value) if index.isdecimal() else Variable(index)


def _exponent(reader: Reader, row: Function) -> Node | None:
    """The exponent between a function and its argument."""
    start = reader.now
    if start.kind == "superscript":
        power: Node = Number(abs(reader.take().value))
        power = Negative(power) if start.value < 0 else power
    elif reader.sees("^"):
        reader.take()
        negative = reader.sees("-")
        if negative:
            reader.take()
        power = Negative(_exponent_atom(reader)) if negative else _exponent_atom(reader)
    else:
        return None
    if isinstance(power, Negative):
        inverse = INVERSES.get(row.name)
        other = f"{inverse}(x) or " if inverse else ""
        raise reader.fault(
            f"a negative exponent at {row.name} means two things: the inverse function, or one over it",
            f"write {other}1/{row.name}(x)",
            start,
        )
    return power


def _exponent_atom(reader: Reader) -> Node:
    """The exponent in sin^2 x: a number, a name, or something in brackets."""
    if reader.now.kind in ("number", "variable") or reader.sees("(", "{", "["):
        return reader.atom()
    raise reader.fault("an exponent is missing", "write for instance sin^2 x, or (sin x)^2")


def _arguments(reader: Reader, token: Token, row: Function) -> list[Node]:
    if reader.sees("(", "[", "{"):
        return _listed(reader, row)
    if row.least > 1 or row.most > 2:
        raise reader.fault(f"{row.name} needs its arguments in brackets", f"write {row.name}(x, y)")
    return [_bare(reader, token, row)]


def _listed(reader: Reader, row: Function) -> list[Node]:
    """The arguments in brackets, as many as the function takes."""
    opening = reader.take()
    with reader.bracket(listing=row.most > 1):
        found = [reader.sum()]
        while reader.sees(",", ";"):
            separator = reader.take()
            if len(found) == row.most:
                raise reader.fault(
                    f"{row.name} takes {_count(row)}, and another one begins here", "delete it", separator
                )
            found.append(reader.sum())
        reader.close(opening)
    if len(found) < row.least:
        raise reader.fault(
            f"{row.name} takes {_count(row)}, but {len(found)} is given", f"write {row.name}(y, x)", opening
        )
    return found


def _count(row: Function) -> str:
    if row.least == row.most:
        return "one argument" if row.least == 1 else f"{row.least} arguments"
    return f"{row.least} or {row.most} arguments" if row.most == 2 else f"at least {row.least} arguments"


def _bare(reader: Reader, token: Token, row: Function) -> Node:
    """The argument of sin 2x: factors side by side, until a sign or the next function."""
    if reader.now.kind == "end" or reader.sees(")", "]", "}", "*", "/", ",", ";", "^"):
        raise reader.fault(f"{row.name} has no argument", f"write {row.name}(x)", token)
    factors = [reader.factor()]
    while reader.now.kind != "function" and reader.starts_factor():
        factors.append(reader.power())
    node = Product(tuple(factors)) if len(factors) > 1 else factors[0]
    doubtful = len(factors) > 2 or (len(factors) == 2 and not isinstance(factors[0], Number))
    if doubtful or reader.sees("/"):
        reader.note_reading(token, Call(row.name, (node,)), f"write {row.name}(…) to say how far it reaches")
    return node


def _applied(reader: Reader, token: Token, row: Function, arguments: list[Node], base: Node | None) -> Node:
    """The node; log of one argument is the natural logarithm."""
    if row.name == "root":
        return _root(reader, *arguments)
    if row.name != "log":
        if row.note:
            reader.note(row.note)
        return Call(row.name, tuple(arguments))
    if base is not None:
        if len(arguments) > 1:
            raise reader.fault("log has two bases here", "write log_a(x) or log(x, a)", token)
        return Call("log", (arguments[0], base))
    if len(arguments) == 2:
        return Call("log", tuple(arguments))
    reader.note(LOG)
    return Call("ln", tuple(arguments))


def _root(reader: Reader, under: Node, degree: Node) -> Node:
    """root(x, n): a function of its own for n = 2 and 3, a power otherwise."""
    if is_number(degree, 2) or is_number(degree, 3):
        return Call("sqrt" if is_number(degree, 2) else "cbrt", (under,))
    reader.note(ROOT)
    return Power(under, Quotient(ONE, degree))


def where(reader: Reader) -> Node:
    """where(condition, a, b)."""
    token = reader.take()
    if not reader.sees("("):
        raise reader.fault("where needs brackets", "write where(x > 0, x, 0)", token)
    opening = reader.take()
    with reader.bracket(listing=True):
        conditions = reader.conditions()
        values = []
        for _ in range(2):
            if not reader.sees(",", ";"):
                raise reader.fault("where takes a condition and two values", "write where(x > 0, x, 0)")
            reader.take()
            values.append(reader.sum())
        reader.close(opening)
    return Where(conditions, *values)
