"""The element that shows curves which grow while something trains: NiceGUI's ECharts, fed point by point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nicegui import ui

from sklon.lab.text import MARKS, Language

from .frames import Stream
from .growth import Growth
from .seldom import Seldom
from .wire import send_frame

#: seconds from one drawing of the curve to the next
GROWTH = 1 / 10


class Curve(ui.echart, component="curve.js"):
    """Lines over one x axis. What was shown stays here, and is sent again to a browser that comes back.

    ``label`` says what it is. The points that were drawn are counted in ``.drawing[data-points]``.
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
    ) -> None:
        super().__init__({})
        client = self.client
        self.growth = Growth()
        self.stream = Stream(lambda data, drawn: send_frame(client, data, drawn))
        self._grow = Seldom(GROWTH, lambda: self.stream.offer(self._next))
        self._props.update(label=label, told="", lines=list(lines), x=x, y=y, scale=scale, element=self.id)
        self._props["decimal"] = MARKS[language][0]
        client.on_connect(self._resend)
        client.on_disconnect(self._lost)

    def append(self, x: float, *values: float) -> None:
        """One more point: x, and a value for each line (NaN leaves a gap). It replaces points at x and beyond."""
        self.growth.append(x, *values)
        self._grow()

    def cut(self, length: int) -> None:
        """Take back all points from number ``length`` on."""
        self.growth.cut(length)
        self._grow()

    def tell(self, words: str) -> None:
        """What is to be seen, read aloud when the reader is idle: say it seldom."""
        if self._props["told"] != words:
            self._props["told"] = words
            self.update()

    def _next(self) -> bytes | None:
        frame = self.growth.frame(self.id)
        if not self.growth.complete:
            self.stream.waiting = self._next
        return frame

    def _resend(self) -> None:
        self.stream.restart()
        self.growth.again()
        self._grow()

    def _lost(self) -> None:
        self._grow.cancel()
        self.stream.restart()
