"""What a derivation says: as text for a terminal, as a card for a notebook, as a dictionary for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from sklon._base import notebook
from sklon._base.columns import aligned, folded

from ..differences import Estimate
from ..expressions import parse
from ..writing import estimated, number, shown, vector
from .curvature import Hessian
from .derivation import Derivation, Local
from .direction import Along


# ---- text
def as_text(derivation: Derivation) -> str:
    """All of it: formulas, then the point."""
    return folded("\n\n".join(filter(None, (formulas_as_text(derivation), local_as_text(derivation)))))


def formulas_as_text(derivation: Derivation) -> str:
    """f and its partial derivatives; empty for a Python function."""
    formulas, names = derivation.formulas, derivation.variables
    if formulas is None:
        return ""
    partials = zip(symbols_of(names), formulas.gradient, strict=True)
    lines = [f"  {symbol} = {partial.pretty()}" for symbol, partial in partials]
    return "\n".join([title(derivation), "", *lines] if lines else [title(derivation)])


def formulas_as_latex(derivation: Derivation) -> str:
    """The same as LaTeX, one formula a line."""
    formulas, names = derivation.formulas, derivation.variables
    if formulas is None:
        return ""
    written = [parse(name).latex() for name in names]
    symbols = (
        [rf"\frac{{\partial f}}{{\partial {name}}}" for name in written]
        if len(names) > 1
        else [f"f'({name})" for name in written]
    )
    head = f"f({', '.join(written)}) = {formulas.function.latex()}"
    return "\n".join([head, *(f"{s} = {p.latex()}" for s, p in zip(symbols, formulas.gradient, strict=True))])


def local_as_text(derivation: Derivation) -> str:
    """What holds at the point, in paragraphs with an empty line between them; empty without a point."""
    local = derivation.local
    paragraphs = [] if local is None else _paragraphs(derivation, local)
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)


def _paragraphs(derivation: Derivation, local: Local) -> Iterator[list[str]]:
    names = derivation.variables
    yield [f"At {place(names, local)}: {_letter(derivation)} = {number(local.value)}"]
    yield [*_indented(aligned(*_gradient_table(local))), *_indented(verdicts(local))]
    yield _indented(directions(local))
    if local.gradient is not None and local.hessian is not None:
        yield [*_indented(aligned(*_hessian_table(names, local.hessian))), *_indented([about(local.hessian)])]
    yield _indented([kind(local)])


def _letter(derivation: Derivation) -> str:
    return derivation.name if derivation.formulas is None else "f"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _gradient_table(local: Local) -> tuple[list[list[str]], str]:
    """The rows with a head, and on which side each column stands."""
    rows = [["", "formula", "reverse mode", "differences"]]
    for symbol, partial in zip(symbols_of([p.name for p in local.partials]), local.partials, strict=True):
        symbolic = "" if partial.symbolic is None else number(partial.symbolic)
        rows.append([symbol, symbolic, number(partial.reverse), estimated(partial.differences)])
    if local.partials[0].symbolic is None:
        return [[row[0], *row[2:]] for row in rows], "lrl"
    return rows, "lrrl"


def _hessian_table(names: Sequence[str], hessian: Hessian) -> tuple[list[list[str]], str]:
    heads = [shown(name) for name in names]
    if len(heads) == 1:
        return [[f"f″({heads[0]})", number(hessian.reverse[0][0])]], "lr"
    rows = [[head, *map(number, row)] for head, row in zip(heads, hessian.reverse, strict=True)]
    return [["Hessian", *heads], *rows], "l" + "r" * len(heads)


# ---- sentences that text and cards share
def title(derivation: Derivation) -> str:
    """f(x, y) = …, or the name of a Python function."""
    if derivation.formulas is None:
        return derivation.name
    return f"f({', '.join(map(shown, derivation.variables))}) = {derivation.formulas.function.pretty()}"


def symbols_of(names: Sequence[str]) -> list[str]:
    """How the partial derivatives are written.

    >>> symbols_of(["x"]), symbols_of(["x", "y"])
    (['f′(x)'], ['∂f/∂x', '∂f/∂y'])
    """
    return [f"f′({shown(names[0])})"] if len(names) == 1 else [f"∂f/∂{shown(name)}" for name in names]


def place(names: Sequence[str], local: Local) -> str:
    """The point, with all digits that it was given with."""
    return ", ".join(f"{shown(name)} = {number(v, digits=15)}" for name, v in zip(names, local.at, strict=True))


def verdicts(local: Local) -> list[str]:
    """That the ways agree, or what is the matter with each partial derivative."""
    if local.agrees:
        return [f"The {_ways(local.partials[0].symbolic)} ways agree."]
    return [_sentence(p.verdict.sentence) for p in local.partials if not p.verdict.agrees]


def directions(local: Local) -> list[str]:
    """The direction of steepest descent, and the derivative along the direction that was asked for."""
    return [*_steepest(local), *([] if local.along is None else along(local.along))]


def _steepest(local: Local) -> list[str]:
    if local.gradient is None:
        return []
    if local.steepest is None or local.kind.stationary:
        return [] if len(local.at) == 1 else ["∇f = 0: no direction of steepest descent."]
    direction, rate = local.steepest.direction, local.steepest.rate
    if len(direction) == 1:
        towards = "smaller" if direction[0] < 0 else "larger"
        return [f"f falls towards {towards} {shown(local.partials[0].name)}, at the rate {number(-rate)}."]
    way = vector(direction)
    return [f"Steepest descent: along −∇f/‖∇f‖ = {way}, at the rate −‖∇f‖ = {number(rate)}."]


def along(found: Along) -> list[str]:
    """The direction, with the length that it was brought to, and the derivative along it."""
    normalised = f", normalised to u = {vector(found.unit)}" if found.normalised else " = u"
    return [f"Along {vector(found.given)}{normalised}: {_rate(found)}."]


def _rate(found: Along) -> str:
    said, torn = f"the values of f say {estimated(found.differences)}", found.differences.torn
    if torn:
        ahead, behind = number(found.differences.right.value), number(found.differences.left.value)
        return f"a kink: the rate is {behind} before the point and {ahead} after it"
    if found.by_gradient is None:
        return said
    by_gradient = f"∇f·u = {number(found.by_gradient)}"
    return f"{by_gradient}; {said}" if found.agrees else f"{by_gradient}, but {said}: f is not differentiable here"


def about(hessian: Hessian) -> str:
    """Whether the ways agree, and the eigenvalues."""
    ways = f"The {_ways(hessian.symbolic)} ways agree"
    if not hessian.agrees:
        differs = "the ways do not agree" if hessian.settles else "differences do not settle, so nothing confirms it"
        ways = f"This is by reverse mode; {differs}"
    if len(hessian.reverse) == 1:
        return f"{ways}."
    return f"{ways}; eigenvalues {', '.join(map(number, hessian.eigenvalues)) or 'none'}."


def _ways(symbolic: object) -> str:
    return "two" if symbolic is None else "three"


def kind(local: Local) -> str:
    """The kind of the point, with the reason."""
    return f"{local.kind.name.capitalize()}: {local.kind.reason}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


# ---- a card
def as_html(derivation: Derivation) -> str:
    """The same as a card for notebooks."""
    formulas, names, parts = derivation.formulas, derivation.variables, []
    if formulas is not None:
        texts = [partial.pretty() for partial in formulas.gradient]
        parts.append(notebook.facts(zip(symbols_of(names), texts, strict=True)))
    if derivation.local is not None:
        parts += _local_card(names, derivation.local)
    return notebook.card(title(derivation), *parts)


def _local_card(names: Sequence[str], local: Local) -> list[str]:
    rows, _ = _gradient_table(local)
    parts = [notebook.paragraph(f"At {place(names, local)}: f = {number(local.value)}")]
    parts.append(notebook.table(rows[0], rows[1:]))
    parts += [notebook.paragraph(line) for line in [*verdicts(local), *directions(local)]]
    if local.gradient is not None and local.hessian is not None:
        rows, _ = _hessian_table(names, local.hessian)
        parts += [notebook.table(rows[0], rows[1:]), notebook.paragraph(about(local.hessian))]
    return [*parts, notebook.paragraph(kind(local))]


# ---- a dictionary
def as_json(derivation: Derivation) -> dict[str, Any]:
    """Nothing but what strict JSON can say: None for what is not finite."""
    return {
        "function": derivation.name,
        "variables": list(derivation.variables),
        "formulas": None if derivation.formulas is None else derivation.formulas.json(),
        "point": None if derivation.local is None else _local(derivation.variables, derivation.local),
    }


def _local(names: Sequence[str], local: Local) -> dict[str, Any]:
    return {
        "at": dict(zip(names, local.at, strict=True)),
        "value": local.value,
        "agrees": local.agrees,
        "gradient": None if local.gradient is None else list(local.gradient),
        "partials": [
            {
                "variable": partial.name,
                "symbolic": _finite(partial.symbolic),
                "reverse": _finite(partial.reverse),
                "differences": _estimate(partial.differences),
                "right": _estimate(partial.differences.right),
                "left": _estimate(partial.differences.left),
                "verdict": partial.verdict.kind,
                "sentence": partial.verdict.sentence,
            }
            for partial in local.partials
        ],
        "steepest": None
        if local.steepest is None
        else {"direction": list(local.steepest.direction), "rate": local.steepest.rate},
        "along": None if local.along is None else _along(local.along),
        "hessian": None if local.hessian is None else _hessian(local.hessian),
        "kind": {"name": local.kind.name, "reason": local.kind.reason, "stationary": local.kind.stationary},
    }


def _along(found: Along) -> dict[str, Any]:
    return {
        "given": list(found.given),
        "unit": list(found.unit),
        "by_gradient": _finite(found.by_gradient),
        "differences": _estimate(found.differences),
        "right": _estimate(found.differences.right),
        "left": _estimate(found.differences.left),
        "agrees": found.agrees,
    }


def _hessian(hessian: Hessian) -> dict[str, Any]:
    symbolic = hessian.symbolic
    return {
        "symbolic": None if symbolic is None else [[_finite(v) for v in row] for row in symbolic],
        "reverse": [[_finite(v) for v in row] for row in hessian.reverse],
        "differences": [[_estimate(e) for e in row] for row in hessian.differences],
        "eigenvalues": list(hessian.eigenvalues),
        "agrees": hessian.agrees,
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": _finite(estimate.value), "error": _finite(estimate.error)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
