"""Several runs side by side, as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sklon._base.errors import RunFolderError

from .folder import RECORD
from .run import Run, load
from .settings import show

HEAD = ("run", "target", "metric", "score", "rows", "epochs", "seconds", "settings")


def find_runs(places: Sequence[Path], say: Callable[[str], None] = lambda sentence: None) -> tuple[Run, ...]:
    """The runs at these places: run folders, or folders that hold some.

    Of the runs that are in a folder, those that cannot be read are left out, if there are others, and said.
    """
    return tuple(run for place in places for run in _runs(place, say))


def compared(runs: Sequence[Run]) -> Iterator[str]:
    """A table in text, a line per run, the best score of a target and metric marked with a star."""
    best = {_key(run): _best(run, runs) for run in runs}
    rows = [HEAD, *(_row(run, best[_key(run)]) for run in runs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _runs(place: Path, say: Callable[[str], None]) -> list[Run]:
    if not place.is_dir() or (place / RECORD).is_file():
        return [load(place)]
    found: list[Run] = []
    errors: list[RunFolderError] = []
    for path in sorted(path.parent for path in place.glob(f"*/{RECORD}")):
        try:
            found.append(load(path))
        except RunFolderError as error:
            errors.append(error)
    if not found:
        raise errors[0] if errors else RunFolderError(f"there is no run in {place}; sklon train writes one")
    for reason in errors:
        say(f"{reason}; left out.")
    return found


def _key(run: Run) -> tuple[str, str, str]:
    record = run.record
    return record["task"]["target"], record["scores"]["metric"], record["data"]["sha256"]


def _best(run: Run, runs: Sequence[Run]) -> float:
    rivals = [other.score for other in runs if _key(other) == _key(run)]
    return max(rivals) if run.record["scores"]["higher_is_better"] else min(rivals)


def _row(run: Run, best: float) -> tuple[str, ...]:
    record = run.record
    defaults = {"threads", "seed"}
    changed = {name: value for name, value in run.settings.changed().items() if name not in defaults}
    return (
        str(run.path),
        record["task"]["target"],
        record["scores"]["metric"],
        f"{run.score:.4g}{'*' if run.score == best else ''}",
        f"{record['data']['rows']['training']:,}",
        str(record["stopped"]["epoch"]),
        f"{record['seconds']:.1f}",
        " ".join(f"{name}={show(value)}" for name, value in changed.items()),
    )
