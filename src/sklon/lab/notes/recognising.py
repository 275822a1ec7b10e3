"""Which of our questions a learner's question is: by the words that carry it, whatever their order, typos and language.

Words that any question has (what is, что такое) count for nothing; the rarer a word is among our questions, the more it
counts, and a word that none of them has speaks against all. A section's heading tells the topic, so that "what is it?"
below "Dropout" is found too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from typing import TypeAlias

from sklon.lab.catalogue import all_questions
from sklon.lab.question import Question
from sklon.lab.topics import TOPICS, Topic

from .reading import Entry
from .words import plain, same, same_word

Words: TypeAlias = frozenset[str]
#: of 1: from here on a question is taken to be the same
LEAST_LIKENESS = 0.58
#: of 100: from here on a heading names a topic
LEAST_TOPIC = 78.0
#: what the topic of the section adds for questions of that topic, and takes from others
TOPIC_WEIGHT = 0.25
_EMPTY = """
q question вопрос vs
a an and are as at be between by can could define describe do does each explain for from give has have how i
if in into is it its list me mean means name of on one or our please shortly should tell than that the their
them there they this to two us use used using we what when where which who why will with would you your
briefly example examples during

а без бы был быть в вам ваш во все где дай для до его если есть еще же за зачем и из или им их к как какая
каким какие какими какова каковы какое какой каком какую когда который кратко ли либо меня мне может можно на
над назови нам нас не него ней нет ни но нужен нужна нужно о об объясни один он она они опиши определение от
отличается отличаются по под почему пример приведи при про расскажи с сделай со так такие такое такой там те
тебе тем то того только три ты у уже чего чем через что чтобы эта эти это этого этом этот я является между
знаешь бывают работает работают works work
"""
#: a word of at most a fifth of the questions tells something
TELLING = log(1 + 5)
COMMON_LOSS, ALL_BUT = 0.2, 0.95
#: words that any question may have
EMPTY_WORDS = frozenset(_EMPTY.split())


@dataclass(frozen=True, slots=True)
class Recognised:
    """An entry of the notes, and the question that it is; None where it is none of ours."""

    entry: Entry
    question: Question | None


def recognise(entries: Sequence[Entry]) -> list[Recognised]:
    """The question of each entry. One that is asked twice is found twice."""
    return [Recognised(entry, _best(entry)) for entry in entries]


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


def _best(entry: Entry) -> Question | None:
    asked, topic = content(entry.question.text), topic_named(entry.section)
    if not asked and topic is None:
        return None
    below = content(f"{entry.question.text} {entry.section}") if topic is not None else asked
    scores = [(_likeness(asked, below, topic, q, w), q) for q, w in _wordings()]
    score, question = max(scores, key=lambda pair: pair[0])
    return question if score >= LEAST_LIKENESS else None


def _likeness(
    asked: frozenset[str],
    below: frozenset[str],
    topic: Topic | None,
    question: Question,
    wordings: Sequence[frozenset[str]],
) -> float:
    """How alike the words are, of 1, with what the section tells."""
    alone = max(overlap(asked, w) for w in wordings)
    if topic is None:
        return alone
    if topic.key != question.topic.key:
        return alone - TOPIC_WEIGHT
    return max(alone, max(overlap(below, w) for w in wordings)) + TOPIC_WEIGHT


def overlap(a: Words, b: Words) -> float:
    """The share of what two sets of words weigh that they have in common: Dice's coefficient, by weights.

    Less by COMMON_LOSS where all that they share are words of many questions, unless that is all that they have.
    """
    both = sum(_weight(x) for x in a if any(same_word(x, y) for y in b))
    both += sum(_weight(y) for y in b if any(same_word(x, y) for x in a))
    total = sum(map(_weight, a)) + sum(map(_weight, b))
    found = both / total if total else 0.0
    told = max((_weight(x) for x in a if any(same_word(x, y) for y in b)), default=0.0)
    return found if told >= TELLING or found > ALL_BUT else found - COMMON_LOSS


def content(text: str) -> Words:
    """The words of a question that say what it is about."""
    return frozenset(w for w in plain(text).split() if w not in EMPTY_WORDS)


@cache
def _wordings() -> tuple[tuple[Question, tuple[frozenset[str], ...]], ...]:
    """The words of every way to ask each question."""
    return tuple(
        (q, tuple(content(text) for text in (*q.asked, *(a.title for a in q.answers.values()))))
        for q in all_questions()
    )


@cache
def _weight(word: str) -> float:
    """ln(1 + n/k), where k of the n questions have the word in some form; half a question for a word that none has."""
    having = sum(any(same_word(word, w) for words in wordings for w in words) for _, wordings in _wordings())
    return log(1 + len(_wordings()) / (having or 0.5))
