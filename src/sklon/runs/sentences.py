"""What a run says in plain words: how good, compared with what, and what to distrust.

Every function takes the record of a run (what ``run.json`` holds) and gives text; nothing is computed here
but differences and shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def counted(count: int, noun: str) -> str:
    """How many of something, in words.

    >>> counted(1, "row"), counted(3096, "row")
    ('1 row', '3,096 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def certainty(interval: Sequence[float] | None, write: Callable[[float], str] = plain) -> str:
    """An interval in brackets, to stand behind its score; nothing where there is none.

    >>> certainty((0.5, 0.7))
    ' (with 95 % certainty between 0.5 and 0.7)'
    """
    if interval is None:
        return ""
    low, high = interval
    return f" (with 95 % certainty between {write(low)} and {write(high)})"


def headline(record: Record) -> str:
    """How good the predictions are on the rows that were held out."""
    scores, target = record["scores"]["network"], record["task"]["target"]
    rows, interval = counted(record["data"]["rows"]["validation"], "row"), record["scores"]["interval"]
    if record["task"]["kind"] == REGRESSION:
        certain = certainty(interval).removeprefix(" (").removesuffix(")")
        return (
            f"On {rows} that it did not train on, its prediction of {target} is off by "
            f"{plain(scores['mae'])} on average (root mean squared error {plain(scores['rmse'])}"
            f"{', ' + certain if certain else ''})."
        )
    return (
        f"On {rows} that it did not train on, it gives the right {target} in "
        f"{percent(scores['accuracy'])} of them{certainty(interval, percent)}."
    )


def held_out(record: Record) -> str:
    """Which rows validated, to stand behind their number."""
    data, settings = record["data"], record["settings"]
    if data["validation"]:
        return f"of {data['validation']}"
    if settings["group_column"]:
        return f"of {data['source']}, whole groups of {settings['group_column']} held out at random"
    if settings["time_column"]:
        return f"of {data['source']}, the latest by {settings['time_column']}"
    shares = "" if record["task"]["kind"] == REGRESSION else ", every label in its share"
    return f"of {data['source']}, held out at random{shares}"


def comparison(record: Record) -> str:
    """What the network gains over answering without looking, and over a linear model."""
    errors = {name: error(record, name) for name in ("network", "linear", "trivial")}
    regression = record["task"]["kind"] == REGRESSION
    less, what = ("less", "error") if regression else ("fewer", "wrong answers")
    easy = "the mean" if regression else "the most frequent label"
    network, linear, trivial = errors["network"], errors["linear"], errors["trivial"]
    assert network is not None and trivial is not None
    if trivial == 0 or network >= trivial:
        good = "better" if network > (1 + CLOSE) * trivial else "as good"
        if linear is not None and linear < (1 - CLOSE) * trivial:
            won = percent(1 - linear / trivial)
            return (
                f"Always answering {easy} is {good}, yet a linear model makes {won} {less} {what} than that: "
                "the columns say something, so try more epochs or another lr."
            )
        return f"Always answering {easy} is {good}: the columns seem to say nothing about the target."
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
    chosen = "the same rows chose the epoch whose weights were kept, so expect slightly less on new rows"
    if record.get("test"):
        chosen = f"the same rows chose the epoch whose weights were kept; {_tested(record)}"
    return "What to distrust: " + "; ".join([chosen, *_doubts(record)]) + "."


def _doubts(record: Record) -> list[str]:
    """What else there is to distrust, the gravest first."""
    rows, stopped, doubts = record["data"]["rows"]["validation"], record["stopped"], []
    if suspects := record.get("suspects"):
        names = " and ".join(suspects[:3])
        doubts.append(
            f"{names} alone predicts {record['task']['target']} almost perfectly: if it is not known "
            "before the answer is, it leaks it (--ignore leaves it out)"
        )
    if rows < FEW_ROWS:
        doubts.append(f"{counted(rows, 'row')} {'is' if rows == 1 else 'are'} few to judge by")
    if record["status"] == "interrupted":
        doubts.append("the training was interrupted")
    elif stopped["reason"] == "non_finite":
        doubts.append("the training broke off because the loss grew beyond all numbers; try a smaller lr")
    elif stopped["best_epoch"] == stopped["epoch"] and stopped["reason"] in ("epochs", "time_limit"):
        doubts.append("the loss was still falling when the training ended, so more epochs may help")
    return doubts


def _tested(record: Record) -> str:
    """How good it is on the rows that chose nothing, as a clause."""
    test, target = record["test"], record["task"]["target"]
    where = f"on {counted(test['rows'], 'row')} of {test['source']}, which chose nothing, it"
    if record["task"]["kind"] == REGRESSION:
        return f"{where} is off by {plain(test['scores']['mae'])} on average"
    return f"{where} gives the right {target} in {percent(test['scores']['accuracy'])} of them"


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
