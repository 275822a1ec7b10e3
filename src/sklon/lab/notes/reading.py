"""Learners' notes, read: sections, questions, the answers below them, and TO DOs, each with its lines.

Any Markdown will do. A question is a numbered item, or a heading, a paragraph or an item that ends with a question
mark. What stands below it, up to the next question or heading, is its answer. A line that begins with TO DO is a
question of its own. Nothing is lost: every entry knows the lines that it stands in, and code, HTML and tables are parts
of answers like any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from sklon.lab.markdown import Token, tokens

#: TO DO in capitals, or in any letters before a colon; "to do this, we …" is a sentence
TODO = re.compile(r"^\W*(?:TO[ -]?DO\b|(?i:to[ -]?do\s*:))\W*")
#: answers that are only a place for one
PLACEHOLDER = re.compile(
    r"^[\W_]*((твой |здесь |нет |мой )?ответ(а|у)?( тут| здесь)?|(your |my |no )?answer( here)?|tbd|todo|to do|n/?a|xxx"
    r"|пусто|заполнить|не знаю|fill (me )?in|i don'?t know|don'?t know|unknown|\?+)?[\W_]*"
    r"(todo|tbd)?[\W_]*$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*[-*+•]\s*$")
#: what comes before the words of a line that asks, or answers, in a dialogue
_SPEAKER = re.compile(r"^\W*(?:q|a|question|answer|в|о|вопрос|ответ)\s*\d*\s*[:.)]\s+", re.IGNORECASE)
_ASKED_BY = re.compile(r"^\W*(?:q|question|в|вопрос)\s*\d*\s*[:.)]\s+", re.IGNORECASE)
#: tokens that are text of their own, though no sentence
_WHOLE = ("fence", "code_block", "html_block")


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
    code: bool = False  # code or HTML: never a place for an answer

    @property
    def blank(self) -> bool:
        """Whether it is only a place for an answer."""
        return not self.code and bool(PLACEHOLDER.match(self.text))


@dataclass(slots=True)
class Entry:
    """A question of the notes with the blocks of its answer."""

    section: str
    question: Block
    answer: list[Block] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        """Whether there is no answer yet, or only a placeholder."""
        return all(block.blank for block in self.answer)

    @property
    def end(self) -> int:
        """The line after the last one."""
        return max(block.end for block in (self.question, *self.answer))

    @property
    def said(self) -> str:
        """The answer as text, block by block."""
        return "\n\n".join(_SPEAKER.sub("", block.text) for block in self.answer if not block.blank)


@dataclass(frozen=True, slots=True)
class Notes:
    """Lines of a file and the entries found in them."""

    lines: tuple[str, ...]
    entries: tuple[Entry, ...]


def read_notes(text: str) -> Notes:
    """The entries of notes written in Markdown. Lines are Markdown's: other separators are characters of a line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    entries: list[Entry] = []
    section, current = "", None
    for block in _blocks(text):
        if block.heading and not asks(block.text):
            section, current = block.text, None
        elif block.todo or _opens(block, current):
            current = Entry(section, block)
            entries.append(current)
        elif current is not None:
            current.answer.append(block)
    lines = text.split("\n")
    return Notes(tuple(lines[:-1] if lines[-1] == "" else lines), tuple(entries))


def _opens(block: Block, current: Entry | None) -> bool:
    """Whether a block is a question rather than a part of the current answer."""
    if block.code or (current is not None and current.question.heading and not asks(block.text)):
        return False
    if current is not None and not current.question.heading and block.depth > current.question.depth:
        return False
    return block.number is not None or asks(block.text)


def asks(text: str) -> bool:
    """Whether a text ends with a question mark."""
    return text.rstrip(" *_").endswith("?")


# ---- blocks
def _blocks(text: str) -> Iterator[Block]:
    """All pieces of the text in order."""
    depth, heading = 0, None
    unread: list[Token] = []  # items whose first content has not come yet
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
            heading = token
        elif token.type == "inline":
            yield from _pieces(token, depth, _number(unread), heading)
            heading = None
            unread.clear()
        elif token.type in _WHOLE and token.map is not None:
            unread.clear()
            yield Block(token.content, token.map[0], token.map[1], False, None, depth, code=True)


def _number(items: list[Token]) -> int | None:
    """The number of the innermost item that begins with a text."""
    return int(items[-1].info) if items and items[-1].info else None


def _empty(item: Token, depth: int) -> Block:
    """An item without content: a place for an answer, or what Markdown reads as a definition and keeps silent about."""
    assert item.map is not None
    return Block("", item.map[0], item.map[0] + 1, False, None, depth)


def _pieces(token: Token, depth: int, number: int | None, heading: Token | None) -> Iterator[Block]:
    """The text of a token, cut where a line begins something of its own."""
    assert token.map is not None
    if heading is not None:
        assert heading.map is not None
        yield Block(token.content, heading.map[0], heading.map[1], True, number, depth)
        return
    first = token.map[0]
    lines = token.content.split("\n")
    cuts = [0, *(i for i in range(1, len(lines)) if _cuts(lines, i)), len(lines)]
    for start, end in pairwise(cuts):
        piece = "\n".join(lines[start:end])
        todo = bool(TODO.match(piece)) and not PLACEHOLDER.match(piece)
        own = number if start == 0 else None
        level = depth if start == 0 or todo or asks(piece) else depth + 1
        if _BULLET.match(piece):
            piece = ""
        yield Block(TODO.sub("", piece) if todo else piece, first + start, first + end, False, own, level, todo)


def _cuts(lines: list[str], i: int) -> bool:
    """Whether line ``i`` of a paragraph begins another piece: a TO DO, a bullet, a turn, what follows a question."""
    turn = bool(_ASKED_BY.match(lines[i])) or (asks(lines[i - 1]) and not asks(lines[i]))
    return bool(TODO.match(lines[i]) or _BULLET.match(lines[i])) or turn
