"""What SymPy makes of a formula.

Two translations: ``formula`` gives SymPy the meaning, for limits, solutions and derivatives; ``tidy`` gives it
every function as an unknown, so that it collects like terms and powers and rewrites nothing else: √(x²) stays.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any

import sympy

from sklon._base.errors import UndecidedError

from .bounded import bounded
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
    added,
    divided,
    multiplied,
    number,
    raised,
    replaced,
)
from .parsing import definition
from .rules import signed
from .text import plain

_RELATIONS = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "=": sympy.Eq, "!=": sympy.Ne}
#: functions whose SymPy form is not a name of SymPy's
_SYMBOLIC: dict[str, Callable[..., Any]] = {
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "arsinh": sympy.asinh,
    "arcosh": sympy.acosh,
    "artanh": sympy.atanh,
    "ln": sympy.log,
    "abs": sympy.Abs,
    "ceil": sympy.ceiling,
    "min": sympy.Min,
    "max": sympy.Max,
    "step": sympy.Heaviside,
    "relu": lambda u: sympy.Max(u, 0),
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
    "cbrt": lambda u: sympy.sign(u) * sympy.Abs(u) ** sympy.Rational(1, 3),
}


def symbol(name: str) -> Any:
    """The real symbol of a variable."""
    return sympy.Symbol(name, real=True)


@lru_cache(maxsize=256)
def formula(node: Node) -> Any:
    """SymPy's expression of what the formula means, in real symbols; SymPy evaluates it as it always does."""
    return _Translation(_meaning, symbol).of(node)


def _meaning(function: str, arguments: list[Any]) -> Any:
    row = FUNCTIONS[function]
    means = row.means or row.symbolic
    if means:
        at = dict(zip("uv", arguments, strict=False))
        return _Translation(_meaning, lambda name: at[name]).of(definition(means))
    return (_SYMBOLIC.get(function) or getattr(sympy, row.name))(*arguments)


class _Translation:
    """From our tree to SymPy's; ``call`` says what becomes of a function, ``variable`` of a variable."""

    def __init__(self, call: Callable[[str, list[Any]], Any], variable: Callable[[str], Any]) -> None:
        self.call, self.variable = call, variable

    def of(self, node: Node) -> Any:
        match node:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Constant(name):
                return sympy.pi if name == "pi" else sympy.E
            case Variable(name):
                return self.variable(name)
            case Call(function, arguments):
                return self.call(function, [self.of(a) for a in arguments])
            case Compare(left, relation, right):
                return _RELATIONS[relation](self.of(left), self.of(right))
            case Where(conditions, then, otherwise):
                test = sympy.And(*map(self.of, conditions))
                return sympy.Piecewise((self.of(then), test), (self.of(otherwise), True))
        return self.arithmetic(node)

    def arithmetic(self, node: Node) -> Any:
        match node:
            case Sum(terms):
                return sympy.Add(*map(self.of, terms))
            case Product(factors):
                return sympy.Mul(*map(self.of, factors))
            case Quotient(numerator, denominator):
                return sympy.Mul(self.of(numerator), sympy.Pow(self.of(denominator), sympy.Integer(-1)))
            case Negative(operand):
                return -self.of(operand)
            case Power(base, exponent):
                return sympy.Pow(self.of(base), self.of(exponent))
        raise TypeError(node)


# ---- tidying
def tidy(node: Node, decimal: bool) -> Node:
    """The formula with like terms and powers collected, in the order in which one writes them.

    Functions are left alone. A hole can be lost, as that of (x − x)/x²: what is defined where is known by guards.
    """
    tidying = _Tidying(decimal)
    found = tidying.there(node)
    return node if found.has(*_STRANGE) else tidying.back(found)


#: what SymPy makes of a division by zero, and of roots of negative numbers
_STRANGE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


def simplified(node: Node, seconds: float, decimal: bool) -> Node:
    """The shortest of the tidied formula and of SymPy's simplifications; what takes longer is left out."""
    first = tidy(node, decimal)
    tidying = _Tidying(decimal)
    found = tidying.there(first)
    ways = (sympy.factor, sympy.cancel, sympy.simplify)
    candidates = [_tried(way, found, seconds / len(ways)) for way in ways]
    return min([first, *(tidying.back(c) for c in candidates if c is not None)], key=lambda c: len(plain(c)))


def _tried(way: Callable[[Any], Any], expression: Any, seconds: float) -> Any:
    """What ``way`` makes of an expression; None where it takes too long."""
    try:
        return bounded(seconds, lambda: way(expression))
    except UndecidedError:
        return None


#: begins the names of cases: after all letters, so that they are written last
_LAST = "\U0010ffff"


class _Tidying:
    """There and back: what SymPy shall not look into has a symbol in between."""

    def __init__(self, decimal: bool) -> None:
        self.decimal = decimal
        self.hidden: dict[Any, Node] = {}

    def there(self, node: Node) -> Any:
        """SymPy's expression, in which functions are unknown ones."""
        return _Translation(self.call, self.variable).of(self.hide(node))

    def variable(self, name: str) -> Any:
        return sympy.Symbol(name)

    def call(self, function: str, arguments: list[Any]) -> Any:
        return sympy.Function(f"_{function}")(*arguments)

    def hide(self, node: Node) -> Node:
        """Cases, whose conditions SymPy would evaluate, become variables; what is in them is tidied."""

        def replace(found: Node) -> Node | None:
            if isinstance(found, Where):
                then, otherwise = (tidy(n, self.decimal) for n in (found.then, found.otherwise))
                kept = then if then == otherwise else Where(found.conditions, then, otherwise)
                if not isinstance(kept, Where):
                    return kept
                known = (name for name, other in self.hidden.items() if other == kept)
                variable = Variable(next(known, f"{_LAST}{len(self.hidden)}"))
                self.hidden[variable.name] = kept
                return variable
            return None

        return replaced(node, replace)

    # ---- back
    def back(self, found: Any) -> Node:
        """Our tree of SymPy's expression."""
        if found.is_Rational:
            return signed(Fraction(int(found.p), int(found.q)), self.decimal and _is_decimal(found.q))
        if found.is_Symbol:
            return self.hidden.get(found.name) or Variable(found.name)
        if found is sympy.pi or found is sympy.E:
            return Constant("pi" if found is sympy.pi else "e")
        if isinstance(found, sympy.exp):
            return Power(Constant("e"), self.back(found.args[0]))
        if found.is_Add:
            return self.sum(found)
        if found.is_Mul or found.is_Pow:
            return self.product(found)
        if found.is_Function:
            return Call(type(found).__name__.removeprefix("_"), tuple(map(self.back, found.args)))
        raise TypeError(found)

    def sum(self, found: Any) -> Node:
        """Terms in order, the first one without a minus in front: y − x² rather than −x² + y."""
        terms = [self.back(t) for t in found.as_ordered_terms()]
        first = next((t for t in terms if not isinstance(t, Negative)), terms[0])
        return added(first, *(t for t in terms if t is not first))

    def product(self, found: Any) -> Node:
        """Factors with negative exponents go below the line."""
        above, below = [], []
        for factor in sympy.Mul.make_args(found) if found.is_Mul else (found,):
            if factor.is_Rational:
                above.append(self.back(factor))
            elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
                below.append(self.raised(factor.base, -factor.exp))
            elif factor.is_Pow:
                above.append(self.raised(factor.base, factor.exp))
            else:
                above.append(self.back(factor))
        return self.quotient(above, below)

    def raised(self, base: Any, exponent: Any) -> Node:
        return raised(self.back(base), self.back(exponent))

    def quotient(self, above: list[Node], below: list[Node]) -> Node:
        """A product of factors over another; the denominators of numbers below too."""
        sign = sum(isinstance(f, Negative) for f in above) % 2
        upper = [f.operand if isinstance(f, Negative) else f for f in above]
        lower = [f.denominator for f in upper if isinstance(f, Quotient)] + below
        upper = [f.numerator if isinstance(f, Quotient) else f for f in upper]
        node = divided(multiplied(*upper) if upper else number(1), multiplied(*lower) if lower else number(1))
        return Negative(node) if sign else node


def _is_decimal(denominator: Any) -> bool:
    """Whether a fraction with this denominator ends as a decimal number."""
    rest = reduce(lambda q, p: q // p ** sympy.multiplicity(p, q), (2, 5), int(denominator))
    return rest == 1
