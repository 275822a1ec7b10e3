"""A live training: it trains in small pieces in a thread of its own, and obeys between two of them.

One thread moves the course; everyone else reads moments, which are values. So nobody waits for anybody: a view of the
last moment is computed while the next piece runs. A paused session sleeps.

What needs a program that is not compiled yet waits until another thread has compiled it; meanwhile the training goes on
as it was, and further changes join the one that waits. So what is asked for is done in its order, and only the last
value of each control. A replay is given up for whatever is asked for after it.

Whatever fails in the thread ends the training, not the thread: who waits is told, and a new start begins anew.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from threading import Condition, Thread
from types import MappingProxyType
from typing import Any

import numpy as np

from sklon._base.errors import InputError

from .address import query_of
from .answers import Answer, answers_to, begins_anew, settings_for
from .bench import Bench
from .controls import Note
from .course import AT_A_STRETCH, Course
from .datasets import Own
from .job import Job
from .maker import Maker
from .moment import Moment, moment_of
from .pace import MOST_STEPS, Pace
from .reading import as_count

#: seconds of training between two looks at what was asked for
PIECE = 0.01


class Session:
    """A training that obeys. ``settings`` are values by name, or the query of a link; the others have their defaults.

    What lies outside the bounds is brought within them, and said in ``notes``. ``own`` are columns of a user's table,
    for ``data="own"``. The session is paused at first. Close it, or use it as a context manager.

    >>> from sklon.lab.playground import Session
    >>> with Session({"width": 4, "seed": 1}) as session:
    ...     moment = session.step(3)
    ...     answer = session.change("learning_rate", 99)
    ...     again = session.rewind(2)
    >>> moment.step, answer.value, again.step
    (3, 10.0, 2)

    InputError for the name of no control.
    """

    def __init__(self, settings: Mapping[str, Any] | str = "", *, own: Own | None = None) -> None:
        values, notes = settings_for(settings, own)
        self._own = own
        self.notes: tuple[Note, ...] = notes
        self._starts = 0
        self._playing = False
        self._pace = Pace()
        self._per_step = 1e-4  # seconds, as of the last piece
        self._jobs: deque[Job] = deque()
        self._demands = self._begun = 0  # so many were made; a replay ends when there is another one
        self._asked = 0  # a piece ends when something new was asked for
        self._idle_since: float | None = None  # when the thread began to wait for a program
        self._turn = Condition()
        self._maker = Maker(self._look_again)
        self._failed: tuple[int, Mapping[str, Any]] | None = None  # a start, and changes that cannot be prepared
        self._closing = False
        self._error: BaseException | None = None
        self._begin(values)
        self._thread = Thread(target=self._work, name="sklon playground", daemon=True)
        self._thread.start()

    # ---- what can be asked for
    def play(self, pace: float | None = None) -> None:
        """Train until paused or ended, as fast as it goes or at ``pace`` steps a second at the most."""
        chosen = Pace(pace)

        def do() -> None:
            self._playing, self._pace = True, chosen
            chosen.begin()

        self._ask(do)

    def pause(self) -> Moment:
        """Stop between two steps, and return where that is."""
        self._halt()  # now, whatever is to be done before
        return self._wait_for(self._halt)

    def step(self, count: int = 1) -> Moment:
        """Take so many steps and pause; fewer where the training ends.

        Of very many the rest is left when another thread asks for something.
        """
        steps = min(as_count(count), MOST_STEPS)

        def do() -> None:
            self._halt()
            target, surely = (self._course.step + count for count in (steps, min(steps, AT_A_STRETCH)))
            while self._course.step < (target if self._is_last() else surely):
                if not self._course.advance(min(max(1, target - self._course.step - 1), AT_A_STRETCH)):
                    return

        return self._wait_for(do, ready=self._is_prepared)

    def rewind(self, step: int, wanted: Callable[[], bool] | None = None) -> Moment:
        """Pause, and go back to where the training stood after so many steps; what came later is forgotten.

        Whatever is asked for meanwhile, by another thread, is done instead: then the training stands where it stood.
        With ``wanted`` that decides, now and then, whether the replay goes on.
        """
        target = as_count(step)
        go_on = self._is_last if wanted is None else lambda: wanted() and not self._closing

        def do() -> None:
            self._halt()
            self._course.rewind(target, go_on)

        return self._wait_for(do)

    def change(self, name: str, value: Any) -> Answer:
        """Set a control, within its bounds. It acts before the next piece, or once its program is compiled."""
        return self.change_all({name: value})[name]

    def change_all(self, given: Mapping[str, Any]) -> dict[str, Answer]:
        """Set several controls at once. Where one of them begins anew, all begin with it: there is one new start.

        They join changes that still wait for their turn.

        >>> from sklon.lab.playground import Session
        >>> with Session() as session:
        ...     answers = session.change_all({"width": 4, "depth": 1, "momentum": 0.5})
        ...     session.settle().start
        2
        """
        answers = self.answers(given)
        self._ask_for_changes({name: answer.value for name, answer in answers.items()})
        return answers

    def answers(self, given: Mapping[str, Any]) -> dict[str, Answer]:
        """What would become of these changes; nothing is changed."""
        return answers_to(given, self._moment.settings, self._own)

    def is_prepared(self, given: Mapping[str, Any]) -> bool:
        """Whether these changes, as :meth:`answers` takes them, would act at once; if not, what they need is made.

        That happens beside the session, which has to be paused meanwhile or to be moved by whoever asks this.
        """
        return self._is_prepared(given)

    def use(self, own: Own) -> None:
        """Train anew on columns of a user's own table."""

        def do() -> None:
            self._own = own
            self._begin({**self._course.settings, **self._course.pending, "data": "own"})

        self._ask(do)

    def restart(self) -> Moment:
        """Begin anew with the settings of now."""
        return self._wait_for(lambda: self._begin({**self._course.settings, **self._course.pending}))

    def fork(self) -> Session:
        """A session of its own that stands where this one does, to the bit, paused; both share their past.

        >>> from sklon.lab.playground import Session
        >>> with Session() as session:
        ...     past = session.step(30)
        ...     with session.fork() as other:
        ...         other.step(5).training_curve[:4].tolist() == past.training_curve[:4].tolist()
        True
        """
        moment = self.settle()
        other = Session(moment.first, own=self._own)

        def follow() -> None:
            curves = moment.training_curve, moment.testing_curve
            other._course.follow(moment.step, moment.changes, curves, moment.past)
            other._course.pending, other._course.ended = dict(moment.waiting), moment.ended

        try:
            other._wait_for(follow)
        except BaseException:
            other.close()
            raise
        return other

    def frame(self) -> Moment:
        """The last moment; it costs nothing."""
        if self._error is not None:
            raise self._error
        return self._moment

    def settle(self) -> Moment:
        """The moment after everything that was asked for before has been done."""
        return self._wait_for(lambda: None, demand=False)

    @property
    def waits(self) -> float:
        """Seconds for which the training, or what was asked for, has been waiting for a program by now."""
        since = self._idle_since
        return 0.0 if since is None else time.perf_counter() - since

    @property
    def query(self) -> str:
        """The settings as the query of a link."""
        return query_of(self.frame().wanted)

    def close(self) -> None:
        """End the thread, within one piece. A closed session still has its last moment."""
        with self._turn:
            self._closing, self._playing = True, False
            self._turn.notify_all()
        self._thread.join()
        for job in self._jobs:
            job.error = _closed()
            job.done.set()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the thread's side
    def _begin(self, settings: Mapping[str, Any]) -> None:
        """Begin a training at its first step; what failed before is over."""
        course = Course(settings, self._own)
        self._course, self._bench = course, Bench(course.settings, course.data)
        self._error = None
        self._starts += 1
        self._publish()

    def _publish(self) -> None:
        self._moment = moment_of(self._course, self._bench, self._starts, self._playing)

    def _halt(self) -> None:
        self._playing = False

    def _ask(self, do: Callable[[], None], **more: Any) -> Job:
        job = Job(do, **more)
        with self._turn:
            self._append(job)
        return job

    def _append(self, job: Job) -> None:
        if self._closing:
            raise _closed()
        self._demands += job.demand
        self._asked += 1
        self._jobs.append(job)
        self._turn.notify_all()

    def _ask_for_changes(self, given: Mapping[str, Any]) -> None:
        """Change settings: together with the changes that were asked for last, if they have not been made yet."""
        with self._turn:
            last = next((job.given for job in reversed(self._jobs) if job.demand), None)
            if last is not None and not self._closing:
                last |= given
                self._asked += 1
                self._turn.notify_all()
            else:
                made = dict(given)
                self._append(Job(lambda: self._change(made), ready=lambda: self._is_prepared(made), given=made))

    def _change(self, given: Mapping[str, Any]) -> None:
        if begins_anew(given):
            self._begin({**self._course.settings, **self._course.pending, **given})
        else:
            self._course.change_all(given)

    def _is_prepared(self, given: Mapping[str, Any] = MappingProxyType({})) -> bool:
        """Whether the program is there that these changes need; if not, it will be made."""
        if begins_anew(given) or self._failed == (self._starts, given):
            return True
        make = self._course.unprepared(given)
        if make is not None:
            self._maker.ask(partial(self._prepare, make, (self._starts, dict(given))))
        return make is None

    def _prepare(self, make: Callable[[], None], wanted: tuple[int, Mapping[str, Any]]) -> None:
        """In the maker's thread. What fails there will fail, and be told, where it is needed."""
        try:
            make()
        except Exception:
            self._failed = wanted

    def _is_last(self) -> bool:
        """Whether nothing else has been asked for since what is done now."""
        return self._demands == self._begun and not self._closing

    def _look_again(self) -> None:
        with self._turn:
            self._turn.notify_all()

    def _wait_for(self, do: Callable[[], None], **more: Any) -> Moment:
        job = self._ask(do, awaited=True, **more)
        job.done.wait()
        if job.error is not None:
            raise job.error
        return self.frame()

    def _work(self) -> None:
        with np.errstate(all="ignore"):
            while (job := self._next()) is not None:
                for act in (job.do, self._publish):
                    try:
                        act()
                    except BaseException as error:  # told to whoever waits, or else to the next one who looks
                        self._playing, job.error = False, job.error or error
                        self._error = self._error if job.awaited else error
                job.done.set()

    def _next(self) -> Job | None:
        """What to do now: what was asked for, else a piece; None to end. Sleeps while there is neither."""
        with self._turn:
            while not self._closing:
                if self._jobs and self._is_ready(self._jobs[0]):
                    self._idle_since = None
                    self._begun += self._jobs[0].demand
                    return self._jobs.popleft()
                try:
                    if self._may_train():
                        return Job(self._piece)
                except BaseException as error:
                    return Job(partial(_fail, error))
                self._turn.wait(self._pace.wait if self._playing and self._pace.due < 1 else None)
        return None

    def _is_ready(self, job: Job) -> bool:
        """Whether its turn has come; what cannot find that out fails in its turn."""
        try:
            return job.ready()
        except BaseException as error:
            job.do = partial(_fail, error)
            return True

    def _may_train(self) -> bool:
        """Whether a step is due, and its program there."""
        if self._jobs:  # the first one waits for a program
            self._idle_since = self._idle_since or time.perf_counter()
            return self._playing and self._pace.due > 0 and self._course.unprepared({}) is None
        if not (self._playing and self._pace.due > 0):
            return False
        if not self._is_prepared():
            self._idle_since = self._idle_since or time.perf_counter()
            return False
        if self._idle_since is not None:
            self._idle_since = None
            self._pace.begin()
        return True

    def _piece(self) -> None:
        """Train for about ``PIECE`` seconds; the last step alone, so that it can be looked at."""
        course, most = self._course, self._pace.due
        before, until, asked = course.step, time.perf_counter() + PIECE, self._asked
        while most > course.step - before and self._asked == asked and (left := until - time.perf_counter()) > 0:
            start, first = time.perf_counter(), course.step
            wanted = min(most - (course.step - before) - 1, int(left / self._per_step))
            if not course.advance(max(1, wanted)):
                break
            self._per_step = (time.perf_counter() - start) / max(1, course.step - first)
        if course.earlier is None and course.step > before:
            course.advance(1)
        self._pace.take(course.step - before)
        self._playing = self._playing and course.ended is None


def _fail(error: BaseException) -> None:
    """What is done in place of something that has failed already."""
    raise error


def _closed() -> InputError:
    return InputError("this session is closed; begin another one")
