"""``derive``: all first and second derivatives of one function, as formulas and at a point, each by several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any

import numpy as np

from sklon._base.errors import InputError

from .. import differences
from ..expressions import Expression
from ..subject import Array, Function, Point, Subject, subject_of
from ..writing import number, shown
from . import curvature, reverse
from .curvature import Hessian
from .direction import Along, Steepest, derivative_along, direction_of, steepest
from .formulas import Formulas, formulas_of
from .stationary import NEAR, ORDINALS, Kind, kind_by_order, kind_of, not_stationary
from .ways import Partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A function at a point: its value, its partial derivatives by each way, and what follows from them.

    ``steepest`` and ``kind`` need a gradient; ``hessian`` is None of more than 12 variables.
    """

    at: tuple[float, ...]
    value: float
    partials: tuple[Partial, ...]
    steepest: Steepest | None
    along: Along | None
    hessian: Hessian | None
    kind: Kind

    @property
    def agrees(self) -> bool:
        """Whether all ways give the same gradient."""
        return all(partial.verdict.agrees for partial in self.partials)

    @property
    def gradient(self) -> tuple[float, ...] | None:
        """The gradient that can be relied on; None where f has none."""
        found = [partial.verdict.value for partial in self.partials]
        return None if None in found else tuple(value for value in found if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """What ``derive`` found: ``formulas`` of a function that was given as one, ``local`` where a point was given.

    It prints itself as text, shows itself in notebooks, and ``json()`` is a dictionary for programs.
    """

    name: str
    variables: tuple[str, ...]
    formulas: Formulas | None
    local: Local | None

    def json(self) -> dict[str, Any]:
        """All of it as numbers, texts, lists and dictionaries; None for what is not finite."""
        from .telling import as_json

        return as_json(self)

    def latex(self) -> str:
        """The formulas as LaTeX, one a line; empty for a Python function."""
        from .telling import formulas_as_latex

        return formulas_as_latex(self)

    def __str__(self) -> str:
        from .telling import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .telling import as_html

        return as_html(self)


def derive(
    function: str | Expression | Function,
    at: Point | None = None,
    along: Sequence[float] | Mapping[str, float] | None = None,
) -> Derivation:
    """The derivatives of a function: as formulas, and at a point by three ways that have to agree.

    ``function`` is a formula, or a Python function of tensors; of the latter there are no formulas, and ``at`` is
    needed. ``at`` is the point, in the forms that ``subject_of`` reads. Then the gradient is computed from the formula,
    by reverse mode and by differences with their error, with a verdict where they differ; and the direction of steepest
    descent, the Hessian, its eigenvalues, and the kind of the point. ``along`` is a direction, which is brought to
    length 1.

    Raises InputError for a formula that cannot be read, a point that does not fit, one where the function has no
    finite value, and a direction that is zero.

    >>> found = derive(lambda x, y: x * x + x * y, at=(1.0, 2.0), along=(1.0, 1.0))
    >>> found.local.gradient, found.local.agrees, found.local.kind.name
    ((4.0, 1.0), True, 'not stationary')
    >>> round(found.local.along.by_gradient, 6), round(found.local.steepest.rate, 6)
    (3.535534, -4.123106)
    """
    if at is None:
        return _without_point(function, along)
    subject, point = subject_of(function, at)
    _check_variables(subject.names, function)
    formulas = None if subject.expression is None else formulas_of(subject.expression)
    direction = None if along is None else direction_of(subject.names, along)
    return Derivation(
        name=_name(function) if subject.expression is None else subject.expression.text,
        variables=subject.names,
        formulas=formulas,
        local=_local(subject, formulas, point, direction),
    )


def _without_point(function: str | Expression | Function, along: object) -> Derivation:
    from ..expressions import parse

    if callable(function):
        raise InputError(
            f"{_name(function)} is a Python function, whose derivatives are numbers; give a point, such as at=(1.0,)"
        )
    if along is not None:
        raise InputError("a derivative along a direction is a number at a point; give at=")
    expression = function if isinstance(function, Expression) else parse(function)
    _check_variables(expression.variables, expression.text)
    return Derivation(
        name=expression.text, variables=expression.variables, formulas=formulas_of(expression), local=None
    )


def _check_variables(names: Sequence[str], function: object) -> None:
    if not names:
        told = repr(function) if isinstance(function, str) else _name(function)
        raise InputError(f"{told} has no variables to differentiate by; write for instance x^2 + 3x")


def _name(function: object) -> str:
    found = str(getattr(function, "__name__", type(function).__name__))
    return "f" if found == "<lambda>" else found


def _local(subject: Subject, formulas: Formulas | None, at: Array, direction: Array | None) -> Local:
    value = subject.value(at)
    if not isfinite(value):
        why = formulas.why_undefined(at) if formulas is not None else ""
        place = ", ".join(f"{shown(name)} = {number(v)}" for name, v in zip(subject.names, at, strict=True))
        raise InputError(f"f has no value at {place}: {why or number(value)}; give a point where it is defined")
    partials = _partials(subject, formulas, at)
    believed = [partial.verdict.value for partial in partials]
    gradient = None if None in believed else np.array(believed, np.float64)
    hessian = curvature.hessian(subject, at, None if formulas is None else formulas.hessian_at(at))
    return Local(
        at=tuple(map(float, at)),
        value=value,
        partials=partials,
        steepest=None if gradient is None else steepest(gradient),
        along=None if direction is None else derivative_along(subject, at, direction, gradient),
        hessian=hessian,
        kind=_kind_beyond(formulas, at, _kind(subject, at, gradient, hessian)),
    )


def _partials(subject: Subject, formulas: Formulas | None, at: Array) -> tuple[Partial, ...]:
    symbolic = [(None, "")] * len(at) if formulas is None else formulas.gradient_at(at)
    ways = zip(subject.names, symbolic, reverse.gradient(subject, at), differences.gradient(subject, at), strict=True)
    return tuple(
        Partial(name=name, symbolic=value, reason=reason, reverse=float(by_reverse), differences=estimate)
        for name, (value, reason), by_reverse, estimate in ways
    )


def _kind(subject: Subject, at: Array, gradient: Array | None, hessian: Hessian | None) -> Kind:
    if gradient is None:
        return _undecided("f has no gradient here")
    if (hessian is None or not hessian.agrees) and hypot(*gradient) > NEAR:
        return not_stationary(gradient)
    if hessian is None:
        return _undecided(f"the Hessian is not computed of more than {curvature.MOST_VARIABLES} variables")
    if not hessian.agrees:
        return _undecided("the second derivatives are in doubt here")
    return kind_of(at, gradient, np.array(hessian.reverse), lambda x: reverse.gradient(subject, x))


def _kind_beyond(formulas: Formulas | None, at: Array, kind: Kind) -> Kind:
    """The kind, decided by further derivatives where a formula in one variable has f″ = 0."""
    if formulas is None or len(at) != 1 or kind.name != "undecided" or not kind.stationary:
        return kind
    return kind_by_order(formulas.beyond_the_second(at, max(ORDINALS))) or kind


def _undecided(reason: str) -> Kind:
    return Kind(name="undecided", reason=reason, stationary=None)
