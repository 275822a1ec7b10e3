"""The parts of which pages about questions are made, as HTML in one language: for the report, and for the live page."""

from __future__ import annotations

from html import escape

from sklon.runs.page import figure, table

from .answer import FollowUp
from .check import Check
from .drawing import drawn_for_page
from .markdown import Shown, html_of, inline_html_of
from .question import Question
from .running import Outcome, Result
from .showing import shown
from .text import Language, Text, number

MISCONCEPTION = Text("A common misconception", "Частое заблуждение")
EXPERIMENT = Text("Experiment", "Опыт")
ASK = Text("Ask the program", "Спросите программу")
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
    Text("holds", "верно"),
)
FAULTS = Text("It would notice:", "Ошибки, которые заметит опыт:")
HOLDS = Text("holds", "верно")
FAILS = Text("fails", "неверно")


def inline(text: str) -> str:
    """A line of Markdown without citations."""
    return inline_html_of(text, lambda experiment, name: "")


def origin(question: Question, language: Language) -> str:
    """The topic of a question, and where the question comes from if not from the notes."""
    words = [question.topic.title, *([ORIGINS[question.origin]] if question.origin in ORIGINS else [])]
    return " · ".join(escape(word.of(language)) for word in words)


def experiment_title(number: str, title: Text, language: Language) -> str:
    """The heading of an experiment, as text."""
    return f"{EXPERIMENT.of(language)} {number}: {title.of(language)}"


def picture_of(result: Result, language: Language) -> str:
    """The figure of a run without its caption."""
    picture = drawn_for_page(result.figure, language)
    return f'<div class="scroll picture" style="--panels:{len(result.figure.panels)}">{picture}</div>'


def figure_of(result: Result, language: Language) -> str:
    """The figure of a run with its caption."""
    return figure(picture_of(result, language), escape(result.figure.caption.of(language)))


def outcome_of(result: Result, language: Language) -> str:
    """What a run of an experiment shows: its figure, and its checks as a table."""
    rows = (_row(check, language) for check in result.checks)
    return figure_of(result, language) + table([word.of(language) for word in HEAD], rows, "numbers checks")


def faults(result: Result, language: Language) -> str:
    """The faults that an experiment notices."""
    said = "; ".join(f.says.of(language) for f in result.experiment.faults)
    return f'<p class="caption">{FAULTS.of(language)} {escape(said)}.</p>'


def misconception(text: str, show: Shown, language: Language, level: int = 3) -> str:
    """What is often believed, and why it is wrong."""
    return f"<aside><h{level}>{MISCONCEPTION.of(language)}</h{level}>{html_of(text, show)}</aside>"


def follow_up(asked: FollowUp, show: Shown, level: int = 4) -> str:
    """A question that comes next, with its answer."""
    return f"<div class='follow-up'><h{level}>{inline(asked.question)}</h{level}>{html_of(asked.answer, show)}</div>"


def pytorch(question: Question) -> str:
    """The lines that show the same in PyTorch."""
    return f"<pre><code>{escape(question.pytorch)}</code></pre>"


def sources(question: Question) -> str:
    """Where it can be looked up."""
    listed = (f'<li><a href="{escape(s.url)}">{escape(s.title)}</a></li>' for s in question.sources)
    return f"<ul class='sources'>{''.join(listed)}</ul>"


def badges(outcome: Outcome, language: Language) -> Shown:
    """Citations as badges with the measured numbers; nothing where nothing was measured."""

    def show(experiment: str, name: str) -> str:
        check = outcome.check(experiment, name)
        return "" if check is None else badge(experiment, check, language)

    return show


def badge(experiment: str, check: Check, language: Language) -> str:
    """The numbers of a check."""
    verdict, status = ("holds", "pass") if check.passed else ("fails", "fail")
    claim = f'data-claim="{experiment}/{check.name}" data-status="{status}"'
    return f'<span class="badge {verdict}" title="{experiment}" {claim}>{escape(shown(check, language))}</span>'


def _row(check: Check, language: Language) -> list[str]:
    predicted = "" if check.predicted is None else number(check.predicted, language)
    kind, mark, word = ("holds", "✓", HOLDS) if check.passed else ("fails", "✗", FAILS)
    verdict = f'<span class="{kind}" role="img" aria-label="{word.of(language)}">{mark}</span>'
    return [
        escape(check.says.of(language)), predicted, number(check.measured, language),
        escape(check.bound(language)), verdict,
    ]  # fmt: skip
