"""What the lab writes: answered notes with their figures, the report, cards. Files appear whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from sklon._base.errors import InputError
from sklon.runs.folder import replacing

from .cards import as_tsv, cards_of
from .catalogue import all_questions
from .drawing import drawn_for_file
from .notes.answering import Answered, answer_notes, recognised_in
from .notes.comment import Plan
from .question import Question
from .report import render
from .running import Outcome, run
from .text import Language

#: told before each question's experiments run
Say = Callable[[str], None]


def measure(questions: Iterable[Question], say: Say | None = None, seed: int = 0) -> dict[str, Outcome]:
    """The outcome of each question's experiments, by its number."""
    measured: dict[str, Outcome] = {}
    for question in questions:
        if say is not None and question.experiments:
            say(f"measuring {', '.join(e.number for e in question.experiments)}")
        measured[question.number] = run(question.number, seed=seed)
    return measured


def answer(
    notes: Path, output: Path | None, language: Language = "en", *, seed: int = 0, say: Say | None = None
) -> Answered:
    """Answer a learner's notes and write them to ``output``, with figures in the folder ``STEM-figures`` beside it.

    Without ``output`` nothing is written. Raises InputError for what cannot be read, has no questions, or was answered
    before.
    """
    text = read_text(notes)
    if output is not None:
        check_folder(output)
    read, recognised = recognised_in(text, notes.name)
    measured = measure((r.question for r in recognised if r.question is not None), say, seed)
    folder = output.with_name(f"{output.stem}-figures") if output is not None else None
    plan = Plan(language, measured, folder.name if folder is not None else None, version("sklon"))
    answered = answer_notes(read, recognised, plan)
    if output is not None and folder is not None:
        _write_figures(folder, measured.values(), language)
        write(output, answered.text)
    return answered


def read_text(path: Path) -> str:
    """A text file in UTF-8; InputError for what is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8; save it as UTF-8 Markdown") from error


def check_folder(output: Path) -> None:
    """Refuse a place that cannot be written to before anything is measured."""
    parent, figures = output.absolute().parent, output.with_name(f"{output.stem}-figures")
    if not parent.is_dir():
        raise InputError(f"{output} cannot be written, because the folder {output.parent} does not exist")
    if figures.exists() and not figures.is_dir():
        raise InputError(f"the figures go to the folder {figures}, but that is a file; give --output another name")


def write(output: Path, text: str) -> None:
    """A text file that takes its place when it is complete."""
    with replacing(output) as file:
        file.write(text)


def _write_figures(folder: Path, outcomes: Iterable[Outcome], language: Language) -> None:
    folder.mkdir(exist_ok=True)
    for outcome in outcomes:
        for result in outcome.results:
            write(folder / f"{result.experiment.number}.svg", drawn_for_file(result.figure, language))


def report(output: Path, language: Language = "en", *, seed: int = 0, say: Say | None = None) -> Sequence[Outcome]:
    """Run all experiments and write the page with every question to ``output``."""
    check_folder(output)
    measured = measure(all_questions(), say, seed)
    write(output, render(all_questions(), measured, language, version("sklon")))
    return tuple(measured.values())


def cards(output: Path, language: Language = "en") -> int:
    """Write the cards of all questions for Anki, and return how many they are."""
    made = cards_of(all_questions(), language)
    write(output, as_tsv(made))
    return len(made)
