"""The threads in which fits run side by side, as a backend of joblib, which scikit-learn gives its fits to.

Each thread takes the next fit, and dispatches another one when it is done: nobody stands between them who would need a
turn at the interpreter. Fits begin in scikit-learn's order, so the first error in that order is always known. Native
programs get a thread each, or several when fewer fits are left than threads.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from joblib.parallel import ParallelBackendBase
from sklearn import config_context, get_config
from sklearn.utils.parallel import _FuncWrapper

from sklon._base.settings import get_num_threads, own_num_threads
from sklon.compiler.interrupts import told_by

#: a result, or an error
Outcome: TypeAlias = tuple[Any, BaseException | None]


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """A function that is to run, and who is told what came of it."""

    number: int
    run: Callable[[], Any]
    told: Callable[[Outcome], Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error with the frames that led to it, of which joblib keeps none."""

    number: int
    error: BaseException
    frames: Any


@dataclass(slots=True, eq=False)
class Crew:
    """``size`` threads that work until they are dismissed."""

    size: int
    waiting: queue.SimpleQueue[Work | None] = field(default_factory=queue.SimpleQueue)
    failures: list[Failure] = field(default_factory=list)
    until: float = math.inf  # work from this number on is not begun any more
    interrupted: threading.Event = field(default_factory=threading.Event)  # what runs ends early
    turn: threading.Lock = field(default_factory=threading.Lock)
    running: int = 0
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Start the threads, in the caller's context: NumPy's and scikit-learn's settings are those of the caller."""
        settings = get_config()
        for _ in range(self.size):
            serve = copy_context().run
            thread = threading.Thread(target=serve, args=(self._serve, settings), daemon=True, name="sklon-fits")
            self.threads.append(thread)
            thread.start()

    def dismiss(self) -> None:
        """Wait until all threads have ended; they do when nothing waits any more."""
        threads, self.threads = self.threads, []
        for _ in threads:
            self.waiting.put(None)
        for thread in threads:
            thread.join()

    def _serve(self, settings: dict[str, Any]) -> None:
        with config_context(**settings), own_num_threads(self._share):
            while (work := self.waiting.get()) is not None:
                if work.number < self.until:
                    work.told(self._outcome(work))
                del work  # it holds an estimator

    def _outcome(self, work: Work) -> Outcome:
        self._count(1)
        try:
            with told_by(self.interrupted):
                return work.run(), None
        except BaseException as error:  # raised again by the thread that waits
            self._note(Failure(work.number, error, error.__traceback__))
            return None, error
        finally:
            self._count(-1)

    def _note(self, failure: Failure) -> None:
        """Remember an error; what comes before it is still to be done, since it may fail too."""
        with self.turn:
            self.failures.append(failure)
            self.until = min(self.until, failure.number)

    def interrupt(self) -> None:
        """Begin nothing more, and end what runs."""
        self.until = 0
        self.interrupted.set()

    def _count(self, more: int) -> None:
        with self.turn:
            self.running += more

    def _share(self) -> int:
        """How many threads a program may use: its share of those that no other fit keeps busy."""
        return self.size // max(1, self.running)


class SideBySide(ParallelBackendBase):  # type: ignore[misc]
    """A backend of joblib whose workers are threads with one native thread each."""

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.crew, self.submitted = Crew(0), 0

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many threads ``n_jobs`` are; all of those that sklon may use, where none is said."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        every = get_num_threads()
        return every if n_jobs is None else max(1, every + 1 + n_jobs) if n_jobs < 0 else n_jobs

    def start_call(self) -> None:
        """Start the threads."""
        self.crew, self.submitted = Crew(self.effective_n_jobs(self.parallel.n_jobs)), 0
        self.crew.begin()

    def submit(self, func: Any, callback: Callable[[Outcome], Any]) -> int:
        """Queue tasks; their number is all that is kept of them here, since they hold estimators."""
        func.items = [(_bare(function), args, named) for function, args, named in func.items]
        self.crew.waiting.put(Work(number=self.submitted, run=func, told=callback))
        self.submitted += 1
        return self.submitted

    apply_async = submit  # its name before joblib 1.5

    def retrieve_result_callback(self, out: Outcome) -> Any:
        """The result, or its error raised."""
        found, error = out
        if error is not None:
            raise error
        return found

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End what runs, after an interrupt; after an error let it end."""
        if not self.crew.failures:
            self.crew.interrupt()

    def stop_call(self) -> None:
        """Wait for the threads."""
        self.crew.dismiss()

    terminate = stop_call  # what an interrupt while threads began leaves

    def first_failure(self, error: BaseException) -> Failure | None:
        """The failure that one fit after the other would have ended with, where an error came from fits."""
        failures = self.crew.failures
        known = any(failure.error is error for failure in failures)
        return min(failures, key=lambda failure: failure.number) if known else None


def _bare(function: Any) -> Any:
    """A function without scikit-learn's wrapper, which sets settings and filters of warnings around each call.

    The threads have the caller's settings already. Filters are the process's: set by several threads at once they
    would be mixed up.
    """
    return function.__wrapped__ if isinstance(function, _FuncWrapper) else function
