"""A learner's own file on the page, without a browser: of two files that come at once the last one counts."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import Any

import pytest
from nicegui import Client, core, ui

from sklon._base.errors import InputError
from sklon.lab.page import own
from sklon.lab.page.native import Menu

ROWS = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(30))


@pytest.mark.parametrize("slow", ["first", "last"])
@pytest.mark.parametrize("damaged", [False, True], ids=["both are read", "the first one is damaged"])
def test_of_two_files_at_once_the_last_one_is_offered_once(
    slow: str, damaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, read, over = Event(), own.table_of, list[str]()

    def table_of(content: bytes) -> Any:
        name = "first" if content.startswith(b"a") else "last"
        if name == slow:
            gate.wait()
        over.append(name)
        if damaged and name == "first":
            raise InputError("{file} is empty", file="own.csv")
        return read(content)

    async def main() -> None:
        core.loop = asyncio.get_running_loop()  # as NiceGUI does at its start
        client = Client(ui.page("/own"), request=None)
        with client:
            given = own.OwnData(client, "en", lambda _: None)
            given._given("first.csv", f"a,b,c\n{ROWS}".encode())
            given._given("last.csv", f"x,y,z\n{ROWS}".encode())
        while len(over) < 1:
            await asyncio.sleep(0.001)
        gate.set()
        while len(over) < 2 or given._said._text == "":
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        menus = [element for element in given._columns.descendants() if isinstance(element, Menu)]
        assert len(menus) == 3 and given._chosen == {"first": "x", "second": "y", "target": "z"}
        assert str(given._said._text).startswith("last.csv: 30 rows") and given._complaint._text == ""
        client.delete()

    monkeypatch.setattr(own, "table_of", table_of)
    try:
        asyncio.run(asyncio.wait_for(main(), 30))
    finally:
        core.loop = None
