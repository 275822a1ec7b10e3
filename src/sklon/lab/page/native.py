"""Form elements of the browser itself: they can be reached by keyboard, and are read aloud as what they are."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TypeAlias

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from sklon._base.errors import InputError
from sklon.lab.complaints import Complaint, complaint
from sklon.lab.text import Language

#: is told the value that someone gave, as text
Changed: TypeAlias = Callable[[str], object]
#: is told a position, and whether the slider was let go there
Moved: TypeAlias = Callable[[int, bool], object]
#: what the browser sends of a change: the value alone
_VALUE = "event => emit(event.target.value)"


class Words(Element):
    """An element that holds words."""

    def __init__(self, tag: str, words: str = "", kind: str = "") -> None:
        super().__init__(tag)
        self._text = words
        self._detail: Words | None = None
        self.classes(kind)

    def explain(self, error: InputError, language: Language, **known: str) -> None:
        """Say what could not be done, and why."""
        self.say_complaint(complaint(error, language, **known))

    def say_complaint(self, told: Complaint) -> None:
        """Say it: what there is only in English is marked as English."""
        self.say(told.text + " " if told.detail else told.text)
        if told.detail:
            with self:
                self._detail = Words("span", told.detail)
                self._detail.set_attributes(lang="en")

    def say(self, words: str) -> None:
        """Hold other words."""
        if self._detail is not None:
            self._detail.delete()
            self._detail = None
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


class Choices(Words):
    """A choice of one among a few that are all in sight; ``name`` is that of the group."""

    def __init__(self, legend: str, name: str, options: Mapping[str, str], chosen: str, changed: Changed) -> None:
        super().__init__("fieldset", kind="choices")
        with self:
            Words("legend", legend)
            for value, words in options.items():
                with Words("label"):
                    given = Words("input")
                    checked = "" if value == chosen else None
                    given.set_attributes(type="radio", name=name, value=value, checked=checked)
                    _listen(given, changed)
                    Words("span", words)


class Slider(Words):
    """A range with its label and its value in words around it. ``moved`` is told where it is, and if it was let go.

    ``position`` is a number of steps from ``low`` to ``high``. What the browser shows stays the reader's, until
    :meth:`place`.
    """

    def __init__(self, label: str, moved: Moved, *, low: int, high: int, position: int, said: str) -> None:
        super().__init__("label")
        with self:
            Words("span", label)
            self.value = Words("span", said, "value").props("aria-hidden=true")
            self.input = Words("input")
            # defaultValue: what someone drags is not drawn back by whatever else changes on the page
            self.input._props["defaultValue"] = str(position)
            self.input.set_attributes(type="range", min=str(low), max=str(high), step="1", aria_valuetext=said)
            _listen(self.input, lambda text: moved(int(float(text)), False), "input", throttle=0.05)
            _listen(self.input, lambda text: moved(int(float(text)), True))

    def say_value(self, said: str, position: int | None = None) -> None:
        """Say the value in words; with a position when it was let go."""
        self.value.say(said)
        if position is not None:
            self.input.set_attributes(aria_valuetext=said)

    def place(self, position: int, high: int, said: str) -> None:
        """Move it from here."""
        self.value.say(said)
        self.input.set_attributes(value=str(position), max=str(high), aria_valuetext=said)


class File(Words):
    """A file of at most ``most`` bytes; ``given`` is told its name and its bytes, None if it is too long.

    Bytes, since the browser would read any text as UTF-8: whoever reads the file finds out how it is written.
    """

    def __init__(self, label: str, given: Callable[[str, bytes | None], object], *, kinds: str, most: int) -> None:
        super().__init__("label", label)
        with self:
            self.input = Words("input")
            self.input.set_attributes(type="file", accept=kinds)

        def handle(event: GenericEventArguments) -> None:
            name, content = str(event.args.get("name", ""))[:80], event.args.get("content")
            held = _bytes_of(content) if isinstance(content, str) else None
            given(name, held if held is not None and len(held) <= most else None)

        script = (
            "event => { const file = event.target.files[0]; if (!file) return; "
            f"if (file.size > {most}) emit({{ name: file.name }}); "
            "else { const reader = new FileReader(); "
            'reader.onload = () => emit({ name: file.name, content: reader.result.split(",")[1] || "" }); '
            "reader.readAsDataURL(file); } }"
        )
        self.input.on("change", handle, js_handler=script)


class Details(Words):
    """Something that can be opened; ``turned`` is told whether it is open."""

    def __init__(self, summary: str, turned: Callable[[bool], object]) -> None:
        super().__init__("details")
        with self:
            Words("summary", summary)
        self.on("toggle", lambda event: turned(bool(event.args)), js_handler="event => emit(event.target.open)")


def _bytes_of(content: str) -> bytes | None:
    """What base64 says; None where it is something else."""
    try:
        return b64decode(content, validate=True)
    except ValueError:
        return None


def _listen(element: Element, changed: Changed, event: str = "change", throttle: float = 0.0) -> None:
    def handle(given: GenericEventArguments) -> None:
        changed(str(given.args))

    element.on(event, handle, js_handler=_VALUE, throttle=throttle)
