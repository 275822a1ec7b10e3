"""The first page: what one can do here, and the twelve topics with their questions."""

from __future__ import annotations

from html import escape

from nicegui import Client

from sklon.lab.catalogue import all_questions
from sklon.lab.parts import inline
from sklon.lab.text import Language
from sklon.lab.topics import TOPICS, Topic

from . import words
from .doors import doors_of
from .shell import address, html, shell


def show_index(client: Client, language: Language) -> None:
    """Every question below its topic."""
    with shell(client, language, "", words.LAB.of(language)):
        lead = words.LEAD.of(language).format(questions=len(all_questions()))
        topics = "".join(_topic(topic, number, language) for number, topic in enumerate(TOPICS, 1))
        html(
            f'<h1>{words.TITLE.of(language)}</h1><p class="lead-in">{escape(lead)}</p>'
            f'<nav class="doors" aria-label="{words.DOORS.of(language)}">{doors_of(language)}</nav>'
            f'<h2 class="over">{words.TOPICS.of(language)}</h2><div class="topics">{topics}</div>'
        )


def _topic(topic: Topic, number: int, language: Language) -> str:
    listed = "".join(
        f'<li><a href="{address(language, q.slug)}"><b>{q.number}</b>'
        f"<span>{inline(q.answers[language].title)}</span></a></li>"
        for q in all_questions()
        if q.topic == topic
    )
    title = f"<small>{number}</small>{escape(topic.title.of(language))}"
    return f'<section aria-labelledby="{topic.key}"><h3 id="{topic.key}">{title}</h3><ul>{listed}</ul></section>'
