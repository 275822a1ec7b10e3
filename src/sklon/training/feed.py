"""What ``fit`` takes, arrays, a data set, a loader or blocks: brought into checked rows and an order of them.

A loader gives its data set, batch size, order and what happens to a short last batch; batches are made natively.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError, ShapeError
from sklon._base.philox import uniform
from sklon.data.blocks import Blocks
from sklon.data.loading import DataLoader, TensorDataset, stacked
from sklon.data.sampling import InOrder, Sampler, Shuffled
from sklon.nn import Module

from .arrays import Array, Samples, samples
from .parts import Parts, Stretch, streamed
from .step import try_one_row
from .streams import Rows, Stream, ahead

#: rows of a batch that is chosen automatically: about 64 steps an epoch, within these bounds
SMALLEST_BATCH, LARGEST_BATCH, STEPS_AN_EPOCH = 32, 256, 64
#: stream of the random bits that split off a validation set
SPLIT_STREAM = 0xFFFF0001


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Rows to train on, and how an epoch goes through them."""

    samples: Rows
    batch: int  # rows of a batch: of one update
    micro: int  # rows of a part of a batch, at most
    sampler: Sampler
    drop_last: bool

    @property
    def in_parts(self) -> bool:
        """Whether a batch is computed in several parts."""
        return self.micro < self.batch

    def order(self, seed: int, epoch: int) -> Array:
        """The rows that an epoch takes, in their order."""
        return self.sampler.order(len(self.samples), seed=seed, epoch=epoch).astype(np.int32)

    def orders(self, seed: int, epochs: Collection[int]) -> Array:
        """The same of several epochs, one behind the other."""
        return self.sampler.orders(len(self.samples), seed=seed, epochs=epochs).astype(np.int32)

    def stretches(self, seed: int, epoch: int, done: int = 0) -> Generator[Stretch]:
        """An epoch of which so many parts are done, as much at once as lies in memory."""
        parts = self.parts
        if isinstance(self.samples, Samples):
            yield Stretch(self.samples, self.order(seed, epoch), 0, len(parts))
            return
        shuffled = isinstance(self.sampler, Shuffled)
        yield from ahead(streamed(self.samples, parts, shuffled=shuffled, seed=seed, epoch=epoch, done=done))

    def in_order(self) -> Feed:
        """All rows as they stand, in the same batches; a short one is left out where this feed draws rows."""
        drawn = self.length != len(self.samples) and len(self.samples) > self.batch
        return replace(self, sampler=InOrder(), drop_last=self.drop_last or drawn)

    def order_digest(self, seed: int) -> str:
        """The SHA-256 of the order of the first epoch."""
        if isinstance(self.samples, Samples):
            return sha256(self.order(seed, 0).tobytes()).hexdigest()
        windows = self.samples.windows(shuffled=isinstance(self.sampler, Shuffled), seed=seed, epoch=0)
        return sha256(repr(windows).encode()).hexdigest()

    @property
    def streamed(self) -> bool:
        """Whether rows are read block by block."""
        return isinstance(self.samples, Stream)

    @property
    def length(self) -> int:
        """How many rows an epoch takes."""
        return self.sampler.length(len(self.samples))

    def starts(self) -> Array:
        """Where each step begins in that order."""
        n = self.length
        return np.arange(0, n - n % self.batch if self.drop_last else n, self.batch)

    @cached_property
    def batches(self) -> int:
        """How many there are in an epoch."""
        return len(self.starts())

    @cached_property
    def rows_taken(self) -> int:
        """How many rows they have."""
        return int(self.rows().sum())

    def rows(self) -> Array:
        """The rows of each step."""
        rows: Array = np.minimum(self.batch, self.length - self.starts())
        return rows

    @cached_property
    def parts(self) -> Parts:
        """The parts of all batches of an epoch."""
        starts, rows = self.starts(), self.rows()
        each = -(-rows // self.micro)  # parts of each batch
        batch = np.repeat(np.arange(len(rows)), each)
        offset = (np.arange(len(batch)) - np.repeat(np.cumsum(each) - each, each)) * self.micro
        size = np.minimum(self.micro, rows[batch] - offset)
        return Parts(starts[batch] + offset, size, batch, offset, offset + size == rows[batch])

    def check(self, model: Module) -> None:
        """Refuse an epoch without a step, and a step of one row for a model that cannot train on one."""
        if self.sampler.members > 1 and self.samples.columns.weighted:
            raise InputError(
                "members that take rows of their own cannot weigh rows yet; leave the weights or PerMember out"
            )
        n, rows = self.length, self.parts.rows
        if not len(rows):
            raise InputError(
                f"{n} rows make no full batch of {self.batch}, and drop_last leaves short ones out; "
                "pass a smaller batch_size"
            )
        if (rows != 1).all():
            return
        try:
            try_one_row(model, self.samples.columns)
        except InputError as error:
            raise InputError(f"{self._short_part(n, len(rows))} ({error})") from error

    def _short_part(self, n: int, parts: int) -> str:
        """What is said where a part has one row, and the model cannot train on one."""
        if self.in_parts:
            return (
                f"a micro-batch has one row ({n} rows in batches of {self.batch}, in parts of {self.micro}), on which "
                "this model cannot train; pass another micro_batch_size"
            )
        repair = "drop_last=True or another batch_size" if parts > 1 and self.batch > 1 else "more rows a batch"
        return (
            f"the last batch of an epoch has one row ({n} rows in batches of {self.batch}), on which this model "
            f"cannot train; pass {repair}"
        )


def feed_of(
    data: Any,
    *,
    batch_size: int | str = "auto",
    micro_batch_size: int | None = None,
    shuffle: bool | Sampler | None = None,
    drop_last: bool | None = None,
    validation: Any = None,
    seed: int = 0,
) -> tuple[Feed, Rows | None]:
    """The rows to train on and those that are held out; ``validation`` is data of the same forms or a fraction."""
    if isinstance(data, DataLoader):
        if batch_size != "auto" or shuffle is not None or drop_last is not None:
            raise InputError(
                "the loader has batch_size, shuffle and drop_last; set them there, and leave them out here"
            )
        batch_size, shuffle, drop_last = data.batch_size, data.shuffle, data.drop_last
    given = samples_of(data)
    rows, held_out = split(given, validation, seed)
    sampler = shuffle if isinstance(shuffle, Sampler) else InOrder() if shuffle is False else Shuffled()
    if isinstance(rows, Samples) and rows.numbers is not None:
        sampler = sampler.among(rows.numbers, len(given))
    limit = len(rows) if not drop_last else None
    batch = batch_rows(batch_size, len(rows), limit)
    feed = Feed(
        samples=rows,
        batch=batch,
        micro=batch if micro_batch_size is None else micro_rows(micro_batch_size, batch),
        sampler=sampler,
        drop_last=bool(drop_last),
    )
    if isinstance(rows, Stream):
        _check_stream(feed, rows)
    else:
        feed.order(seed, 0)  # a sampler of another number of rows says so before anything runs
    return feed, held_out


def _check_stream(feed: Feed, stream: Stream) -> None:
    """Refuse what a stream cannot do: to draw rows from all, and parts larger than what lies in memory."""
    if not isinstance(feed.sampler, Shuffled | InOrder):
        raise InputError(
            f"blocks are read one after another, so a sampler ({feed.sampler.name}) cannot draw from all rows; pass "
            "shuffle=True or False"
        )
    window = stream.blocks.together * max(stream.lengths)
    if feed.micro > window:
        raise InputError(
            f"a batch of {feed.micro} rows is larger than the blocks that lie in memory together ({window} rows); "
            "pass a micro_batch_size"
        )


def samples_of(data: Any) -> Rows:
    """Inputs and targets of a pair, a data set, a loader or blocks; of a data set's parts the last is the target."""
    if isinstance(data, Blocks):
        return Stream.of(data)
    if isinstance(data, DataLoader):
        data = data.dataset
    if isinstance(data, TensorDataset):
        return _inputs_and_target(list(data.arrays))
    if isinstance(data, tuple | list):
        if len(data) not in (2, 3):
            raise ShapeError(
                f"data are (inputs, targets) or (inputs, targets, weights), not {len(data)} parts; put several inputs "
                "in a tuple"
            )
        return samples(*data)
    if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")) or isinstance(data, np.ndarray):
        raise InputError(f"data are (inputs, targets), a data set, a loader or blocks, not {type(data).__name__}")
    if not len(data):
        raise InputError("there is no row to train on")
    parts = stacked(data, range(len(data)))
    return _inputs_and_target(parts if isinstance(parts, list) else [parts])


def inputs_of(inputs: Any) -> Rows:
    """Rows of inputs alone, to predict for: arrays or blocks."""
    return samples_of(inputs) if isinstance(inputs, Blocks) else samples(inputs)


def _inputs_and_target(parts: list[Array]) -> Samples:
    if len(parts) < 2:
        raise InputError("the data set has inputs and no targets; pass data.TensorDataset(X, y)")
    return samples(tuple(parts[:-1]), parts[-1])


def split(data: Rows, validation: Any, seed: int) -> tuple[Rows, Rows | None]:
    """All rows and those of ``validation``, or a fraction of the rows split off by the seed."""
    if validation is None:
        return data, None
    if not isinstance(validation, float | int):
        return data, samples_of(validation)
    if not 0 < validation < 1:
        raise InputError(f"the validation fraction must lie between 0 and 1, not {validation}")
    if isinstance(data, Stream):
        return data.split(validation, seed)
    order = np.argsort(uniform((len(data),), seed=seed, stream=SPLIT_STREAM), kind="stable")
    held = max(1, round(validation * len(data)))
    if held >= len(data):
        raise InputError(f"a validation fraction of {validation} leaves no row to train on")
    return data.at(np.sort(order[held:])), data.at(np.sort(order[:held]))


def batch_rows(batch_size: int | str, rows: int, limit: int | None) -> int:
    """The rows of a step, at most ``limit``."""
    if batch_size == "full":
        return rows
    if batch_size == "auto":
        power = 1 << max(1, rows // STEPS_AN_EPOCH).bit_length() - 1
        return min(rows, LARGEST_BATCH, max(SMALLEST_BATCH, power))
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise InputError(f'batch_size must be a whole number of at least 1, "full" or "auto", not {batch_size!r}')
    return batch_size if limit is None else min(batch_size, limit)


def micro_rows(micro_batch_size: int, batch: int) -> int:
    """The rows of a part of a batch, at most the batch's."""
    check_whole(1, micro_batch_size=micro_batch_size)
    return min(micro_batch_size, batch)
