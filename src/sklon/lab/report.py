"""All questions on one page: answers, figures, measured values. It works offline, and prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from sklon.runs.page import document, figure, table

from .check import Check
from .drawing import drawn_for_page
from .markdown import Shown, html_of, inline_html_of
from .question import Question
from .report_style import STYLE
from .running import Outcome, Result
from .showing import shown
from .text import Language, Text, number
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
MISCONCEPTION = Text("A common misconception", "Частое заблуждение")
EXPERIMENT = Text("Experiment", "Опыт")
ASK = Text("Ask the program", "Спроси программу")
FOLLOW_UPS = Text("What comes next", "Что спросят ещё")
PYTORCH = Text("The same in PyTorch", "То же в PyTorch")
SOURCES = Text("Sources", "Источники")
ORIGINS = {
    "proposed": Text(
        "a question we propose: the notes skip its number", "предложенный вопрос: в заметках этот номер пропущен"
    ),
    "open point": Text("an open point of the notes", "открытый вопрос заметок"),
}
HEAD = (
    Text("claim", "утверждение"),
    Text("predicted", "предсказано"),
    Text("measured", "измерено"),
    Text("bound", "граница"),
    Text("", ""),
)
FAULTS = Text("It would notice:", "Ошибки, которые заметит опыт:")


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
            f'<li><a href="#{q.slug}"><b>{q.number}</b> {_inline(q.answers[language].title)}</a></li>'
            for q in questions
            if q.topic.key == key
        )

    topics = "".join(f"<div><h3>{escape(t.title.of(language))}</h3><ul>{listed(t.key)}</ul></div>" for t in TOPICS)
    return f'<nav class="contents">{topics}</nav>'


def _question(question: Question, outcome: Outcome, language: Language) -> str:
    answer, show = question.answers[language], _badges(outcome, language)
    origin = ORIGINS.get(question.origin)
    parts = [
        f'<p class="caption">{escape(question.topic.title.of(language))}'
        + (f" · {escape(origin.of(language))}</p>" if origin else "</p>"),
        f"<h2>{question.number} · {_inline(answer.title)}</h2>",
        f'<div class="short">{html_of(answer.short, show)}</div>',
        html_of(answer.full, show),
        f"<aside><h3>{MISCONCEPTION.of(language)}</h3>{html_of(answer.misconception, show)}</aside>",
        *(_experiment(r, answer.experiments[r.experiment.number], show, language) for r in outcome.results),
        f"<h3>{ASK.of(language)}</h3>{html_of(answer.ask, show)}" if answer.ask else "",
        f"<h3>{FOLLOW_UPS.of(language)}</h3>",
        *(
            f"<div class='follow-up'><h4>{_inline(f.question)}</h4>{html_of(f.answer, show)}</div>"
            for f in answer.follow_ups
        ),
        f"<h3>{PYTORCH.of(language)}</h3><pre><code>{escape(question.pytorch)}</code></pre>",
        f"<h3>{SOURCES.of(language)}</h3><ul class='sources'>{''.join(_sources(question))}</ul>",
    ]
    return f'<section id="{question.slug}">{"".join(parts)}</section>'


def _experiment(result: Result, words: str, show: Shown, language: Language) -> str:
    experiment = result.experiment
    title = f"{EXPERIMENT.of(language)} {experiment.number}: {experiment.title.of(language)}"
    faults = "; ".join(f.says.of(language) for f in experiment.faults)
    drawing = drawn_for_page(result.figure, language)
    return (
        f'<div class="experiment"><h3>{escape(title)}</h3>{html_of(words, show)}'
        f"{figure(drawing, escape(result.figure.caption.of(language)))}"
        f"{table([h.of(language) for h in HEAD], (_row(c, language) for c in result.checks), 'numbers checks')}"
        f'<p class="caption">{FAULTS.of(language)} {escape(faults)}.</p></div>'
    )


def _row(check: Check, language: Language) -> list[str]:
    predicted = "" if check.predicted is None else number(check.predicted, language)
    verdict = f'<span class="{"holds" if check.passed else "fails"}">{"✓" if check.passed else "✗"}</span>'
    return [
        escape(check.says.of(language)), predicted, number(check.measured, language),
        escape(check.bound(language)), verdict,
    ]  # fmt: skip


def _badges(outcome: Outcome, language: Language) -> Shown:
    """Citations as badges with the measured numbers."""

    def show(experiment: str, name: str) -> str:
        check = outcome.check(experiment, name)
        if check is None:
            return ""
        verdict = "holds" if check.passed else "fails"
        return f'<span class="badge {verdict}" title="{escape(experiment)}">{escape(shown(check, language))}</span>'

    return show


def _sources(question: Question) -> Iterator[str]:
    for source in question.sources:
        yield f'<li><a href="{escape(source.url)}">{escape(source.title)}</a></li>'


def _inline(text: str) -> str:
    return inline_html_of(text, lambda experiment, name: "")
