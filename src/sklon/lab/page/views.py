"""The picture of what the network says, and the curves of its losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from nicegui import ui

from sklon.lab.playground import RUNS, Moment
from sklon.lab.text import Language, Text, number

from .boundary import Boundary
from .curve import Curve
from .native import Words
from .scene import Scene, Scenes, axes, points
from .seldom import Seldom

Array = np.ndarray[Any, Any]
#: seconds from one sentence about what is to be seen to the next
SPEECH = 5.0
LOSS, EPOCH = Text("loss", "функция потерь"), Text("epoch", "эпоха")
TRAINING, TEST = Text("training", "обучение"), Text("test", "проверка")
BOUNDARY = Text("What the network says about each point", "Что сеть говорит о каждой точке")
LOSSES = Text("Loss over the epochs", "Функция потерь по эпохам")
SAYS = Text("step {step}, epoch {epoch}", "шаг {step}, эпоха {epoch}")
PARTS = (
    Text("training loss {value}", "потеря на обучении {value}"),
    Text("test loss {value}", "на проверке {value}"),
    Text("{value} % of the test right", "верно на проверке {value} %"),
    Text("learning rate {value}", "скорость обучения {value}"),
)
CAPTION = Text(
    "{x} from {left} to {right}, {y} from {low} to {high}; hollow points are the test",
    "{x} от {left} до {right}, {y} от {low} до {high}; полые точки — проверка",
)


class Plane:
    """The boundary or the fitted curve of one session; ``name`` stands before what is read aloud."""

    def __init__(self, label: str, language: Language, name: str = "") -> None:
        self.language, self.name = language, name
        with ui.element("div"):
            self.boundary = Boundary(label)
            self._caption = Words("p", "", "caption")
        self._moment: Moment | None = None
        self._speak = Seldom(SPEECH, self._tell)
        self.boundary.client.on_disconnect(self._speak.cancel)

    def show(self, seen: Scene) -> None:
        """Show one moment."""
        moment = seen.moment
        if self._moment is None or moment.bench is not self._moment.bench:
            self._begin(moment)
        self._moment = moment
        if seen.planes is not None:
            self.boundary.show(seen.planes, step=moment.step, epoch=moment.epoch, settings=seen.settings)
        elif seen.curves is not None:
            self.boundary.show_curves(seen.curves, step=moment.step, epoch=moment.epoch, settings=seen.settings)
        self._speak()

    def _begin(self, moment: Moment) -> None:
        """Another training: its points, and what stands at its axes."""
        data, ((left, right), (low, high)) = moment.bench.data, axes(moment)
        self.boundary.set_points(points(moment), data.task)
        ends = {"left": left, "right": right, "low": low, "high": high}
        shown = {name: number(value, self.language, 2) for name, value in ends.items()}
        self._caption.say(CAPTION.of(self.language).format(x=data.names[0], y=data.names[1], **shown))

    def _tell(self) -> None:
        if self._moment is not None:
            self.boundary.tell(self.name + sentence(self._moment, self.language))


class Line:
    """The curves of one run: takes back the points that are others now, and appends the new ones."""

    def __init__(self, curve: Curve, run: int = 0) -> None:
        self._curve, self._run = curve, run
        self._points: Array = np.zeros((0, 3))

    def show(self, points: Array) -> None:
        """Show points [points, 3]: an x, and the two losses."""
        common = min(len(points), len(self._points))
        differs = np.flatnonzero(~np.isclose(points[:common], self._points[:common], 0, 0, equal_nan=True).all(axis=1))
        kept = int(differs[0]) if len(differs) else common
        if kept < len(self._points):
            self._curve.cut(kept, self._run)
        for x, *values in points[kept:].tolist():
            self._curve.append(x, *values, run=self._run)
        self._points = points


class Views:
    """The boundary or the fitted curve, and the losses, of one session."""

    def __init__(self, language: Language) -> None:
        with ui.element("div").classes("views") as self._outer:
            self.plane = Plane(BOUNDARY.of(language), language)
            curve = Curve(
                LOSSES.of(language), lines=[TRAINING.of(language), TEST.of(language)], x=EPOCH.of(language),
                y=LOSS.of(language), language=language, scale="log",
            )  # fmt: skip
        self._line = Line(curve)

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """The picture of the run."""
        return (self.plane.boundary,)

    def set_visibility(self, visible: bool) -> None:
        """Whether there is one run to show."""
        self._outer.set_visibility(visible)

    def show(self, seen: Scenes) -> None:
        """Show one moment."""
        moment = seen[0].moment
        self.plane.show(seen[0])
        epochs = np.arange(1, len(moment.training_curve) + 1)
        self._line.show(np.stack([epochs, moment.training_curve, moment.testing_curve], axis=1))


def sentence(moment: Moment, language: Language) -> str:
    """Where a training stands."""
    return SAYS.of(language).format(step=number(moment.step, language), epoch=number(moment.epoch, language))


def status(seen: Scene, language: Language) -> str:
    """How good a training is now."""
    moment = seen.moment
    values = (
        float(moment.training_curve[-1]) if len(moment.training_curve) else None,
        float(moment.testing_curve[-1]) if len(moment.testing_curve) else None,
        None if seen.accuracy is None else round(100 * seen.accuracy, 1),
        moment.rate,
    )
    parts = [
        p.of(language).format(value=number(v, language, 3)) for p, v in zip(PARTS, values, strict=True) if v is not None
    ]
    return "; ".join([sentence(moment, language), *parts])


def brief(seen: Scenes, language: Language) -> str:
    """How good one run is, or two, in a line or three."""
    if len(seen) == 1:
        return status(seen[0], language)
    losses = [(run, one.moment.testing_curve) for run, one in zip(RUNS, seen, strict=True)]
    said = [f"{run}: {PARTS[1].of(language).format(value=number(c[-1], language, 3))}" for run, c in losses if len(c)]
    return "; ".join([sentence(max((one.moment for one in seen), key=lambda m: m.step), language), *said])


def end_of(seen: Scene, language: Language) -> str:
    """Why a training goes no further by itself; nothing while it does."""
    if seen.explanation is not None:
        return seen.explanation.says.of(language)
    return "" if seen.moment.ended is None else seen.moment.ended.says.of(language)
