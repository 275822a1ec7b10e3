"""Learners' notes, read: sections, questions, the answers below them, and TO DOs, each with its lines.

Any Markdown will do. A question is a numbered item, or a heading, a paragraph or an item that ends with a question
mark. What stands below it, up to the next question or heading, is its answer. A line that begins with TO DO is a
question of its own. Nothing is lost: every entry knows the lines that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from sklon.lab.markdown import Token, tokens

TODO = re.compile(r"^\W*to[ -]?do\b\W*", re.IGNORECASE)
#: answers that are only a place for one
PLACEHOLDER = re.compile(
    r"^\W*(ответ|твой ответ|здесь ответ|answer|your answer|tbd|todo|to do|n/?a|xxx|заполнить|fill (me )?in)?\W*$",
    re.IGNORECASE,
)

_BULLET = re.compile(r"^\s*[-*+•]\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph or item: its text, its lines (the last one excluded), and where it stands."""

    text: str
    start: int
    end: int
    heading: bool
    number: int | None  # of a numbered item that begins here
    depth: int  # lists around it
    todo: bool = False


@dataclass(slots=True)
class Entry:
    """A question of the notes with the blocks of its answer."""

    section: str
    question: Block
    answer: list[Block] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        """Whether there is no answer yet, or only a placeholder."""
        return all(PLACEHOLDER.match(block.text) for block in self.answer)

    @property
    def end(self) -> int:
        """The line after the last one."""
        return max(block.end for block in (self.question, *self.answer))

    @property
    def said(self) -> str:
        """The answer as text."""
        return "\n".join(block.text for block in self.answer)


@dataclass(frozen=True, slots=True)
class Notes:
    """Lines of a file and the entries found in them."""

    lines: tuple[str, ...]
    entries: tuple[Entry, ...]


def read_notes(text: str) -> Notes:
    """The entries of notes written in Markdown."""
    entries: list[Entry] = []
    section, current = "", None
    for block in _blocks(text):
        if block.heading and not _asks(block):
            section, current = block.text, None
        elif block.todo or _opens(block, current):
            current = Entry(section, block)
            entries.append(current)
        elif current is not None:
            current.answer.append(block)
    return Notes(tuple(text.splitlines()), tuple(entries))


def _opens(block: Block, current: Entry | None) -> bool:
    """Whether a block is a question rather than a part of the current answer."""
    if current is not None and current.question.heading and not _asks(block):
        return False
    if current is not None and not current.question.heading and block.depth > current.question.depth:
        return False
    return block.number is not None or _asks(block)


def _asks(block: Block) -> bool:
    return block.text.rstrip(" *_").endswith("?")


# ---- blocks
def _blocks(text: str) -> Iterator[Block]:
    """All pieces of text in order; code is none."""
    depth, heading = 0, False
    unread: list[Token] = []  # items whose first text has not come yet
    for token in tokens(text):
        if token.type in ("ordered_list_open", "bullet_list_open"):
            depth += 1
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            depth -= 1
        elif token.type == "list_item_open":
            unread.append(token)
        elif token.type == "list_item_close" and unread and unread[-1].level == token.level:
            yield _empty(unread.pop(), depth)
        elif token.type == "heading_open":
            heading = True
        elif token.type == "inline":
            yield from _pieces(token, depth, _number(unread), heading)
            heading = False
            unread.clear()


def _number(items: list[Token]) -> int | None:
    """The number of the innermost item that begins with a text."""
    return int(items[-1].info) if items and items[-1].info else None


def _empty(item: Token, depth: int) -> Block:
    """An item without a text: a place for an answer."""
    assert item.map is not None
    return Block("", item.map[0], item.map[0] + 1, False, None, depth)


def _pieces(token: Token, depth: int, number: int | None, heading: bool) -> Iterator[Block]:
    """The text of a token, cut where a line begins a TO DO, or is a bullet without words, which Markdown reads on."""
    assert token.map is not None
    first = token.map[0]
    lines = token.content.split("\n")
    cuts = [0, *(i for i, line in enumerate(lines) if i and (TODO.match(line) or _BULLET.match(line))), len(lines)]
    for start, end in pairwise(cuts):
        piece = "\n".join(lines[start:end])
        todo = bool(TODO.match(piece)) and not PLACEHOLDER.match(piece)
        own = number if start == 0 else None
        if _BULLET.match(piece):
            piece, depth = "", depth + 1
        yield Block(TODO.sub("", piece) if todo else piece, first + start, first + end, heading, own, depth, todo)
