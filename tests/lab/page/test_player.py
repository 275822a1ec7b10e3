"""Work goes on exactly while someone looks: sessions, threads beside the loop, and what is done seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event, current_thread, main_thread
from typing import Any

import pytest
from nicegui import core

from sklon.lab.page.aside import aside
from sklon.lab.page.player import Player
from sklon.lab.page.seldom import Seldom


class Counting:
    """A session whose moments are numbers; it moves on whenever it is looked at."""

    def __init__(self) -> None:
        self.moment, self.playing, self.log = [0], False, list[str]()

    def play(self) -> None:
        self.log.append("play")
        self.playing = True

    def pause(self) -> list[int]:
        self.log.append("pause")
        self.playing = False
        return self.moment

    def step(self) -> list[int]:
        self.playing = False
        return self._on()

    def restart(self) -> list[int]:
        self.moment = [0]
        return self.moment

    def frame(self) -> list[int]:
        return self._on() if self.playing else self.moment

    def close(self) -> None:
        self.log.append("close")

    def _on(self) -> list[int]:
        self.moment = [self.moment[0] + 1]
        return self.moment


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


def run(scene: Callable[[Counting, Player[Any, Any], list[int]], Awaitable[None]], playing: bool) -> list[int]:
    """Play a scene with a session, its player and what was shown."""
    shown: list[int] = []

    async def main() -> None:
        core.loop = asyncio.get_running_loop()  # as NiceGUI does at its start
        session = Counting()
        player = Player(session, lambda moment: moment[0], shown.append, playing)
        await asyncio.wait_for(scene(session, player, shown), 30)

    try:
        asyncio.run(main())
    finally:
        core.loop = None
    return shown


def test_a_session_plays_until_it_is_left() -> None:
    async def scene(session: Counting, player: Player[Any, Any], shown: list[int]) -> None:
        player.start()
        await until(lambda: len(shown) >= 3)
        player.stop()
        await until(lambda: not session.playing)
        seen = len(shown)
        await asyncio.sleep(0.1)
        assert len(shown) == seen and session.log == ["play", "pause"]

    shown = run(scene, True)
    assert shown == list(range(1, len(shown) + 1))


def test_steps_are_shown_one_by_one_and_nothing_between() -> None:
    async def scene(session: Counting, player: Player[Any, Any], shown: list[int]) -> None:
        player.start()
        await until(lambda: shown == [0])
        for expected in ([0, 1], [0, 1, 2]):
            player.step()
            await until(lambda expected=expected: shown == expected)  # type: ignore[misc]
        player.wake()
        await asyncio.sleep(0.1)
        assert shown == [0, 1, 2], "a moment that was shown is not shown again"
        player.restart()
        await until(lambda: shown[-1] == 0)

    run(scene, False)


def test_who_comes_back_sees_where_it_stands() -> None:
    async def scene(session: Counting, player: Player[Any, Any], shown: list[int]) -> None:
        player.start()
        await until(lambda: shown == [0])
        player.stop()
        player.start()
        await until(lambda: shown == [0, 0])

    run(scene, False)


def test_who_was_stopped_while_it_looked_hides_nothing_from_the_next() -> None:
    first, second = Event(), Event()

    async def scene(session: Counting, player: Player[Any, Any], shown: list[int]) -> None:
        gates, left, frame = iter((first, second)), list[Event](), session.frame

        def slow() -> list[int]:
            gate = next(gates, None)
            moment = frame()
            if gate is not None:
                left.append(gate)
                gate.wait()
            return moment

        session.frame = slow  # type: ignore[method-assign]
        player.start()
        await until(lambda: left == [first])
        player.start()
        await until(lambda: left == [first, second])
        first.set()
        await asyncio.sleep(0.05)
        assert not shown
        second.set()
        await until(lambda: shown == [0])

    run(scene, False)


@pytest.mark.parametrize("where", ["frame", "step"])
def test_what_fails_is_told_until_it_begins_anew(where: str) -> None:
    async def scene(session: Counting, player: Player[Any, Any], shown: list[int]) -> None:
        told, works, broken = list[Exception | None](), getattr(session, where), Event()

        def fails() -> list[int]:
            if broken.is_set():
                raise MemoryError("no room")
            return list[int](works())

        def restart() -> list[int]:
            broken.clear()
            session.moment = [0]
            return session.moment

        setattr(session, where, fails)
        session.restart = restart  # type: ignore[method-assign]
        player.tell = told.append
        player.start()
        await until(lambda: len(shown) >= 3)
        broken.set()
        if where == "step":
            player.step()
        await until(lambda: bool(told) and isinstance(told[-1], MemoryError))
        assert not player.playing and (where == "step" or "pause" in session.log)
        seen = len(shown)
        player.restart()
        await until(lambda: told[-1] is None and min(shown[seen:], default=9) <= 1)
        assert player.playing == (where == "frame"), "what played goes on, what was stepped waits"

    run(scene, True)


def test_work_is_done_in_another_thread_and_its_errors_come_back() -> None:
    def fails() -> None:
        raise KeyError("here")

    async def main() -> None:
        assert await aside(current_thread) is not main_thread()
        with pytest.raises(KeyError, match="here"):
            await aside(fails)

    asyncio.run(main())


def test_what_is_done_seldom_is_done_after_the_last_time_too() -> None:
    async def main() -> None:
        asked, done = 0, list[int]()
        seldom = Seldom(0.05, lambda: done.append(asked))
        for _ in range(20):
            asked += 1
            seldom()
            await asyncio.sleep(0.002)
        await until(lambda: bool(done) and done[-1] == 20)
        assert len(done) < 20
        seldom()
        seldom.cancel()
        await asyncio.sleep(0.1)
        assert done[-1] == 20 and seldom._waiting is None
        assert done.count(20) == 1

    asyncio.run(main())
