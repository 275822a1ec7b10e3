"""Everything that can be turned in the playground, made from its table of controls: a slider, a menu or a field each.

A control acts while it is dragged, and stands in the address once it is let go. What does not matter under the other
settings cannot be turned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from sklon.lab.controls import Choice
from sklon.lab.playground import CONTROLS, Acts, Row, bounded, matters
from sklon.lab.text import Language, Text, number

from .native import Field, Menu, Slider, Words
from .sliding import Scale

#: groups of controls that act at the same time
GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        Text("Optimizer", "Оптимизатор"),
        ("optimizer", "learning_rate", "momentum", "schedule", "epochs", "stopping"),
    ),
    (Text("Regularisation", "Регуляризация"), ("dropout", "l1", "l2", "weight_decay")),
    (Text("Batch", "Батч"), ("batch_size", "accumulation")),
    (Text("Network", "Сеть"), ("width", "depth", "activation", "initialisation", "batch_norm")),
    (Text("Data", "Данные"), ("data", "points", "noise", "test_share", "seed")),
)
ROWS = {row.name: row for row in CONTROLS}
#: names of data sets and switches; everything else is called as in code
OPTIONS: dict[str, Text] = {
    "moons": Text("two moons", "две луны"),
    "circles": Text("circles", "круги"),
    "spirals": Text("spirals", "спирали"),
    "blobs": Text("three blobs", "три облака"),
    "curve": Text("curve (regression)", "кривая (регрессия)"),
    "own": Text("your own file", "свой файл"),
    "off": Text("off", "нет"),
    "on": Text("on", "да"),
    "none": Text("none", "нет"),
    "full": Text("full", "все"),
}
OWN = "own"


def acts(names: tuple[str, ...]) -> Acts:
    """When the controls of a group act."""
    (one,) = {ROWS[name].acts for name in names}
    return one


def said(name: str, value: Any, language: Language) -> str:
    """The value of a control in words."""
    if isinstance(ROWS[name].control, Choice):
        return OPTIONS[value].of(language) if value in OPTIONS else str(value)
    return str(value) if name == "seed" else number(value, language)


class Knobs:
    """All controls with the values of ``settings``. ``turned`` is told a name, a value, and whether it was let go.

    Where another run stands beside, what it has instead is said at each control: ``other`` is its name and settings.
    They are there once :meth:`show` has made them.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        language: Language,
        turned: Callable[[str, Any, bool], object],
        other: tuple[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.settings, self.language, self._turned, self._other = settings, language, turned, other
        self._beside: dict[str, Words] = {}
        self._inputs: dict[str, Words] = {}
        self._outer: dict[str, Words] = {}

    async def show(self) -> None:
        """Make the elements, a group at a time: they are many, and others are served between."""
        language = self.language
        with ui.element("div").classes("knobs"):
            for title, names in GROUPS:
                with ui.element("fieldset"):
                    Words("legend", title.of(language))
                    Words("p", acts(names).value.of(language), "acts")
                    for name in names:
                        self._show(ROWS[name])
                await asyncio.sleep(0)
        self.own = Words("option", OPTIONS[OWN].of(language))
        self.own.move(self._inputs["data"])
        self.own.set_attributes(value=OWN, disabled="", selected="" if self.settings["data"] == OWN else None)
        self._show_what_matters()
        for name in ROWS:
            self.compare(name)

    def offer_own(self) -> None:
        """A user's own data are there."""
        self.own.set_attributes(disabled=None)

    def choose_own(self) -> None:
        """A user's own data are there, and chosen."""
        self.settings["data"] = OWN
        self.offer_own()
        self._inputs["data"].set_attributes(value=OWN)
        self._show_what_matters()
        self.compare("data")

    def compare(self, name: str) -> None:
        """Say what the other run has, where it is something else."""
        if self._other is not None:
            run, settings = self._other
            differs = settings[name] != self.settings[name]
            self._beside[name].say(f"{run}: {said(name, settings[name], self.language)}" if differs else "")

    def _show(self, row: Row) -> None:
        with ui.element("div").classes("knob"):
            if isinstance(row.control, Choice):
                outer: Any = self._menu(row, row.control)
            elif row.name == "seed":
                outer = self._field(row)
            else:
                outer = self._slider(row)
            if self._other is not None:
                self._beside[row.name] = Words("p", "", "beside")
            described = Words("small", row.help.of(self.language))
            described.props(f"id=about-{row.name}")
        outer.input.set_attributes(aria_describedby=f"about-{row.name}", name=row.name)
        self._inputs[row.name], self._outer[row.name] = outer.input, outer

    def _menu(self, row: Row, control: Choice) -> Menu:
        known = {o: OPTIONS[o].of(self.language) if o in OPTIONS else o for o in control.options if o != OWN}
        chosen = self.settings[row.name]
        return Menu(row.label.of(self.language), known, chosen, lambda text: self._turn(row.name, text, True))

    def _field(self, row: Row) -> Field:
        low, high = row.control.ends
        field = Field(
            row.label.of(self.language), lambda text: self._turn(row.name, text, True),
            type="number", min=str(low), max=str(high), step="1",
        )  # fmt: skip
        field.input._props["defaultValue"] = str(self.settings[row.name])
        return field

    def _slider(self, row: Row) -> Slider:
        scale = Scale.of(row)

        def move(position: int, let_go: bool) -> None:
            value = scale.value(position)
            slider.say_value(number(value, self.language), position if let_go else None)
            self._turn(row.name, value, let_go)

        value = self.settings[row.name]
        slider = Slider(
            row.label.of(self.language), move, low=scale.low, high=scale.high,
            position=scale.position(value), said=number(value, self.language),
        )  # fmt: skip
        return slider

    def _turn(self, name: str, value: Any, let_go: bool) -> None:
        taken, note = bounded(name, value)
        if self.settings[name] != taken:
            self.settings[name] = taken
            if name == "data":
                self._inputs[name].set_attributes(value=taken)
            self._show_what_matters()
        field = self._outer[name]
        if isinstance(field, Field):
            field.complain("" if note is None else note.says.of(self.language))
        self._turned(name, taken, let_go)
        self.compare(name)

    def _show_what_matters(self) -> None:
        for name, given in self._inputs.items():
            off = not matters(name, self.settings)
            if ("disabled" in given._props) != off:
                given.set_attributes(disabled="" if off else None)
                self._outer[name].classes(add="off" if off else "", remove="" if off else "off")
