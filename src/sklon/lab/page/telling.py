"""What came of an answer, as HTML: the sentences of ``sklon.lab.learning.telling`` with their marks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from sklon.lab.learning import Item, Marked, telling
from sklon.lab.learning.words import KINDS
from sklon.lab.parts import inline
from sklon.lab.question import Question
from sklon.lab.text import Language, Text

from . import learner_words as words
from .asking import line
from .shell import address


def told(marked: Marked, language: Language) -> str:
    """The verdict, the truth, what was missed, and why."""
    said = telling.told(marked)
    why = "" if said.why is None else f'<p class="why">{line(said.why, language)}</p>'
    return verdict(marked, language) + listed(said.heading, said.missed, language) + why


def verdict(marked: Marked, language: Language) -> str:
    """Right or not, and what is true."""
    said = telling.told(marked)
    truth = "".join(f" {escape(sentence.of(language))}" for sentence in said.truth)
    return (
        f'<p class="verdict {said.kind}" data-rating="{marked.grade.rating}">'
        f"<strong>{said.verdict.of(language)}</strong>{truth}</p>"
    )


def listed(heading: Text | None, texts: Iterable[Text], language: Language) -> str:
    """A heading and what stands under it; nothing without a heading."""
    if heading is None:
        return ""
    rows = "".join(f"<li>{line(text, language)}</li>" for text in texts)
    return f'<p class="heading">{escape(heading.of(language))}</p><ul>{rows}</ul>'


def to_question(question: Question, language: Language) -> str:
    """The way to the answer in full."""
    title = inline(question.answers[language].title)
    return (
        f'<p class="in-full">{words.IN_FULL.of(language)}: '
        f'<a href="{address(language, question.slug)}">{question.number} · {title}</a></p>'
    )


def crumb(item: Item, question: Question, language: Language) -> str:
    """Where an item belongs, and of which kind it is."""
    return escape(f"{question.number} · {question.topic.title.of(language)} · {KINDS[type(item)].of(language)}")
