"""A run at a glance, as HTML for notebooks: three sentences, the scores, and how it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklon._base.canvas import can_draw, canvas, for_notebook
from sklon._base.notebook import card, paragraph, table
from sklon.training.curves import HEIGHT, WIDTH, draw_losses, set_epochs

from .losses import LOSSES
from .scores import IN_WORDS, METRICS
from .sentences import Record, summary


def html(record: Record, history: Sequence[Mapping[str, Any]]) -> str:
    """The card of a run from its record and its history; without the curves where nothing can draw them."""
    title = f"{record['task']['target']} from {record['data']['source']}"
    sentences = (paragraph(sentence) for sentence in summary(record))
    ended = paragraph(f"{record['stopped']['sentence']} Seed {record['settings']['seed']}.", soft=True)
    return card(title, *sentences, _scores(record), *_curves(record, history), ended)


def _scores(record: Record) -> str:
    scores = record["scores"]
    present = [name for name in IN_WORDS if scores[name] is not None]
    rows = (
        [f"{metric.words} ({'more' if metric.higher_is_better else 'less'} is better)"]
        + [scores[name][metric.name] for name in present]
        for metric in METRICS[record["task"]["kind"]]
    )
    return table(["", *(IN_WORDS[name] for name in present)], rows)


def _curves(record: Record, history: Sequence[Mapping[str, Any]]) -> list[str]:
    if not history or not can_draw():
        return []
    with canvas(WIDTH, HEIGHT) as ((axes,), drawings):
        draw_losses(axes, history, record["stopped"]["best_epoch"], LOSSES[record["task"]["loss"]].curve)
        set_epochs(axes, history)
    return [for_notebook(drawings[0])]
