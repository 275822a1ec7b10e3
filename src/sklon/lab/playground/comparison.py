"""What two runs side by side have of their own: in which settings they differ, and what can be taken away of both."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np

from sklon._base.canvas import ACCENT, SECOND
from sklon._base.picture import Picture

from ..text import Language, Text
from .address import differing_in
from .controls import matters
from .export import HEIGHT, LOSS, TESTING, TRAINING, data_rows, draw_network, settings_shown, table
from .legs import epoch_ends
from .moment import Moment

Array = np.ndarray[Any, Any]
#: what the two runs are called, and how their curves are drawn: told apart without colours too
RUNS, DASHES = ("A", "B"), ("-", "--")
STEP = Text("step", "шаг")
#: inches
WIDTH = 13.0


def differences(first: Moment, second: Moment) -> tuple[str, ...]:
    """The names of the settings in which two runs differ, where they matter to one of them at least.

    >>> from sklon.lab.playground import Session, differences
    >>> with Session() as one, Session("optimizer=sgd") as other:
    ...     differences(one.frame(), other.frame())
    ('optimizer',)
    """
    names = differing_in(first.wanted, second.wanted)
    return tuple(name for name in names if matters(name, first.wanted) or matters(name, second.wanted))


def settings_text_of_two(first: Moment, second: Moment) -> str:
    """The settings and changes of both, and in what they differ, as JSON."""
    shown = dict(zip(RUNS, map(settings_shown, (first, second)), strict=True))
    return json.dumps({"differs": differences(first, second), **shown}, ensure_ascii=False, indent=2) + "\n"


def data_text_of_two(first: Moment, second: Moment) -> str:
    """The data of both as one CSV, with a column of the run; where they have other columns, those of each are apart."""
    heads = [list(moment.bench.data.names) for moment in (first, second)]
    before, behind = ([], []) if heads[0] == heads[1] else ([""] * len(heads[0]), [""] * len(heads[1]))
    shared = heads[0] if heads[0] == heads[1] else heads[0] + heads[1]
    rows = [[RUNS[0], *values, *behind, test] for *values, test in data_rows(first)]
    rows += [[RUNS[1], *before, *values, test] for *values, test in data_rows(second)]
    return table(["run", *shared, "test"], rows)


def curves_text_of_two(first: Moment, second: Moment) -> str:
    """The mean losses of every epoch of both, with the run and the step at which the epoch ended, as CSV."""
    rows = (
        [run, step, epoch, training, testing]
        for run, moment in zip(RUNS, (first, second), strict=True)
        for epoch, (step, training, testing) in enumerate(curves_by_step(moment).tolist(), 1)
    )
    return table(["run", "step", "epoch", "training_loss", "test_loss"], ([r, int(s), *rest] for r, s, *rest in rows))


def curves_by_step(moment: Moment) -> Array:
    """The curves [epochs, 3]: the step at which each epoch ended, its training loss, its test loss."""
    return np.stack([epoch_ends(moment), moment.training_curve, moment.testing_curve], axis=1).reshape(-1, 3)


def picture_of_two(first: Moment, second: Moment, language: Language = "en") -> Picture:
    """What both networks say, and the curves of both in one plot: A solid, B dashed."""
    return Picture(draw=partial(_draw, (first, second), language), width=WIDTH, height=HEIGHT, columns=3)


def _draw(moments: tuple[Moment, Moment], language: Language, axes: Any) -> None:
    *planes, curves = axes
    for run, dash, moment, plane in zip(RUNS, DASHES, moments, planes, strict=True):
        draw_network(plane, moment)
        plane.set_title(run, loc="left", fontweight="bold")
        steps, training, testing = curves_by_step(moment).T
        for values, label, colour in ((training, TRAINING, SECOND), (testing, TESTING, ACCENT)):
            curves.plot(steps, values, color=colour, lw=1.6, ls=dash, label=f"{run}: {label.of(language)}")
    curves.set(xlabel=STEP.of(language), ylabel=LOSS.of(language))
    if any(len(moment.testing_curve) for moment in moments):
        curves.legend(loc="best")
