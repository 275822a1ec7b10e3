"""A trained network on rows with known answers: every metric, and where each lies with certainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.data import REGRESSION, Classes, Preparation, Table

from . import scores
from .intervals import Interval
from .predictions import Predictions
from .sentences import certainty, counted, plain


def with_target(table: Table, target: str, where: str = "") -> tuple[Table, tuple[str, ...]]:
    """The rows that have a target, and a note about those that have none; ``where`` is their place in it."""
    missing = table.column(target).missing
    count = int(np.count_nonzero(missing))
    if not count or count == len(table):
        return table, ()
    were = "was" if count == 1 else "were"
    note = f"{counted(count, 'row')}{where} without {target} {were} left out."
    return table.take(np.flatnonzero(~missing)), (note,)


def answers(preparation: Preparation, table: Table) -> tuple[Table, scores.Values]:
    """The rows that have a target, and their true values; an error that says what the table lacks.

    A label that the network does not know counts as -1, an answer that is always wrong.
    """
    preparation.inputs(table)
    target = preparation.target
    table, _ = with_target(table, target.name)
    column = table.column(target.name)
    if column.missing.all():
        raise InputError(f"the target {target.name!r} has no value in any row of {table.source}")
    truth = scores.truth_of(target, column)
    if isinstance(target, Classes):
        if (truth < 0).all():
            raise InputError(f"{table.source} has none of the labels {', '.join(target.labels)} in {target.name!r}")
        return table, truth
    wrong = ~np.isfinite(truth)
    if wrong.any():
        first = column.text[np.flatnonzero(wrong)[0]]
        count = counted(int(np.count_nonzero(wrong)), "row")
        raise InputError(
            f"the target {target.name!r} in {table.source} is no finite number in {count}, such as {first!r}"
        )
    return table, truth


def judged(
    kind: str, source: str, left_out: int, truth: scores.Values, predicted: Predictions, metric: scores.Metric
) -> dict[str, Any]:
    """The scores of predictions as what ``json`` can write."""
    values = predicted.prediction if kind == REGRESSION else predicted.probabilities
    assert values is not None
    found = scores.intervals_of(kind, truth, values)
    return {
        "source": source,
        "rows": len(truth),
        "rows_without_target": left_out,
        "unknown_labels": 0 if kind == REGRESSION else int(np.count_nonzero(truth < 0)),
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "interval": _listed(found[metric.name]),
        "intervals": {name: _listed(one) for name, one in found.items()},
        "scores": scores.score(kind, truth, values),
    }


def told(kind: str, evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    """An evaluation in sentences: one per metric, then what was left out."""
    lines = [f"{counted(evaluation['rows'], 'row')} of {evaluation['source']}:"]
    lines += [
        f"  {metric.words}: {plain(evaluation['scores'][metric.name])}{certainty(evaluation['intervals'][metric.name])}"
        for metric in scores.METRICS[kind]
    ]
    return (*lines, *left_out(evaluation))


def left_out(evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    """What an evaluation could not judge, in sentences."""
    lines = []
    if count := evaluation["rows_without_target"]:
        were = "was" if count == 1 else "were"
        lines.append(f"{counted(count, 'row')} of {evaluation['source']} without a target {were} left out.")
    if count := evaluation["unknown_labels"]:
        have, count_as = ("has a label", "it counts") if count == 1 else ("have labels", "they count")
        lines.append(
            f"{counted(count, 'row')} of {evaluation['source']} {have} that it never saw; {count_as} as wrong."
        )
    return tuple(lines)


def _listed(interval: Interval) -> list[float] | None:
    return None if interval is None else list(interval)
