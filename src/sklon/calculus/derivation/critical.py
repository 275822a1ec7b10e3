"""Stationary points of a formula: where SymPy finds ∇f = 0, each checked and told what it is by ``derive``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklon._base.columns import aligned
from sklon._base.errors import InputError
from sklon._base.notebook import card, paragraph

from ..expressions import Expression, parse
from ..writing import number, shown
from .derivation import derive
from .stationary import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationary:
    """A stationary point: its coordinates in the order of the variables, exactly and as numbers, and its kind."""

    at: tuple[float, ...]
    exact: tuple[str, ...]
    value: float
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class StationaryPoints:
    """What was found: single points, and families as equations; an empty one holds all points.

    ``solved`` is False where SymPy found no way.
    """

    variables: tuple[str, ...]
    solved: bool
    points: tuple[Stationary, ...]
    families: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """The same as dictionaries, lists, numbers and texts."""
        points = [
            {
                "at": dict(zip(self.variables, point.at, strict=True)),
                "exact": dict(zip(self.variables, point.exact, strict=True)),
                "value": point.value,
                "kind": point.kind.name,
                "reason": point.kind.reason,
            }
            for point in self.points
        ]
        return {"solved": self.solved, "points": points, "families": list(self.families)}

    def __str__(self) -> str:
        if not self.solved:
            return "Stationary points: SymPy finds no way to solve ∇f = 0 in this time; there may be some."
        if not self.points and not self.families:
            return "Stationary points: SymPy finds none."
        rows = [[self._place(point), f"f = {number(point.value)}", point.kind.name] for point in self.points]
        families = [f"all points with {family}" if family else "all points" for family in self.families]
        return "\n".join(["Stationary points", *(f"  {line}" for line in [*aligned(rows, "lll"), *families])])

    def _repr_html_(self) -> str:
        head, *lines = str(self).splitlines()
        return card(head, *map(paragraph, lines))

    def _place(self, point: Stationary) -> str:
        return ", ".join(f"{shown(name)} = {number(v)}" for name, v in zip(self.variables, point.at, strict=True))


def stationary_points(function: str | Expression, seconds: float = 5.0) -> StationaryPoints:
    """Points where ∇f = 0, as SymPy finds them within ``seconds``, with the kind of each.

    SymPy may miss points, and says nothing of that. Each point that it gives is checked by ``derive``: what is not
    stationary by the three ways is left out. Raises InputError for a formula that cannot be read or has no variables.

    >>> print(stationary_points("x^4 - 2x^2 + y^2"))
    Stationary points
      x = −1, y = 0  f = −1  minimum
      x = 0, y = 0   f = 0   saddle
      x = 1, y = 0   f = −1  minimum
    """
    from ..expressions.solving import gradient_roots

    expression = function if isinstance(function, Expression) else parse(function)
    names = expression.variables
    if not names:
        raise InputError(f"{expression.text!r} has no variables, so no stationary points; write for instance x^2 + 3x")
    found = gradient_roots(expression, seconds)
    single = [root for root in found or () if set(root.values) == set(names)]
    points = [
        _checked(expression, tuple(root.values[n] for n in names), tuple(root.exact[n] for n in names))
        for root in single
    ]
    families = [root for root in found or () if root not in single]
    return StationaryPoints(
        variables=names,
        solved=found is not None,
        points=tuple(sorted((point for point in points if point is not None), key=lambda point: point.at)),
        families=tuple(", ".join(f"{n} = {parse(v).pretty()}" for n, v in root.exact.items()) for root in families),
    )


def _checked(expression: Expression, at: tuple[float, ...], exact: tuple[str, ...]) -> Stationary | None:
    """A point with its kind; None where it is outside of the domain, or not stationary."""
    try:
        local = derive(expression, at).local
    except InputError:
        return None
    if local is None or not local.kind.stationary:
        return None
    return Stationary(at=at, exact=exact, value=local.value, kind=local.kind)
