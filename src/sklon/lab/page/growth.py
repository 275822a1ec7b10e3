"""Points of curves that grow, and which of them a browser has not got yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from .frames import encoded

#: points in one frame at the most, so that their numbers can be counted in its header
MOST_POINTS = 4096


@dataclass(slots=True)
class Growth:
    """Points (x, value of each line), the ones behind ``sent`` still to be sent. The browser has ``there`` of them."""

    points: list[tuple[float, ...]] = field(default_factory=list)
    sent: int = 0
    there: int = 0

    def append(self, x: float, *values: float) -> None:
        """One more point, in place of all that do not stand before it: after a rewind, x comes again."""
        while self.points and self.points[-1][0] >= x:
            self.points.pop()
        self.sent = min(self.sent, len(self.points))
        self.points.append((x, *values))

    def cut(self, length: int) -> None:
        """Take back all points from number ``length`` on."""
        del self.points[length:]
        self.sent = min(self.sent, len(self.points))

    def again(self) -> None:
        """The browser is a new one, and has nothing."""
        self.sent, self.there = 0, -1

    @property
    def complete(self) -> bool:
        """Whether the browser has what it should."""
        return self.sent == self.there == len(self.points)

    def frame(self, element: int, run: int = 0) -> bytes | None:
        """The next points of a run as a frame whose step is the number of the first one; None if there are none."""
        if self.complete:
            return None
        start, points = self.sent, self.points[self.sent : self.sent + MOST_POINTS]
        self.sent = self.there = start + len(points)
        return encoded(element, start, float(run), numbers=[value for point in points for value in point])
