"""Curves that grow: a browser that applies the frames has the points, after rewinds and lost connections too."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklon.lab.page.frames import HEADER
from sklon.lab.page.growth import MOST_POINTS, Growth


class Browser:
    """What curve.js does with frames."""

    def __init__(self) -> None:
        self.points: list[tuple[float, ...]] = []

    def apply(self, frame: bytes, row: int) -> None:
        _, start, *_, count, _ = HEADER.unpack_from(frame)
        numbers = np.frombuffer(frame, "<f4", count, HEADER.size).reshape(-1, row)
        del self.points[start:]
        assert len(self.points) == start, "a gap"
        self.points += [tuple(map(float, point)) for point in numbers]


def drain(growth: Growth, browser: Browser) -> None:
    while (frame := growth.frame(1)) is not None:
        browser.apply(frame, 2)


@given(st.lists(st.one_of(st.integers(0, 30), st.sampled_from(["send", "lost", "cut"])), max_size=60))
def test_a_browser_has_every_point_whatever_happens(events: list[int | str]) -> None:
    growth, browser = Growth(), Browser()
    for number, event in enumerate(events):
        if event == "send":
            drain(growth, browser)
        elif event == "lost":
            browser = Browser()
            growth.again()
        elif event == "cut":
            growth.cut(len(growth.points) // 2)
        else:
            growth.append(float(event), float(number))
    drain(growth, browser)
    assert browser.points == growth.points and growth.complete
    xs = [point[0] for point in growth.points]
    assert xs == sorted(set(xs)), "x grows"


def test_many_points_go_in_several_frames() -> None:
    growth, browser = Growth(), Browser()
    for k in range(2 * MOST_POINTS + 1):
        growth.append(k, 0.5)
    frames = 0
    while (frame := growth.frame(1)) is not None:
        browser.apply(frame, 2)
        frames += 1
    assert frames == 3 and browser.points == growth.points


def test_nothing_new_is_nothing_to_send() -> None:
    growth = Growth()
    assert growth.frame(1) is None
    growth.append(1, 2)
    assert growth.frame(1) is not None and growth.frame(1) is None
