"""Rows that are read in blocks train as rows in memory do: the same batches, to the bit where the order is the same."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.data import ArrayBlocks, Blocks, Weighted
from sklon.tensors.modes import seeded
from sklon.training.callbacks import Callback
from sklon.training.checkpoints import Checkpoints
from sklon.training.feed import feed_of
from sklon.training.stopping import Reason

ROWS = 103
RNG = np.random.default_rng(7)
X, Y = RNG.standard_normal((ROWS, 4)).astype(np.float32), RNG.standard_normal((ROWS, 1)).astype(np.float32)
W = RNG.uniform(0.5, 2.0, ROWS)


class Watched(ArrayBlocks):
    """Notes which blocks are read, and by which thread."""

    def __init__(self, *arrays: Any, **sizes: int) -> None:
        super().__init__(*arrays, **sizes)
        self.reads: list[int] = []
        self.threads: set[str] = set()

    def read(self, number: int) -> Any:
        self.reads.append(number)
        self.threads.add(threading.current_thread().name)
        return super().read(number)


def trainer(**more: Any) -> Trainer:
    with seeded(1):
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
    return Trainer(model, loss="mse", seed=3, **more)


def values(done: Trainer) -> dict[str, bytes]:
    found = {name: np.asarray(v).tobytes() for name, v in done.model.state_dict().items()}
    return {**found, **{label: v.tobytes() for label, v in done.updates.slots.items()}}


def losses(done: Trainer) -> list[dict[str, float]]:
    return [{name: v for name, v in row.items() if name != "seconds"} for row in done.history]


def fitted(data: Any, fit: dict[str, Any], more: dict[str, Any]) -> Trainer:
    done = trainer(**more)
    done.fit(data, epochs=3, **fit)
    return done


FITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"batch_size": 16}, {}),
    ({"batch_size": 16, "drop_last": True}, {}),
    ({"batch_size": 20, "micro_batch_size": 6}, {}),
    ({"batch_size": "full", "micro_batch_size": 12}, {"clip": optim.ClipNorm(0.5)}),
    ({"batch_size": 7, "validation": (X[:30], Y[:30])}, {"average": optim.EMA(0.9)}),
    ({"batch_size": 16}, {"on_non_finite": "skip", "schedule": "warmup(0.2) >> cosine"}),
]


@pytest.mark.parametrize(("fit", "more"), FITS)
@pytest.mark.parametrize(("rows", "together"), [(13, 2), (8, 5), (200, 1)])
def test_in_order_they_train_to_the_bits_of_rows_in_memory(
    fit: dict[str, Any], more: dict[str, Any], rows: int, together: int
) -> None:
    """Batches that end in another block than they begin in included."""
    blocks = ArrayBlocks(X, Y, W, rows=rows, together=together)
    one, other = (fitted(data, {**fit, "shuffle": False}, more) for data in (blocks, (X, Y, W)))
    assert values(one) == values(other)
    assert losses(one) == losses(other)


def order_of(blocks: Blocks, epoch: int, seed: int = 0, done: int = 0, **fit: Any) -> list[int]:
    """The numbers of the rows in the order in which an epoch takes them."""
    feed, _ = feed_of(blocks, batch_size=10, seed=seed, **fit)
    parts = feed.parts
    found: list[int] = []
    for stretch in feed.stretches(seed, epoch, done):
        numbers = stretch.samples.numbers
        assert numbers is not None
        for part in range(stretch.first, stretch.last):
            start = int(parts.starts[part]) - stretch.origin
            rows = stretch.rows[start : start + int(parts.rows[part])]
            assert (stretch.samples.inputs[0][rows] == X[numbers[rows]]).all()
            found += numbers[rows].tolist()
    return found


def numbers_of(rows: Any) -> list[list[int]]:
    """The numbers of rows, piece by piece."""
    return [piece.numbers.tolist() for piece in rows.pieces()]


def test_every_row_comes_once_and_in_another_order_each_epoch() -> None:
    blocks = ArrayBlocks(X, Y, rows=9, together=3)
    first, second = order_of(blocks, 0), order_of(blocks, 1)
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second and first == order_of(blocks, 0) and first != order_of(blocks, 0, seed=1)
    blocks_met = [row // 9 for row in first[:27]]
    assert len(set(blocks_met)) == 3 and blocks_met != sorted(blocks_met), "rows of three blocks are mixed"
    assert [row // 9 for row in first] != [row // 9 for row in range(ROWS)], "blocks come in another order"


@pytest.mark.parametrize("done", range(0, 11))
def test_an_epoch_goes_on_at_any_part(done: int) -> None:
    blocks = ArrayBlocks(X, Y, rows=9, together=3)
    rest = order_of(blocks, 2, done=done)
    whole = order_of(blocks, 2)
    assert rest[-(ROWS - 10 * done) :] == whole[10 * done :]


def test_a_fraction_is_held_out_of_the_blocks_and_read_by_blocks() -> None:
    blocks = Watched(X, Y, rows=10, together=2)
    feed, held = feed_of(blocks, batch_size=16, validation=0.2, seed=4)
    assert held is not None
    numbers = [np.concatenate([p.numbers for p in part.pieces()]).tolist() for part in (feed.samples, held)]
    assert sorted(numbers[0] + numbers[1]) == list(range(ROWS))
    assert len(numbers[1]) == round(0.2 * ROWS)
    other, _ = feed_of(ArrayBlocks(X, Y, rows=10, together=2), batch_size=16, validation=0.2, seed=5)
    assert numbers_of(other.samples) != numbers_of(feed.samples)
    done = trainer()
    done.fit(blocks, epochs=2, batch_size=16, validation=0.2)
    rows = np.sort(numbers[1])
    alone = trainer()
    alone.fit((np.delete(X, rows, 0), np.delete(Y, rows, 0)), epochs=1, batch_size=16, validation=(X[rows], Y[rows]))
    assert done.history[0]["step"] == alone.history[0]["step"]


def test_blocks_are_read_ahead_by_another_thread_and_only_once_an_epoch() -> None:
    blocks = Watched(X, Y, rows=10, together=2)
    done = trainer()
    done.fit(blocks, epochs=3, batch_size=16)
    assert sorted(blocks.reads[1:]) == sorted([*range(11)] * 3), "the first one is read for its shapes"
    assert any(name.startswith("sklon-read") for name in blocks.threads)


def test_evaluation_and_prediction_go_through_blocks() -> None:
    done = trainer()
    blocks = ArrayBlocks(X, Y, W, rows=30)
    assert (done.predict(blocks) == done.predict(X)).all()
    mean = float((((done.predict(X) - Y) ** 2).mean(axis=1) * W).sum() / W.sum())
    assert done.evaluate(blocks) == pytest.approx(mean, rel=1e-5)


class KilledError(Exception):
    pass


class KillAt(Callback):
    """Ends a fit at a chunk's end, wherever in the epoch that is."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        if trainer.step >= self.step:
            raise KilledError
        return None


@pytest.mark.parametrize("step", [1, 4, 9, 11])
@pytest.mark.parametrize(
    "fit", [{"batch_size": 16}, {"batch_size": 50, "micro_batch_size": 9}, {"batch_size": 16, "validation": 0.2}]
)
def test_a_killed_fit_goes_on_to_the_same_bits(step: int, fit: dict[str, Any], tmp_path: Path) -> None:
    def blocks() -> Watched:
        return Watched(X, Y, rows=9, together=2)

    plan = Checkpoints(tmp_path / "run", every_steps=1, every_minutes=None)
    whole = trainer()
    whole.fit(blocks(), epochs=4, **fit)
    with pytest.raises(KilledError):
        trainer().fit(blocks(), epochs=4, **fit, checkpoints=plan, callbacks=[KillAt(step)])
    again = trainer()
    again.fit(blocks(), epochs=4, **fit, checkpoints=plan, resume=True)
    assert values(again) == values(whole) and losses(again) == losses(whole)
    with pytest.raises(InputError, match="not those that the checkpoint was made with"):
        trainer().fit(ArrayBlocks(X + 1, Y, rows=9, together=2), epochs=4, **fit, checkpoints=plan, resume=True)


def test_a_value_that_is_lost_is_told_with_its_row_in_the_data() -> None:
    bad = X.copy()
    bad[77, 0] = -1.0
    bad[np.arange(ROWS) != 77, 0] = 1.0

    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            return self.line(x) + x[:, :1].log()

    done = Trainer(Root(), loss="mse", seed=3)
    done.fit(ArrayBlocks(bad, Y, rows=9, together=2), epochs=3, batch_size=8)
    assert done.stopped is not None and done.stopped.reason == "non_finite"
    fault = done.stopped.fault
    assert fault is not None and fault.rows == (77,) and fault.op == "log"
    whole, _ = feed_of(ArrayBlocks(bad, Y, rows=9, together=2), batch_size=8, seed=3)
    assert fault.step == 1 + _position(ArrayBlocks(X, Y, rows=9, together=2), 77) // 8
    assert whole.streamed


def _position(blocks: Blocks, row: int) -> int:
    feed, _ = feed_of(blocks, batch_size=8, seed=3)
    numbers = [s.samples.numbers[s.rows[: _rows(feed, s)]] for s in feed.stretches(3, 0)]  # type: ignore[index]
    return int(np.flatnonzero(np.concatenate(numbers) == row)[0])


def _rows(feed: Any, stretch: Any) -> int:
    return int(feed.parts.rows[stretch.first : stretch.last].sum())


class Odd(Blocks):
    """Blocks of a user's own."""

    def __init__(self, read: Callable[[int], Any], lengths: Sequence[int] = (5, 5, 5)) -> None:
        self._read, self._lengths = read, lengths

    @property
    def lengths(self) -> Sequence[int]:
        return self._lengths

    def read(self, number: int) -> Any:
        return self._read(number)


def nan_in(block: int) -> Callable[[int], Any]:
    return lambda i: (np.full((5, 4), np.nan if i == block else 1.0, np.float32), np.ones((5, 1), np.float32))


@pytest.mark.parametrize(
    ("blocks", "fit", "says"),
    [
        (Odd(nan_in(2)), {}, "block 2 of the data: the input holds 20 values that are NaN"),
        (Odd(lambda i: (np.ones((5 - i, 4)), np.ones((5 - i, 1)))), {}, "block 1 of the data: it has 4 rows, not 5"),
        (Odd(lambda i: (np.ones((5, 4 + i)), np.ones((5, 1)))), {}, "block 1 of the data: its inputs, target or"),
        (Odd(lambda i: np.ones((5, 4))), {}, "a block is .inputs, targets."),
        (Odd(nan_in(9), ()), {}, "there is no row to train on"),
        (ArrayBlocks(X, Y), {"shuffle": Weighted(W)}, "a sampler .weighted. cannot draw from all rows"),
        (ArrayBlocks(X, Y, rows=4, together=2), {"batch_size": "full"}, "larger than the blocks that lie in memory"),
        (ArrayBlocks(X, Y), {"validation": 0.999}, "leaves no row to train on"),
        (ArrayBlocks(X, Y), {"validation": 0.001}, "holds no row out"),
    ],
)
def test_what_blocks_cannot_do_is_one_clear_error(blocks: Blocks, fit: dict[str, Any], says: str) -> None:
    done = trainer()
    before = values(done)
    with pytest.raises(InputError, match=says):
        done.fit(blocks, epochs=2, **{"batch_size": 5, "shuffle": False, **fit})
    if "block" not in says:
        assert values(done) == before


def test_classes_out_of_range_are_found_as_their_block_comes() -> None:
    with seeded(0):
        model = nn.Linear(4, 3)
    labels = np.zeros(ROWS, np.int64)
    labels[50] = 3
    done = Trainer(model, loss="cross_entropy")
    with pytest.raises(InputError, match="block 5 of the data: the classes must be 0 to 2, but there is a 3"):
        done.fit(ArrayBlocks(X, labels, rows=10), epochs=1)


def test_the_finders_and_describe_know_blocks() -> None:
    blocks = ArrayBlocks(X, Y, rows=9, together=2)
    one = trainer().find_lr(blocks, batch_size=16, shuffle=False, steps=20)
    assert one == trainer().find_lr((X, Y), batch_size=16, shuffle=False, steps=20)
    assert trainer().find_micro_batch(blocks, batch_size=16).micro_batch_size == 16
    assert "read in blocks, 2 at a time" in trainer().describe(blocks, epochs=2, batch_size=16)


def test_memory_holds_windows_and_not_the_data(tmp_path: Path) -> None:
    """NumPy tells every array that it makes to tracemalloc; pages of the mapped file are the system's."""
    rows = 200_000
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (rows, 32))
    y = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.float32, (rows, 1))
    with seeded(0):
        done = Trainer(nn.Linear(32, 1), loss="mse", optimizer="sgd")
    done.fit(ArrayBlocks(X, y, rows=2000, together=4), epochs=1, batch_size=250)  # everything is loaded and compiled
    tracemalloc.start()
    try:
        blocks = ArrayBlocks(X, y, rows=2000, together=4)
        done.fit(blocks, epochs=1, batch_size=250, validation=0.1)
        done.evaluate(blocks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    window = 8000 * 33 * 4
    assert peak < 8 * window < X.nbytes / 3
