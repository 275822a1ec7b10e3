"""HTML that notebooks show for our objects: cards of facts, tables and pictures, from text.

Everything given is text and is escaped; only ``card`` puts together what the others made. No script, no link, no
fetched font. Ink is the notebook's own, and all else is a share of it, so that a card reads in light and dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

Cell = str | int | float | None

_STYLE = """
.sklon { max-width:60rem; margin:.3rem 0; font-size:.93em; line-height:1.45; text-align:left }
.sklon p { margin:0 0 .5em }
.sklon .sklon-title { font-weight:650; font-size:1.06em }
.sklon .sklon-soft { opacity:.72 }
.sklon table { border-collapse:collapse; margin:0 0 .7em; font-size:inherit; color:inherit; border:0 }
.sklon th, .sklon td { padding:.28em 1.1em .28em 0; border:0; border-bottom:1px solid #80808044; text-align:left;
  vertical-align:top; font-weight:400; max-width:34rem; overflow-wrap:break-word; white-space:normal }
.sklon th { opacity:.72; white-space:nowrap }
.sklon td.sklon-n, .sklon th.sklon-n { text-align:right; font-variant-numeric:tabular-nums; white-space:nowrap }
.sklon .sklon-scroll { overflow-x:auto }
.sklon svg { max-width:100%; height:auto; display:block }
"""


def card(title: str, *parts: str) -> str:
    """A title, which is text, above parts that the other functions made."""
    return f'<div class="sklon"><style>{_STYLE}</style><p class="sklon-title">{escape(title)}</p>{"".join(parts)}</div>'


def paragraph(text: str, *, soft: bool = False) -> str:
    """A paragraph; a soft one says what is beside the point."""
    return f'<p class="sklon-soft">{escape(text)}</p>' if soft else f"<p>{escape(text)}</p>"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names with what they stand for.

    >>> facts([("loss", "a<b")])
    '<div class="sklon-scroll"><table><tbody><tr><th>loss</th><td>a&lt;b</td></tr></tbody></table></div>'
    """
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return _table("", lines)


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table. Numbers stand to the right, under their heads; None is an empty cell."""
    listed = [list(row) for row in rows]
    numeric = [any(isinstance(row[i], int | float) for row in listed) for i in range(len(head))]
    top = "".join(_cell("th", name, right) for name, right in zip(head, numeric, strict=True))
    lines = (
        f"<tr>{''.join(_cell('td', value, right) for value, right in zip(row, numeric, strict=True))}</tr>"
        for row in listed
    )
    return _table(f"<thead><tr>{top}</tr></thead>", lines)


def written(value: Cell) -> str:
    """A cell as text: four digits that mean something, and whole numbers with separators.

    >>> written(12345), written(0.123456), written(None)
    ('12,345', '0.1235', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _cell(tag: str, value: Cell, right: bool) -> str:
    kind = ' class="sklon-n"' if right else ""
    return f"<{tag}{kind}>{escape(written(value))}</{tag}>"


def _table(head: str, lines: Iterable[str]) -> str:
    return f'<div class="sklon-scroll"><table>{head}<tbody>{"".join(lines)}</tbody></table></div>'
