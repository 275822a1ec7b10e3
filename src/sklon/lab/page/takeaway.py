"""What can be taken away from the playground, as files that the browser saves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from nicegui import Client, background_tasks, ui

from sklon.lab.playground import Moment, curves_text, data_text, picture, script, settings_text
from sklon.lab.text import Language, Text

from .aside import aside
from .native import Button
from .outcome import DRAWING
from .shell import html

TITLE = Text("Take it away", "Забрать с собой")
#: makes the content of a file from a moment
Make: TypeAlias = Callable[[Moment, Language], bytes]


def drawn(suffix: str) -> Make:
    """The picture of a moment as a file of this kind."""

    def make(moment: Moment, language: Language) -> bytes:
        with DRAWING, TemporaryDirectory() as folder:
            return picture(moment, language).save(Path(folder) / f"figure{suffix}").read_bytes()

    return make


def _written(text: Callable[[Moment], str]) -> Make:
    return lambda moment, _: text(moment).encode()


#: what stands on the button, the file's name, its content
FILES: tuple[tuple[Text, str, Make], ...] = (
    (Text("Python script", "Программа на Python"), "playground.py", _written(script)),
    (Text("Figure, SVG", "Рисунок, SVG"), "playground.svg", drawn(".svg")),
    (Text("Figure, PNG", "Рисунок, PNG"), "playground.png", drawn(".png")),
    (Text("Data, CSV", "Данные, CSV"), "playground-data.csv", _written(data_text)),
    (Text("Curves, CSV", "Кривые, CSV"), "playground-curves.csv", _written(curves_text)),
    (Text("Settings, JSON", "Настройки, JSON"), "playground.json", _written(settings_text)),
)


def show_takeaway(client: Client, language: Language, newest: Callable[[], Moment]) -> None:
    """A button for each file; its content is that of the newest moment."""
    with ui.element("section"):
        html(TITLE.of(language), "h2")
        with ui.element("div").classes("actions"):
            for label, name, make in FILES:
                Button(label.of(language), _giver(client, language, newest, name, make))


def _giver(
    client: Client, language: Language, newest: Callable[[], Moment], name: str, make: Make
) -> Callable[[], object]:
    async def give() -> None:
        content = await aside(lambda: make(newest(), language))
        with client:
            ui.download.content(content, name)

    def begin() -> Awaitable[None]:
        return background_tasks.create(give(), name="takeaway")

    return begin
