"""``sklon lab``: the page; list, run, answer, report, cards, quiz, progress. Thin shells around the lab."""

from __future__ import annotations

import locale
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sklon._base.errors import InputError

from .output import check_output
from .terminal import BUG, Terminal, guarded

if TYPE_CHECKING:
    from sklon.lab.text import Language

app = typer.Typer(
    name="lab",
    help="The twelve topics as questions: answers that are proved by experiments on this engine.\n\n"
    "Without a command they open as a page in the browser, until Ctrl-C. It is served to this computer only.",
    epilog="Example: sklon lab --lang ru",
)

Which = Annotated[str, typer.Argument(metavar="WHICH", help="A question (Q9, batch-size) or an experiment (E9b).")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|ru", help="The language.", show_default="the locale's")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Where randomness starts.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but the result and errors.")]


@app.callback(invoke_without_command=True)
@guarded
def page(
    context: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the page is served; 0 takes any free port.")
    ] = 8733,
    lang: Lang = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser; say the address only.")] = False,
) -> None:
    """Open the page, unless a command was given."""
    if context.invoked_subcommand is not None:
        return
    language, terminal = _language(lang), Terminal(quiet=False, json=False)

    def ready(address: str, chosen: int) -> None:
        if chosen != port and port:
            terminal.tell(f"Port {port} is busy, so the page is at {chosen}.")
        if lang is not None:
            address += f"{language}/"
        terminal.tell(f"The lab is at {address} (Ctrl-C ends it)")
        if not no_browser:
            import webbrowser

            webbrowser.open(address)

    _server().serve(language, port=port, ready=ready)


@app.command("list", epilog="Example: sklon lab list")
@guarded
def list_(lang: Lang = None, json: Json = False, quiet: Quiet = False) -> None:
    """List all questions with their experiments."""
    from sklon.lab import all_questions

    language = _language(lang)
    rows = [
        {
            "number": q.number,
            "slug": q.slug,
            "topic": q.topic.title.of(language),
            "origin": q.origin,
            "title": q.answers[language].title,
            "experiments": [e.number for e in q.experiments],
        }
        for q in all_questions()
    ]
    lines = [f"{r['number']:4} {r['slug']:24} {r['title']} [{', '.join(r['experiments'])}]" for r in rows]
    Terminal(quiet, json).result({"questions": rows}, *lines)


@app.command(epilog="Example: sklon lab run Q9 --set batch_size=8")
@guarded
def run(
    which: Which,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Turn a control; may be repeated.")
    ] = None,
    fault: Annotated[bool, typer.Option("--fault", help="Build a fault in: a check has to fail.")] = False,
    seed: Seed = 0,
    lang: Lang = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the experiments of a question, and say what was measured and what theory predicts.

    Ends with 1 if a check fails that should hold, or if a fault is not noticed.
    """
    from sklon.lab import run as run_experiments

    language = _language(lang)
    outcome = run_experiments(which, seed=seed, fault=fault, **_settings(set_ or []))
    summary = {
        "question": outcome.question.number,
        "as_expected": outcome.as_expected,
        "results": [result.summary(language) for result in outcome.results],
    }
    Terminal(quiet, json).result(summary, *outcome.lines(language))
    if not outcome.as_expected:
        raise typer.Exit(BUG)


@app.command(epilog="Example: sklon lab answer notes.md -o answered.md --lang ru")
@guarded
def answer(
    notes: Annotated[Path, typer.Argument(metavar="NOTES", help="Your notes: Markdown with questions and answers.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default="standard output"),
    ] = None,
    seed: Seed = 0,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="en|ru", help="The language.", show_default="the notes'")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge the answers in your notes, fill in the blanks, and add what is measured here.

    Your words stay. Figures go to the folder FILE-figures.
    """
    writing, terminal = _writing(), Terminal(quiet, json)
    if output is None and json:
        raise InputError("--json describes the file that is written, so it needs --output FILE")
    check_output(output, notes, "the file of notes")
    language = _language(lang, writing.read_text(notes))
    answered = writing.answer(notes, output, language, seed=seed, say=terminal.tell)
    for entry in answered.unknown:
        terminal.tell(f"not recognized, left as it is: line {entry.question.start + 1}: {entry.question.text}")
    if output is None:
        terminal.result({}, answered.text.rstrip("\n"))
        return
    terminal.result(answered.summary(output), *answered.lines(output))


@app.command(epilog="Example: sklon lab report -o report.html --lang ru")
@guarded
def report(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.")],
    seed: Seed = 0,
    lang: Lang = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run all experiments and write one printable page with every question, answer, figure and measured value."""
    writing, terminal = _writing(), Terminal(quiet, json)
    check_output(output, None)
    outcomes = writing.report(output, _language(lang), seed=seed, say=terminal.tell)
    checks = [c for o in outcomes for r in o.results for c in r.checks]
    passed = sum(c.passed for c in checks)
    summary = {"output": str(output), "questions": len(outcomes), "checks": len(checks), "passed": passed}
    terminal.result(summary, f"{len(outcomes)} questions, {passed} of {len(checks)} checks hold: {output}")
    if passed < len(checks):
        raise typer.Exit(BUG)


@app.command(epilog="Example: sklon lab cards -o cards.tsv --lang ru")
@guarded
def cards(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    lang: Lang = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write questions, follow-ups and self-tests as cards that Anki imports."""
    check_output(output, None)
    count = _writing().cards(output, _language(lang))
    Terminal(quiet, json).result({"output": str(output), "cards": count}, f"{count} cards in {output}")


@app.command(epilog="Example: sklon lab quiz --interview 6 --lang ru")
@guarded
def quiz(
    which: Annotated[
        str | None, typer.Argument(metavar="[WHICH]", help="Only this question (Q9, batch-size).", show_default=False)
    ] = None,
    interview: Annotated[
        int | None, typer.Option("--interview", metavar="N", min=1, help="N items of mixed topics against the clock.")
    ] = None,
    new: Annotated[
        int | None, typer.Option("--new", metavar="N", min=0, help="New items a day.", show_default="10")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Where randomness starts.", show_default="anywhere")
    ] = None,
    lang: Lang = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Test yourself: what is due, then new items. Each answer is kept and comes again when it is time."""
    from .quiz import interview as interviewed
    from .quiz import on_the_agenda, questioned, review, told_interview, told_marks

    language = _language(lang)
    with _complaining_in(language):
        question = questioned(which)
        if interview is not None:
            given = interviewed(interview, question, language, seed)
            marks, lines = [g.marked for g in given], told_interview(given, language)
        else:
            marks, lines = review(on_the_agenda(question, new), language, seed), []
    summary, sentences = told_marks(marks, language)
    Terminal(quiet, json).result(summary, *lines, *sentences)


@app.command(epilog="Example: sklon lab progress --export progress-copy.json")
@guarded
def progress(
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Copy everything to a new file.", show_default=False)
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Add all that a copy holds.", show_default=False)
    ] = None,
    lang: Lang = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what you have done and what is due; copy it to a file, or add what such a file holds.

    It is kept in one file on this machine, which SKLON_PROGRESS names.
    """
    from .quiz import learning_room, status

    language = _language(lang)
    with _complaining_in(language):
        file = learning_room().progress_file()
        if import_ is not None:
            file.take_in(import_)
        held = file.read() if export is None else file.copy_to(export)
    summary, sentences = status(held, language)
    Terminal(quiet, json).result({"file": str(file.path), **summary}, *sentences)


def _server() -> ModuleType:
    """What serves the page, if its libraries are installed."""
    try:
        from sklon.lab.page import server
    except ImportError as error:
        raise InputError(f"the page needs {error.name}: pip install 'sklon[lab]'") from error
    return server


def _writing() -> ModuleType:
    """What reads and writes texts, if its libraries are installed."""
    try:
        from sklon.lab import writing
    except ImportError as error:
        raise InputError(f"this needs {error.name}: pip install 'sklon[lab]'") from error
    return writing


def _language(name: str | None, text: str = "") -> Language:
    """The language that was asked for; else that of a text, else the locale's, else English."""
    from sklon.lab.text import language_of, language_written_in

    if name is not None:
        return language_of(name)
    if text:
        return language_written_in(text)
    return "ru" if (locale.getlocale()[0] or "").lower().startswith("ru") else "en"


@contextmanager
def _complaining_in(language: Language) -> Iterator[None]:
    """What cannot be used is told in the learner's language; what there is only in English stands behind."""
    from sklon.lab.complaints import complaint

    try:
        yield
    except InputError as error:
        told = complaint(error, language)
        raise InputError(f"{told.text} {told.detail}".rstrip()) from error


def _settings(given: list[str]) -> dict[str, Any]:
    """NAME=VALUE pairs as a table."""
    settings: dict[str, Any] = {}
    for pair in given:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise InputError(f"--set takes NAME=VALUE, such as --set batch_size=8, not {pair!r}")
        settings[name.strip().replace("-", "_")] = value.strip()
    return settings
