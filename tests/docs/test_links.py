"""Every link inside the repository leads somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, documents, links

INSIDE = [(page, link) for page in documents() for link in links(page) if "://" not in link]


@pytest.mark.parametrize(("page", "link"), INSIDE, ids=lambda x: x.name if isinstance(x, Path) else x)
def test_a_link_resolves(page: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
    if anchor:
        assert anchor in anchors(target)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if "://" not in link and target.is_dir():
                waiting += target.glob("*.md")
            elif "://" not in link and target.suffix == ".md":
                waiting.append(target)
    assert set(documents()) <= reached


def test_every_module_that_a_page_runs_exists() -> None:
    named = {m for page in documents() for m in re.findall(r"python -m ([\w.]+)", page.read_text(encoding="utf-8"))}
    assert {"benchmarks.gate", "tests.docs.regenerate"} <= named
    assert [m for m in named if importlib.util.find_spec(m) is None] == []


def test_every_file_that_a_page_names_by_its_path_exists() -> None:
    pattern = r"`((?:src|tests|benchmarks|docs)/[\w/.-]+)`"
    named = {(page, f) for page in documents() for f in re.findall(pattern, page.read_text(encoding="utf-8"))}
    assert [f"{page.name}: {name}" for page, name in named if not (ROOT / name).exists()] == []
