"""Cards for spaced repetition, as the tab-separated text that Anki imports: question, answer, tags.

Each question is a card, and so is each follow-up and each self-test item. Fields are HTML; formulas stand between the
marks of Anki's MathJax. Numbers that only an experiment knows are left to the experiment.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .answer import Item, Recall, Statements
from .markdown import html_for_cards
from .question import Question
from .text import Language, Text

WRONG = Text("Which of these is wrong?", "Что здесь неверно?")


@dataclass(frozen=True, slots=True)
class Card:
    """Front and back as HTML, and tags."""

    front: str
    back: str
    tags: tuple[str, ...]


def cards_of(questions: Sequence[Question], language: Language) -> list[Card]:
    """All cards of these questions in one language."""
    return [card for question in questions for card in _cards(question, language)]


def as_tsv(cards: Sequence[Card]) -> str:
    """Cards as the file that Anki imports: its header lines, then a line for each card."""
    file = io.StringIO()
    file.write("#separator:tab\n#html:true\n#tags column:3\n")
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerows((card.front, card.back, " ".join(card.tags)) for card in cards)
    return file.getvalue()


def _cards(question: Question, language: Language) -> Iterator[Card]:
    answer = question.answers[language]
    tags = ("sklon", question.number, question.topic.key)
    yield Card(html_for_cards(answer.title), html_for_cards(answer.short), tags)
    for follow_up in answer.follow_ups:
        yield Card(html_for_cards(follow_up.question), html_for_cards(follow_up.answer), (*tags, "follow-up"))
    for item in answer.self_test:
        yield from _item(item, (*tags, "self-test"), language)


def _item(item: Item, tags: tuple[str, ...], language: Language) -> Iterator[Card]:
    """The card of a self-test item; a prediction needs its experiment, so it has none."""
    if isinstance(item, Recall):
        yield Card(html_for_cards(item.prompt), html_for_cards("\n".join(f"- {point}" for point in item.points)), tags)
    elif isinstance(item, Statements):
        listed = "\n".join(f"1. {statement}" for statement, _ in item.statements)
        wrong = next(statement for statement, is_wrong in item.statements if is_wrong)
        yield Card(html_for_cards(f"{WRONG.of(language)}\n\n{listed}"), html_for_cards(f"{wrong}\n\n{item.why}"), tags)
