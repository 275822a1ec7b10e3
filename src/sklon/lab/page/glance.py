"""What stays in sight while settings are turned, where the stage does not: small pictures, and how good they are."""

from __future__ import annotations

from collections.abc import Iterable

from nicegui import ui
from nicegui.element import Element

from .boundary import Boundary
from .native import Words


class _Copy(Element, component="glance.js"):
    """The picture of a boundary, small; ``canvas[data-step]`` is the step that it shows."""

    def __init__(self, boundary: Boundary) -> None:
        super().__init__()
        self._props["source"] = boundary.id


class Glance:
    """A line above the settings that stays when one scrolls. All of it stands on the stage too, and is read there."""

    def __init__(self) -> None:
        with ui.element("div").classes("glance").props("aria-hidden=true"):
            self._pictures = ui.element("div").classes("pictures")
            self._words = Words("p")

    def follow(self, boundaries: Iterable[Boundary]) -> None:
        """Show copies of these pictures."""
        self._pictures.clear()
        with self._pictures:
            for boundary in boundaries:
                _Copy(boundary)

    def say(self, words: str) -> None:
        """Say how good they are."""
        self._words.say(words)
