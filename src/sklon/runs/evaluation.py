"""A trained network on rows with known answers: every metric, and where the first one lies with certainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.data import REGRESSION, Classes, Preparation, Table

from . import scores
from .predictions import Predictions
from .problem import with_target


def answers(preparation: Preparation, table: Table) -> tuple[Table, scores.Values]:
    """The rows that have a target, and their true values; an error that says what the table lacks.

    A label that the network does not know counts as -1, an answer that is always wrong.
    """
    preparation.inputs(table)
    target = preparation.target
    table, _ = with_target(table, target.name)
    column = table.column(target.name)
    truth = scores.truth_of(target, column)
    if isinstance(target, Classes):
        if (truth < 0).all():
            raise InputError(f"{table.source} has none of the labels {', '.join(target.labels)} in {target.name!r}")
        return table, truth
    if not np.isfinite(truth).all():
        count = int(np.count_nonzero(~np.isfinite(truth)))
        raise InputError(f"the target {target.name!r} in {table.source} is no finite number in {count} rows")
    return table, truth


def judged(kind: str, source: str, left_out: int, truth: scores.Values, predicted: Predictions) -> dict[str, Any]:
    """The scores of predictions as what ``json`` can write."""
    values = predicted.prediction if kind == REGRESSION else predicted.probabilities
    assert values is not None
    metric = scores.METRICS[kind][0]
    return {
        "source": source,
        "rows": len(truth),
        "rows_without_target": left_out,
        "unknown_labels": 0 if kind == REGRESSION else int(np.count_nonzero(truth < 0)),
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "interval": list(scores.interval(kind, truth, values)),
        "scores": scores.score(kind, truth, values),
    }


def told(kind: str, evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    """An evaluation in sentences: one per metric, then what was left out."""
    low, high = evaluation["interval"]
    lines = [f"{evaluation['rows']:,} rows of {evaluation['source']}:"]
    for metric in scores.METRICS[kind]:
        certainty = f" (95 % certain between {low:.4g} and {high:.4g})" if metric.name == evaluation["metric"] else ""
        lines.append(f"  {metric.words}: {evaluation['scores'][metric.name]:.4g}{certainty}")
    if evaluation["rows_without_target"]:
        lines.append(f"{evaluation['rows_without_target']} rows without a target were left out.")
    if evaluation["unknown_labels"]:
        lines.append(f"{evaluation['unknown_labels']} rows have labels that it never saw; they count as wrong.")
    return tuple(lines)
