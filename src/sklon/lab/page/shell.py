"""What every page has around its content: the way around, the language, the footer. Landmarks, and a way to skip them.

A route belongs to a language, since ``<html lang>`` does; the other language is a link to the same page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

from nicegui import Client, ui

from sklon.lab.text import LANGUAGES, Language

from . import words
from .wire import name_content, place_around_content

if TYPE_CHECKING:
    from sklon.lab.text import Text

#: the places that the header leads to: (path below the language, name)
PLACES: tuple[tuple[str, Text], ...] = (("", words.QUESTIONS), ("playground", words.PLAYGROUND))
CONTENT = "content"


@contextmanager
def shell(client: Client, language: Language, path: str, title: str) -> Iterator[None]:
    """The frame of the page at ``/LANGUAGE/path``; the block fills its content. ``title`` is text."""
    ui.page_title(f"{title} · {words.LAB.of(language)}" if path else title)
    name_content(client, CONTENT)
    above = html(_header(language, path), "header", "bar")
    yield
    below = html(f"<p>{escape(words.FOOTER.of(language).format(version=version('sklon')))}</p>", "footer")
    place_around_content(client, above, below)


def html(content: str, tag: str = "div", kind: str = "") -> ui.html:
    """HTML of our own making, put into the page as it is."""
    return ui.html(content, sanitize=False, tag=tag).classes(kind)


def address(language: Language, path: str = "") -> str:
    """Where a page stands."""
    return f"/{language}/{path}"


def _header(language: Language, path: str) -> str:
    places = "".join(_link(address(language, p), n.of(language), p == path) for p, n in PLACES)
    languages = "".join(_language(one, path, one == language) for one in LANGUAGES)
    return (
        f'<a class="skip" href="#{CONTENT}">{words.SKIP.of(language)}</a>'
        f'<a class="brand" href="{address(language)}">{words.LAB.of(language)}</a>'
        f'<nav aria-label="{words.NAVIGATION.of(language)}">{places}</nav>'
        f'<nav class="languages" aria-label="{words.LANGUAGE.of(language)}">{languages}</nav>'
    )


def _link(href: str, name: str, here: bool) -> str:
    current = ' aria-current="page"' if here else ""
    return f'<a href="{href}"{current}>{escape(name)}</a>'


def _language(language: Language, path: str, here: bool) -> str:
    current = ' aria-current="true"' if here else ""
    name = words.NAMES[language]
    return f'<a href="{address(language, path)}" lang="{language}" hreflang="{language}"{current}>{name}</a>'
