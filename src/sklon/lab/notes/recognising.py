"""Which of our questions a learner's question is: by its words, whatever their order, typos and language.

A section's heading tells the topic, so that "what is it?" below "Dropout" is found too. Each question is found once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklon.lab.catalogue import all_questions
from sklon.lab.question import Question
from sklon.lab.topics import TOPICS, Topic

from .reading import Entry
from .words import alike, plain, same

#: of 100: from here on a question is taken to be the same
LEAST_LIKENESS = 62.0
#: of 100: from here on a heading names a topic
LEAST_TOPIC = 78.0
#: what the topic of the section adds for questions of that topic, and takes from others
TOPIC_WEIGHT = 14.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """An entry of the notes, and the question that it is; None where it is none of ours."""

    entry: Entry
    question: Question | None


def recognise(entries: Sequence[Entry]) -> list[Recognised]:
    """The question of each entry: the likeliest pairs first, each question at most once."""
    scores = [
        (_likeness(entry, question), i, j)
        for i, entry in enumerate(entries)
        for j, question in enumerate(all_questions())
    ]
    found: dict[int, int] = {}
    for score, i, j in sorted(scores, reverse=True):
        if score >= LEAST_LIKENESS and i not in found and j not in found.values():
            found[i] = j
    return [Recognised(entry, all_questions()[found[i]] if i in found else None) for i, entry in enumerate(entries)]


def topic_named(heading: str) -> Topic | None:
    """The topic that a heading names, if any."""
    heading = plain(heading)
    if not heading:
        return None
    score, topic = max(((_named(heading, t), t) for t in TOPICS), key=lambda pair: pair[0])
    return topic if score >= LEAST_TOPIC else None


def _named(heading: str, topic: Topic) -> float:
    names = (topic.title.en, topic.title.ru, *topic.names)
    return max(same(heading, plain(name)) for name in names)


def _likeness(entry: Entry, question: Question) -> float:
    """How alike the words are, of 100, with what the section tells."""
    asked, section = plain(entry.question.text), plain(entry.section)
    wordings = [plain(w) for w in (*question.asked, *(a.title for a in question.answers.values()))]
    alone = max(alike(asked, w) for w in wordings)
    topic = topic_named(entry.section)
    if topic is None:
        return alone
    if topic.key != question.topic.key:
        return alone - TOPIC_WEIGHT
    return max(alone, max(alike(f"{asked} {section}", w) for w in wordings)) + TOPIC_WEIGHT
