"""Two sessions in lock step: what is asked for happens to both, and both stand at the same step whenever one looks.

Each session trains in its own thread; a third one lets them take pieces of equal length at the same time. A run that
begins anew, or goes on after its end, catches up with the other one first; a run that has ended waits where it is.
Moments are published when both have done their piece, so nobody sees one of them ahead.

What is turned acts on both at the same step: between two pieces, once every program that it needs is there. Until then
both go on as they were. Nobody but the pair asks anything of its sessions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any, TypeAlias

from sklon._base.errors import InputError

from .answers import Answer
from .datasets import Own
from .moment import Moment
from .pace import MOST_STEPS, Clock, Pace
from .reading import as_count
from .session import PIECE, Session

Moments: TypeAlias = tuple[Moment, Moment]
#: both runs, by their places
BOTH = (0, 1)
#: seconds between two looks at whether a program is there, where no step is due
LOOK = 0.005


@dataclass(slots=True)
class Wish:
    """What was asked for of one run, and not made yet: the last value of each control, and data of a user's own."""

    given: dict[str, Any] = field(default_factory=dict)
    own: Own | None = None

    def is_prepared(self, run: Session) -> bool:
        """Whether it would act at once; if not, what it needs is made meanwhile."""
        return self.own is not None or run.is_prepared(self.given)

    def ask(self, run: Session) -> None:
        """Ask for it."""
        if self.own is not None:
            run.use(self.own)
        if self.given:
            run.change_all(self.given)


class Pair:
    """Two sessions that go side by side. It takes them over: they are closed with it, but for one that is kept.

    >>> from sklon.lab.playground import Pair, Session
    >>> with Pair(Session("optimizer=adam"), Session("optimizer=sgd")) as pair:
    ...     moments = pair.step(20)
    ...     answers = pair.change_all({"batch_norm": "on"}, (1,))
    ...     later = pair.settle()
    >>> [moment.step for moment in moments], [moment.step for moment in later]
    ([20, 20], [20, 20])
    """

    def __init__(self, first: Session, second: Session) -> None:
        self.runs = (first, second)
        self._clocks = (Clock(), Clock())
        self._turn = Condition()
        self._asking, self._moved = 0, False
        self._wishes = (Wish(), Wish())
        self._changes, self._made, self._shown = 0, 0, 0  # asked for, made by both, and to be seen in the moments
        self._playing, self._resting, self._closing = False, False, False
        self._pace = Pace()
        self._error: BaseException | None = None
        self._moments: Moments = (first.pause(), second.pause())
        self._thread = Thread(target=self._work, name="sklon pair", daemon=True)
        self._thread.start()

    # ---- what can be asked for
    def play(self, pace: float | None = None) -> None:
        """Train both until paused or ended, at the pace of the slower one, or ``pace`` steps a second."""
        chosen = Pace(pace)
        with self._turn:
            if self._closing:
                raise _ended()
            self._playing, self._pace = True, chosen
            self._turn.notify_all()

    def pause(self) -> Moments:
        """Stop between two steps."""
        self._playing = False  # now, whatever is to be done before
        with self._moving():
            self._playing = False
        return self.frame()

    def rest(self, resting: bool) -> None:
        """Let nothing go on by itself for as long as nobody looks: neither who plays nor who catches up."""
        with self._turn:
            self._resting = resting
            self._turn.notify_all()

    def step(self, count: int = 1) -> Moments:
        """Take so many steps each, and pause; fewer where a run ends."""
        wanted = min(as_count(count), MOST_STEPS)
        with self._moving():
            self._playing = False
            self._go_to(max(run.frame().step for run in self.runs) + wanted, lambda: True)
        return self.frame()

    def go_to(self, step: int) -> Moments:
        """Pause, and go where both stood or will stand after so many steps: back in time, or on.

        What is asked for on the way, by another thread, is done instead. Both go back then, or neither does.
        """
        target = as_count(step)
        with self._moving():
            self._playing, changes = False, self._changes

            def wanted() -> bool:
                return self._asking == 0 and self._changes == changes and not self._closing

            if self._go_back(target, wanted):
                self._go_to(min(target, max(run.frame().step for run in self.runs) + MOST_STEPS), wanted)
        return self.frame()

    def restart(self) -> Moments:
        """Begin both anew with the settings of now; what failed before is over."""
        with self._moving(anew=True):
            for run in self.runs:
                run.restart()
            self._error = None
        return self.frame()

    def change_all(self, given: Mapping[str, Any], which: tuple[int, ...] = BOTH) -> tuple[dict[str, Answer], ...]:
        """Ask for settings of one run or of both; they act at the same step, as soon as their programs are there.

        A run that begins anew alone catches up with the other one; where both do, both are at their first step.
        """
        answers = tuple(self.runs[place].answers(given) for place in which)
        with self._turn:
            for place, found in zip(which, answers, strict=True):
                self._wishes[place].given |= {name: answer.value for name, answer in found.items()}
            self._changes += 1
            self._turn.notify_all()
        return answers

    def use(self, own: Own, which: tuple[int, ...] = BOTH) -> None:
        """Train one run or both anew on columns of a user's own table."""
        with self._turn:
            for place in which:
                self._wishes[place].own = own
                self._wishes[place].given.pop("data", None)
            self._changes += 1
            self._turn.notify_all()

    def frame(self) -> Moments:
        """The last moments, of the same step; it costs nothing."""
        if self._error is not None:
            raise self._error
        return self._moments

    def settle(self, seconds: float | None = None) -> Moments:
        """The moments when what was asked for acts and both are level; those after so many seconds in any case."""
        with self._turn:
            self._turn.wait_for(self._is_settled, seconds)
        return self.frame()

    def _is_settled(self) -> bool:
        return self._closing or self._error is not None or self.level

    @property
    def playing(self) -> bool:
        """Whether they train by themselves."""
        return self._playing

    @property
    def level(self) -> bool:
        """Whether all that was asked for can be seen, and no run has to catch up; what is closed never will."""
        return self._closing or (self._shown == self._changes and not _late(self._moments))

    @property
    def times(self) -> tuple[float | None, float | None]:
        """Seconds that a step of each took, on average since its start; None while they went slowly."""
        return self._clocks[0].mean, self._clocks[1].mean

    def keep(self, which: int) -> Session:
        """End the comparison, and give back the run at this place, paused; the other one is closed.

        What was asked for of it and waits for a program waits on, in its own queue.
        """
        self._end()
        self.runs[1 - which].close()
        self._wishes[which].ask(self.runs[which])
        return self.runs[which]

    def close(self) -> None:
        """End both, within one piece. The last moments stay."""
        self._end()
        for run in self.runs:
            run.close()

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- whose turn it is
    @contextmanager
    def _moving(self, anew: bool = False) -> Iterator[None]:
        """The turn to move the runs: whoever asks gets it after the piece under way, before the next one.

        Who is to begin ``anew`` does not look at what has failed before.
        """
        with self._turn:
            if self._closing:
                raise _ended()
            self._asking += 1
            self._turn.wait_for(lambda: not self._moved)
            self._asking, self._moved = self._asking - 1, True
        try:
            asked = self._let_changes_act(now=True)
            if asked and not anew:
                self._settle_runs()
            yield
        finally:
            self._pass_on()

    def _let_changes_act(self, now: bool) -> bool:
        """Ask both for what was asked for, if its programs are there, or ``now``; whether there was anything."""
        with self._turn:
            asked, wishes = self._changes, tuple(Wish(dict(wish.given), wish.own) for wish in self._wishes)
        if self._made == asked:
            return False
        there = [wish.is_prepared(run) for wish, run in zip(wishes, self.runs, strict=True)]
        if not (now or all(there)):
            return False
        with self._turn:
            asked, wishes, self._wishes = self._changes, self._wishes, (Wish(), Wish())
        for wish, run in zip(wishes, self.runs, strict=True):
            wish.ask(run)
        self._made = asked
        return True

    def _settle_runs(self) -> None:
        """Wait until both have done what they were asked for; who begins anew has begun before one catches up."""
        for run in self.runs:
            run.settle()

    def _pass_on(self) -> None:
        """Publish where both stand, and let others have their turn."""
        moments = self._moments
        try:
            moments = self.runs[0].frame(), self.runs[1].frame()
        except BaseException as error:  # what failed in a session's own thread
            self._error = error
        with self._turn:
            if any(new is not old for new, old in zip(moments, self._moments, strict=True)):
                self._moments = moments
            self._moved, self._shown = False, self._made
            self._turn.notify_all()

    def _end(self) -> None:
        with self._turn:
            self._closing, self._playing = True, False
            self._turn.notify_all()
        self._thread.join()
        with self._turn:
            self._turn.wait_for(lambda: not self._moved)

    # ---- the thread's side
    def _work(self) -> None:
        while self._may_go_on():
            try:
                self._piece()
            except BaseException as error:  # told to the next one who looks
                self._playing, self._error = False, error
            finally:
                self._pass_on()

    def _may_go_on(self) -> bool:
        """Wait for a piece that can be done, and take the turn for it; False to end."""
        with self._turn:
            while not self._closing:
                others = self._moved or self._asking > 0 or self._resting or self._error is not None
                if not others and (
                    self._made != self._changes or not self.level or (self._playing and self._pace.due > 0)
                ):
                    self._moved = True
                    return True
                self._turn.wait(self._pace.wait if self._playing and not others else None)
        return False

    def _piece(self) -> None:
        """Let who is late catch up for a piece, else let both train for one, if they are to."""
        if self._let_changes_act(now=not self._playing):
            self._settle_runs()
        moments = self.runs[0].frame(), self.runs[1].frame()
        if late := _late(moments):
            self._advance(late, abs(moments[0].step - moments[1].step))
            self._pace.begin()
            return
        if not self._playing or self._pace.due < 1:
            if self._made != self._changes:
                time.sleep(LOOK)
            return
        self._pace.take(self._advance(BOTH, self._pace.due))
        self._playing = self._playing and any(run.frame().ended is None for run in self.runs)

    def _go_back(self, target: int, wanted: Callable[[], bool]) -> bool:
        """Let both go back to a step, if they are beyond it; whether that is so.

        Only the first replay is given up where it is not wanted any more: the slower one.
        """
        slower_first = sorted(BOTH, key=lambda place: -self._clocks[place].per_step)
        beyond = [self.runs[place] for place in slower_first if self.runs[place].frame().step > target]
        for run in beyond:
            if run.rewind(target, wanted if run is beyond[0] else lambda: not self._closing).step > target:
                return False
        return True

    def _go_to(self, target: int, wanted: Callable[[], bool]) -> None:
        """Let both come to a step, unless they end before, or it is ``wanted`` no more."""
        while wanted() and not self._closing and self._error is None:
            moments = self.runs[0].frame(), self.runs[1].frame()
            left = [target - moment.step if moment.ended is None else 0 for moment in moments]
            if max(left) <= 0:
                return
            farthest = max(left)
            self._advance(tuple(place for place in BOTH if left[place] == farthest), _distance(left))

    def _advance(self, which: tuple[int, ...], most: int) -> int:
        """A piece of at most so many steps of these runs, at the same time; how many steps long it was."""
        count = min([most, *(self._steps_in_a_piece(place, self.runs[place].frame().start) for place in which)])
        others = [Thread(target=self._take, args=(place, count), daemon=True) for place in which[1:]]
        for other in others:
            other.start()
        self._take(which[0], count)
        for other in others:
            other.join()
        return count

    def _take(self, place: int, count: int) -> None:
        """Steps of one run, by the clock."""
        run, began = self.runs[place], time.perf_counter()
        before = run.frame().step
        try:
            after = run.step(count)
        except BaseException as error:  # told to the next one who looks
            self._playing, self._error = False, error
            return
        self._clocks[place].tell(after.start, after.step - before, time.perf_counter() - began)

    def _steps_in_a_piece(self, place: int, start: int) -> int:
        """Steps that a run takes in the time of a piece; the first one of a start is taken alone."""
        clock = self._clocks[place]
        return max(1, int(PIECE / clock.per_step)) if clock.start == start else 1


def _ended() -> InputError:
    return InputError("this comparison has ended; begin another one")


def _late(moments: Moments) -> tuple[int, ...]:
    """The places of the runs that are behind, and can go on."""
    farthest = max(moment.step for moment in moments)
    return tuple(place for place in BOTH if moments[place].step < farthest and moments[place].ended is None)


def _distance(left: list[int]) -> int:
    """How far the one that has more steps to go may go before both have the same number left."""
    return abs(left[0] - left[1]) or max(left)
