"""The paragraphs that stand below a learner's answer: the verdict with its reasons, the short answer, measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sklon.lab.answer import cited
from sklon.lab.question import Question
from sklon.lab.running import Outcome, Result
from sklon.lab.showing import shown, shown_in
from sklon.lab.text import Language

from . import wording
from .judging import Verdict
from .reading import Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: the language, the measured outcomes by number of question, and where the figures lie."""

    language: Language
    outcomes: Mapping[str, Outcome]
    figures: str | None
    version: str


def comment_on(entry: Entry, question: Question, verdict: Verdict | None, plan: Plan) -> list[str]:
    """The paragraphs that stand below an answer."""
    language = plan.language
    paragraphs = (
        [f"**{(wording.RESOLVED if entry.question.todo else wording.FILLED).of(language)}**"] if verdict is None else []
    )
    if verdict is not None:
        paragraphs += list(_judgement(verdict, language))
        if verdict.kind != "right" or entry.question.todo:
            paragraphs.append(f"**{wording.SHORT.of(language)}** {short_of(question, plan)}")
    outcome = plan.outcomes.get(question.number)
    if outcome is not None and outcome.results:
        paragraphs.append(_measured(outcome, language))
        if plan.figures is not None:
            paragraphs.append(_figures(outcome.results, plan.figures, language))
    return paragraphs


def _judgement(verdict: Verdict, language: Language) -> Iterator[str]:
    yield f"**{wording.VERDICTS[verdict.kind].of(language)}**"
    for error, words in verdict.errors:
        yield f"«{brief(words)}»: {error.reason.of(language)}"
    for title, points in ((wording.LACKS, verdict.missing), (wording.ADD, verdict.worth_adding)):
        if points:
            yield f"*{title.of(language)}* " + " ".join(point.missing.of(language) for point in points)


def _measured(outcome: Outcome, language: Language) -> str:
    """The first check of every experiment in words and numbers, and how many of its checks hold."""
    parts = []
    for result in outcome.results:
        first, held = result.checks[0], sum(c.passed for c in result.checks)
        title = f"{result.experiment.number} «{result.experiment.title.of(language)}»"
        claim = f"{first.says.of(language)} ({shown(first, language)})"
        parts.append(f"{title}: {claim}; {wording.HELD.of(language).format(held=held, all=len(result.checks))}.")
    return f"*{wording.MEASURED.of(language)}* " + " ".join(parts)


def _figures(results: Sequence[Result], folder: str, language: Language) -> str:
    first, *others = (
        (r.experiment.number, r.experiment.title.of(language), f"{folder}/{r.experiment.number}.svg") for r in results
    )
    picture = f"![{first[0]}: {first[1]}]({first[2]})"
    more = ", ".join(f"[{name}: {title}]({path})" for name, title, path in others)
    return f"{picture} {wording.FIGURES.of(language)} {more}" if more else picture


def short_of(question: Question, plan: Plan) -> str:
    """The short answer with its citations as numbers."""
    return cited(question.answers[plan.language].short, shown_in(plan.outcomes.get(question.number), plan.language))


def brief(words: str, most: int = 120) -> str:
    """The learner's words, cut at a word where they are many."""
    one_line = " ".join(words.split())
    return one_line if len(one_line) <= most else one_line[:most].rsplit(" ", 1)[0] + " …"


def results_of(question: Question, plan: Plan) -> Sequence[Result]:
    """The results that were measured for a question."""
    outcome = plan.outcomes.get(question.number)
    return outcome.results if outcome is not None else ()
