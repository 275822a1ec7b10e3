"""Markdown with formulas: its tokens, and what is made of it for a page and for cards. The only importer of parsers.

In a page formulas are MathML, which browsers show without script or font; in a card they stay LaTeX, which Anki shows.
HTML within a text passes only into the page, and only from the package's own texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from .answer import cited
from .breaking import Gap, parts_of

__all__ = ["Shown", "Token", "breakable", "html_for_cards", "html_of", "inline_html_of", "mathml", "tokens"]

#: operators whose condition stands below them in a formula of its own
_LIMITED = re.compile(r"\\(lim|max|min|sup|inf)_")
#: a number with a decimal comma, which is no list of two
_DECIMAL_COMMA = re.compile(r"<mn>(\d+)</mn><mrow><mo>&#x0002C;</mo></mrow><mn>(\d+)</mn>")
#: what stands between the parts of a formula
GAPS: dict[Gap, str] = {"quad": '<span class="quad"> </span>', "word": " ", "none": "<wbr>"}
#: makes the words for a citation of (experiment, check)
Shown = Callable[[str, str], str]


def tokens(text: str) -> list[Token]:
    """The blocks of a text with the lines in which they stand."""
    return MarkdownIt("commonmark").parse(text)


def html_of(text: str, shown: Shown) -> str:
    """A text as HTML for a page, its citations as ``shown`` writes them."""
    html: str = _for_pages().render(cited(text, shown))
    return html


def inline_html_of(text: str, shown: Shown) -> str:
    """A line as HTML for a page, without a paragraph around it."""
    html: str = _for_pages().renderInline(cited(text, shown))
    return html


def html_for_cards(text: str) -> str:
    """A text as HTML in one line, formulas between the marks of Anki's MathJax; citations, which need a run, go."""
    html: str = _for_cards().render(re.sub(r"\s+([.,;:])", r"\1", cited(text, lambda experiment, check: "")))
    return " ".join(html.split())


def mathml(latex: str, display: bool = False) -> str:
    """A formula as MathML; ``display`` for one that stands on lines of its own.

    >>> mathml("x^2").startswith("<math")
    True
    """
    if display:
        latex = _LIMITED.sub(r"\\\1\\limits_", latex)
    found = convert(latex.strip(), display="block" if display else "inline")
    return _DECIMAL_COMMA.sub(r"<mn>\1,\2</mn>", found)


def breakable(latex: str, display: bool = False) -> str:
    r"""A formula as MathML that a narrow page may break, with what stands between its parts.

    >>> breakable(r"x = 1, \quad y = 2", display=True).count("<math")
    2
    """
    *parts, last = parts_of(latex, display)
    return "".join(mathml(part.latex, display) + GAPS[part.gap] for part in parts) + mathml(last.latex, display)


@cache
def _for_pages() -> MarkdownIt:
    return _parser(html=True, formula=breakable)


@cache
def _for_cards() -> MarkdownIt:
    return _parser(html=False, formula=_mathjax)


def _parser(*, html: bool, formula: Callable[[str, bool], str]) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html}).enable("table")

    def rendered(latex: str, options: dict[str, bool]) -> str:
        return formula(latex, bool(options.get("display_mode")))

    dollarmath_plugin(parser, renderer=rendered, allow_digits=True, double_inline=True)
    return parser


def _mathjax(latex: str, display: bool) -> str:
    opening, closing = (r"\[", r"\]") if display else (r"\(", r"\)")
    return f"{opening}{escape(latex.strip(), quote=False)}{closing}"
