"""Many fits at once: each on one thread, so that small networks, which are worth no second one, use all cores.

A program owns no memory, and fits of one structure share it: the same machine code runs over many states, rows and
rates at a time. What a fit computes depends on no thread, so it is what it would be alone, to the bit. Towards the end,
when fewer fits are left than cores, each of them gets several threads.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads, own_num_threads
from sklon.compiler.interrupts import told_by, told_here

from .history import History
from .trainer import Trainer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Fit:
    """A call of ``trainer.fit(data, **settings)`` that is still to be made."""

    trainer: Trainer
    data: Any
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self) -> History:
        return self.trainer.fit(self.data, **self.settings)


def fit_many(fits: Iterable[Fit], *, threads: int | None = None) -> list[History]:
    """Train many networks at once, and return their histories in order.

    Each trainer ends as ``trainer.fit(data, **settings)`` would leave it: models, histories, reasons to stop and
    optimizers' states are the same to the bit. Fits whose models, losses, rules and columns are alike share their
    recordings and programs, whatever their rates, penalties' strengths, seeds and rows. Each fit needs a trainer and a
    model of its own; data may be shared. ``threads`` are all cores by default.

    Ctrl-C ends the fits that are under way with usable results, as it does ``fit``, and no other one begins: its
    trainer's ``stopped`` stays None. An error of one fit ends it, lets the others under way end, and is raised.

    >>> import numpy as np
    >>> from sklon import Trainer, nn
    >>> from sklon.training import Fit, fit_many
    >>> X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
    >>> trainers = [Trainer(nn.Linear(1, 1), loss="mse", optimizer="sgd", lr=lr) for lr in (0.01, 0.1, 0.5)]
    >>> histories = fit_many(Fit(trainer, (X, 3 * X), {"epochs": 20, "batch_size": 16}) for trainer in trainers)
    >>> losses = [history[-1]["train_loss"] for history in histories]
    >>> losses == sorted(losses, reverse=True)
    True
    """
    fits = list(fits)
    _check_apart(fits)
    _Side(fits, threads or get_num_threads()).run()
    return [fit.trainer.history for fit in fits]


def side_by_side(works: Sequence[Callable[[], Result]], threads: int | None = None) -> list[Result]:
    """The results of functions, each of which runs in one of ``threads`` Python threads, in order.

    Programs that they run get a thread each, or several when fewer functions are left than threads. KeyboardInterrupt
    is raised in those that run, as soon as native code returns, and then here; so is the first error.
    """
    found, interrupted = _Side(works, threads or get_num_threads()).run()
    if interrupted:
        raise KeyboardInterrupt
    return found  # type: ignore[return-value]


def _check_apart(fits: Sequence[Fit]) -> None:
    """Two fits of one model would run into each other."""
    for what, things in (("trainer", [f.trainer for f in fits]), ("model", [f.trainer.model for f in fits])):
        if len({id(thing) for thing in things}) < len(things):
            raise InputError(f"two of the fits have one {what}; fits at once need a {what} each")


class _Side(Generic[Result]):
    """Functions that are run, by threads that each take the next one."""

    def __init__(self, works: Sequence[Callable[[], Result]], threads: int) -> None:
        check_whole(1, threads=threads)
        self.works, self.threads = works, threads
        self.found: list[Result | None] = [None] * len(works)
        self.errors: list[tuple[int, BaseException]] = []
        self.turn, self.next, self.running = threading.Lock(), 0, 0
        self.stop, self.done = threading.Event(), queue.SimpleQueue[None]()
        self.told = (self.stop, *told_here())

    def run(self) -> tuple[list[Result | None], bool]:
        """What they return, None for those that did not end, and whether Ctrl-C came between."""
        workers = min(self.threads, len(self.works))
        for _ in range(workers):
            threading.Thread(target=self._serve, daemon=True, name="sklon-fits").start()
        while workers:
            try:
                self.done.get()
                workers -= 1
            except KeyboardInterrupt:
                self.stop.set()
        if self.errors:
            raise min(self.errors, key=lambda pair: pair[0])[1]
        return self.found, self._is_stopped()

    def _is_stopped(self) -> bool:
        return any(event.is_set() for event in self.told)

    def _serve(self) -> None:
        try:
            with own_num_threads(self._share):
                while (number := self._take()) is not None:
                    self._do(number)
        finally:
            self.done.put(None)

    def _take(self) -> int | None:
        """The number of the next function, if there is one to begin."""
        with self.turn:
            if self._is_stopped() or self.next == len(self.works):
                return None
            self.next, self.running = self.next + 1, self.running + 1
            return self.next - 1

    def _do(self, number: int) -> None:
        try:
            with told_by(*self.told):
                self.found[number] = self.works[number]()
        except BaseException as error:  # raised again by the thread that waits
            if not (isinstance(error, KeyboardInterrupt) and self._is_stopped()):
                self.errors.append((number, error))
            self.stop.set()
        finally:
            with self.turn:
                self.running -= 1

    def _share(self) -> int:
        """How many threads a program may use: its share of those that no other function keeps busy."""
        return self.threads // max(1, self.running)
