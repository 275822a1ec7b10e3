"""Every Python block of the pages runs, page by page, and the tour stays as short as it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sklon.graph.node import REGISTRY
from sklon.nn.loss import LOSSES
from sklon.optim import RULES
from tests.docs.markdown import ROOT, blocks, run_python

PAGES = (ROOT / "README.md", ROOT / "docs" / "tour.md", *sorted((ROOT / "docs" / "howto").glob("*.md")))
TABLES: tuple[dict[str, Any], ...] = (REGISTRY, RULES, LOSSES)


@pytest.fixture(autouse=True)
def _tables_as_before() -> Iterator[None]:
    """What a page adds to the tables of ops, rules and losses goes again: other tests enumerate them."""
    before = [dict(table) for table in TABLES]
    yield
    for table, rows in zip(TABLES, before, strict=True):
        table.clear()
        table.update(rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert blocks(page, "python"), f"{page.name} has no Python block"
    run_python(page)


def test_the_tour_rebuilds_the_core_in_about_150_lines() -> None:
    lines = sum(_lines_of_code(b.text) for b in blocks(ROOT / "docs" / "tour.md", "python")[:-1])
    assert 120 <= lines <= 180


def _lines_of_code(text: str) -> int:
    """Lines that hold a part of a statement other than a docstring."""
    ast.parse(text)
    return sum(bool(line.strip()) and not line.strip().startswith(('"""', "#")) for line in text.splitlines())
