"""Notes given back: the learner's words kept, each answer judged, blanks filled, TO DOs resolved, measurements added.

What is added stands in block quotes below an answer, so that nobody takes it for the learner's own words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sklon._base.errors import InputError
from sklon.lab.catalogue import all_questions
from sklon.lab.question import Question
from sklon.lab.running import Result
from sklon.lab.text import Language, number

from . import wording
from .comment import Plan, brief, comment_on, results_of, short_of
from .judging import Verdict, judge
from .reading import TODO, Block, Entry, Notes, read_notes
from .recognising import Recognised, recognise, topic_named

#: the first line of what is appended; notes that have it were answered before
MARK = "<!-- answered by sklon lab -->"


_LEADING = re.compile(r"[\s>]*")
#: columns by which what belongs to a numbered item is set in
BEHIND_A_NUMBER = 4
#: what stands before the words of an item
_ITEM = re.compile(r"[\s>]*(?:[-*+•]|\d+[.)])(?=\s|$)\s*")
_COUNTED = (("right", "right"), ("incomplete", "incomplete"), ("wrong", "with an error"), ("filled", "filled in"))


@dataclass(frozen=True, slots=True)
class Answered:
    """Notes with their answers: the text, and what was found in them."""

    text: str
    found: tuple[tuple[Entry, Question, Verdict | None], ...]
    unknown: tuple[Entry, ...]

    def summary(self, output: Path) -> dict[str, Any]:
        """What was found and how it was judged, as values that JSON can hold."""
        questions = [
            {"line": e.question.start + 1, "number": q.number, "verdict": v.kind if v is not None else "filled"}
            for e, q, v in self.found
        ]
        unknown = [{"line": e.question.start + 1, "text": e.question.text} for e in self.unknown]
        return {"output": str(output), "questions": questions, "unrecognized": unknown}

    def lines(self, output: Path) -> list[str]:
        """A line with the counts."""
        kinds = Counter(v.kind if v is not None else "filled" for _, _, v in self.found)
        counts = ", ".join(f"{kinds[k]} {words}" for k, words in _COUNTED if kinds[k])
        return [f"{len(self.found)} questions found ({counts}), {len(self.unknown)} not recognized: {output}"]


def recognised_in(text: str, source: str) -> tuple[Notes, list[Recognised]]:
    """The questions in notes; InputError where there are none, or where the notes were answered before."""
    if MARK in text:
        raise InputError(f"{source} was answered before; give the notes as they were")
    notes = read_notes(text)
    if not notes.entries:
        raise InputError(
            f"{source} has no questions; write them as numbered items or end them with a question mark, with the "
            "answers below"
        )
    return notes, recognise(notes.entries)


def answer_notes(notes: Notes, recognised: Sequence[Recognised], plan: Plan) -> Answered:
    """The notes with everything that there is to say about them."""
    lines: list[list[str]] = [[line] for line in notes.lines]
    after: dict[int, list[str]] = {}
    found: list[tuple[Entry, Question, Verdict | None]] = []
    for entry, question in ((r.entry, r.question) for r in recognised):
        if question is None:
            continue
        verdict = None if entry.blank else judge(question.rubric, entry.said)
        found.append((entry, question, verdict))
        if entry.question.todo:
            _resolve(lines, entry, plan.language)
        if entry.blank:
            _fill(lines, entry, question, plan)
        comment = _quoted(comment_on(entry, question, verdict, plan), _indent(notes.lines, entry))
        after.setdefault(entry.end - 1, []).extend(comment)
    for line, proposal in _proposals(recognised, plan):
        after.setdefault(line, []).extend(proposal)
    body = [text for i, here in enumerate(lines) for text in (*here, *after.get(i, ()))]
    unknown = tuple(r.entry for r in recognised if r.question is None)
    ending = _ending([q for _, q, _ in found], unknown, plan)
    return Answered("\n".join([*body, *ending]) + "\n", tuple(found), unknown)


# ---- lines
def _fill(lines: list[list[str]], entry: Entry, question: Question, plan: Plan) -> None:
    """Write the short answer where an answer is missing: in the first place for one, the others go."""
    short = short_of(question, plan).splitlines()
    places = [block for block in entry.answer if block.blank and not _hidden(lines, block)]
    if places:
        mark = _ITEM.match(lines[places[0].start][0])
        head = mark.group().rstrip() + " " if mark else ""
        filled = [head + short[0], *(_indented(text, len(head)) for text in short[1:])]
        for block in places:
            lines[block.start : block.end] = [[] for _ in range(block.end - block.start)]
        lines[places[0].start] = filled
        return
    last = entry.end - 1
    own = lines[entry.question.start][0]
    numbered = entry.question.number is not None and not entry.question.heading
    head = f"{_leading(own)}{' ' * BEHIND_A_NUMBER}- " if numbered else ""
    filled = [head + short[0], *(_indented(text, len(head)) for text in short[1:])]
    lines[last] = [*lines[last], *([] if head else [""]), *filled]


def _hidden(lines: list[list[str]], block: Block) -> bool:
    """Whether a block without words stands on a line that has some, such as a definition of a link."""
    line = lines[block.start][0]
    mark = _ITEM.match(line)
    return not block.text and bool(line[mark.end() if mark else 0 :].strip())


def _resolve(lines: list[list[str]], entry: Entry, language: Language) -> None:
    """Strike the words TO DO out."""
    line = lines[entry.question.start][0]
    mark = TODO.match(line)
    assert mark is not None
    plain = mark.group().strip(" \t:-*+")
    lines[entry.question.start] = [line.replace(plain, f"~~{plain}~~ {wording.DONE.of(language)}", 1)]


def _indent(lines: Sequence[str], entry: Entry) -> str:
    """The white space, and marks of a quote, before the answer, so that a comment stays with its item."""
    blocks = [block for block in entry.answer if not block.heading] or [entry.question]
    own = _leading(lines[blocks[0].start])
    if entry.answer or entry.question.heading:
        return own
    return own + (" " * BEHIND_A_NUMBER if entry.question.number is not None else "")


def _leading(line: str) -> str:
    """What stands before an item or a paragraph: white space and marks of a quote, as they are written."""
    found = _LEADING.match(line)
    assert found is not None
    return found.group()


def _quoted(paragraphs: Sequence[str], indent: str) -> list[str]:
    """Paragraphs as one block quote with an empty line before it and behind it."""
    quoted = [indent.rstrip()]
    for i, paragraph in enumerate(paragraphs):
        quoted += [f"{indent}>"] if i else []
        quoted += [f"{indent}> {line}".rstrip() for line in paragraph.splitlines()]
    return [*quoted, indent.rstrip()]


def _indented(line: str, width: int) -> str:
    return " " * width + line if line else ""


# ---- around the answers
def _proposals(recognised: Sequence[Recognised], plan: Plan) -> Iterator[tuple[int, list[str]]]:
    """For a number that a section skips: the question that we propose for its topic, below the number before."""
    proposed = {q.topic.key: q for q in all_questions() if q.origin == "proposed"}
    taken = {r.question.number for r in recognised if r.question is not None}
    for before, behind in pairwise(recognised):
        first, second = before.entry.question.number, behind.entry.question.number
        topic = topic_named(before.entry.section)
        skips = first is not None and second == first + 2 and before.entry.section == behind.entry.section
        question = proposed.get(topic.key) if topic is not None else None
        if skips and first is not None and question is not None and question.number not in taken:
            title = question.answers[plan.language].title
            asked = wording.PROPOSED.of(plan.language).format(number=first + 1)
            yield before.entry.end - 1, _quoted([f"*{asked}* **{title}**", short_of(question, plan)], "")[1:]


def _ending(questions: Sequence[Question], unknown: Sequence[Entry], plan: Plan) -> list[str]:
    """What was not recognized, and the table of everything that was measured."""
    language = plan.language
    lines = ["", MARK, "", f"## {wording.TABLE_TITLE.of(language)}", ""]
    rows = [_row(r, c.name, language) for q in questions for r in results_of(q, plan) for c in r.checks]
    if rows:
        head = [h.of(language) for h in wording.TABLE_HEAD]
        lines += [_cells(head), _cells(["---"] * len(head)), *rows, ""]
    seed = next((r.record.seed for q in questions for r in results_of(q, plan)), 0)
    lines += [wording.HOW.of(language).format(version=plan.version, seed=seed)]
    if unknown:
        lines += ["", wording.UNKNOWN.of(language), ""]
        lines += [f"- {entry.question.start + 1}: {brief(entry.question.text)}" for entry in unknown]
    return lines


def _row(result: Result, name: str, language: Language) -> str:
    check = next(c for c in result.checks if c.name == name)
    predicted = "—" if check.predicted is None else number(check.predicted, language)
    holds = "✓" if check.passed else "✗"
    cells = (check.says.of(language), predicted, number(check.measured, language), check.bound(language), holds)
    return _cells([result.experiment.number, *cells])


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
