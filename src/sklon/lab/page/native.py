"""Form elements of the browser itself: they can be reached by keyboard, and are read aloud as what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from nicegui.element import Element
from nicegui.events import GenericEventArguments

#: is told the value that someone gave, as text
Changed: TypeAlias = Callable[[str], object]
#: what the browser sends of a change: the value alone
_VALUE = "event => emit(event.target.value)"


class Words(Element):
    """An element that holds words."""

    def __init__(self, tag: str, words: str = "", kind: str = "") -> None:
        super().__init__(tag)
        self._text = words
        self.classes(kind)

    def say(self, words: str) -> None:
        """Hold other words."""
        if words != self._text:
            self._text = words
            self.update()

    def set_attributes(self, **values: str | None) -> None:
        """Set attributes, data_status for data-status; None takes one away."""
        for name, value in values.items():
            self._props.pop(name.replace("_", "-"), None)
            if value is not None:
                self._props[name.replace("_", "-")] = value
        self.update()


class Button(Words):
    """A button with words on it. While it cannot be pressed it keeps the focus, so that no keyboard gets lost."""

    def __init__(self, words: str, pressed: Callable[[], object], kind: str = "") -> None:
        super().__init__("button", words, kind)
        self._props["type"] = "button"
        self._enabled = True
        self.on("click", lambda _: pressed() if self._enabled else None)

    def enable(self, enabled: bool) -> None:
        """Whether it can be pressed."""
        self._enabled = enabled
        self.set_attributes(aria_disabled=None if enabled else "true")


class Field(Words):
    """A field with its label around it. ``attributes`` are those of HTML; a change is told as text."""

    def __init__(self, label: str, changed: Changed, **attributes: str) -> None:
        super().__init__("label", label)
        with self:
            self.input = Words("input")
            self.input.set_attributes(**attributes)
            _listen(self.input, changed)
            self.complaint = Words("span", "", "complaint").props("role=alert")

    def complain(self, words: str) -> None:
        """Say what is wrong with the value; nothing if it is right."""
        self.complaint.say(words)
        self.input.set_attributes(aria_invalid="true" if words else None)


class Menu(Words):
    """A choice among named options, with its label around it."""

    def __init__(self, label: str, options: Mapping[str, str], chosen: str, changed: Changed) -> None:
        super().__init__("label", label)
        with self:
            self.input = Words("select")
            _listen(self.input, changed)
            with self.input:
                for value, words in options.items():
                    Words("option", words).set_attributes(value=value, selected="" if value == chosen else None)


def _listen(element: Element, changed: Changed) -> None:
    def handle(event: GenericEventArguments) -> None:
        changed(str(event.args))

    element.on("change", handle, js_handler=_VALUE)
