"""What a derivation says: as text for a terminal, as a card for a notebook, as a dictionary for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from sklon._base import notebook
from sklon._base.columns import aligned

from .curvature import Hessian
from .derive import Derivation, Local
from .differences import Estimate
from .direction import Along
from .formulas import Formulas, Written
from .writing import estimated, number, vector


# ---- text
def as_text(derivation: Derivation) -> str:
    """Paragraphs with an empty line between them."""
    return "\n\n".join("\n".join(lines) for lines in _paragraphs(derivation))


def _paragraphs(derivation: Derivation) -> Iterator[list[str]]:
    formulas, local = derivation.formulas, derivation.local
    if formulas is not None:
        yield [f"f({', '.join(derivation.variables)}) = {formulas.function.text}"]
        symbols = symbols_of(derivation.variables)
        yield [f"  {symbol} = {of.text}" for symbol, of in zip(symbols, formulas.gradient, strict=True)]
    if local is None:
        return
    name = derivation.name if formulas is None else "f"
    yield [f"At {place(derivation.variables, local)}: {name} = {number(local.value)}"]
    yield [*_indented(aligned(*_gradient_table(local))), *_indented(verdicts(local))]
    yield _indented(directions(local))
    if local.gradient is not None and local.hessian is not None:
        yield _indented([*aligned(*_hessian_table(derivation.variables, local.hessian)), about(local.hessian)])
    yield _indented([kind(local)])


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
    if len(names) == 1:
        return [[f"f″({names[0]})", number(hessian.reverse[0][0])]], "lr"
    rows = [[name, *map(number, row)] for name, row in zip(names, hessian.reverse, strict=True)]
    return [["Hessian", *names], *rows], "l" + "r" * len(names)


# ---- sentences that text and cards share
def symbols_of(names: Sequence[str]) -> list[str]:
    """How the partial derivatives are written.

    >>> symbols_of(["x"]), symbols_of(["x", "y"])
    (['f′(x)'], ['∂f/∂x', '∂f/∂y'])
    """
    return [f"f′({names[0]})"] if len(names) == 1 else [f"∂f/∂{name}" for name in names]


def place(names: Sequence[str], local: Local) -> str:
    """The point, with all digits that it was given with."""
    return ", ".join(f"{name} = {number(v, digits=15)}" for name, v in zip(names, local.at, strict=True))


def verdicts(local: Local) -> list[str]:
    """That the ways agree, or what is the matter with each partial derivative."""
    if local.agrees:
        return [f"The {_ways(local.partials[0].symbolic)} ways agree."]
    return [_sentence(p.verdict.sentence) for p in local.partials if not p.verdict.agrees]


def directions(local: Local) -> list[str]:
    """The direction of steepest descent, and the derivative along the direction that was asked for."""
    return [_steepest(local)] if local.along is None else [_steepest(local), *along(local.along)]


def _steepest(local: Local) -> str:
    if local.gradient is None:
        return "No gradient, so none that points along the steepest descent."
    if local.steepest is None:
        return "∇f = 0: no direction of steepest descent."
    direction, rate = local.steepest.direction, number(local.steepest.rate)
    if len(direction) == 1:
        towards = "smaller" if direction[0] < 0 else "larger"
        return f"f falls towards {towards} {local.partials[0].name}, at the rate {rate}."
    return f"Steepest descent: along −∇f/‖∇f‖ = {vector(direction)}, at the rate −‖∇f‖ = {rate}."


def along(found: Along) -> list[str]:
    """The direction, with the length that it was brought to, and the derivative along it."""
    normalised = f", normalised to u = {vector(found.unit)}" if found.normalised else " = u"
    return [f"Along {vector(found.given)}{normalised}:", f"  {_rate(found)}."]


def _rate(found: Along) -> str:
    said, torn = f"the values of f say {estimated(found.differences)}", found.differences.torn
    if torn:
        ahead, behind = number(found.differences.right.value), number(found.differences.left.value)
        return f"a kink: f changes at the rate {ahead} ahead, and came at the rate {behind}"
    if found.by_gradient is None:
        return said
    by_gradient = f"∇f·u = {number(found.by_gradient)}"
    return f"{by_gradient}; {said}" if found.agrees else f"{by_gradient}, but {said}: f is not differentiable here"


def about(hessian: Hessian) -> str:
    """Whether the ways agree, and the eigenvalues."""
    ways = f"The {_ways(hessian.symbolic)} ways agree" if hessian.agrees else "By reverse mode; the ways do not agree"
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
    formulas, local, names = derivation.formulas, derivation.local, derivation.variables
    parts = []
    if formulas is not None:
        texts = [of.text for of in formulas.gradient]
        parts.append(notebook.facts(zip(symbols_of(names), texts, strict=True)))
    if local is not None:
        parts += _local_card(names, local)
    title = derivation.name if formulas is None else f"f({', '.join(names)}) = {formulas.function.text}"
    return notebook.card(title, *parts)


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
        "formulas": None if derivation.formulas is None else _formulas(derivation.formulas),
        "point": None if derivation.local is None else _local(derivation.variables, derivation.local),
    }


def _formulas(formulas: Formulas) -> dict[str, Any]:
    return {"function": _written(formulas.function), "gradient": [_written(of) for of in formulas.gradient]}


def _written(of: Written) -> dict[str, str]:
    return {"text": of.text, "latex": of.latex}


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
        "kind": {"name": local.kind.name, "reason": local.kind.reason},
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
