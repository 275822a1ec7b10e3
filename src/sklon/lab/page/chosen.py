"""The settings of the runs that there are, and for which of them the controls stand: the first, the second, or both.

The controls show the settings of one run; what the other one has instead stands beside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from nicegui import background_tasks, ui

from sklon.lab.playground import RUNS
from sklon.lab.text import Language

from . import compare_words as words
from .knobs import OWN, Knobs
from .native import Choices, Words
from .runs import Runs

#: is told the places of the runs, a name, a value, and whether it was let go
Turned: TypeAlias = Callable[[tuple[int, ...], str, Any, bool], object]
BOTH = "both"


class Chosen:
    """The settings of each run; ``turned`` is told what is turned, and for which of them."""

    def __init__(self, language: Language, runs: Runs, turned: Turned) -> None:
        self.language, self._turned = language, turned
        self.settings: list[dict[str, Any]] = [dict(moment.wanted) for moment in runs.frame()]
        self._turn_of_knobs = asyncio.Lock()
        self._own = [False for _ in self.settings]
        self.which = RUNS[len(self.settings) - 1]

    @property
    def places(self) -> tuple[int, ...]:
        """The places of the runs that the controls turn."""
        return tuple(range(len(self.settings))) if self.which == BOTH else (RUNS.index(self.which),)

    async def show(self) -> None:
        """The switch, where there are two runs, and the controls."""
        self._switch, self._place = ui.element("div").classes("which"), Words("div")
        await self._show_all()

    async def follow(self, kept: int) -> None:
        """There is one more run, set like the first; or one less, and the one that is kept stays."""
        if len(self.settings) == 1:
            self.settings, self._own = [*self.settings, dict(self.settings[0])], 2 * self._own
        else:
            self.settings, self._own = [self.settings[kept]], [self._own[kept]]
        self.which = RUNS[len(self.settings) - 1]
        await self._show_all()

    async def agree(self, settings: Sequence[Mapping[str, Any]]) -> bool:
        """Show the settings that the runs have, where they are others; whether they are."""
        theirs = [dict(one) for one in settings]
        if len(theirs) != len(self.settings) or theirs == self.settings:
            return False
        self.settings = theirs
        await self._show_knobs()
        return True

    @property
    def own(self) -> tuple[bool, ...]:
        """Whether there are data of a user's own for each run."""
        return tuple(self._own)

    async def take_over(self, settings: Sequence[Mapping[str, Any]], own: Sequence[bool]) -> None:
        """Show the settings of other runs, and which of them have data of a user's own."""
        self.settings, self._own = [dict(one) for one in settings], list(own)
        self.which = RUNS[len(self.settings) - 1]
        await self._show_all()

    def choose_own(self) -> tuple[int, ...]:
        """A user's own data are there for the chosen runs, and chosen; which these are."""
        for place in self.places:
            self._own[place] = True
            self.settings[place]["data"] = OWN
        self._knobs.choose_own()
        return self.places

    async def _show_all(self) -> None:
        self._switch.clear()
        if len(self.settings) > 1:
            options = {run: run for run in RUNS} | {BOTH: words.BOTH.of(self.language)}
            with self._switch:
                Choices(words.TURN.of(self.language), "which", options, self.which, self._choose)
        await self._show_knobs()

    def _choose(self, which: str) -> None:
        if which in (*RUNS, BOTH):
            self.which = which
            background_tasks.create(self._show_knobs(), name="settings")

    async def _show_knobs(self) -> None:
        """The controls of what is chosen, once those that are being made are there."""
        async with self._turn_of_knobs:
            await self._make_knobs()

    async def _make_knobs(self) -> None:
        here, *_ = self.places
        other = None if len(self.settings) == 1 else (RUNS[1 - here], self.settings[1 - here])
        self._place.clear()
        self._place.set_attributes(data_which=self.which)
        with self._place:
            self._knobs = Knobs(self.settings[here], self.language, self._turn, other)
            await self._knobs.show()
            if self._own[here]:
                self._knobs.offer_own()

    def _turn(self, name: str, value: Any, let_go: bool) -> None:
        which = tuple(place for place in self.places if (name, value) != ("data", OWN) or self._own[place])
        for place in which:
            self.settings[place][name] = value
        self._turned(which, name, value, let_go)
