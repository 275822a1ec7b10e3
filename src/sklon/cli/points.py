"""Points and directions as they are typed: ``x1=1,x2=2``, ``1,2``, and ``x1=0,5; x2=2`` with decimal commas."""

from __future__ import annotations

import re

from sklon._base.errors import InputError

#: one number with a name and a decimal comma; two numbers would have two names
DECIMAL = re.compile(r"[^=,]+=\s*[-−]?\d+,\d+")


def read_point(text: str, flag: str) -> dict[str, float] | tuple[float, ...]:
    """Numbers by name, or in order. Raises InputError, with the flag.

    With ; between them, commas are decimal, and so is the comma of a single number with a name.

    >>> read_point("x1=1, x2=2", "--at"), read_point("0,5; -2", "--at"), read_point("x=0,5", "--at")
    ({'x1': 1.0, 'x2': 2.0}, (0.5, -2.0), {'x': 0.5})
    """
    decimal = ";" in text or DECIMAL.fullmatch(text.strip()) is not None
    parts = [part.strip() for part in text.split(";" if decimal else ",")]
    pairs = [_pair(part, flag, text, decimal) for part in (parts[:-1] if parts[-1] == "" else parts)]
    names = [name for name, _ in pairs if name]
    if not names:
        return tuple(value for _, value in pairs)
    if len(names) < len(pairs):
        hint = f" (with decimal commas, separate by ;: {flag} 'x=0,5; y=2')" if "," in text else ""
        raise InputError(f"{flag} names some numbers of {text!r} and others not; name all or none{hint}")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f"{flag} gives {twice[0]!r} twice in {text!r}; leave one out")
    return dict(pairs)


def _pair(part: str, flag: str, text: str, decimal: bool) -> tuple[str, float]:
    """A name, empty if there is none, and a number."""
    name, mark, value = part.rpartition("=")
    if mark and not name.strip():
        raise InputError(f"{flag} has no name before = in {text!r}; write it as in {flag} x=1")
    return (_name(name.strip(), flag) if mark else ""), _value(value.strip(), flag, text, decimal)


def _name(written: str, flag: str) -> str:
    """The name of a variable as formulas have it: x₁ and x_1 are x1."""
    from sklon.calculus.expressions import parse

    expression = parse(written)
    if expression.variables != (expression.plain(),):
        raise InputError(f"{flag} gives numbers to variables, and {written!r} is none; write for instance {flag} x=1")
    return expression.variables[0]


def _value(written: str, flag: str, text: str, decimal: bool) -> float:
    """A number, or a formula without variables, such as pi/2."""
    if not written:
        raise InputError(f"{flag} lacks a number in {text!r}; write it as in {flag} x=1,y=2")
    try:
        return float(written.replace(",", ".") if decimal else written)
    except ValueError:
        pass
    from sklon.calculus.expressions import parse

    expression = parse(written)
    if expression.variables:
        raise InputError(f"{flag} takes numbers, not {written!r}; write for instance {flag} x=1,y=2")
    return float(expression.function()().item())
