"""What tests of HTML need: whether it is well formed, which tags it has, and what a reader sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

#: tags that never close
ALONE = {"meta", "br"}
#: tags that would fetch or run something
ACTIVE = {"script", "link", "img", "iframe", "object", "embed"}


class Balanced(HTMLParser):
    """Fails on a tag that closes another than the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(data.strip())


def read(markup: str) -> Balanced:
    """The parsed markup, which is whole, quiet and refers to nothing outside."""
    page = Balanced()
    page.feed(markup)
    page.close()
    assert page.open == []
    assert not ACTIVE & page.seen
    addresses = set(re.findall(r"(?:https?:)?//[\w./-]+", markup))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)
    assert "url(http" not in markup and "@import" not in markup
    return page
