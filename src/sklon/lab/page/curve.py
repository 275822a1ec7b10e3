"""The element that shows curves which grow while something trains: NiceGUI's ECharts, fed point by point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nicegui import ui

from sklon.lab.text import MARKS, Language

from .frames import Stream, encoded
from .wire import send_frame

#: points in one frame at the most, so that its count fits the header whatever the number of lines
MOST_POINTS = 4096


class Curve(ui.echart, component="curve.js"):
    """Lines over one x axis. What was shown stays here, and is sent again to a browser that comes back."""

    def __init__(
        self,
        label: str,
        *,
        lines: Sequence[str],
        x: str,
        y: str,
        language: Language,
        scale: Literal["value", "log"] = "value",
    ) -> None:
        super().__init__({})
        client = self.client
        self.stream = Stream(lambda data, drawn: send_frame(client, data, drawn))
        self.points: list[tuple[float, ...]] = []
        self._told = self._shown = 0  # points sent, points that the browser then has
        self._props.update(label=label, told="", lines=list(lines), x=x, y=y, scale=scale, element=self.id)
        self._props["decimal"] = MARKS[language][0]
        client.on_connect(self._resend)
        client.on_disconnect(self.stream.restart)

    def append(self, x: float, *values: float) -> None:
        """One more point: x, and a value for each line (NaN leaves a gap). :meth:`show` sends what is new."""
        self.points.append((x, *values))

    def cut(self, length: int) -> None:
        """Take back all points from number ``length`` on."""
        del self.points[length:]
        self._told = min(self._told, length)

    def show(self) -> None:
        """Send the points that the browser has not got; call it some ten times a second."""
        self.stream.offer(self._new)

    def tell(self, words: str) -> None:
        """What is to be seen, read aloud when the reader is idle: say it seldom."""
        if self._props["told"] != words:
            self._props["told"] = words
            self.update()

    def _new(self) -> bytes | None:
        start = self._told
        points = self.points[start : start + MOST_POINTS]
        if not points and self._shown == start:
            return None
        self._told = self._shown = start + len(points)
        if self._told < len(self.points):
            self.stream.waiting = self._new
        return encoded(self.id, start, numbers=[value for point in points for value in point])

    def _resend(self) -> None:
        self.stream.restart()
        self._told, self._shown = 0, -1
        self.show()
