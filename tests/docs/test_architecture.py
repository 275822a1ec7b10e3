"""The pages show what the code prints, docs/architecture.md for every stage of a step."""

from __future__ import annotations

import re

import pytest

from sklon.graph.verify import verify
from tests.docs.markdown import ROOT
from tests.docs.regenerate import PAGE, SECTIONS, written
from tests.docs.stages import passed, step


@pytest.mark.parametrize("name", SECTIONS)
def test_a_printed_section_is_what_the_code_prints(name: str) -> None:
    assert written().get(name) == SECTIONS[name](), "print it anew with: python -m tests.docs.regenerate"


def test_the_pages_have_every_section_and_no_other() -> None:
    assert list(written()) == list(SECTIONS)


def test_every_graph_on_the_page_obeys_the_rules_of_graphs() -> None:
    for graph in (step(), *passed().values()):
        verify(graph)


def test_every_floor_on_the_page_is_a_folder_and_every_folder_is_on_it() -> None:
    rows = re.findall(r"^\| \d+ \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    package = ROOT / "src" / "sklon"
    assert listed == {p.parent.name for p in package.glob("*/__init__.py")}


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)`", PAGE.read_text(encoding="utf-8"))
    assert named
    for name in named:
        assert (ROOT / "src" / "sklon" / name).exists() or (ROOT / name).exists(), name
