"""What can be taken away from a moment: settings, data and curves as text, and a figure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from sklon._base.canvas import ACCENT, INK, PAPER, SECOND, TONES, fade
from sklon._base.picture import Picture

from ..text import Language, Text
from .moment import Moment
from .views import boundary, fitted, losses

#: what a formula begins with in a spreadsheet
FORMULA = ("=", "+", "-", "@")
_UNDRAWABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: inches
WIDTH, HEIGHT = 9.0, 4.0
TRAINING, TESTING = Text("training", "обучение"), Text("test", "проверка")
EPOCH, LOSS = Text("epoch", "эпоха"), Text("loss", "функция потерь")


def settings_text(moment: Moment) -> str:
    """The settings of now, those of the first step, and the changes on the way, as JSON."""
    return json.dumps(settings_shown(moment), ensure_ascii=False, indent=2) + "\n"


def settings_shown(moment: Moment) -> dict[str, Any]:
    """Settings, changes and steps of a moment, as JSON can hold them."""
    changes = [{"step": c.step, "name": c.name, "value": c.value} for c in moment.changes]
    return {"settings": dict(moment.wanted), "first": dict(moment.first), "changes": changes, "step": moment.step}


def data_text(moment: Moment) -> str:
    """The data as the network sees them, as CSV: inputs, target, whether it is a test; numbers read back exactly.

    One's own inputs and quantities are standardised; classes are numbered from 0.
    """
    return table([*moment.bench.data.names, "test"], data_rows(moment))


def data_rows(moment: Moment) -> Iterator[list[Any]]:
    """Every sample: its inputs, its target, whether it is a test."""
    data = moment.bench.data
    test = np.zeros(len(data.X), np.int64)
    test[data.test] = 1
    for x, y, t in zip(data.X.tolist(), data.y.ravel().tolist(), test.tolist(), strict=True):
        yield [*map(_short, x), _short(y), t]


def curves_text(moment: Moment) -> str:
    """The mean losses of every epoch, as CSV."""
    pairs = zip(moment.training_curve.tolist(), moment.testing_curve.tolist(), strict=True)
    return table(["epoch", "training_loss", "test_loss"], ([i, a, b] for i, (a, b) in enumerate(pairs, 1)))


def picture(moment: Moment, language: Language = "en") -> Picture:
    """The boundary or the fitted curve with the points, beside the curves of the losses."""
    return Picture(draw=partial(_draw, moment, language), width=WIDTH, height=HEIGHT, columns=2)


def _draw(moment: Moment, language: Language, axes: Any) -> None:
    first, second = axes
    draw_network(first, moment)
    curves = losses(moment)
    for values, label, colour in ((curves.training, TRAINING, SECOND), (curves.testing, TESTING, ACCENT)):
        second.plot(curves.epochs, values, color=colour, lw=1.6, label=label.of(language))
    second.set(xlabel=EPOCH.of(language), ylabel=LOSS.of(language))
    if len(curves.epochs):
        second.legend(loc="best")


def draw_network(axes: Any, moment: Moment) -> None:
    """What the network says over its inputs, and the points."""
    (_draw_plane if moment.bench.data.X.shape[1] == 2 else _draw_curve)(axes, moment)


def _draw_plane(axes: Any, moment: Moment) -> None:
    data, seen = moment.bench.data, boundary(moment)
    x, y = (np.linspace(*ends, seen.planes.shape[1]) for ends in (seen.x, seen.y))
    if len(seen.planes) == 1:
        axes.pcolormesh(x, y, seen.planes[0], cmap=fade(), shading="nearest", lw=0, vmin=0, vmax=255)
        levels: Any = [127.5] if data.labels else 8
        axes.contour(x, y, seen.planes[0], levels=levels, colors=INK, linewidths=0.9)
    else:
        best = seen.planes.argmax(axis=0)
        for k in range(len(seen.planes)):
            axes.contour(x, y, (best == k).astype(float), levels=[0.5], colors=TONES[k % len(TONES)], linewidths=1.2)
    classes = data.y.ravel().astype(int) if data.labels else np.zeros(len(data.y), int)
    tones = (SECOND, ACCENT) if len(data.labels) == 2 else TONES  # class 1 has the colour of its probability
    for k in range(max(1, len(data.labels))):
        axes.plot(*data.X[classes == k].T, "o", ms=4.5, mew=0.8, mec=PAPER, color=tones[k % len(tones)])
    axes.set(xlabel=_drawable(data.names[0]), ylabel=_drawable(data.names[1]), xlim=seen.x, ylim=seen.y)


def _draw_curve(axes: Any, moment: Moment) -> None:
    data, seen = moment.bench.data, fitted(moment)
    axes.plot(data.X[:, 0], data.y.ravel(), "o", ms=3, mew=0, color=SECOND)
    axes.plot(seen.x, seen.y, color=ACCENT, lw=1.8)
    axes.set(xlabel=_drawable(data.names[0]), ylabel=_drawable(data.names[-1]))


def _short(value: float) -> str:
    """The shortest text that reads back to the same float32, or a whole number."""
    return str(value) if isinstance(value, int) else str(np.float32(value))


def _as_text(name: str) -> str:
    """A name in one line that no spreadsheet takes for a formula."""
    line = " ".join(name.splitlines())
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line


def _drawable(name: str) -> str:
    """A name as it can stand in a picture: XML holds no control characters, and no halves of a pair (XML 1.0, 2.2)."""
    return _UNDRAWABLE.sub("\N{REPLACEMENT CHARACTER}", name)


def table(header: list[str], rows: Iterable[list[Any]]) -> str:
    """Rows below a header of one line, whatever the names in it are, as CSV.

    A name that a spreadsheet would compute is told to be text by an apostrophe before it, as OWASP has it ("CSV
    Injection"); all else that is written are numbers and words of ours.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_as_text(name) for name in header])
    writer.writerows(rows)
    return file.getvalue()
