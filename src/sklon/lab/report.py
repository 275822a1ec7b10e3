"""All questions on one page: answers, figures, measured values. It works offline, and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from sklon.runs.page import document

from .markdown import Shown, html_of
from .parts import (
    ASK,
    FOLLOW_UPS,
    PYTORCH,
    SOURCES,
    badges,
    experiment_title,
    faults,
    follow_up,
    inline,
    misconception,
    origin,
    outcome_of,
    pytorch,
    sources,
)
from .question import Question
from .report_style import STYLE
from .running import Outcome, Result
from .text import Language, Text
from .topics import TOPICS

TITLE = Text("The twelve topics, answered and measured", "Двенадцать тем: ответы и измерения")
LEAD = Text(
    "{questions} questions about how neural networks are trained. Each answer rests on experiments that sklon ran when "
    "this page was written: {passed} of {checks} checks hold. Every experiment can be run with a fault built in, and "
    "then one of its checks has to fail: sklon lab run Q9 --fault.",
    "Вопросов о том, как обучают нейронные сети, здесь {questions}. Каждый ответ опирается на опыты, которые sklon "
    "провёл, когда создавал эту страницу; сошлось проверок: {passed} из {checks}. В любой опыт можно нарочно внести "
    "ошибку, и тогда одна из проверок обязана не сойтись: sklon lab run Q9 --fault.",
)


def render(questions: Sequence[Question], outcomes: Mapping[str, Outcome], language: Language, version: str) -> str:
    """The page as text; ``outcomes`` are the measured ones by number of question."""
    parts = [_lead(questions, outcomes, language), _contents(questions, language)]
    parts += [_question(q, outcomes[q.number], language) for q in questions]
    body = "\n".join(parts) + f'\n<p class="caption">sklon {escape(version)}</p>'
    return document(TITLE.of(language), body, language=language, style=STYLE)


def _lead(questions: Sequence[Question], outcomes: Mapping[str, Outcome], language: Language) -> str:
    checks = [c for o in outcomes.values() for r in o.results for c in r.checks]
    words = LEAD.of(language).format(questions=len(questions), passed=sum(c.passed for c in checks), checks=len(checks))
    return f'<section class="lead"><p>{escape(words)}</p></section>'


def _contents(questions: Sequence[Question], language: Language) -> str:
    """Every question below its topic."""

    def listed(key: str) -> str:
        return "".join(
            f'<li><a href="#{q.slug}"><b>{q.number}</b> {inline(q.answers[language].title)}</a></li>'
            for q in questions
            if q.topic.key == key
        )

    topics = "".join(f"<div><h3>{escape(t.title.of(language))}</h3><ul>{listed(t.key)}</ul></div>" for t in TOPICS)
    return f'<nav class="contents">{topics}</nav>'


def _question(question: Question, outcome: Outcome, language: Language) -> str:
    answer, show = question.answers[language], badges(outcome, language)
    parts = [
        f'<p class="caption">{origin(question, language)}</p>',
        f"<h2>{question.number} · {inline(answer.title)}</h2>",
        f'<div class="short">{html_of(answer.short, show)}</div>',
        html_of(answer.full, show),
        misconception(answer.misconception, show, language),
        *(_experiment(r, answer.experiments[r.experiment.number], show, language) for r in outcome.results),
        f"<h3>{ASK.of(language)}</h3>{html_of(answer.ask, show)}" if answer.ask else "",
        f"<h3>{FOLLOW_UPS.of(language)}</h3>",
        *(follow_up(asked, show) for asked in answer.follow_ups),
        f"<h3>{PYTORCH.of(language)}</h3>{pytorch(question)}",
        f"<h3>{SOURCES.of(language)}</h3>{sources(question)}",
    ]
    return f'<section id="{question.slug}">{"".join(parts)}</section>'


def _experiment(result: Result, words: str, show: Shown, language: Language) -> str:
    title = experiment_title(result.experiment.number, result.experiment.title, language)
    return (
        f'<div class="experiment"><h3>{escape(title)}</h3>{html_of(words, show)}'
        f"{outcome_of(result, language)}{faults(result, language)}</div>"
    )
