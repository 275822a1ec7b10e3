"""The settings of one experiment on a page: fields for its controls, its seed and its faults, bounded on the server.

They stand in the address as ``E9.batch_size=32``, so that an experiment is a link; what a link says is read like what a
learner types, and what cannot be is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from sklon._base.errors import InputError
from sklon.lab.controls import Choice, Control, Whole
from sklon.lab.experiment import Experiment, Fault
from sklon.lab.text import Language, Text, number

from . import words
from .native import Field, Menu

SEED = Whole("seed", 0, 0, 2**32 - 1, words.SEED)
BETWEEN = Text("from {low} to {high}", "от {low} до {high}")


class Turned:
    """What is set for one experiment."""

    def __init__(self, experiment: Experiment, query: Mapping[str, str]) -> None:
        self.experiment = experiment
        self.controls: tuple[Control, ...] = (*experiment.controls, SEED)
        self.values: dict[str, Any] = {c.name: _read(c, query.get(self._name(c.name))) for c in self.controls}
        self.fault = _fault(experiment, query.get(self._name("fault")))

    @property
    def settings(self) -> dict[str, Any]:
        """The values of the experiment's own controls."""
        return {c.name: self.values[c.name] for c in self.experiment.controls}

    @property
    def seed(self) -> int:
        """Where randomness starts."""
        return int(self.values[SEED.name])

    @property
    def query(self) -> dict[str, str]:
        """What differs from the defaults, as it stands in the address."""
        turned = {self._name(c.name): str(self.values[c.name]) for c in self.controls if self._differs(c)}
        return turned | ({self._name("fault"): self.fault.name} if self.fault is not None else {})

    def set(self, control: Control, text: str) -> None:
        """Set a control; InputError for what is out of its bounds."""
        self.values[control.name] = control.read(text)

    def set_fault(self, name: str) -> None:
        """Switch a fault on, or all of them off with no name."""
        self.fault = _fault(self.experiment, name)

    def _differs(self, control: Control) -> bool:
        return bool(self.values[control.name] != control.default)

    def _name(self, name: str) -> str:
        return f"{self.experiment.number}.{name}"


def show_settings(turned: Turned, language: Language, changed: Callable[[], None]) -> None:
    """The fields; ``changed`` is called when something was set."""
    with ui.element("div").classes("settings").props(f'role=group aria-label="{words.SETTINGS.of(language)}"'):
        for control in turned.controls:
            if isinstance(control, Choice):
                _show_choice(turned, control, language, changed)
            else:
                _show_number(turned, control, language, changed)
        faults = {"": words.NO_FAULT.of(language)}
        faults |= {fault.name: fault.says.of(language) for fault in turned.experiment.faults}

        def switch(name: str) -> None:
            turned.set_fault(name)
            changed()

        Menu(words.FAULT.of(language), faults, turned.fault.name if turned.fault else "", switch).classes("fault")


def bounds(control: Control, language: Language) -> str:
    """Between which values a control may be turned, in words."""
    low, *_, high = control.ends
    return BETWEEN.of(language).format(low=number(low, language), high=number(high, language))


def _show_choice(turned: Turned, control: Choice, language: Language, changed: Callable[[], None]) -> None:
    def choose(text: str) -> None:
        turned.set(control, text)
        changed()

    options = {option: option for option in control.options}
    Menu(control.says.of(language), options, turned.values[control.name], choose)


def _show_number(turned: Turned, control: Control, language: Language, changed: Callable[[], None]) -> None:
    label, (low, high) = control.says.of(language), control.ends

    def change(text: str) -> None:
        try:
            turned.set(control, text)
        except InputError:
            field.complain(f"{label}: {bounds(control, language)}")
        else:
            field.complain("")
            changed()

    step = "1" if isinstance(control, Whole) else "any"
    value = str(turned.values[control.name])
    field = Field(label, change, type="number", min=str(low), max=str(high), step=step, value=value)


def _read(control: Control, text: str | None) -> Any:
    """The value that a link gives a control, else its default."""
    try:
        return control.default if text is None else control.read(text)
    except InputError:
        return control.default


def _fault(experiment: Experiment, name: str | None) -> Fault | None:
    return next((fault for fault in experiment.faults if fault.name == name), None)
