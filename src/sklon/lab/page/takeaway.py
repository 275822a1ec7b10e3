"""What can be taken away from the playground, as files that the browser saves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from nicegui import Client, background_tasks, ui

from sklon.lab.playground import (
    Moment,
    curves_text,
    curves_text_of_two,
    data_text,
    data_text_of_two,
    picture,
    picture_of_two,
    script,
    script_of_two,
    settings_text,
    settings_text_of_two,
)
from sklon.lab.playground.script import DATA_FILE
from sklon.lab.text import Language, Text

from .aside import aside
from .mishap import mishap
from .native import Button, Words
from .outcome import DRAWING
from .runs import Moments
from .shell import html

TITLE = Text("Take it away", "Забрать с собой")
#: makes the content of a file from the moments of the runs that there are
Make: TypeAlias = Callable[[Moments, Language], bytes]


def drawn(suffix: str) -> Make:
    """The picture of the runs as a file of this kind."""

    def make(moments: Moments, language: Language) -> bytes:
        with DRAWING, TemporaryDirectory() as folder:
            one, *other = moments
            seen = picture_of_two(one, other[0], language) if other else picture(one, language)
            return seen.save(Path(folder) / f"figure{suffix}").read_bytes()

    return make


def _written(one: Callable[[Moment], str], two: Callable[[Moment, Moment], str]) -> Make:
    """The text of one run, or of two."""
    return lambda moments, _: (one(moments[0]) if len(moments) == 1 else two(*moments)).encode()


#: what stands on the button, the file's name, its content
FILES: tuple[tuple[Text, str, Make], ...] = (
    (Text("Python script", "Программа на Python"), "playground.py", _written(script, script_of_two)),
    (Text("Figure, SVG", "Рисунок, SVG"), "playground.svg", drawn(".svg")),
    (Text("Figure, PNG", "Рисунок, PNG"), "playground.png", drawn(".png")),
    (Text("Data, CSV", "Данные, CSV"), DATA_FILE, _written(data_text, data_text_of_two)),
    (Text("Curves, CSV", "Кривые, CSV"), "playground-curves.csv", _written(curves_text, curves_text_of_two)),
    (Text("Settings, JSON", "Настройки, JSON"), "playground.json", _written(settings_text, settings_text_of_two)),
)


def show_takeaway(client: Client, language: Language, newest: Callable[[], Moments]) -> None:
    """A button for each file; its content is that of the newest moments. What cannot be made is told."""

    async def give(name: str, make: Make) -> None:
        try:
            content = await aside(lambda: make(newest(), language))
        except Exception as error:
            failed.say_complaint(mishap(error, language))
            return
        with client:
            ui.download.content(content, name)

    def begin(name: str, make: Make) -> Awaitable[None]:
        failed.say("")
        return background_tasks.create(give(name, make), name="takeaway")

    with ui.element("section"):
        html(TITLE.of(language), "h2")
        with ui.element("div").classes("actions"):
            for label, name, make in FILES:
                Button(label.of(language), partial(begin, name, make))
        failed = Words("p", "", "complaint").props("role=alert")
