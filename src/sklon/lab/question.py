"""A question as data: one folder with its facts, its answers in every language, its rubric and its experiments.

::

    questions/q09_batch_size/
        question.toml     number, slug, topic, origin, other wordings, lines in PyTorch, sources
        rubric.toml       what a complete answer says, and what is wrong: for judging learners' notes
        en.md, ru.md      the answers
        experiments.py    EXPERIMENTS
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeAlias

from .answer import Answer, read_answer
from .experiment import Experiment
from .rubric import Rubric, read_rubric
from .text import LANGUAGES, Language
from .topics import Topic, topic_of

#: where a question comes from: the notes asked it, left it open, or we propose it for a gap in their numbers
Origin: TypeAlias = Literal["notes", "open point", "proposed"]
PACKAGE = "sklon.lab.questions"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim can be looked up."""

    title: str
    url: str


@dataclass(frozen=True)
class Question:
    """One question. Texts and experiments are read when they are first asked for."""

    folder: str
    number: str
    slug: str
    topic: Topic
    origin: Origin
    asked: tuple[str, ...]
    pytorch: str
    sources: tuple[Source, ...]

    @cached_property
    def answers(self) -> Mapping[Language, Answer]:
        """The answer in each language."""
        return {language: read_answer(_text(self.folder, f"{language}.md"), language) for language in LANGUAGES}

    @cached_property
    def rubric(self) -> Rubric:
        """By what an answer to this question is judged."""
        return read_rubric(tomllib.loads(_text(self.folder, "rubric.toml")))

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments, the decisive one first; empty where the component arrives later."""
        if not _folder(self.folder).joinpath("experiments.py").is_file():
            return ()
        found: tuple[Experiment, ...] = import_module(f"{PACKAGE}.{self.folder}.experiments").EXPERIMENTS
        return found


def read_question(folder: str) -> Question:
    """The question of a folder."""
    facts: dict[str, Any] = tomllib.loads(_text(folder, "question.toml"))
    return Question(
        folder=folder,
        number=facts["number"],
        slug=facts["slug"],
        topic=topic_of(facts["topic"]),
        origin=facts["origin"],
        asked=tuple(facts["asked"]),
        pytorch=facts["pytorch"].strip(),
        sources=tuple(Source(s["title"], s["url"]) for s in facts["sources"]),
    )


def folders() -> list[str]:
    """The folders of all questions, in the order of their numbers."""
    return sorted(e.name for e in files(PACKAGE).iterdir() if e.is_dir() and e.joinpath("question.toml").is_file())


def _folder(name: str) -> Traversable:
    return files(PACKAGE).joinpath(name)


def _text(folder: str, name: str) -> str:
    return _folder(folder).joinpath(name).read_text(encoding="utf-8")
