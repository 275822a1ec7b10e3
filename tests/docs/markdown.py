"""What the tests of documents need of Markdown: code blocks, headings and links, read line by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the number of its first line."""

    language: str
    text: str
    line: int


def documents() -> list[Path]:
    """Every Markdown file that a reader of the repository meets."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(path: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a file, all or those of one language."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [b for b in _blocks(lines) if language in (None, b.language)]


def _blocks(lines: list[str]) -> Iterator[Block]:
    start, language = 0, ""
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if start:
            yield Block(language, "\n".join(lines[start : number - 1]) + "\n", start + 1)
            start = 0
        else:
            start, language = number, line.removeprefix("```").strip()


def run_python(path: Path) -> dict[str, Any]:
    """Run the Python blocks of a file one after the other as one module, whose names are returned.

    Lines keep their numbers, so that a traceback points into the document.
    """
    module = ModuleType(f"blocks_of_{path.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        for block in blocks(path, "python"):
            code = "\n" * (block.line - 1) + block.text
            exec(compile(code, str(path), "exec", dont_inherit=True), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module.__dict__


def prose(path: Path) -> str:
    """The text outside fenced blocks."""
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def links(path: Path) -> list[str]:
    """The targets of all links and pictures."""
    return _LINK.findall(prose(path))


def anchors(path: Path) -> set[str]:
    """The names under which the headings of a file can be linked."""
    headings = (line.lstrip("#").strip() for line in prose(path).splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
