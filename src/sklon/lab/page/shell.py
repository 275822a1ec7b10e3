"""What every page has around its content: the way around, the language, the footer. Landmarks, and a way to skip them.

A route belongs to a language, since ``<html lang>`` does; the other language is a link to the same page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape, unescape
from importlib.metadata import version
from urllib.parse import urlencode

from nicegui import Client, ui

from sklon.lab.text import LANGUAGES, Language, Text

from . import words
from .wire import name_content, place_around_content

#: the places that the header leads to: (path below the language, name)
PLACES: tuple[tuple[str, Text], ...] = (
    ("", words.QUESTIONS),
    ("practice", words.PRACTICE),
    ("museum", words.MUSEUM),
    ("playground", words.PLAYGROUND),
)
CONTENT = "content"
#: letters of a formula that fit a narrow line
MOST_LETTERS = 26
_TAG = re.compile(r"<[^>]+>")
_INLINE = re.compile(r'([(\[«„“]*)<span class="math inline">(.*?)</span>([^\s<]*)', re.DOTALL)
_WIDE = re.compile(r'<(\w+) class="(scroll|scroll picture|math block|math long)"')


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: a path below the language, and what the address says beside it."""

    language: Language
    path: str
    header: ui.html

    def remember(self, query: Mapping[str, str]) -> None:
        """Put what is set into the address, and into the link to the other language."""
        behind = f"?{urlencode(query)}" if query else ""
        ui.navigate.history.replace(address(self.language, self.path) + behind)
        self.header.set_content(_header(self.language, self.path, behind))


@contextmanager
def shell(
    client: Client, language: Language, path: str, title: str, query: Mapping[str, str] | None = None
) -> Iterator[Place]:
    """The frame of the page at ``/LANGUAGE/path``; the block fills its content. ``title`` is text."""
    ui.page_title(f"{title} · {words.LAB.of(language)}" if path else title)
    name_content(client, CONTENT)
    behind = f"?{urlencode(dict(query))}" if query else ""
    above = html(_header(language, path, behind), "header", "bar")
    yield Place(language, path, above)
    below = html(f"<p>{escape(words.FOOTER.of(language).format(version=version('sklon')))}</p>", "footer")
    place_around_content(client, above, below)


def html(content: str, tag: str = "div", kind: str = "") -> ui.html:
    """HTML of our own making, put into the page as it is."""
    return ui.html(content, sanitize=False, tag=tag).classes(kind)


def reachable(content: str) -> str:
    """HTML of which everything wide scrolls by itself and can be reached by keyboard; no head of a table is empty."""
    content = content.replace("<table>", '<div class="scroll"><table>').replace("</table>\n", "</table></div>\n")
    content = _INLINE.sub(_held, content.replace("<th></th>", "<td></td>"))
    return _WIDE.sub(r'<\1 tabindex="0" class="\2"', content)


def _held(found: re.Match[str]) -> str:
    """A formula within a line, held together with the brackets and signs around it; marked if it may be too long."""
    before, formula, behind = found.groups()
    longest = max(len(unescape(_TAG.sub("", part))) for part in formula.split("</math>"))
    if longest > MOST_LETTERS:
        return f'{before}<span class="math long">{formula}</span>{behind}'
    whole = formula.count("</math>") == 1 and (before or behind)
    return f'<span class="held">{found[0]}</span>' if whole else found[0]


def address(language: Language, path: str = "") -> str:
    """Where a page stands."""
    return f"/{language}/{path}"


def _header(language: Language, path: str, behind: str) -> str:
    places = "".join(_link(address(language, p), n.of(language), p == path) for p, n in PLACES)
    languages = "".join(_language(one, path + behind, one == language) for one in LANGUAGES)
    return (
        f'<a class="skip" href="#{CONTENT}">{words.SKIP.of(language)}</a>'
        f'<a class="brand" href="{address(language)}">{words.LAB.of(language)}</a>'
        f'<nav aria-label="{words.NAVIGATION.of(language)}">{places}</nav>'
        f'<nav class="languages" aria-label="{words.LANGUAGE.of(language)}">{languages}</nav>'
    )


def _link(href: str, name: str, here: bool) -> str:
    current = ' aria-current="page"' if here else ""
    return f'<a href="{escape(href)}"{current}>{escape(name)}</a>'


def _language(language: Language, path: str, here: bool) -> str:
    current = ' aria-current="true"' if here else ""
    href = escape(address(language, path))
    return f'<a href="{href}" lang="{language}" hreflang="{language}"{current}>{words.NAMES[language]}</a>'
