"""Print the generated sections of docs/architecture.md anew: ``python -m tests.docs.regenerate``.

A section is the fenced block behind the line ``<!-- printed: NAME -->``; everything else there is written by hand.
"""

from __future__ import annotations

import re

from tests.docs.markdown import ROOT
from tests.docs.stages import SECTIONS

PAGE = ROOT / "docs" / "architecture.md"
_SECTION = re.compile(r"(<!-- printed: (\w+) -->\n```(\w+)\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def written() -> dict[str, str]:
    """The sections as the page has them."""
    return {name: body for _, name, _, body, _ in _SECTION.findall(PAGE.read_text(encoding="utf-8"))}


def regenerate() -> None:
    """Write the page with its sections as the code prints them now."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_SECTION.sub(lambda m: m[1] + SECTIONS[m[2]]() + m[5], page), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
