"""An answer as its author writes it: Markdown with fixed headings, read into parts.

::

    # the question
    ## In short            half a minute
    ## In full             everything, with formulas
    ## Experiment          ### E9 …        what each experiment does and shows
    ## Ask the program     commands to type, and what they show; only where there are some
    ## Misconception
    ## Follow-ups          ### question    its answer
    ## Self-test           ### Recall: …   points · ### Predict [[E9/name]]: … · ### Which is wrong?

A sentence that states a fact of measurement cites the check that holds it: ``[[E9/variance-ratio]]``. Numbers that were
measured are never written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .text import Language

SECTIONS: dict[Language, dict[str, str]] = {
    "en": {
        "short": "In short",
        "full": "In full",
        "experiment": "Experiment",
        "ask": "Ask the program",
        "misconception": "Misconception",
        "follow_ups": "Follow-ups",
        "self_test": "Self-test",
    },
    "ru": {
        "short": "Коротко",
        "full": "Подробно",
        "experiment": "Опыт",
        "ask": "Спросите программу",
        "misconception": "Заблуждение",
        "follow_ups": "Что спросят ещё",
        "self_test": "Проверьте себя",
    },
}
#: sections that an answer may do without
OPTIONAL = ("experiment", "ask")
#: the words with which the headings of self-test items begin
ITEMS: dict[Language, dict[str, str]] = {
    "en": {"recall": "Recall", "predict": "Predict", "wrong": "Which is wrong?"},
    "ru": {"recall": "Вспомните", "predict": "Предскажите", "wrong": "Что неверно?"},
}
CITATION = re.compile(r"\[\[(?P<experiment>E\d+[a-z]?)/(?P<check>[a-z0-9-]+)\]\]")
#: a formula of its own, or one within a line
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
#: a command line in a block of them
COMMAND = re.compile(r"^sklon .+$", re.MULTILINE)
LINK = re.compile(r"\]\((https?://[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Recall:
    """Answer from memory; then tick which of the points were said."""

    prompt: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Commit a number before the experiment runs."""

    prompt: str
    experiment: str
    check: str


@dataclass(frozen=True, slots=True)
class Statements:
    """Find what is wrong among statements; ``why`` explains."""

    statements: tuple[tuple[str, bool], ...]  # (statement, whether it is wrong)
    why: str


Item: TypeAlias = Recall | Prediction | Statements


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question that is likely to come next."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in one language; every text is Markdown with LaTeX between dollars."""

    title: str
    short: str
    full: str
    experiments: dict[str, str]
    ask: str
    misconception: str
    follow_ups: tuple[FollowUp, ...]
    self_test: tuple[Item, ...]
    source: str

    @property
    def citations(self) -> list[tuple[str, str]]:
        """(experiment, check) of every citation, in order."""
        return [(m["experiment"], m["check"]) for m in CITATION.finditer(self.source)]

    @property
    def formulas(self) -> list[str]:
        """The LaTeX of every formula, in order."""
        return [(m[1] or m[2]).strip() for m in FORMULA.finditer(self.source)]

    @property
    def commands(self) -> list[str]:
        """Every command line that a learner is told to type, in order."""
        return COMMAND.findall(self.ask)

    @property
    def links(self) -> list[str]:
        """Every address that the text links to, in order."""
        return LINK.findall(self.source)


def read_answer(source: str, language: Language) -> Answer:
    """The parts of an answer; ValueError names a heading that is missing or unknown."""
    title, parts = _title_and_sections(source)
    names = SECTIONS[language]
    unknown = parts.keys() - set(names.values())
    missing = set(names.values()) - parts.keys() - {names[key] for key in OPTIONAL}
    if unknown or missing:
        raise ValueError(f"{title!r}: unknown sections {sorted(unknown)}, missing sections {sorted(missing)}")
    below = {key: list(_headed(parts.get(name, ""), "### ")) for key, name in names.items()}
    return Answer(
        title=title,
        short=parts[names["short"]],
        full=parts[names["full"]],
        experiments=dict(below["experiment"]),
        ask=parts.get(names["ask"], ""),
        misconception=parts[names["misconception"]],
        follow_ups=tuple(FollowUp(question, answer) for question, answer in below["follow_ups"]),
        self_test=tuple(_item(heading, body, language) for heading, body in below["self_test"]),
        source=source,
    )


def cited(text: str, shown: Callable[[str, str], str]) -> str:
    """``text`` with each citation replaced by what ``shown`` makes of (experiment, check)."""
    return CITATION.sub(lambda m: shown(m["experiment"], m["check"]), text)


def _title_and_sections(source: str) -> tuple[str, dict[str, str]]:
    ((title, rest),) = _headed(source, "# ")
    return title, dict(_headed(rest, "## "))


def _headed(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """(heading, what stands below) for each heading of one depth."""
    pieces = re.split(rf"^{re.escape(mark)}(.+)$", text, flags=re.MULTILINE)
    return ((pieces[i].strip(), pieces[i + 1].strip()) for i in range(1, len(pieces), 2))


def _item(heading: str, body: str, language: Language) -> Item:
    words = ITEMS[language]
    if heading == words["wrong"]:
        options = re.findall(r"^- \[([ x])\] (.+(?:\n  .+)*)$", body, flags=re.MULTILINE)
        why = body[body.rindex(options[-1][1]) + len(options[-1][1]) :].strip()
        return Statements(tuple((_joined(text), mark == "x") for mark, text in options), why)
    if heading.startswith(words["predict"]):
        match = CITATION.search(heading)
        if match is None:
            raise ValueError(f"{heading!r} cites no check")
        return Prediction(heading[match.end() :].lstrip(": "), match["experiment"], match["check"])
    if heading.startswith(words["recall"]):
        points = re.findall(r"^- (.+(?:\n  .+)*)$", body, flags=re.MULTILINE)
        return Recall(heading[len(words["recall"]) :].lstrip(": "), tuple(map(_joined, points)))
    raise ValueError(f"{heading!r} is no self-test item; they begin with {', '.join(words.values())}")


def _joined(text: str) -> str:
    return " ".join(text.split())
