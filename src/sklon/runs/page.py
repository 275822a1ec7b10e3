"""The frame and the parts of our pages: one self-contained HTML file each, light and dark, offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from .page_style import STYLE


def document(title: str, body: str, *, language: str = "en", style: str = "") -> str:
    """A page of a title, which is text, and a body of sections. ``style`` is added to the house's own."""
    title = escape(title)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n"
        f'<header><p class="brand">sklon</p><h1>{title}</h1></header>\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


def section(title: str, *parts: str) -> str:
    """A card with a title, which is text."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def figure(svg: str, caption: str) -> str:
    """A picture with its caption, which is HTML."""
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def escaped(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """Rows of text as rows of HTML."""
    return ([escape(cell) for cell in row] for row in rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    """A table with a head of text and cells of HTML."""

    def line(cells: Iterable[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

    top, body = line(map(escape, head), "th"), "".join(line(row, "td") for row in rows)
    return f'<div class="scroll"><table class="{kind}"><thead>{top}</thead><tbody>{body}</tbody></table></div>'
