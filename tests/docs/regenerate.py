"""Print the generated sections of pages anew: ``python -m tests.docs.regenerate``.

A section is the fenced block, or the table, behind the line ``<!-- printed: NAME -->``; everything else there is
written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from benchmarks.tables import page as tables
from tests.docs.markdown import ROOT
from tests.docs.stages import SECTIONS as STAGES

PAGE = ROOT / "docs" / "architecture.md"
TABLES = ROOT / "docs" / "tables.md"
PAGES = (PAGE, ROOT / "docs" / "howto" / "see-the-program.md", TABLES)
SECTIONS: dict[str, Callable[[], str]] = {
    **STAGES,
    "summary_of_tables": lambda: tables.summary(tables.kept()),
    "scores_of_tables": lambda: tables.scores(tables.kept()),
    "seconds_of_tables": lambda: tables.seconds(tables.kept()),
}
_FENCED = re.compile(r"(<!-- printed: (\w+) -->\n```\w+\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(<!-- printed: (\w+) -->\n\n)((?:\|.*\n)+)()")


def written() -> dict[str, str]:
    """The sections as the pages have them."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    return {name: body for text in texts for kind in (_FENCED, _TABLE) for _, name, body, _ in kind.findall(text)}


def regenerate() -> None:
    """Write the pages with their sections as the code prints them now."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for kind in (_FENCED, _TABLE):
            text = kind.sub(lambda m: m[1] + SECTIONS[m[2]]() + m[4], text)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    regenerate()
