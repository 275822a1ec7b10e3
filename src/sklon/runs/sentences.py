"""What a run says in plain words: how good, compared with what, and what to distrust.

Every function takes the record of a run (what ``run.json`` holds) and gives text; nothing is computed here
but differences and shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sklon.data import REGRESSION

Record: TypeAlias = Mapping[str, Any]

FEW_ROWS = 200
"""Fewer validation rows than this leave the second digit of a score open."""
CLOSE = 0.01
"""A gain over the linear model below this share is called none."""


def plain(value: float) -> str:
    """A number with four digits that mean something, and separators where it is long.

    >>> plain(0.48533), plain(206855.8)
    ('0.4853', '206,856')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share as a percentage with one digit after the point.

    >>> percent(0.8531)
    '85.3 %'
    """
    return f"{100 * share:.1f} %"


def headline(record: Record) -> str:
    """How good the predictions are on the rows that were held out."""
    scores, target = record["scores"]["network"], record["task"]["target"]
    rows = f"{record['data']['rows']['validation']:,}"
    low, high = record["scores"]["interval"]
    if record["task"]["kind"] == REGRESSION:
        return (
            f"On {rows} rows that it did not train on, its prediction of {target} is off by "
            f"{plain(scores['mae'])} on average (root mean squared error {plain(scores['rmse'])}, "
            f"with 95 % certainty between {plain(low)} and {plain(high)})."
        )
    return (
        f"On {rows} rows that it did not train on, it gives the right {target} in "
        f"{percent(scores['accuracy'])} of them (with 95 % certainty between {percent(low)} and "
        f"{percent(high)})."
    )


def comparison(record: Record) -> str:
    """What the network gains over answering without looking, and over a linear model."""
    errors = {name: error(record, name) for name in ("network", "linear", "trivial")}
    regression = record["task"]["kind"] == REGRESSION
    less, what = ("less", "error") if regression else ("fewer", "wrong answers")
    easy = "the mean" if regression else "the most frequent label"
    network, linear, trivial = errors["network"], errors["linear"], errors["trivial"]
    assert network is not None and trivial is not None
    if trivial == 0 or network >= trivial:
        return f"Always answering {easy} is as good: the columns seem to say nothing about the target."
    first = f"That is {percent(1 - network / trivial)} {less} {what} than always answering {easy}"
    if linear is None:
        return f"{first}; scikit-learn is not installed, so there is no linear model to compare with."
    gain = 1 - network / linear if linear else 0.0
    if abs(gain) < CLOSE:
        return f"{first}; a linear model does as well."
    if gain < 0:
        return f"{first}, but a linear model makes {percent(1 - linear / network)} {less} still."
    return f"{first}, and {percent(gain)} {less} than a linear model."


def caution(record: Record) -> str:
    """What to distrust in these numbers."""
    rows, stopped = record["data"]["rows"]["validation"], record["stopped"]
    doubts = []
    if rows < FEW_ROWS:
        doubts.append(f"{rows} rows are few to judge by")
    if record["status"] == "interrupted":
        doubts.append("the training was interrupted")
    elif stopped["reason"] == "non_finite":
        doubts.append("the training broke off because the loss grew beyond all numbers; try a smaller lr")
    elif stopped["best_epoch"] == stopped["epoch"] and stopped["reason"] in ("epochs", "time_limit"):
        doubts.append("the loss was still falling when the training ended, so more epochs may help")
    test = record.get("test")
    if test:
        doubts.append(
            f"on {test['rows']:,} rows of {test['source']}, which chose nothing, its {test['metric']} is "
            f"{plain(test['scores'][test['metric']])}"
        )
    if suspects := record.get("suspects"):
        names = " and ".join(suspects[:3])
        doubts.insert(
            0,
            f"{names} alone predicts {record['task']['target']} almost perfectly: if it is not known "
            "before the answer is, it leaks it (--ignore leaves it out)",
        )
    chosen = "the same rows chose the epoch whose weights were kept, so expect slightly less on new rows"
    return "What to distrust: " + "; ".join([chosen, *doubts]) + "."


def error(record: Record, predictor: str) -> float | None:
    """The root mean squared error, or the share of wrong answers; ``None`` if there is no such predictor."""
    scores = record["scores"][predictor]
    if scores is None:
        return None
    value: float = scores["rmse"] if record["task"]["kind"] == REGRESSION else 1 - scores["accuracy"]
    return value


def summary(record: Record) -> tuple[str, str, str]:
    """The three sentences at the top of the report."""
    return headline(record), comparison(record), caution(record)
