"""The element that shows what a network says over its inputs: bytes to colours, and curves, in the browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from nicegui.element import Element

from .frames import Make, Planes, Stream, encoded
from .wire import send_frame

Point: TypeAlias = tuple[float, ...]
Curves: TypeAlias = np.ndarray[Any, Any]


class Boundary(Element, component="boundary.js"):
    """A picture of planes of bytes: 0 is the one class for sure, 255 the other, 127½ undecided; or a plane a class.

    ``label`` says what it is, :meth:`tell` what is to be seen, for those who cannot see it. ``points`` are samples
    (x, y, class, test) with x and y in [0, 1], y upwards; those of the test are hollow. ``task`` is "binary",
    "multiclass", or "regression", where the class is a value in [0, 1].
    ``canvas[data-step]`` is the step that was drawn last, ``canvas[data-settings]`` the digest that came with it.
    """

    def __init__(self, label: str, points: Iterable[Point] = (), task: str = "binary") -> None:
        super().__init__()
        client = self.client
        self.stream = Stream(lambda data, drawn: send_frame(client, data, drawn))
        self._props["element"] = self.id
        self._props["label"] = label
        self._props["told"] = ""
        self.set_points(points, task)
        self._last: Make | None = None
        client.on_connect(self.stream.restart)
        client.on_disconnect(self.stream.restart)
        self.on("ready", self._begin)

    def show(self, planes: Planes, *, step: int, epoch: float = 0.0, settings: int = 0) -> None:
        """Show planes, uint8 [height, width] or [planes, height, width]; a slow reader skips some.

        The first row is at the top.
        """
        self._show(lambda: encoded(self.id, step, epoch, planes=planes, settings=settings))

    def show_curves(self, curves: Curves, *, step: int, epoch: float = 0.0, settings: int = 0) -> None:
        """Show curves [curves, places] over one input, y in [0, 1] from the left end of the picture to the right."""
        numbers = [float(len(curves)), *curves.ravel().tolist()]
        self._show(lambda: encoded(self.id, step, epoch, numbers=numbers, settings=settings))

    def set_points(self, points: Iterable[Point], task: str = "binary") -> None:
        """Show other samples, of another task."""
        self._props["task"] = task
        self._props["points"] = [[round(float(v), 4) for v in point] for point in points]
        self.update()

    def tell(self, words: str) -> None:
        """What is to be seen, read aloud when the reader is idle: say it seldom."""
        if self._props["told"] != words:
            self._props["told"] = words
            self.update()

    def _show(self, make: Make) -> None:
        self._last = make
        self.stream.offer(make)

    def _begin(self) -> None:
        """It listens from now on: what was sent before may be lost."""
        self.stream.restart()
        if self._last is not None:
            self.stream.offer(self._last)
