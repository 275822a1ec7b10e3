"""Form elements of the browser itself: they can be reached by keyboard and are read aloud as what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from collections.abc import Iterator

from nicegui import ui
from nicegui.element import Element

Changed = Callable[[str], None]
#: what a change sends is the value alone
_VALUE = "event => emit(event.target.value)"


class Button(Element):
    """A button with words on it."""

    def __init__(self, words: str, pressed: Callable[[], object], kind: str = "") -> None:
        super().__init__("button")
        self.props("type=button").classes(kind)
        self._text = words
        self.on("click", lambda _: pressed())

    def say(self, words: str) -> None:
        """Put other words on it."""
        self._text = words
        self.update()

    def enable(self, enabled: bool) -> None:
        """Whether it can be pressed."""
        if enabled:
            self._props.pop("disabled", None)
        else:
            self._props["disabled"] = True
        self.update()
