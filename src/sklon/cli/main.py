"""The commands. Each is a thin shell: read flags, call one function of ``runs``, print what it gives.

What a command computes is not here; how it ends and to which stream it writes is in ``terminal``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sklon._base.errors import InputError

from . import cache, derive, lab
from .flags import from_file, given, with_settings
from .output import check_output, opened
from .terminal import INTERRUPTED, Terminal, guarded

if TYPE_CHECKING:
    from sklon.data import Table
    from sklon.runs import Run

app = typer.Typer(
    name="sklon",
    help="Train a network on a table, and use it again; ask how training works, and see it proved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(lab.app)
app.add_typer(cache.app)

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but the result and errors.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run that stands at --out.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings from a TOML file; flags go before it."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="RUN", help="The run folder to write.", show_default="NAME-run"),
]

Resume = Annotated[
    Path | None,
    typer.Option("--resume", metavar="RUN", help="Go on with this run: killed, interrupted or to train longer."),
]

TRAIN_EXAMPLE = "Example: sklon train houses.csv --target price"
PREDICT_EXAMPLE = "Example: sklon predict houses-run new.csv -o prices.csv"
EVALUATE_EXAMPLE = "Example: sklon evaluate houses-run sold.csv"
SHOW_EXAMPLE = "Example: sklon show houses-run houses-run-2"
DEMO_EXAMPLE = "Example: sklon demo --out letters-run"


@app.callback(invoke_without_command=True)
def sklon(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train a network on a table, and use it again; ask how training works, and see it proved."""
    if version:
        from importlib.metadata import version as version_of

        print(version_of("sklon"))
        raise typer.Exit


@app.command(epilog=TRAIN_EXAMPLE)
@guarded
@with_settings
def train(
    context: typer.Context,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COLUMN", help="The column to predict.", show_default="needed, or --resume"),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option("--validation", metavar="FILE", help="Validate on this file instead of on held-out rows."),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="Score on this file at the end; it is used for nothing else."),
    ] = None,
    config: Config = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    json: Json = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Train a network that predicts one column of a table from the others.

    Writes a run folder with the model, its record and a report to open in a browser.
    """
    words = from_file(config) | given(context, settings)
    more: dict[str, Any] = {"validation": validation, "test": test, "resume": resume}
    _train(table, target, Terminal(quiet, json), words, out=out, overwrite=overwrite, **more)


@app.command(epilog=DEMO_EXAMPLE)
@guarded
@with_settings
def demo(
    context: typer.Context,
    config: Config = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = None,
    json: Json = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Train on the data set that comes with sklon: which letter does a picture show?"""
    from sklon.data import LETTERS

    terminal = Terminal(quiet, json)
    terminal.tell(LETTERS.about)
    words = from_file(config) | given(context, settings)
    _train(LETTERS.path, LETTERS.target, terminal, words, out=out, overwrite=overwrite, resume=resume)


@app.command(epilog=PREDICT_EXAMPLE)
@guarded
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that sklon train wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default="standard output"),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict every row of a table with a trained network, in the order of the rows.

    Writes CSV with the column "prediction", and "probability_CLASS" for each class.
    """
    from sklon.data import read
    from sklon.runs import load_table

    terminal = Terminal(quiet, json)
    if output is None and json:
        raise InputError("--json describes the file that is written, so it needs --output FILE")
    check_output(output, table)
    trained, rows = load_table(run), read(table)
    predictions = trained.predict(rows)
    for note in (*trained.preparation.notes(rows), *_absent(trained, rows)):
        terminal.tell(f"{note}.")
    with opened(output) as file:
        predictions.write_csv(file)
    if output is None:
        return
    described = {"output": str(output), "rows": len(predictions), "columns": list(predictions.columns)}
    terminal.result(described, f"{len(predictions):,} predictions in {output}")


@app.command(epilog=EVALUATE_EXAMPLE)
@guarded
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that sklon train wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with the target.")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score a trained network on rows with known answers."""
    from sklon.data import read
    from sklon.runs import load_table
    from sklon.runs.evaluation import told

    terminal = Terminal(quiet, json)
    trained, rows = load_table(run), read(table)
    evaluation = trained.evaluate(rows)
    for note in trained.preparation.notes(rows):
        terminal.tell(f"{note}.")
    terminal.result(evaluation, *told(trained.record["task"]["kind"], evaluation))


@app.command(epilog=SHOW_EXAMPLE)
@guarded
def show(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="Runs, or folders of runs.")] = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the reports in a browser.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the runs in a folder, tell about one, or compare several."""
    from sklon.runs.comparison import compared, find_runs
    from sklon.runs.sentences import summary

    terminal = Terminal(quiet, json)
    found = find_runs(runs or [Path()], terminal.tell)
    if len(found) == 1:
        terminal.result(found[0].summary(), *summary(found[0].record), found[0].record["command"])
    else:
        terminal.result({"runs": [run.summary() for run in found]}, *compared(found))
    if browse:
        import webbrowser

        for run in found:
            assert run.path is not None
            webbrowser.open((run.path / "report.html").resolve().as_uri())


app.command(epilog=derive.EXAMPLE, context_settings=derive.SETTINGS)(derive.derive)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    app(arguments)


def _train(
    table: Path,
    target: str | None,
    terminal: Terminal,
    words: dict[str, Any],
    *,
    out: Path | None,
    resume: Path | None = None,
    **more: Any,
) -> None:
    from sklon.runs import train as train_run
    from sklon.runs.folder import free_name

    run = train_run(
        table,
        target=target,
        out=out or (free_name(table.stem) if resume is None else None),
        resume=resume,
        progress=terminal.progress,
        say=terminal.tell,
        **more,
        **words,
    )
    terminal.result(run.summary(), *_told(run))
    if run.record["status"] == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _absent(run: Run, rows: Table) -> tuple[str, ...]:
    """A note about each column of --id that a table lacks."""
    ids = run.record["settings"]["id"]
    return tuple(
        f"{rows.source} has no column {name!r}, so predictions lack it" for name in ids if name not in rows.names
    )


def _told(run: Run) -> tuple[str, ...]:
    from sklon.runs.sentences import summary

    assert run.path is not None
    return (*summary(run.record), f"The report is {run.path / 'report.html'}, the run is {run.path}.")
