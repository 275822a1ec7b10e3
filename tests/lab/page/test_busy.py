"""A sign of work: for what takes longer than a moment, as long as it takes, and for nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event

import pytest

from sklon.lab.page import busy as busy_module
from sklon.lab.page.busy import Busy
from sklon.lab.page.player import Player
from tests.lab.page.test_player import Counting, until

NOW, NEVER = 0.0, 1e6


def run(patience: float, scene: Callable[[Busy, list[bool]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_module, "PATIENCE", patience)
    said = list[bool]()

    async def main() -> None:
        set_loop(asyncio.get_running_loop())
        await asyncio.wait_for(scene(Busy(said.append), said), 30)

    try:
        asyncio.run(main())
    finally:
        set_loop(None)


def set_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    from nicegui import core

    core.loop = loop  # as NiceGUI does at its start


def test_what_is_over_soon_is_not_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(busy: Busy, said: list[bool]) -> None:
        with busy, busy:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert said == []

    run(NEVER, scene, monkeypatch)


def test_the_sign_stays_until_the_last_of_all_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(busy: Busy, said: list[bool]) -> None:
        with busy:
            await until(lambda: said == [True])
            with busy:
                await asyncio.sleep(0)
            assert said == [True]
            busy.hold(True)
            busy.hold(True)
        assert said == [True]
        busy.hold(False)
        assert said == [True, False]
        busy.hold(False)
        with busy:
            await until(lambda: said == [True, False, True])
        assert said == [True, False, True, False]

    run(NOW, scene, monkeypatch)


def test_a_page_is_busy_while_its_session_works_and_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(busy: Busy, said: list[bool]) -> None:
        done, waiting, session = Event(), [True], Counting()
        player = Player(session, lambda moment: moment[0], lambda _: None, False, busy, lambda: waiting[0])
        player.beside(done.wait)
        await until(lambda: said == [True])
        done.set()
        await until(lambda: said == [True, False])
        player.playing = True
        player.start()
        await until(lambda: said[-1:] == [True] and len(said) > 2)
        waiting[0] = False
        await until(lambda: said[-1] is False)
        player.stop()

    run(NOW, scene, monkeypatch)
