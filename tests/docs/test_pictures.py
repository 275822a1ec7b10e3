"""Every picture of a document is there, is small, and is told in words; no picture lies around that nobody shows."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, documents
from tests.lab.page.pictures import WIDTHS, names

PICTURES = ROOT / "docs" / "pictures"
#: the lab's: file names, and the width of the window in which each was taken
LAB = {file.name: WIDTHS[width] for _, _, width, file in names()}
MOST_BYTES = 120_000
#: letters of a text that tells what is to be seen
FEWEST_LETTERS = 20
_MARKDOWN = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<file>[^)\s]+)\)")
_HTML = re.compile(r"<img\b[^>]*>")


def shown(page: Path) -> list[tuple[Path, str]]:
    """The pictures of a document: file, and what is said for who cannot see it."""
    text = page.read_text(encoding="utf-8")
    found = [(match["file"], match["alt"]) for match in _MARKDOWN.finditer(text)]
    found += [(_attribute(tag, "src"), _attribute(tag, "alt")) for tag in _HTML.findall(text)]
    return [((page.parent / file).resolve(), alt) for file, alt in found if "://" not in file]


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf'\b{name}="([^"]*)"', tag)
    return match[1] if match else ""


SHOWN = [one for page in documents() for one in shown(page)]


@pytest.mark.parametrize(("file", "alt"), SHOWN, ids=lambda one: one.name if isinstance(one, Path) else "")
def test_a_picture_is_there_small_and_told_in_words(file: Path, alt: str) -> None:
    assert file.is_file() and file.stat().st_size < MOST_BYTES
    assert len(alt) >= FEWEST_LETTERS, f"{file.name} says only {alt!r}"


def test_no_two_pictures_say_the_same() -> None:
    assert len({alt for _, alt in SHOWN}) == len(SHOWN) >= len(LAB)


def test_every_picture_is_shown() -> None:
    assert {file for file, _ in SHOWN} == set(PICTURES.glob("*.png"))


@pytest.mark.parametrize("name", LAB)
def test_the_readme_shows_every_journey_wide_and_narrow(name: str) -> None:
    assert PICTURES / name in {file for file, _ in shown(ROOT / "README.md")}
    assert _width(PICTURES / name) == LAB[name]


def test_a_missing_text_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('![](one.png) <img src="two.png">\n<img\n alt="a" src="three.png">')
    assert [(file.name, alt) for file, alt in shown(page)] == [("one.png", ""), ("two.png", ""), ("three.png", "a")]


def _width(file: Path) -> int:
    """The width that the header of a PNG names (its first chunk, IHDR)."""
    return int(struct.unpack(">I", file.read_bytes()[16:20])[0])
