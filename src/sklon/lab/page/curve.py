"""The element that shows curves which grow while something trains: NiceGUI's ECharts, fed point by point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nicegui import Client, ui

from sklon.lab.text import MARKS, Language

from .frames import Stream
from .growth import Growth
from .seldom import Seldom
from .wire import send_frame

#: seconds from one drawing of the curve to the next
GROWTH = 1 / 10


class _Points:
    """The points of one run, on their way to the browser."""

    def __init__(self, client: Client, element: int, run: int) -> None:
        self._element, self._run = element, run
        self.growth = Growth()
        self.stream = Stream(lambda data, drawn: send_frame(client, data, drawn))
        self.grow = Seldom(GROWTH, lambda: self.stream.offer(self._next))

    def _next(self) -> bytes | None:
        frame = self.growth.frame(self._element, self._run)
        if not self.growth.complete:
            self.stream.waiting = self._next
        return frame

    def resend(self) -> None:
        self.stream.restart()
        self.growth.again()
        self.grow()

    def lost(self) -> None:
        self.grow.cancel()
        self.stream.restart()


class Curve(ui.echart, component="curve.js"):
    """Lines over one x axis. What was shown stays here, and is sent again to a browser that comes back.

    ``label`` says what it is. With ``runs``, ``lines`` are those of the first run, then as many of the next one; each
    run has points of its own, and its own way of drawing: the first is solid, the second dashed. The points that were
    drawn of the first one are counted in ``.drawing[data-points]``, those of the second in ``[data-second]``.
    """

    def __init__(
        self,
        label: str,
        *,
        lines: Sequence[str],
        x: str,
        y: str,
        language: Language,
        scale: Literal["value", "log"] = "value",
        runs: int = 1,
    ) -> None:
        super().__init__({})
        self._points = [_Points(self.client, self.id, run) for run in range(runs)]
        self._props.update(label=label, told="", lines=list(lines), x=x, y=y, scale=scale, element=self.id, runs=runs)
        self._props["decimal"] = MARKS[language][0]
        self.client.on_connect(self._resend)
        self.client.on_disconnect(self._lost)
        self.on("ready", self._resend)

    def append(self, x: float, *values: float, run: int = 0) -> None:
        """One more point: x, and a value for each line (NaN leaves a gap). It replaces points at x and beyond."""
        self._points[run].growth.append(x, *values)
        self._points[run].grow()

    def cut(self, length: int, run: int = 0) -> None:
        """Take back all points from number ``length`` on."""
        self._points[run].growth.cut(length)
        self._points[run].grow()

    def tell(self, words: str) -> None:
        """What is to be seen, read aloud when the reader is idle: say it seldom."""
        if self._props["told"] != words:
            self._props["told"] = words
            self.update()

    def _resend(self) -> None:
        for points in self._points:
            points.resend()

    def _lost(self) -> None:
        for points in self._points:
            points.lost()
