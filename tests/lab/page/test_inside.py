"""What is looked at inside the network, without a browser: one look at a time, and the newest at last."""

from __future__ import annotations

import asyncio
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

from nicegui import Client, core, ui

from sklon.lab.page.inside import Section
from sklon.lab.page.runs import Moments


def moments(step: int) -> Moments:
    return cast(Moments, (SimpleNamespace(step=step),))


def test_a_slow_look_never_comes_after_a_newer_one() -> None:
    slow, begun = Event(), list[int]()

    def make(moment: Any, _: str) -> str:
        begun.append(moment.step)
        if moment.step == 1:
            slow.wait()
        return str(moment.step)

    async def main() -> None:
        core.loop = asyncio.get_running_loop()  # as NiceGUI does at its start
        client = Client(ui.page("/inside"), request=None)
        with client:
            section = Section(client, "en", "inside", make)
        section._soon.seconds = 0.0
        section._turn(True)
        section.show(moments(1))
        while begun != [1]:
            await asyncio.sleep(0.001)
        section.show(moments(2))
        await asyncio.sleep(0.05)
        section.show(moments(3))
        slow.set()
        while begun != [1, 3] or section._looking:
            await asyncio.sleep(0.001)
        assert section._content.content == "3" and section._content._props["data-step"] == "3"
        client.delete()

    try:
        asyncio.run(asyncio.wait_for(main(), 30))
    finally:
        core.loop = None


def test_a_look_that_fails_is_told_and_the_next_one_is_shown() -> None:
    def make(moment: Any, _: str) -> str:
        if moment.step == 1:
            raise MemoryError("no room")
        return str(moment.step)

    async def main() -> None:
        core.loop = asyncio.get_running_loop()
        client = Client(ui.page("/inside"), request=None)
        with client:
            section = Section(client, "ru", "inside", make)
        section._soon.seconds = 0.0
        section._turn(True)
        section.show(moments(1))
        while section._failed._text == "":
            await asyncio.sleep(0.001)
        assert "ошибки в программе" in str(section._failed._text)
        assert section._failed._detail is not None and section._failed._detail._text == "MemoryError: no room"
        section.show(moments(2))
        while section._content.content != "2":
            await asyncio.sleep(0.001)
        assert section._failed._text == ""
        client.delete()

    try:
        asyncio.run(asyncio.wait_for(main(), 30))
    finally:
        core.loop = None
