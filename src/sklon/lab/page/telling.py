"""What came of an answer, as HTML: right or not, the truth, why, and when it comes again."""

from __future__ import annotations

from datetime import datetime
from html import escape

from sklon.lab.learning import Item, Marked
from sklon.lab.learning.tasks import FAILS, HOLDS
from sklon.lab.parts import inline
from sklon.lab.question import Question
from sklon.lab.text import Language, Text, number

from . import learner_words as words
from .asking import line
from .shell import address

_HOUR, _DAY = 3600.0, 86400.0
#: what is said of a predicted check, by the reason that its mark gives
_VERDICTS: dict[Text | None, Text] = {HOLDS: words.IT_HOLDS, FAILS: words.IT_FAILS}


def told(marked: Marked, language: Language) -> str:
    """The verdict, the truth, what was missed, and why."""
    return verdict(marked, language) + truth(marked, language) + _why(marked, language)


def verdict(marked: Marked, language: Language) -> str:
    """Right or not, and the numbers if it was about one."""
    grade = marked.grade
    kind = "right" if grade.right else "almost" if grade.rating == "hard" else "wrong"
    said = {"right": words.RIGHT, "almost": words.ALMOST, "wrong": words.WRONG}[kind].of(language)
    numbers = _numbers(marked, language)
    return f'<p class="verdict {kind}" data-rating="{grade.rating}"><strong>{said}</strong>{numbers}</p>'


def truth(marked: Marked, language: Language) -> str:
    """What was missed; nothing for a number or a predicted check, whose truth stands in the verdict."""
    if isinstance(marked.truth, float) or marked.why in _VERDICTS or not marked.missed:
        return ""
    heading = words.MISSED if marked.truth is None else words.TRUE_CHOICE
    listed = "".join(f"<li>{line(text, language)}</li>" for text in marked.missed)
    return f'<p class="heading">{heading.of(language)}</p><ul>{listed}</ul>'


def again(due: datetime, now: datetime, language: Language) -> str:
    """When the next review comes, in words.

    >>> from datetime import timedelta
    >>> again(datetime(2026, 1, 9), datetime(2026, 1, 1), "en")
    'Next review in 8 days.'
    """
    return words.AGAIN.of(language).format(when=until((due - now).total_seconds(), language))


def until(seconds: float, language: Language) -> str:
    """A time to wait, in words.

    >>> until(600, "en"), until(7300, "ru")
    ('in 10 min', 'через 2 ч')
    """
    rows: tuple[tuple[float, Text, float], ...] = (
        (90, words.SOON, 60), (1.5 * _HOUR, words.MINUTES, 60), (1.5 * _DAY, words.HOURS, _HOUR),
    )  # fmt: skip
    said, unit = next(((said, unit) for most, said, unit in rows if seconds < most), (words.DAYS, _DAY))
    return said.of(language).format(count=round(seconds / unit))


def to_question(question: Question, language: Language) -> str:
    """The way to the answer in full."""
    title = inline(question.answers[language].title)
    return (
        f'<p class="in-full">{words.IN_FULL.of(language)}: '
        f'<a href="{address(language, question.slug)}">{question.number} · {title}</a></p>'
    )


def crumb(item: Item, question: Question, language: Language) -> str:
    """Where an item belongs, and of which kind it is."""
    return escape(f"{question.number} · {question.topic.title.of(language)} · {words.KINDS[type(item)].of(language)}")


def _numbers(marked: Marked, language: Language) -> str:
    if marked.why in _VERDICTS:
        return " " + _VERDICTS[marked.why].of(language)
    if not isinstance(marked.truth, float):
        return ""
    said = words.TRUE_NUMBER.of(language).format(truth=number(marked.truth, language))
    if isinstance(marked.given, float):
        said += " " + words.GIVEN_NUMBER.of(language).format(given=number(marked.given, language))
    return " " + escape(said)


def _why(marked: Marked, language: Language) -> str:
    if marked.why is None or marked.why in _VERDICTS:
        return ""
    return f'<p class="why">{line(marked.why, language)}</p>'
