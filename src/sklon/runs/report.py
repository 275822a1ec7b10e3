"""The page about a run: one self-contained HTML file, readable wide and narrow, light and dark, offline.

It is a pure function of the run's record, its history and the predictions for the validation rows. It opens
with three sentences; pictures, scores, columns, settings and the way to repeat the run follow.
No data row, path, user or host name enters it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from sklon.data import REGRESSION, Classes, Preparation

from . import pictures
from .dependence import MOST_ROWS
from .dependence_pictures import dependences
from .losses import LOSSES
from .page import document, escaped, figure, section, table
from .scores import IN_WORDS, METRICS, Evidence, Metric
from .sentences import Record, counted, error, held_out, percent, plain, summary

MOST_COLUMNS = 20
"""So many of the most important columns are shown."""

MOST_CLASSES = 60
"""So many of the most frequent labels have their precision and recall shown."""

USES = {
    "validation": "They chose the epoch whose weights were kept, and when to stop.",
    "test": "They were looked at once, when the training was over, and chose nothing.",
}
DEPENDENCE_CAUTION = (
    "Where columns go together, such a change makes rows that do not occur: trust a curve less the more its column "
    "agrees with others."
)
BENT = "The linear model bends numbers at the network's bins."
CERTAIN = "Below each score stands where it lies with 95 % certainty."


def render(record: Record, history: Sequence[Mapping[str, Any]], evidence: Evidence) -> str:
    """The page as text."""
    target, source = record["task"]["target"], record["data"]["source"]
    body = (
        _lead(record),
        section("How it learned", _curves(record, history)),
        section(
            "How far to trust it",
            f'<div class="pair">{_agreement(evidence)}{_reliability(evidence)}</div>',
            *(_scores(record["task"]["kind"], *part) for part in _judged(record)),
            _by_class(evidence),
        ),
        *([section("What it leans on", _importance(record), _dependence(record))] if record["importance"] else []),
        section("What was done to each column", _columns(record)),
        section("How to repeat it", _repeat(record), _settings(record)),
    )
    title = f"{target} from {source}"
    return document(title, "\n".join(body))


def _lead(record: Record) -> str:
    sentences = "".join(f"<p>{_unbroken(sentence)}</p>" for sentence in summary(record))
    return f'<section class="lead">{sentences}{_bars(record)}</section>'


def _unbroken(sentence: str) -> str:
    """A sentence as HTML whose percentages stay on one line."""
    return escape(sentence).replace(" %", "&nbsp;%")


def _bars(record: Record) -> str:
    """One bar per predictor: the error that it leaves, the shorter the better."""
    errors = {name: error(record, name) for name in IN_WORDS}
    known = {name: value for name, value in errors.items() if value is not None}
    longest = max(known.values()) or 1.0
    regression = record["task"]["kind"] == "regression"
    rows = "".join(
        f'<div class="bar {name}"><span class="who">{IN_WORDS[name]}</span>'
        f'<span class="track"><span class="fill" style="width:{100 * value / longest:.2f}%"></span></span>'
        f'<span class="value">{plain(value) if regression else percent(value)}</span></div>'
        for name, value in known.items()
    )
    what = "Root mean squared error" if regression else "Wrong answers"
    caption = f"{what} on the held-out rows; shorter is better.{f' {BENT}' if 'linear' in known else ''}"
    return f'<div class="bars"><p class="caption">{caption}</p>{rows}</div>'


def _curves(record: Record, history: Sequence[Mapping[str, Any]]) -> str:
    """The curves with what there is to say about them; words alone if no epoch was finished."""
    words = _learning(record)
    if not history:
        return f"<p>{words}</p>"
    loss = LOSSES[record["task"]["loss"]].curve
    return figure(pictures.loss_curves(history, record["stopped"]["best_epoch"], loss), words)


def _learning(record: Record) -> str:
    rows, stopped = record["data"]["rows"], record["stopped"]
    widths = " · ".join(str(width) for width in record["architecture"]["hidden"])
    return (
        f"{escape(stopped['sentence'])} {rows['training']:,} rows trained a network with hidden layers of "
        f"{escape(widths)} units, {record['batch_size']} rows a step, in {record['seconds']:.1f} s; "
        f"{rows['validation']:,} rows watched. The training loss is taken during the epoch and with dropout, so it "
        "may lie higher."
    )


def _agreement(evidence: Evidence) -> str:
    predicted, target = evidence.predicted["network"], evidence.target
    if isinstance(target, Classes):
        picture = pictures.confusion(target.labels, evidence.truth, np.argmax(predicted, axis=1))
        return figure(
            picture,
            f"Each row of squares is a true {escape(target.name)}; the stronger a square, the "
            "larger the share of it that got this prediction. Off the diagonal lie the mistakes.",
        )
    picture = pictures.predicted_against_true(evidence.truth, predicted, target.name)
    points = "Each point is a row."
    if len(predicted) > pictures.MOST_POINTS:
        points = "The stronger a cell, the more rows lie in it (by powers of ten)."
    return figure(picture, f"{points} On the dashed line the prediction is right, above it too high.")


def _reliability(evidence: Evidence) -> str:
    """Whether probabilities mean what they say, or how far the predictions of a quantity are off."""
    predicted, truth = evidence.predicted["network"], evidence.truth
    if not isinstance(evidence.target, Classes):
        picture = pictures.residuals(predicted - truth, evidence.target.name)
        return figure(picture, "How often the prediction is off by how much; to the right it is too high.")
    right = np.argmax(predicted, axis=1) == truth
    words = (
        "How often it is right when it is so sure. Each point gathers equally many rows, its bar holds the true share "
        "with 95 % certainty; below the dashed line it is too sure."
    )
    return figure(pictures.calibration(np.max(predicted, axis=1), right), words)


def _judged(record: Record) -> Iterator[tuple[str, str, Record]]:
    """The rows that were scored: which they are, what they were used for, and the scores."""
    yield (
        f"{counted(record['data']['rows']['validation'], 'row')} {held_out(record)}",
        USES["validation"],
        record["scores"],
    )
    if test := record["test"]:
        yield f"{counted(test['rows'], 'row')} of {test['source']}", USES["test"], test["compared"]


def _scores(kind: str, which: str, use: str, scores: Record) -> str:
    """A table of every metric of every predictor, with its interval."""
    present = [name for name in IN_WORDS if scores[name] is not None]
    rows = (
        [
            f"{escape(metric.words)} ({'more' if metric.higher_is_better else 'less'} is better)",
            *(_scored(metric, scores[name], scores["intervals"][name]) for name in present),
        ]
        for metric in METRICS[kind]
    )
    words = f'<h3>Scores on {escape(which)}</h3><p class="caption">{escape(use)} {CERTAIN}</p>'
    return words + table(["", *(IN_WORDS[name] for name in present)], rows, "numbers scores")


def _scored(metric: Metric, scores: Record, intervals: Record) -> str:
    """A score above its interval, as HTML."""
    write = plain if metric.in_unit else "{:.4f}".format
    ends = intervals[metric.name]
    between = "" if ends is None else f"<small>{' – '.join(map(write, ends))}</small>"
    return f"<b>{write(scores[metric.name])}</b>{between}"


def _by_class(evidence: Evidence) -> str:
    """Precision and recall of each class; nothing for quantities."""
    if not isinstance(evidence.target, Classes):
        return ""
    labels, truth = evidence.target.labels, evidence.truth
    answers = np.argmax(evidence.predicted["network"], axis=1)
    said, are = (np.bincount(part, minlength=len(labels)) for part in (answers, truth))
    right = np.bincount(truth[answers == truth], minlength=len(labels))
    shown = np.sort(np.argsort(-are, kind="stable")[:MOST_CLASSES])
    rows = escaped(
        [labels[i], _share(right[i], said[i]), _share(right[i], are[i]), f"{are[i]:,}"] for i in shown.tolist()
    )
    first = "" if len(shown) == len(labels) else f" The {len(shown)} most frequent of {len(labels)} labels."
    listed = table([evidence.target.name, "precision", "recall", "rows"], rows, "numbers")
    words = f"Precision: of the rows given a label, the share that has it. Recall: of those that have it.{first}"
    return f'<h3>Each label</h3><p class="caption">{words}</p>{listed}'


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "–"


def _importance(record: Record) -> str:
    regression = record["task"]["kind"] == REGRESSION
    longest = max(max(one["mean"] for one in record["importance"]), 1e-12)
    rows = "".join(
        f'<div class="bar"><span class="who">{escape(one["column"])}</span><span class="track">'
        f'<span class="fill" style="width:{100 * max(0.0, one["mean"]) / longest:.2f}%"></span></span>'
        f'<span class="value">{_change(one, regression)}</span></div>'
        for one in record["importance"][:MOST_COLUMNS]
    )
    what = "the root mean squared error grows" if regression else "the share of right rows falls, in percentage points,"
    flagged = "".join(
        f"<p><strong>{escape(name)}</strong> alone predicts almost perfectly: suspected leakage.</p>"
        for name in record["suspects"]
    )
    return f'{flagged}<p class="caption">By how much {what} when a column is shuffled.</p>{rows}'


def _dependence(record: Record) -> str:
    """How the mean prediction follows the most important columns, with what that means; nothing if none matters."""
    found = record["dependence"]
    if not found:
        return ""
    regression = record["task"]["kind"] == REGRESSION
    most = max(len(one["lines"]) for one in found)
    label = found[0]["lines"][0]["label"]
    what = f"predicted {label}" if regression else "probability" if most > 1 else f"probability of {label}"
    drawn = "".join(f"<figure>{svg}</figure>" for svg in dependences(found, what))
    words = f"{_turned(regression)}{_moving(record, most)} {DEPENDENCE_CAUTION}"
    return f'<h3>How it follows them</h3><p class="caption">{escape(words)}</p><div class="pair">{drawn}</div>'


def _turned(regression: bool) -> str:
    what = "What it predicts on average" if regression else "The probability that it gives on average"
    return (
        f"{what} when one column is set to the same value in up to {MOST_ROWS} held-out rows and nothing else changes "
        "(partial dependence), on one scale for all columns. Grey shows how many rows are near each value."
    )


def _moving(record: Record, most: int) -> str:
    labels = len(record["task"]["labels"] or ())
    return f" Of {labels} labels those {most} are drawn that move most." if 2 < most < labels else ""


def _change(one: Record, regression: bool) -> str:
    if regression:
        return f"{one['mean']:.3g} ± {one['spread']:.1g}"
    return f"{100 * one['mean']:.1f} ± {100 * one['spread']:.1f}".replace("-0.0 ", "0.0 ")


def _columns(record: Record) -> str:
    recipes = Preparation.from_json(record["preparation"]).recipes
    rows = escaped([recipe.name, recipe.describe()] for recipe in recipes)
    notes = "".join(f"<li>{escape(note)}</li>" for note in record["notes"])
    listed = f"<ul>{notes}</ul>" if notes else ""
    fields = table(["column", "what the network sees"], rows, "fields")
    return f"<p>{escape(record['task']['reason'])}</p>{listed}{fields}"


def _repeat(record: Record) -> str:
    return (
        f"<pre><code>{escape(record['command'])}</code></pre><pre><code>{escape(record['python'])}</code></pre>"
        "<p>The same version and the same kind of processor give the same bits, on any number of threads.</p>"
    )


def _settings(record: Record) -> str:
    settings = [[name, _shown(value)] for name, value in record["settings"].items()]
    data = [["file", record["data"]["source"]], ["SHA-256", record["data"]["sha256"]]]
    left = _pairs("setting", settings)
    right = _pairs("version", record["versions"].items()) + _pairs("data", data)
    return f'<div class="columns"><div>{left}</div><div>{right}</div></div>'


def _pairs(head: str, rows: Iterable[Sequence[str]]) -> str:
    return table([head, ""], escaped(rows), "fine")


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
