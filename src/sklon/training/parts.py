"""The parts of an epoch's batches, and the stretches of them whose rows lie in memory together.

Data in memory are one stretch. A stream's rows come in windows of its blocks; a part that a window does not hold whole
is computed with the next one, so batches and parts are those of any other data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arrays import Array, Samples, joined
from .streams import Stream


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an epoch's batches, in order: a batch is one part, or several micro-batches.

    ``starts`` and ``rows`` say where a part begins and how long it is, ``batch`` of which batch it is, ``offset`` where
    in that batch it begins, and ``last`` whether the batch ends with it.
    """

    starts: Array
    rows: Array
    batch: Array
    offset: Array
    last: Array

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts ``first`` to ``last`` of an epoch. ``rows`` are the numbers of their rows in ``samples``, in order.

    ``origin`` is where in the order of the epoch these rows begin.
    """

    samples: Samples
    rows: Array
    first: int
    last: int
    origin: int = 0

    def arrays(self) -> dict[str, Array]:
        """The data under the names that recorded graphs give them."""
        return {**self.samples.bound(), "rows": self.rows}


def streamed(stream: Stream, parts: Parts, *, shuffled: bool, seed: int, epoch: int, done: int) -> Iterator[Stretch]:
    """The stretches of an epoch of which so many parts are done; windows that nothing is needed of are not read."""
    ends = parts.starts + parts.rows
    first, reach = done, 0
    left: Samples | None = None  # rows that were read, of a part that is not whole yet
    for window in stream.windows(shuffled=shuffled, seed=seed, epoch=epoch):
        if first == len(parts):
            return
        origin = int(parts.starts[first])
        before, reach = reach, reach + window.rows
        if reach <= origin:
            continue
        read, order = stream.window(window, seed=seed, epoch=epoch)
        if left is not None:
            read, order = joined([left, read]), np.concatenate([np.arange(len(left)), order + len(left)])
        else:
            order = order[max(0, origin - before) :]
        last = int(np.searchsorted(ends, reach, side="right"))
        if last > first:
            yield Stretch(read, order.astype(np.int32), first, last, origin)
        left = read.at(order[int(ends[last - 1]) - origin if last > first else 0 :])
        first = last
