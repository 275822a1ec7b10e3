"""A formula as a value: what was read, its derivatives, and the forms in which it is used."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from .latex import latex
from .nodes import Negative, Node, Number, Power, Product, Quotient, children, depth, names, walk
from .parsing import read
from .text import plain, pretty

if TYPE_CHECKING:
    from .precise import Value
    from .rules import Guard
    from .steps import Step

#: operations within each other; SymPy walks by recursion, and derivatives are deeper still
MOST_DEEP = 90
#: the largest exponent that is a number; float64 ends at 2^1024
MOST_EXPONENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A formula in real variables.

    ``text`` is what was typed, or what a derivative would be typed as; ``variables`` in the order of the left side
    f(x, y) = …, else sorted so that x2 comes before x10; ``notes`` say how ambiguous places were read. ``node`` is
    the tree as typed, from which everything else comes; ``guards`` say where it is not defined although it may have
    a value, as sign(x) at the corner of |x|.

    >>> f = parse("x1^2 + x1*x2")
    >>> f.variables, [str(g) for g in f.gradient()], f.partial("x1").pretty()
    (('x1', 'x2'), ['2*x1 + x2', 'x1'], '2·x₁ + x₂')
    """

    text: str
    variables: tuple[str, ...]
    node: Node
    notes: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()

    def __str__(self) -> str:
        return plain(self.node)

    # ---- as text
    def plain(self) -> str:
        """As it is typed, in ASCII where its names are: 2*x1 + x2."""
        return plain(self.node)

    def pretty(self) -> str:
        """As it is read: 2·x₁ + x₂."""
        return pretty(self.node)

    def latex(self) -> str:
        """As LaTeX: 2 x_{1} + x_{2}."""
        return latex(self.node)

    # ---- values
    def function(self) -> Callable[..., Tensor]:
        """The formula as a function of tensors, in the order of ``variables``; float64 of float64.

        It is computed as typed, with the engine's conventions at kinks.
        """
        from .recording import function_of

        return function_of(self.node, self.variables)

    def evaluate(self, point: Mapping[str, float]) -> Value:
        """The value at a point with 50 digits, as a float; NaN and the reason where it is not defined.

        >>> parse("1/x").evaluate({"x": 0.0}).reason
        '1/x divides by 0 there'
        """
        from . import precise

        missing = [n for n in self.variables if n not in point]
        if missing:
            raise InputError(f"the point for {self.text!r} gives no value for {missing[0]!r}")
        return precise.evaluate(self.node, point, self.guards)

    def value(self, *numbers: float) -> float:
        """The value with 50 digits at numbers in the order of ``variables``, as a float; NaN where undefined."""
        if len(numbers) != len(self.variables):
            raise InputError(f"{self.text!r} takes {len(self.variables)} numbers, but {len(numbers)} were given")
        return self.evaluate(dict(zip(self.variables, numbers, strict=True))).number

    # ---- derivatives
    def partial(self, name: str) -> Expression:
        """∂f/∂name, with like terms collected; not defined where f is not, nor at kinks."""
        from .differentiate import differentiate
        from .rules import Guard
        from .symbolic import tidy

        self._check(name)
        try:
            found = differentiate(self.node, name)
            node = tidy(found.node, self._decimal)
        except RecursionError as error:
            raise InputError(
                f"the derivative of {self.text[:40]!r} is nested too deep; differentiate it as a function in Python"
            ) from error
        here = Guard(self.node, f"{plain(self.node)} is not defined there", zero=False)
        guards = tuple(dict.fromkeys((*self.guards, here, *found.guards)))
        return Expression(text=plain(node), variables=self.variables, node=node, guards=guards)

    def gradient(self) -> tuple[Expression, ...]:
        """The partial derivatives, in the order of ``variables``."""
        return tuple(self.partial(name) for name in self.variables)

    def hessian(self) -> tuple[tuple[Expression, ...], ...]:
        """The second derivatives: row i holds those of ∂f/∂xᵢ."""
        return tuple(partial.gradient() for partial in self.gradient())

    def steps(self, name: str) -> tuple[Step, ...]:
        """The derivation of ∂f/∂name: each step applies one rule; the last one ends with ``partial(name)``.

        >>> for step in parse("x sin x").steps("x")[:2]:
        ...     print(step)
        d/dx[x*sin(x)] = d/dx[x]*sin(x) + x*d/dx[sin(x)]  [product: (u*v)' = u'*v + u*v']
        d/dx[x] = 1  [variable: x' = 1]
        """
        from .steps import steps_of

        self._check(name)
        sign = "d" if len(self.variables) == 1 else "∂"
        return steps_of(self.node, name, sign, self.partial(name).node)

    def simplified(self, seconds: float = 2.0) -> Expression:
        """The shortest form that SymPy finds in this time; the formula as it is where it finds none.

        Functions are not looked into, so that their domains stay; it is not defined where this one is not.

        >>> parse("(x^2 - 1)/(x - 1)").simplified().plain()
        'x + 1'
        """
        from .rules import Guard
        from .symbolic import simplified

        node = simplified(self.node, seconds, self._decimal)
        here = Guard(self.node, f"{plain(self.node)} is not defined there", zero=False)
        return Expression(text=plain(node), variables=self.variables, node=node, guards=(*self.guards, here))

    # ---- SymPy
    @property
    def formula(self) -> Any:
        """What SymPy makes of it, in real symbols. SymPy simplifies: x/x is 1 here, and √(x²) is |x|."""
        from .symbolic import formula

        return formula(self.node)

    def limit(self, name: str, at: float, side: str = "right", seconds: float = 5.0) -> float:
        """The limit at ``at`` from the ``"left"`` or the ``"right"``, by SymPy; ±∞, or NaN where it has none.

        Raises InputError where there are other variables, UndecidedError where SymPy finds no answer in this time.

        >>> parse("sin(x)/x").limit("x", 0.0), parse("1/x").limit("x", 0.0, "left")
        (1.0, -inf)
        """
        from .limits import limit

        self._check(name)
        if side not in ("left", "right"):
            raise InputError(f"a limit is taken from the 'left' or the 'right', not from {side!r}")
        if names(self.node) - {name}:
            raise InputError(f"{self.text!r} has other variables than {name}; put numbers in their places")
        if all(math.isnan(self.evaluate({name: x}).number) for x in _approaching(at, side)):
            return math.nan  # SymPy would go on with complex numbers
        return limit(self.node, name, at, 1 if side == "right" else -1, seconds)

    def _check(self, name: str) -> None:
        if name not in self.variables:
            known = ", ".join(self.variables) or "none"
            raise InputError(f"{self.text!r} has no variable {name!r}; its variables are: {known}")

    @property
    def _decimal(self) -> bool:
        return any(isinstance(n, Number) and n.decimal for n in walk(self.node))


def parse(text: str) -> Expression:
    """Read a formula as people type it; ``reading`` holds the grammar. Nothing is executed.

    Raises InputError with the place and one repair for what is no formula, and for numbers beyond float64.

    >>> parse("f(y, x) = 0,5x² + sin 2y").variables
    ('y', 'x')
    >>> parse("x/(1 + |x|)").partial("x").evaluate({"x": 0.0}).number
    nan
    """
    if find_spec("sympy") is None:
        raise InputError("formulas need SymPy: pip install 'sklon[calculus]'; or give a function in Python")
    found = read(text)
    if depth(found.node) > MOST_DEEP:
        raise InputError(
            f"the formula holds more than {MOST_DEEP} operations within each other; name its parts, or write Python"
        )
    _check_numbers(found.node)
    given = found.side.names
    others = sorted(names(found.node) - set(given), key=_natural)
    notes = list(found.notes)
    if given and others:
        notes.append(f"{', '.join(others)} is not named on the left side, and was read as one more variable")
    return Expression(text=text, variables=(*given, *others), node=found.node, notes=tuple(notes))


def _approaching(at: float, side: str) -> list[float]:
    """Points that come close to ``at`` from one side."""
    away = -1.0 if side == "left" else 1.0
    if math.isinf(at):
        return [math.copysign(2.0**k, at) for k in (20, 40, 60)]
    return [at + away * max(1.0, abs(at)) * 2.0**-k for k in (20, 30, 40)]


def _natural(name: str) -> list[tuple[int, str]]:
    """x2 before x10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


# ---- numbers that nothing may be asked to compute
def _check_numbers(node: Node) -> None:
    """Refuse constants that have no value or leave float64, and exponents that are too large."""
    from .precise import evaluate

    for constant in _constants(node):
        value = evaluate(constant, {})
        if value.reason:
            raise InputError(f"{value.reason}, at every point; write a number that exists in its place")
    for found in walk(node):
        if isinstance(found, Power) and _exponent(found) > MOST_EXPONENT:
            raise InputError(
                f"the exponent {plain(found.exponent)[:40]} is too large: {MOST_EXPONENT} is the most, powers of "
                "powers taken together; write exp(n*ln(x)) if that is meant"
            )


def _exponent(node: Node) -> float:
    """The largest number to which a part is raised by a power, powers of powers multiplied."""
    from .precise import evaluate

    match node:
        case Power(base, exponent) if not names(exponent):
            return max(1.0, abs(evaluate(exponent, {}).number)) * _exponent(base)
        case Power(base):
            return _exponent(base)
        case Product() | Quotient() | Negative():
            return max(map(_exponent, children(node)))
    return 1.0


def _constants(node: Node) -> Iterator[Node]:
    """The largest parts without variables that are not single numbers."""
    if isinstance(node, Number):
        return
    if not names(node):
        yield node
        return
    for part in children(node):
        yield from _constants(part)
