"""The picture of what the network says, and the curves of its losses."""

from __future__ import annotations

import numpy as np
from nicegui import ui

from sklon.lab.playground import Moment
from sklon.lab.text import Language, Text, number

from .boundary import Boundary
from .curve import Curve
from .native import Words
from .scene import Scene, axes, points
from .seldom import Seldom

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


class Views:
    """The boundary or the fitted curve, and the losses, of one session."""

    def __init__(self, language: Language) -> None:
        self.language = language
        with ui.element("div").classes("views"):
            with ui.element("div"):
                self.boundary = Boundary(BOUNDARY.of(language))
                self._caption = Words("p", "", "caption")
            self.curve = Curve(
                LOSSES.of(language), lines=[TRAINING.of(language), TEST.of(language)], x=EPOCH.of(language),
                y=LOSS.of(language), language=language, scale="log",
            )  # fmt: skip
        self._scene: Scene | None = None
        self._start = 0
        self._curves = np.zeros((0, 2))
        self._speak = Seldom(SPEECH, self._tell)
        self.boundary.client.on_disconnect(self._speak.cancel)

    def show(self, seen: Scene) -> None:
        """Show one moment."""
        moment = seen.moment
        self._scene = seen
        if moment.start != self._start:
            self._begin(moment)
        if seen.planes is not None:
            self.boundary.show(seen.planes, step=moment.step, epoch=moment.epoch, settings=seen.settings)
        elif seen.curves is not None:
            self.boundary.show_curves(seen.curves, step=moment.step, epoch=moment.epoch, settings=seen.settings)
        self._grow(moment)
        self._speak()

    def _begin(self, moment: Moment) -> None:
        """Another training: its points, and what stands at its axes."""
        self._start = moment.start
        data, ((left, right), (low, high)) = moment.bench.data, axes(moment)
        self.boundary.set_points(points(moment), data.task)
        ends = {"left": left, "right": right, "low": low, "high": high}
        shown = {name: number(value, self.language, 2) for name, value in ends.items()}
        self._caption.say(CAPTION.of(self.language).format(x=data.names[0], y=data.names[1], **shown))

    def _grow(self, moment: Moment) -> None:
        """Take back the epochs that are others now, and append the new ones."""
        curves = np.stack([moment.training_curve, moment.testing_curve], axis=1).reshape(-1, 2)
        common = min(len(curves), len(self._curves))
        differs = np.flatnonzero(~np.isclose(curves[:common], self._curves[:common], 0, 0, equal_nan=True).all(axis=1))
        same = int(differs[0]) if len(differs) else common
        if same < len(self._curves):
            self.curve.cut(same)
        for epoch, values in enumerate(curves[same:].tolist(), same + 1):
            self.curve.append(epoch, *values)
        self._curves = curves

    def _tell(self) -> None:
        if self._scene is not None:
            self.boundary.tell(sentence(self._scene.moment, self.language))


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
