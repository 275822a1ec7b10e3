"""The element that shows what a network says over the plane: bytes to colours, in the browser."""

from __future__ import annotations

from collections.abc import Iterable

from nicegui.element import Element

from .frames import Planes, Stream, encoded
from .wire import send_frame


class Boundary(Element, component="boundary.js"):
    """A picture of planes of bytes: 0 is the one class for sure, 255 the other, 127½ undecided.

    ``label`` says what it is, :meth:`tell` what is to be seen, for those who cannot see it. ``points`` are samples
    (x, y, class) with x and y in [0, 1], y upwards. ``canvas[data-step]`` is the step that was drawn last.
    """

    def __init__(self, label: str, points: Iterable[tuple[float, float, float]] = ()) -> None:
        super().__init__()
        client = self.client
        self.stream = Stream(lambda data, drawn: send_frame(client, data, drawn))
        self._props["element"] = self.id
        self._props["label"] = label
        self._props["told"] = ""
        self.set_points(points)
        client.on_connect(self.stream.restart)
        client.on_disconnect(self.stream.restart)

    def show(self, planes: Planes, *, step: int, epoch: float = 0.0) -> None:
        """Show planes, uint8 [height, width] or [planes, height, width]; a slow reader skips some.

        The first row is at the top.
        """
        self.stream.offer(lambda: encoded(self.id, step, epoch, planes=planes))

    def set_points(self, points: Iterable[tuple[float, float, float]]) -> None:
        """Show other samples."""
        self._props["points"] = [[round(float(v), 4) for v in point] for point in points]
        self.update()

    def tell(self, words: str) -> None:
        """What is to be seen, read aloud when the reader is idle: say it seldom."""
        if self._props["told"] != words:
            self._props["told"] = words
            self.update()
