"""What is asked about: a function of several real variables, from a formula or from Python, at a point.

However it is written, it becomes a function of one vector of float64, so that gradients, Hessians, directions and
descents are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor

if TYPE_CHECKING:
    from .expressions import Expression

Array: TypeAlias = np.ndarray[Any, Any]
Function: TypeAlias = Callable[..., Any]
#: a number; numbers for several arguments, in a tuple; one vector, in a list or an array; numbers by name
Point: TypeAlias = float | tuple[float, ...] | Sequence[float] | Mapping[str, float] | Array | Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A function f: ℝⁿ → ℝ with the names of its variables; ``expression`` where it was given as a formula."""

    names: tuple[str, ...]
    function: Callable[[Tensor], Tensor]
    expression: Expression | None = None

    def value(self, at: Array) -> float:
        """f(at) in float64. Shape: at [n]."""
        return float(self.function(tensor(np.asarray(at, np.float64))).item())


def subject_of(function: str | Expression | Function, at: Point) -> tuple[Subject, Array]:
    """The function of a vector that ``function`` is when it is called with ``at``, and ``at`` as that vector.

    ``at`` says how a Python function is called: a number x calls f(x), a tuple (a, b) calls f(a, b), a list or an
    array of n numbers calls f with one vector of shape [n], a dictionary calls by name. Formulas take a dictionary, or
    numbers in the order of their variables. Raises InputError where they do not fit together.

    >>> subject, point = subject_of(lambda x, y: x * y, (2.0, 3.0))
    >>> subject.names, point.tolist(), subject.value(point)
    (('x', 'y'), [2.0, 3.0], 6.0)
    """
    if callable(function):
        return _of_python(function, at)
    from .expressions import Expression, parse

    expression = function if isinstance(function, Expression) else parse(function)
    point = _point_of(expression, at)
    return Subject(names=expression.variables, function=_spread(expression.function()), expression=expression), point


def _point_of(expression: Expression, at: Point) -> Array:
    names = expression.variables
    if not names:
        raise InputError(f"{expression.text!r} has no variables, so it needs no point; write for instance x^2 + 3x")
    if isinstance(at, Mapping):
        missing, unknown = [n for n in names if n not in at], [n for n in at if n not in names]
        if missing or unknown:
            problem = (
                f"gives no value for {missing[0]!r}" if missing else f"names {unknown[0]!r}, which it does not hold"
            )
            raise InputError(f"the point for {expression.text!r} {problem}; {_variables(names, unknown)}")
        return _vector([at[n] for n in names])
    point = _vector(at)
    if len(point) != len(names):
        given = "1 number was given" if len(point) == 1 else f"{len(point)} numbers were given"
        raise InputError(f"{expression.text!r} has the variables {', '.join(names)}, but {given}")
    return point


def _variables(names: Sequence[str], unknown: Sequence[str]) -> str:
    """The variables of a formula; with the script of a letter, where another one looks the same."""
    from .expressions.letters import LOOKALIKES, is_cyrillic

    latin = {name: "".join(LOOKALIKES.get(c, c) for c in name) for name in (*names, *unknown)}
    for name in unknown:
        alike = next((n for n in names if latin[n] == latin[name]), None)
        if alike is not None:
            script = "Latin" if any(map(is_cyrillic, name)) else "Cyrillic"
            return f"they look the same, but that of the formula is {script}; write {alike} as it stands there"
    return f"its variables are {', '.join(names)}"


def _of_python(function: Function, at: Point) -> tuple[Subject, Array]:
    if isinstance(at, Mapping):
        names = tuple(at)
        return Subject(names=names, function=_by_name(function, names)), _vector([at[n] for n in names])
    point = _vector(at)
    if isinstance(at, tuple) or np.ndim(np.asarray(at)) == 0:
        return Subject(names=_parameters(function, len(point)), function=_spread(function)), point
    names = tuple(f"x{i + 1}" for i in range(len(point)))
    return Subject(names=names, function=_checked(function)), point


def _vector(at: Any) -> Array:
    try:
        point = np.asarray(at.numpy() if isinstance(at, Tensor) else at, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"a point is made of numbers, not {at!r}") from error
    if point.ndim > 1:
        raise InputError(f"a point is a number or a list of numbers, not an array of shape {point.shape}")
    return point.reshape(-1)


def _parameters(function: Function, count: int) -> tuple[str, ...]:
    """The names of a function's first parameters; x1, x2, … where it does not tell them."""
    try:
        found = [p.name for p in signature(function).parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    except (TypeError, ValueError):
        found = []
    return tuple(found[:count]) if len(found) >= count else tuple(f"x{i + 1}" for i in range(count))


def _spread(function: Function) -> Callable[[Tensor], Tensor]:
    return lambda x: _scalar(function(*(x[i] for i in range(int(str(x.shape[0]))))))


def _by_name(function: Function, names: tuple[str, ...]) -> Callable[[Tensor], Tensor]:
    return lambda x: _scalar(function(**{name: x[i] for i, name in enumerate(names)}))


def _checked(function: Function) -> Callable[[Tensor], Tensor]:
    return lambda x: _scalar(function(x))


def _scalar(result: Any) -> Tensor:
    """The value of a function, which must be one number."""
    if isinstance(result, bool | int | float | np.number):
        return tensor(float(result), dtype="float64")
    if not isinstance(result, Tensor) or result.numel() != 1:
        told = f"a tensor of shape {result.shape}" if isinstance(result, Tensor) else f"a {type(result).__name__}"
        raise InputError(
            f"a function of real variables gives one number, not {told}; reduce it, for instance by .sum()"
        )
    return result.reshape(())
