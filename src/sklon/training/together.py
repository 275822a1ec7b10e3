"""Several epochs of a fit between which nobody has to look at anything: bound once, and run one after another.

What they compute is what epochs one by one compute, to the bit. Within, a stopping rule is asked as soon as it may stop
(``StoppingRule.ahead`` tells when). A validation set is evaluated on the way, and what else somebody wants to see of an
epoch is noted, to be looked at afterwards. Where numbers stop being finite, the state from before comes back, and the
same epochs run one by one, which tells where that began.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon.compiler.executable import Steps
from sklon.compiler.executor import Prepared
from sklon.compiler.interrupts import deferred_interrupts
from sklon.compiler.laps import Laps, Noted

from .arrays import Samples
from .diagnosis import not_finite
from .epoch import Looked
from .parts import Parts
from .stopping import Reason, StoppingRule

if TYPE_CHECKING:
    from .run import Kept, Run

Array = np.ndarray[Any, Any]
#: epochs that may run together before any is done
FEW = 16
#: rows of training, and rows of validation, of epochs that run together, at most
MOST_NUMBERS = 1 << 22
#: bytes of the states that are noted of epochs that run together, at most
MOST_NOTED = 1 << 26


def epochs_ahead(run: Run, until: int, seconds: float) -> int:
    """How many epochs may run together: for about so many seconds, and at most about as many as are done."""
    trainer, feed = run.trainer, run.feed
    looked_at = run.watchers.all or run.writer is not None or run.current is not None or trainer.options.skip
    if looked_at or trainer.updates.freezes or not isinstance(feed.samples, Samples):
        return 1
    schedule = trainer.updates.schedule
    if (schedule is not None and schedule.reads_curve) or not run.per_epoch or trainer.epoch < run.alone_until:
        return 1
    done = FEW + trainer.epoch - run.first_epoch
    rows = max(feed.length, 0 if run.held_out is None else len(run.held_out))
    state = sum(array.nbytes for array in run.state.values())
    room = min(MOST_NUMBERS / rows, MOST_NOTED / state)
    return max(1, int(min(seconds / run.per_epoch, room, until - trainer.epoch, done)))


def run_together(run: Run, count: int, rule: StoppingRule | None) -> Reason | None:
    """Run so many epochs, or as many until the rule stops; nothing has happened if numbers did not stay finite."""
    before, began = _Before.of(run), time.perf_counter()
    with deferred_interrupts():
        try:
            done, reason = _run(run, count, rule)
        except Exception:  # weights would be those of other epochs than were counted
            before.put_back(run, count)
            raise
        if not done or not_finite(run.state, run.program.watched):
            before.put_back(run, count)
            return None
    run.per_epoch = (time.perf_counter() - began) / done
    return reason


def _run(run: Run, count: int, rule: StoppingRule | None) -> tuple[int, Reason | None]:
    """Run the epochs and write them down: how many there are, and why they end; 0 if a loss is not finite."""
    trainer, samples, each = run.trainer, run.feed.samples, len(run.feed.parts)
    assert isinstance(samples, Samples)
    order = run.feed.orders(trainer.seed, range(trainer.epoch, trainer.epoch + count))
    steps, rates = _steps(run, count)
    arrays = {**run.state, **samples.bound(), "rows": order}
    noted = _noted(run, count)
    curves, rows = run.curves(), len(trainer.history)
    done, free, reason = 0, count if rule is None else rule.ahead(curves), None
    with ExitStack() as bound:
        call = bound.enter_context(run.program.code.prepared(arrays, steps))
        look = _Look.of(run, count, noted, bound)
        laps = Laps([(call, each), *look.turns], count, noted)
        while done < count and reason is None:
            some = min(free, count - done)
            laps.run(done, done + some)
            if not np.isfinite(call.results["loss"][done * each : (done + some) * each]).all():
                return 0, None
            _note(run, *_sums(run, call.results, done, some), rates[done:], look.seen(done, some))
            done, free = done + some, free - some
            if rule is not None and not free:
                curves = curves.followed_by(trainer.history.curves(rows))
                rows = len(trainer.history)
                reason, free = rule.check(curves), rule.ahead(curves)
    return done, reason


def _noted(run: Run, count: int) -> Noted | None:
    """Notes of what a look at an epoch reads when others were run after it: all if that may become the best one."""
    everything = run.validation is not None or run.averages
    labels = list(run.state) if everything else run.trainer.updates.payers
    return Noted({label: run.state[label] for label in labels}, count) if labels else None


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at after each epoch, and the calls that are made for it on the way."""

    run: Run
    noted: Noted | None
    turns: list[tuple[Prepared, int]]

    @staticmethod
    def of(run: Run, count: int, noted: Noted | None, bound: ExitStack) -> _Look:
        """A validation set is evaluated on the way where it lies in memory and sees the state as it is."""
        on_the_way = run.validation is not None and not run.averages and isinstance(run.held_out, Samples)
        if run.validation is None or not on_the_way:
            return _Look(run, noted, [])
        call, steps = run.validation.times(run.state, count)
        return _Look(run, noted, [(bound.enter_context(call), steps)])

    def seen(self, first: int, count: int) -> Iterator[Looked]:
        """The looks at ``count`` epochs from ``first`` on."""
        run, noted = self.run, self.noted
        if noted is None:
            return repeat(Looked(run.state, None, None), count)
        if run.validation is None and not run.averages:
            values = {label: noted.of(label)[first : first + count] for label in noted.arrays}
            return map(Looked, repeat(run.state), repeat(None), run.trainer.updates.paid(values))
        return (self._look(k, noted.after(k)) for k in range(first, first + count))

    def _look(self, number: int, state: dict[str, Array]) -> Looked:
        run = self.run
        if run.validation is None:
            return Looked(state, None, run.penalty(state))
        if not self.turns:
            return Looked(state, run.validation.mean_loss(run.handed_out(state)), run.penalty(state))
        call, steps = self.turns[0]
        own = {name: array[number * steps : (number + 1) * steps] for name, array in call.results.items()}
        return Looked(state, run.validation.mean_of(own), run.penalty(state))


def _steps(run: Run, count: int) -> tuple[Steps, list[float | None]]:
    """The steps of so many epochs, and the rate of each epoch's last one where a schedule moves it."""
    trainer, one = run.trainer, run.feed.parts
    batches = int(one.batch[-1]) + 1
    parts = _repeated(one, run.feed.length, count)
    if trainer.updates.schedule is None and trainer.average is None:
        return Steps(parts.rows, parts.starts, run.scalar_table(parts, trainer.step, run.updates)), [run.lr] * count
    tables, rates = [], []
    for k in range(count):
        tables.append(run.scalar_table(one, trainer.step + k * batches, run.updates + k * batches))
        rates.append(run.lr)
    return Steps(parts.rows, parts.starts, np.concatenate(tables)), rates


def _repeated(one: Parts, length: int, count: int) -> Parts:
    """The parts of so many epochs, whose rows lie one behind the other."""
    batches = int(one.batch[-1]) + 1
    epoch = np.repeat(np.arange(count), len(one))
    tiled = {name: np.tile(getattr(one, name), count) for name in ("starts", "rows", "batch", "offset", "last")}
    found = Parts(**tiled)
    return replace(found, starts=found.starts + epoch * length, batch=found.batch + epoch * batches)


def _sums(run: Run, results: Mapping[str, Array], first: int, count: int) -> tuple[list[float], list[float]]:
    """For each of ``count`` epochs from ``first`` on the sum of its losses, and what they count for."""
    parts = run.feed.parts
    own = slice(first * len(parts), (first + count) * len(parts))
    losses: Array = results["loss"][own].astype(np.float64).reshape(count, -1).sum(axis=1)
    if "weight" not in results:
        return losses.tolist(), [float(run.feed.rows_taken)] * count
    counts: Array = results["weight"][own].astype(np.float64).reshape(count, -1).sum(axis=1)
    return losses.tolist(), counts.tolist()


def _note(
    run: Run,
    losses: Sequence[float],
    counts: Sequence[float],
    rates: Sequence[float | None],
    looks: Iterator[Looked],
) -> None:
    """Move the counters past some epochs, and write them down."""
    trainer = run.trainer
    batches = run.feed.batches
    for loss, count, run.lr, looked in zip(losses, counts, rates, looks, strict=False):
        trainer.step += batches
        run.updates += batches
        row = run.row(loss, count, looked)
        trainer.epoch += 1
        run.keep(row, looked)


@dataclass(frozen=True, slots=True)
class _Before:
    """What a fit was before some epochs."""

    state: Kept
    counters: tuple[int, int, int]  # epochs, steps, rows of the history
    best: tuple[Kept | None, float, int]

    @staticmethod
    def of(run: Run) -> _Before:
        """As it is now."""
        trainer = run.trainer
        counters = (trainer.epoch, trainer.step, len(trainer.history))
        return _Before(run.kept(), counters, (run.best, run.best_loss, run.best_epoch))

    def put_back(self, run: Run, count: int) -> None:
        """Make it so again; the same epochs are to be run one by one."""
        state, run.updates = self.state
        for label, array in state.items():
            run.state[label][...] = array
        trainer = run.trainer
        trainer.epoch, trainer.step, rows = self.counters
        del trainer.history.rows[rows:]
        run.best, run.best_loss, run.best_epoch = self.best
        run.recalibrated = None
        run.alone_until = trainer.epoch + count
