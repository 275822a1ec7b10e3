"""Finders: a learning rate, and the largest micro-batch that memory holds. They change nothing that they look at.

The range test trains copies: of the model's values, the optimizer's state and all counters; random numbers follow from
the seed and the step, so there is no generator to disturb. The micro-batch follows from what programs declare; nothing
is run. Both see the rows, the batches and the settings that a fit would have.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads
from sklon.compiler.executable import Steps, declared_memory
from sklon.graph.node import Graph, Slot, slots
from sklon.optim.schedules import scheduled

from .checks import checked
from .epoch import Epoch
from .feed import Feed, feed_of
from .losses import loss_for
from .parts import Parts
from .rehearsal import feed_like_fit, twin_of
from .run import Run
from .step import record_training
from .updates import Updates

if TYPE_CHECKING:
    from .trainer import Trainer

Array = np.ndarray[Any, Any]
#: the share of the last smoothed loss in the next one
SMOOTHING = 0.9
#: losses that the smoothed one remembers, 1/(1 − SMOOTHING): before, it is noise, and nothing is concluded from it
MEMORY = 10
#: the loss has exploded at so many times its least smoothed value; Gugger, "How do you find a good learning rate", 2018
EXPLOSION = 4.0
#: the suggestion is this share of the rate with the least smoothed loss
SHARE_OF_BEST = 0.1
#: of the memory that is free, the share that training may take: the rest is for data that are read, and for others
SHARE_OF_FREE = 0.5
#: copies of the state that a fit holds: the current one, the best one, that of the start of the epoch
COPIES = 3
#: why a size was refused
TOO_LARGE, ONE_ROW = "too large", "leaves a part of one row, on which this model cannot train"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTest:
    """The loss at rising learning rates, and the rate that follows from it.

    ``smoothed`` is s_k = m_k/(1 − β^(k+1)) with m_k = β·m_(k−1) + (1 − β)·loss_k and β = 0.9. ``suggestion`` is a tenth
    of the rate at which it is least: there the loss falls fast, and a rate that is three times too high still
    converges; None where the loss never fell. ``exploded`` is the rate at which the smoothed loss was above 4 times its
    least value, or the loss no number; None where it never was. The first 10 values of the smoothed loss are still
    noise, and count for neither.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    exploded: float | None

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        end = f"exploded at {self.exploded:.2g}" if self.exploded else f"did not explode up to {self.rates[-1]:.2g}"
        if self.suggestion is None:
            return f"The loss never fell and {end}; begin with a smaller lowest."
        best = self.suggestion / SHARE_OF_BEST
        more = "" if self.exploded or best < self.rates[-1] else ", so a larger highest may show more"
        return f"lr={self.suggestion:.2g}: a tenth of {best:.2g}, where the loss was least. It {end}{more}."


def find_lr(
    trainer: Trainer, data: Any, *, lowest: float, highest: float, steps: int, validation: Any, **batches: Any
) -> RangeTest:
    """The learning-rate range test; see ``Trainer.find_lr``."""
    if not 0 < lowest < highest < math.inf:
        raise InputError(f"lowest and highest must be rates with 0 < lowest < highest, not {lowest} and {highest}")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2 * MEMORY:
        raise InputError(f"steps must be a whole number of at least {2 * MEMORY}, not {steps!r}")
    feed = feed_like_fit(trainer, data, validation=validation, **batches)
    rates = [float(rate) for rate in np.geomspace(lowest, highest, steps)]
    losses: list[float] = []
    smoothed: list[float] = []
    exploded: float | None = None
    for rate, loss in zip(rates, _losses(twin_of(trainer), feed, rates), strict=False):
        if math.isfinite(loss):
            losses.append(loss)
            smoothed.append(_smoothed(losses))
        if not math.isfinite(loss) or smoothed[-1] > EXPLOSION * min(smoothed[MEMORY:], default=math.inf):
            exploded = rate
            break
    return RangeTest(
        rates=tuple(rates[: len(losses)]),
        losses=tuple(losses),
        smoothed=tuple(smoothed),
        suggestion=_suggested(rates, smoothed),
        exploded=exploded,
    )


def _suggested(rates: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """A share of the rate with the least smoothed loss, unless that was the first one."""
    judged = smoothed[MEMORY:]
    best = int(np.argmin(judged)) if judged else 0
    return SHARE_OF_BEST * rates[MEMORY + best] if best else None


def _smoothed(losses: Sequence[float]) -> float:
    """The exponential mean of all losses so far, without the bias to zero."""
    weights = SMOOTHING ** np.arange(len(losses) - 1, -1, -1)
    return float(np.dot(weights, losses) / weights.sum())


def _losses(twin: Trainer, feed: Feed, rates: Sequence[float]) -> Iterator[float]:
    """The loss of each batch of a fit, whose updates have these rates one after another."""
    updates, first_step, first_epoch = twin.updates, twin.step, twin.epoch
    run = Run(twin, feed, None)
    parts = feed.parts
    batches = len(feed.starts())
    for k, rate in enumerate(rates):
        epoch, number = divmod(k, batches)
        if number == 0:
            stretches, stretch = feed.stretches(twin.seed, first_epoch + epoch), None
        twin.updates, twin.step, run.updates = _at(updates, rate), first_step + k, k
        batch = Epoch.of(_batch(parts, number))
        table = run.scalar_table(batch.parts, twin.step, run.updates)
        first = done = int(np.searchsorted(parts.batch, number))
        end = first + len(batch.parts)
        loss = count = 0.0
        while done < end:
            while stretch is None or stretch.last <= done:
                stretch = next(stretches)
            upto = min(end, stretch.last)
            some = slice(done - first, upto - first)
            steps = Steps(batch.parts.rows[some], batch.parts.starts[some] - stretch.origin, table[some])
            found = run.program.code.run({**run.state, **stretch.arrays()}, steps)
            loss += float(found["loss"].sum())
            count += float(found.get("weight", batch.counts[some]).sum())
            done = upto
        yield loss / count if count else math.nan


def _batch(parts: Parts, number: int) -> Parts:
    """The parts of one batch, which is the first one now."""
    here = parts.batch == number
    return Parts(parts.starts[here], parts.rows[here], parts.batch[here] * 0, parts.offset[here], parts.last[here])


def _at(updates: Updates, rate: float) -> Updates:
    """The same updates with this learning rate, in place of any schedule; groups keep the ratio of their own rates."""
    highest = max(rule.lr for _, rule in updates.rules.values())
    moved = copy(updates)
    moved.schedule, moved.rates = None, {}
    moved.rules = {
        name: (group, scheduled(rule, rate * (rule.lr / highest if highest else 1.0)))
        for name, (group, rule) in updates.rules.items()
    }
    return moved


# ---- memory
@dataclass(frozen=True, slots=True)
class Tried:
    """A size that was looked at: the bytes that training takes with it, and why not, if not."""

    rows: int
    bytes: int
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatch:
    """The largest micro-batch within a limit in bytes, and all sizes that were tried, the largest first."""

    micro_batch_size: int
    batch_size: int
    limit: int
    tried: tuple[Tried, ...]

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        found, before = self.tried[-1], self.tried[:-1]
        fits = f"takes {_amount(found.bytes)} of the {_amount(self.limit)} that it may"
        if found.rows == self.batch_size:
            return f"The whole batch of {self.batch_size} rows {fits}: no micro-batches are needed."
        last = before[-1]
        why = f"needs {_amount(last.bytes)}" if last.refused == TOO_LARGE else last.refused
        return f"micro_batch_size={found.rows} {fits}; {last.rows} {why}."


def find_micro_batch(
    trainer: Trainer, data: Any, *, batch_size: int | str, memory: int | None, validation: Any, **order: Any
) -> MicroBatch:
    """The largest micro-batch that memory holds; see ``Trainer.find_micro_batch``."""
    if memory is not None and (isinstance(memory, bool) or not isinstance(memory, int) or memory < 1):
        raise InputError(f"memory must be a whole number of bytes, at least 1, not {memory!r}")
    limit = int(SHARE_OF_FREE * free_memory()) if memory is None else memory
    feed, _ = feed_of(data, batch_size=batch_size, validation=validation, seed=trainer.seed, **order)
    checked(trainer.model, trainer.loss, feed.samples)
    other, tried = twin_of(trainer), []
    for rows in _sizes(feed.batch):
        tried.append(_try(other, replace(feed, micro=rows), limit))
        if not tried[-1].refused:
            return MicroBatch(micro_batch_size=rows, batch_size=feed.batch, limit=limit, tried=tuple(tried))
    if tried[-1].refused == TOO_LARGE:
        least = f"even one row needs {_amount(tried[-1].bytes)}"
        raise InputError(f"no micro-batch fits into {_amount(limit)}: {least}; make the model smaller")
    raise InputError(
        f"the micro-batches that fit into {_amount(limit)} leave a part of one row, on which this model cannot train; "
        "pass another batch_size"
    )


def _sizes(batch: int) -> Iterator[int]:
    """The batch, then all powers of two below it, the largest first."""
    yield batch
    for power in range((batch - 1).bit_length() - 1, -1, -1):
        yield 1 << power


def _try(twin: Trainer, feed: Feed, limit: int) -> Tried:
    options = replace(
        twin.options, in_parts=feed.in_parts, averaged=twin.average is not None, members=feed.sampler.members
    )
    graph = record_training(twin.model, loss_for(twin.loss, feed.samples), twin.rules, feed.samples.columns, options)
    needed = bytes_of(graph, feed.micro)
    if needed > limit:
        return Tried(feed.micro, needed, TOO_LARGE)
    try:
        feed.check(twin.model)
    except InputError:
        return Tried(feed.micro, needed, ONE_ROW)
    return Tried(feed.micro, needed)


def bytes_of(graph: Graph, rows: int) -> int:
    """What training with a step takes besides the data: the memory it declares, for all threads, and its states."""
    memory = declared_memory(graph, rows)
    state = sum(
        math.prod(e for e in node.shape if isinstance(e, int)) * node.dtype.itemsize
        for node in slots(graph)
        if isinstance(node.op, Slot) and node.op.space == "state"
    )
    return memory.scratch_bytes + get_num_threads() * memory.local_bytes + COPIES * state


def free_memory() -> int:
    """The bytes that are free: of the machine, or of the container that this process is confined to."""
    found = [amount for amount in (_of_machine(), _of_container()) if amount is not None]
    if not found:
        raise InputError("this system does not tell how much memory is free; pass memory=BYTES")
    return min(found)


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _of_container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a control group (version 2) leaves; None where there is none, or no limit."""
    try:
        return int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return None


def _amount(size: int) -> str:
    """Bytes as people read them, with three digits.

    >>> _amount(1500), _amount(3 * 2**30)
    ('1.5 kB', '3.22 GB')
    """
    power = min(4, max(0, int(math.log10(max(1, size)) // 3)))
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
