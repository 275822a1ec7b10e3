"""An examination as text, HTML and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import TYPE_CHECKING, Any

from sklon._base.canvas import can_draw
from sklon._base.notebook import card, facts, paragraph, table

from . import kinds
from .numbers import number, plain

if TYPE_CHECKING:
    from .examination import Examination

#: the heads of the table of evidence
HEAD = ("h", "f(x − h)", "f(x + h)", "q₋(h)", "q₊(h)")
DIGITS = 8


def place(found: Examination) -> str:
    """Where the point is: x = 0, or (0, 1) along (0.6, 0.8)."""
    if found.along is None:
        return f"{found.variable} = {number(found.at[0], 12)}"
    return f"{_tuple(found.at)} along the unit vector {_tuple(found.along)}"


def title(found: Examination) -> str:
    """The place and the kind, with its variety."""
    return f"{place(found)}: {found.kind}{f' ({found.variety})' if found.variety else ''}"


def lines(found: Examination) -> Iterator[tuple[str, str]]:
    """What was found, by name."""
    yield "meaning", found.meaning
    yield "value", number(found.value, DIGITS) if not isnan(found.value) else "none"
    if found.kind != kinds.OUTSIDE:
        yield "limits", _sides(found.limits)
        yield "derivatives", _sides(found.derivatives)
    if found.subdifferential is not None:
        yield "subdifferential", f"{found.subdifferential}{_bend(found)}"
    yield "autodiff", _autodiff(found)
    for reason in found.autodiff.reasons:
        yield "convention", reason
    yield "decided by", found.decided_by
    for limit in found.exact:
        yield "SymPy", limit
    for note in found.notes:
        yield "note", note


def text(found: Examination) -> str:
    """The whole as text."""
    listed = list(lines(found))
    width = max(len(name) for name, _ in listed)
    parts = [title(found), "", *(f"{name:<{width}}  {told}" for name, told in listed)]
    parts += ["", *_table(found), *_rates(found), "", *(f"Not told: {u}." for u in found.unseen)]
    return "\n".join(parts)


def html(found: Examination) -> str:
    """The whole as a card for notebooks, with a picture where one can be drawn."""
    pictures = [found.picture()._repr_html_()] if can_draw() else []
    rows = ([number(v, DIGITS) for v in _cells(row)] for row in found.rates.rows)
    return card(
        title(found),
        facts(lines(found)),
        *pictures,
        table(HEAD, rows),
        *(paragraph(line) for line in _rates(found)),
        *(paragraph(f"Not told: {u}.", soft=True) for u in found.unseen),
    )


def as_json(found: Examination) -> dict[str, Any]:
    """The whole, as JSON holds it."""
    sub = found.subdifferential
    names = ("h", "left", "right", "left_quotient", "right_quotient")
    return {
        "kind": found.kind,
        "variety": found.variety,
        "meaning": found.meaning,
        "variable": found.variable,
        "at": list(found.at),
        "along": None if found.along is None else list(found.along),
        "value": plain(found.value),
        "limits": _pair(found.limits),
        "derivatives": _pair(found.derivatives),
        "subdifferential": None if sub is None else {n: _pair(getattr(sub, n)) for n in ("clarke", "lower", "upper")},
        "autodiff": {
            "value": plain(found.autodiff.value),
            "verdict": found.autodiff.verdict,
            "conventions": [{"op": o.name, "line": o.line, "convention": o.convention} for o in found.autodiff.ops],
        },
        "decided_by": found.decided_by,
        "exact": list(found.exact),
        "notes": list(found.notes),
        "unseen": list(found.unseen),
        "rates": {"values": plain(found.rates.values), "quotients": plain(found.rates.quotients)},
        "evidence": [dict(zip(names, map(plain, _cells(row)), strict=True)) for row in found.rates.rows],
    }


# ---- parts
def _bend(found: Examination) -> str:
    if found.kind == kinds.ROUGH:
        return " or a little more: what the slopes that were sampled go through"
    if found.kind != kinds.KINK:
        return ""
    left, right = found.derivatives
    return ", the subdifferential of a convex kink" if left < right else ", the superdifferential of a concave kink"


def _autodiff(found: Examination) -> str:
    value, verdict = found.autodiff.value, found.autodiff.verdict
    return verdict if value is None or isnan(value) else f"{number(value, DIGITS)}: {verdict}"


def _sides(pair: tuple[float, float]) -> str:
    left, right = ("none" if isnan(v) else number(v, DIGITS) for v in pair)
    return f"{left} from the left, {right} from the right"


def _cells(row: Any) -> tuple[float, ...]:
    return (row.step, row.left, row.right, row.left_quotient, row.right_quotient)


def _table(found: Examination) -> list[str]:
    cells = [HEAD, *([number(v, DIGITS) for v in _cells(row)] for row in found.rates.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
    return ["  ".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def _rates(found: Examination) -> list[str]:
    gaps = (("|f(x + h) − f(x − h)|", found.rates.values), ("|q₊ − q₋|", found.rates.quotients))
    return [f"{name} goes like h^{power:.2f}".replace("-", "−") for name, power in gaps if not isnan(power)]


def _pair(pair: tuple[float, float] | None) -> list[float | str | None] | None:
    return None if pair is None else [plain(v) for v in pair]


def _tuple(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(number(v) for v in numbers)})"
