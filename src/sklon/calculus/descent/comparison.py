"""Several descents of one function from one start, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from sklon._base.canvas import can_draw
from sklon._base.errors import InputError
from sklon._base.notebook import card, paragraph, table
from sklon._base.picture import Picture
from sklon.calculus.subject import Function, Point, Subject
from sklon.calculus.writing import number

from .descent import Descent, descend
from .picture import picture_of
from .run.rules import Chosen

if TYPE_CHECKING:
    from sklon.calculus.expressions import Expression

#: what a rule is in a comparison: settings of :func:`descend`, or what makes an optimizer
Chooses: TypeAlias = Mapping[str, Any] | Chosen
HEAD = ("rule", "steps", "f at the end", "gradient", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Descents by the names that were given to them."""

    descents: Mapping[str, Descent]

    def __getitem__(self, name: str) -> Descent:
        return self.descents[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.descents)

    def __len__(self) -> int:
        return len(self.descents)

    def picture(self, plane: tuple[str, str] | None = None) -> Picture:
        """All paths on the function, and their values over the steps: see :meth:`Descent.picture`."""
        return picture_of(tuple(replace(d, label=name) for name, d in self.descents.items()), plane)

    def json(self) -> dict[str, Any]:
        """Each descent as numbers, lists and texts, by its name."""
        return {name: descent.json() for name, descent in self.descents.items()}

    def __str__(self) -> str:
        rows = [HEAD, *([str(cell) for cell in row] for row in self._rows())]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def _rows(self) -> list[tuple[str, int, str, str, str]]:
        return [
            (name, len(d.points) - 1, number(d.values[-1]), number(d.gradient_norms[-1], 3), d.outcome.kind)
            for name, d in self.descents.items()
        ]

    def _repr_html_(self) -> str:
        drawn = [self.picture()._repr_html_()] if can_draw() else [paragraph("With matplotlib there is a picture.")]
        reasons = [(name, d.outcome.reason) for name, d in self.descents.items()]
        return card("Descents side by side", table(HEAD, self._rows()), table(("rule", "why"), reasons), *drawn)


def compare(
    f: str | Expression | Function | Subject,
    start: Point,
    rules: Mapping[str, Chooses],
    *,
    steps: int = 100,
    **shared: Any,
) -> Comparison:
    """Let several rules go down the same function from the same start.

    ``rules`` has, by the name for the legend, the settings of :func:`descend` (the name is the optimizer where they
    do not say one), the name of an optimizer, or a function that makes one. ``steps`` and what is ``shared`` (for
    instance ``tolerance``) are for all that do not say otherwise. Raises InputError as :func:`descend` does.

    >>> found = compare(
    ...     lambda x, y: x**2 + 10 * y**2,
    ...     (5.0, 1.0),
    ...     {"plain": {"optimizer": "sgd", "lr": 0.05}, "adam": {"lr": 0.3}, "lbfgs": {}},
    ...     steps=40,
    ... )
    >>> {name: found[name].outcome.kind for name in found}
    {'plain': 'unfinished', 'adam': 'unfinished', 'lbfgs': 'converged'}
    """
    if not isinstance(rules, Mapping) or not rules:
        raise InputError('rules are named settings, as in {"sgd": {"lr": 0.1}, "adam": {"lr": 0.1}}')
    found = {}
    for name, chosen in rules.items():
        settings = dict(chosen) if isinstance(chosen, Mapping) else {"optimizer": chosen}
        found[name] = descend(f, start, **{"optimizer": name, "steps": steps, **shared, **settings})
    return Comparison(descents=found)
