"""Results as tables of Markdown, for ``docs/tables.md``: scores and seconds by set, and what they come to.

The results that the page shows are kept beside the code, in ``results.json``, so whoever wants to check or go on has
each fit; ``python -m tests.docs.regenerate`` writes the page anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, stdev

from .report import OURS, SECONDS, YARDSTICK, Result, mean_score, of, ratios, relative, wins
from .sets import SETS, TableSet, error_of
from .systems import SYSTEMS

KEPT = Path(__file__).with_name("results.json")


def kept() -> list[Result]:
    """The results that the page shows."""
    found: list[Result] = json.loads(KEPT.read_text(encoding="utf-8"))["results"]
    return found


def scores(results: Sequence[Result]) -> str:
    """A row for each set: the mean test score of each system ± its standard deviation over the seeds."""

    def cell(one: TableSet, found: Sequence[Result], best: bool) -> str:
        spread = f" ± {stdev(r['score'] for r in found):.4f}" if len(found) > 1 else ""
        text = f"{mean_score(found):.4f}"
        return (f"**{text}**" if best else text) + spread

    return _by_set(results, cell)


def seconds(results: Sequence[Result]) -> str:
    """A row for each set: the median seconds of the processor for a fit of each system."""
    return _by_set(results, lambda one, found, best: f"{median(r[SECONDS] for r in found):.3g}")


def summary(results: Sequence[Result]) -> str:
    """A row for each system: errors and seconds beside the yardstick's, and the sets that it wins."""
    rows = []
    for system in _measured(results):
        found = relative(results, system)
        if found is None:
            continue
        better, count = wins(results, system)
        middle = median(error for error, _ in ratios(results, system))
        won = "" if system == YARDSTICK else f"{better} of {count}"
        seeds = {sum(r["system"] == system and r["set"] == one.name for r in results) for one in SETS} - {0}
        rows.append((system, f"{found[0]:.3f}", f"{middle:.3f}", f"{found[1]:.3g}", won, _span(seeds)))
    head = ("system", "error, mean", "error, median", "seconds, mean", f"better than {YARDSTICK} on", "seeds")
    return _table(head, sorted(rows, key=lambda row: float(row[1])))


def _span(counts: set[int]) -> str:
    least, most = min(counts), max(counts)
    return f"{least}" if least == most else f"{least} to {most}"


def _by_set(results: Sequence[Result], cell: Callable[[TableSet, Sequence[Result], bool], str]) -> str:
    """A row for each set, with a cell for each system; the third argument of ``cell`` says who has the best score."""
    systems = _measured(results)
    rows = []
    for one in SETS:
        found = {system: known for system in systems if (known := of(results, one, system))}
        if not found:
            continue
        best = min(found, key=lambda system: error_of(one, mean_score(found[system])))
        cells = (cell(one, found[system], system == best) if system in found else "" for system in systems)
        metric = f"{one.metric.replace('_', ' ')} {'↑' if one.higher_is_better else '↓'}"
        rows.append((one.name, metric, *cells))
    return _table(("set", "metric", *systems), rows)


def _measured(results: Sequence[Result]) -> list[str]:
    """The systems that have results, ours first."""
    names = {r["system"] for r in results}
    return sorted((s.name for s in SYSTEMS if s.name in names), key=lambda name: not name.startswith(OURS))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
