"""What plays on the page: one run, or two side by side, at the pace that was chosen last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sklon._base.locks import Lock
from sklon.lab.playground import Moment, Own, Pair, Session, settings_beside, two_queries

#: the moments of the runs that there are
Moments: TypeAlias = tuple[Moment, ...]
PACES = ("10", "100", "1000", "fastest")
STANDARD_PACE = "100"


class Runs:
    """One session, or a pair; what waits for an answer may take a while.

    A comparison is begun and ended by one thread at a time, and not at all once everything is closed.
    """

    def __init__(self, session: Session, second: Session | None = None, pace: str = STANDARD_PACE) -> None:
        self.pace = pace
        self._alone, self._pair = session, None if second is None else Pair(session, second)
        self._seen: Moments = ()
        self._changing, self._closed = Lock(), False

    @staticmethod
    def of(query: str, pace: str) -> Runs:
        """The run, or the two runs, of a link."""
        one, own = two_queries(query)
        session = Session(one)
        if own is None:
            return Runs(session, pace=pace)
        settings, notes = settings_beside(session.frame().wanted, own)
        second = Session(settings)
        second.notes = (*notes, *second.notes)
        return Runs(session, second, pace)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The runs that there are."""
        pair = self._pair
        return (self._alone,) if pair is None else pair.runs

    @property
    def level(self) -> bool:
        """Whether no run has to catch up with the other one."""
        pair = self._pair
        return pair is None or pair.level

    @property
    def times(self) -> tuple[float | None, ...]:
        """Seconds that a step of each took, where they are compared."""
        pair = self._pair
        return (None,) if pair is None else pair.times

    def play(self) -> None:
        """Train by itself."""
        (self._pair or self._alone).play(None if self.pace == PACES[-1] else float(self.pace))

    def pause(self) -> Moments:
        """Stop between two steps."""
        return self._after((self._pair or self._alone).pause())

    def rest(self, resting: bool) -> None:
        """Let nothing go on by itself while nobody looks."""
        if self._pair is not None:
            self._pair.rest(resting)

    def step(self) -> Moments:
        """Take one step."""
        return self._after((self._pair or self._alone).step())

    def restart(self) -> Moments:
        """Begin anew with the settings of now."""
        return self._after((self._pair or self._alone).restart())

    def go_to(self, step: int, wanted: Callable[[], bool] = lambda: True) -> Moments:
        """Pause, and go back to a step, or on to one that was there before, if it is ``wanted`` still."""
        here = max(moment.step for moment in self.pause())
        if not wanted():
            return self.frame()
        pair = self._pair
        if pair is not None:
            return self._after(pair.go_to(step))
        return self._after(self._alone.rewind(step) if step <= here else self._alone.step(step - here))

    def frame(self) -> Moments:
        """The newest moments; the same tuple while nothing has changed."""
        return self._after((self._pair or self._alone).frame())

    def settle(self, seconds: float) -> None:
        """Wait until what was asked for acts, and so many seconds at the most for a run that catches up."""
        pair = self._pair
        if pair is not None:
            pair.settle(seconds)
        else:
            self._alone.settle()

    @property
    def waits(self) -> bool:
        """Whether the training waits for a program."""
        return any(session.waits > 0 for session in self.sessions)

    def change(self, wanted: Mapping[str, Any], which: tuple[int, ...]) -> None:
        """Ask for settings of the runs at these places."""
        pair = self._pair
        if pair is not None:
            pair.change_all(wanted, which)
        else:
            self._alone.change_all(wanted)

    def use(self, own: Own, which: tuple[int, ...]) -> None:
        """Ask for a user's own data for the runs at these places."""
        pair = self._pair
        if pair is not None:
            pair.use(own, which)
        else:
            self._alone.use(own)

    def go_on(self) -> None:
        """Play, if that has ended with a training that can go on now."""
        moments, pair = self.frame(), self._pair
        playing = moments[0].playing if pair is None else pair.playing
        if not playing and any(moment.ended is None for moment in moments):
            self.play()

    def compare(self, playing: bool) -> bool:
        """Let a second run stand beside the first one, as it is; both go on from here. False if there are two."""
        with self._changing:
            if self._closed or self._pair is not None:
                return False
            self._alone.pause()
            self._pair = Pair(self._alone, self._alone.fork())
            if playing:
                self.play()
            return True

    def keep(self, place: int, playing: bool) -> bool:
        """Go on with one of the two runs. False if there is only one."""
        with self._changing:
            if self._closed or self._pair is None:
                return False
            self._alone, self._pair = self._pair.keep(place), None
            if playing:
                self.play()
            return True

    def close(self) -> None:
        """End all threads."""
        with self._changing:
            self._closed = True
            (self._pair or self._alone).close()

    def _after(self, moments: Moment | Moments) -> Moments:
        now = moments if isinstance(moments, tuple) else (moments,)
        if len(now) != len(self._seen) or any(new is not old for new, old in zip(now, self._seen, strict=True)):
            self._seen = now
        return self._seen
