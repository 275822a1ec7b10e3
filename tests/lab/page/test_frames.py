"""Frames and credits: what is sent is what was given, a slow reader gets the newest, and nothing piles up."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

from sklon.lab.page.frames import CREDITS, Stream, encoded


class Reader:
    """A browser that draws when it is told to."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.undrawn: list[Callable[[], None]] = []

    def send(self, data: bytes, drawn: Callable[[], None]) -> None:
        self.got.append(data)
        self.undrawn.append(drawn)

    def draw(self) -> None:
        self.undrawn.pop(0)()


def offer(stream: Stream, *names: bytes) -> None:
    for name in names:
        stream.offer(lambda name=name: name)  # type: ignore[misc]


def test_a_frame_holds_its_header_its_numbers_and_its_planes() -> None:
    planes = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    data = encoded(7, 70_000, 1.5, numbers=[0.25, -1.0], planes=planes, settings=9)
    assert struct.unpack_from("<IIfHHHHI", data) == (7, 70_000, 1.5, 2, 3, 4, 2, 9)
    assert np.frombuffer(data, "<f4", 2, 24).tolist() == [0.25, -1.0]
    assert np.array_equal(np.frombuffer(data, np.uint8, 24, 32).reshape(2, 3, 4), planes)
    assert encoded(7, 0, planes=planes[0]) == encoded(7, 0, planes=planes[:1])


def test_planes_that_are_views_are_sent_in_their_order() -> None:
    plane = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert encoded(0, 0, planes=plane[::-1])[24:] == bytes([3, 4, 5, 0, 1, 2])


def test_no_more_frames_are_on_their_way_than_there_are_credits() -> None:
    reader = Reader()
    stream = Stream(reader.send)
    offer(stream, b"a", b"b", b"c", b"d", b"e")
    assert reader.got == [b"a", b"b"] and CREDITS == 2
    reader.draw()
    assert reader.got == [b"a", b"b", b"e"], "the newest, and those between are dropped"
    assert (stream.sent, stream.dropped) == (3, 2)
    while reader.undrawn:
        reader.draw()
    assert stream.credits == CREDITS and stream.waiting is None


def test_a_frame_is_made_when_it_is_sent_and_not_before() -> None:
    reader, made = Reader(), list[int]()
    stream = Stream(reader.send)
    for k in range(10):
        stream.offer(lambda k=k: made.append(k) or b"")  # type: ignore[misc,func-returns-value]
    reader.draw()
    assert made == [0, 1, 9]


def test_what_has_nothing_to_send_costs_no_credit() -> None:
    reader = Reader()
    stream = Stream(reader.send)
    stream.offer(lambda: None)
    assert stream.credits == CREDITS and reader.got == []


@pytest.mark.parametrize("on_their_way", [0, 1, 2])
def test_a_browser_that_goes_takes_no_credit_with_it(on_their_way: int) -> None:
    reader = Reader()
    stream = Stream(reader.send)
    offer(stream, *[b"x"] * on_their_way)
    stream.restart()
    while reader.undrawn:  # what the old browser says late counts no more
        reader.draw()
    assert stream.credits == CREDITS
    offer(stream, b"a", b"b", b"c")
    assert reader.got[on_their_way:] == [b"a", b"b"]
