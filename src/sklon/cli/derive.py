"""``sklon derive``: a formula in, its derivatives out: as formulas, at a point, with a descent and its picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sklon._base.columns import folded
from sklon._base.errors import InputError

from .output import check_picture, placed
from .points import read_point
from .terminal import Terminal, guarded

if TYPE_CHECKING:
    from sklon.calculus import Descent
    from sklon.calculus.expressions import Expression

#: a formula may begin with a minus, and is then no flag
SETTINGS = {"ignore_unknown_options": True}
EXAMPLE = 'Example: sklon derive "x1^2 + x1*x2" --at x1=1,x2=2 --along 1,1'


@guarded
def derive(
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help='Such as "x1^2 + x1*x2" or "sin(x)/x".')],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="POINT", help='x1=1,x2=2, or 1,2; with decimal commas "x1=0,5; x2=2".'),
    ] = None,
    along: Annotated[
        str | None, typer.Option("--along", metavar="VECTOR", help="The derivative along a direction.")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Name the rule of each step.")] = False,
    stationary: Annotated[bool, typer.Option("--stationary", help="Find minima, maxima and saddles.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Write formulas as LaTeX.")] = False,
    examine: Annotated[
        str | None,
        typer.Option("--examine", metavar="POINT", help="Is it continuous there, is there a kink?"),
    ] = None,
    descend: Annotated[
        int | None, typer.Option("--descend", metavar="STEPS", min=0, help="Go down from --at in so many steps.")
    ] = None,
    optimizer: Annotated[
        str, typer.Option("--optimizer", metavar="NAME", help="The rule of the descent: sgd, adam, …")
    ] = "sgd",
    lr: Annotated[float | None, typer.Option("--lr", metavar="RATE", help="Its learning rate.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the descent: a .png or .svg file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but the result and errors.")] = False,
) -> None:
    """Differentiate a formula: gradient, Hessian, steepest descent, kind of the point, each by several ways.

    Formulas are read as they are written on paper: 2x, x², tg x, √x, |x|. Nothing in them is executed.
    """
    from sklon import calculus
    from sklon.calculus.derivation.direction import direction_of
    from sklon.calculus.derivation.steps import steps_as_json, steps_as_text
    from sklon.calculus.derivation.telling import formulas_as_text, local_as_text

    terminal = Terminal(quiet, json)
    _check_flags(at, along, examine, descend, plot)
    expression = _parsed(formula, terminal)
    point, direction = _read(at, "--at"), _read(along, "--along")
    derivation = calculus.derive(expression, point, direction if point is not None else None)
    parts = [_Part(derivation.json(), derivation.latex() if latex else formulas_as_text(derivation))]
    if steps:
        parts.append(_Part({"steps": steps_as_json(expression)}, steps_as_text(expression)))
    if stationary:
        parts.append(_part("stationary", calculus.stationary_points(expression)))
    if point is not None:
        parts.append(_Part({}, local_as_text(derivation)))
    if examine is not None:
        way = None if direction is None else direction_of(expression.variables, direction).tolist()
        parts.append(_part("examination", calculus.examine(expression, _read(examine, "--examine"), along=way)))
    if descend is not None:
        descent = calculus.descend(expression, point, optimizer, steps=descend, lr=lr)
        parts.append(_part("descent", descent))
        parts.append(_Part({"plot": _drawn(descent, plot, terminal)}, ""))
    told = {name: value for part in parts for name, value in part.told.items()}
    terminal.result(told, folded("\n\n".join(part.text for part in parts if part.text), terminal.width))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the answer: what goes into the JSON object, and the text."""

    told: dict[str, Any]
    text: str


def _part(name: str, found: Any) -> _Part:
    return _Part({name: found.json()}, str(found))


def _check_flags(
    at: str | None, along: str | None, examine: str | None, descend: int | None, plot: Path | None
) -> None:
    """Flags that need others, and files that cannot be written."""
    needs = (
        (descend is not None and at is None, "--descend starts at a point; give one, such as --at x=1"),
        (plot is not None and descend is None, "--plot draws a descent; give one, such as --descend 50"),
        (
            along is not None and at is None and examine is None,
            "--along is a direction at a point; give one, such as --at x=1",
        ),
    )
    for missing, repair in needs:
        if missing:
            raise InputError(repair)
    if plot is not None:
        check_picture(plot)


def _parsed(formula: str, terminal: Terminal) -> Expression:
    from sklon.calculus.expressions import parse

    expression = parse(formula)
    for note in expression.notes:
        terminal.tell(f"note: {note}")
    return expression


def _read(text: str | None, flag: str) -> Any:
    return None if text is None else read_point(text, flag)


def _drawn(descent: Descent, plot: Path | None, terminal: Terminal) -> str | None:
    """Write the picture of a descent, and say where."""
    if plot is None:
        return None
    with placed(plot) as file:
        descent.picture().save(file)
    terminal.tell(f"The picture is {plot}.")
    return str(plot)
