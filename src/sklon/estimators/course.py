"""Epochs of the stochastic solvers: rows in scikit-learn's order, many steps in one native call.

An epoch takes the rows in an order that is shuffled anew from the estimator's RandomState, as scikit-learn draws it;
its loss is the mean over the rows of what their batches cost before their steps, penalties included. Nothing here
knows when to stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.philox import split_seed
from sklon.compiler.executable import Steps
from sklon.compiler.laps import Laps, Noted
from sklon.optim import Rule
from sklon.optim.averaging import Average
from sklon.training.evaluation import table_of
from sklon.training.updating import FRESH

from .network import State
from .programs import GROUP, Recorded
from .rows import Pass, Rows, is_sparse

Array = np.ndarray[Any, Any]
#: seconds of native work between two looks at interrupts and at the user's callbacks
CHUNK_SECONDS = 0.05
#: the most steps, and the most rows, of the first call, before anybody knows how long an epoch takes
FIRST_STEPS, FIRST_ROWS = 2_048, 131_072
NO_MEAN = (
    "the positive and negative values of sample_weight add up to 0 over {rows}, and nothing divides by 0; "
    "leave rows out by a weight of 0, not by its opposite"
)
#: steps whose numbers are computed before anybody asks, at most
MOST_AHEAD = 4_096
#: bytes of noted states
MOST_NOTED = 64 << 20


@dataclass(slots=True)
class Moving:
    """What an optimizer keeps from step to step: its rate now, the steps so far, and its arrays by label."""

    lr: float
    steps: int = 0
    state: State = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What weights pay for the size of the weights: (α/2)·Σw²/n + λ·Σ|w|/n for n rows in a batch."""

    alpha: float
    l1: float = 0.0

    def of(self, results: dict[str, Array]) -> Array:
        """n times what the weights of each step paid."""
        paid = 0.5 * self.alpha * results["squares"].astype(np.float64)
        return paid + self.l1 * results["absolutes"].astype(np.float64) if "absolutes" in results else paid

    def strengths(self, share: Array) -> dict[str, Array]:
        """The strengths of L2 and L1 in steps whose rows count for 1/``share``."""
        return {"penalty0.strength": self.alpha * share, "penalty1.strength": self.l1 * share}


@dataclass(frozen=True, slots=True)
class Ran:
    """Epochs that were run at once: the loss of each, what looks saw, the states that were noted."""

    losses: list[float]
    looked: dict[str, Array] | None
    noted: Noted | None

    def looks(self, epoch: int) -> dict[str, Array] | None:
        """What the look after an epoch saw, counted from 0."""
        if self.looked is None:
            return None
        shares = {name: len(array) // len(self.losses) for name, array in self.looked.items()}
        return {name: self.looked[name][epoch * n : (epoch + 1) * n] for name, n in shares.items()}


@dataclass(frozen=True, slots=True)
class Known:
    """A rule's numbers at a rate, of the steps behind the ``first`` ones up to the ``last`` one."""

    lr: float
    first: int
    last: int
    numbers: dict[str, Any]


@dataclass(slots=True, kw_only=True, eq=False)
class Course:
    """Trains ``state`` on ``rows`` in batches, epoch after epoch."""

    recorded: Recorded
    rule: Rule
    rows: Rows
    batch: int
    state: State
    moving: Moving
    costs: Costs
    shuffled: bool
    random: Any  # a RandomState
    seen: int = 0  # rows so far
    decay: Callable[[int], float] | None = None  # the rate after so many rows, where it falls by itself
    average: Average | None = None
    seed: int = 0
    order: Array = field(init=False)
    starts: Array = field(init=False)  # of an epoch's batches
    seconds: float = field(init=False, default=0.0)  # of an epoch
    known: Known | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.order = np.arange(len(self.rows))
        self.starts = np.arange(0, len(self.rows), self.batch)

    def most(self) -> int:
        """The epochs that fit between two looks."""
        if is_sparse(self.rows.X):
            return 1
        if self.seconds:
            return max(1, int(CHUNK_SECONDS / self.seconds))
        return max(1, min(FIRST_STEPS // len(self.starts), FIRST_ROWS // len(self.rows), self._most_noted()))

    def _most_noted(self) -> int:
        return MOST_NOTED // sum(array.nbytes for array in self.state.values())

    def run(self, epochs: int, looks: Pass | None = None, labels: Collection[str] = ()) -> Ran:
        """Run so many epochs. After each of them ``looks`` looks at the state, and arrays of these labels are noted."""
        n, starts = len(self.rows), self.starts
        order = self._orders(epochs)
        begins = (starts + n * np.arange(epochs)[:, None]).ravel()
        rows = np.tile(np.minimum(self.batch, n - starts), epochs)
        counts = self._counts(order, begins, rows)
        share = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts != 0)
        steps = Steps(rows, begins, self._table(epochs, share))
        noted = Noted({label: self.state[label] for label in labels}, epochs) if labels else None
        results, looked = self._results(epochs, order, steps, looks, noted)
        self.moving.steps += len(rows)
        self.seen += n * epochs
        if self.decay is not None:
            self.moving.lr = self.decay(self.seen)
        losses = (results["loss"].astype(np.float64) + self.costs.of(results)) * share
        means: list[float] = ((losses * rows).reshape(epochs, -1).sum(axis=1) / n).tolist()
        return Ran(means, looked, noted)

    def _results(
        self, epochs: int, order: Array, steps: Steps, looks: Pass | None, noted: Noted | None
    ) -> tuple[dict[str, Array], dict[str, Array] | None]:
        """What steps and looks say, run in as few calls as there can be."""
        code = self.recorded.code(self.batch)
        if is_sparse(self.rows.X):
            return self.rows.run(code, self.state, order, steps), None
        count = epochs if looks is not None or noted is not None else 1
        with ExitStack() as bound:
            calls = [(bound.enter_context(self.rows.prepared(code, self.state, order, steps)), len(steps) // count)]
            if looks is not None:
                calls.append((bound.enter_context(looks.times(self.state, epochs)), len(looks.steps)))
            laps, began = Laps(calls, count, noted), time.perf_counter()
            laps.run(0, count)
            took = (time.perf_counter() - began) / epochs
            self.seconds = min(self.seconds or took, took)  # what the machine did besides is left out
            results = [call.results for call, _ in calls]
        return results[0], results[1] if looks is not None else None

    def kept(self) -> Callable[[], None]:
        """What takes everything back to where it is now."""
        state = {label: array.copy() for label, array in self.state.items()}
        moving, order, seen = (self.moving.steps, self.moving.lr), self.order.copy(), self.seen
        random = self.random.get_state(legacy=False)

        def back() -> None:
            for label, array in state.items():
                self.state[label][...] = array
            (self.moving.steps, self.moving.lr), self.order, self.seen = moving, order, seen
            self.random.set_state(random)

        return back

    def _orders(self, epochs: int) -> Array:
        """The rows of so many epochs; each shuffles the order of the one before."""
        found = np.empty((epochs, len(self.order)), np.int32)
        for order in found:
            if self.shuffled:
                self.random.shuffle(self.order)
            order[:] = self.order
        return found.ravel()

    def _counts(self, order: Array, begins: Array, rows: Array) -> Array:
        """What the rows of each step count for; their weights may be negative, or all 0."""
        if self.rows.weight is None:
            return rows.astype(np.float64)
        weight = self.rows.weight[order]
        counts: Array = np.add.reduceat(weight, begins)
        if not counts.all() and np.add.reduceat(np.abs(weight), begins)[counts == 0].any():
            raise InputError(NO_MEAN.format(rows="a batch"))
        return counts

    def _numbers(self, first: int, count: int) -> dict[str, Any]:
        """The rule's numbers of so many steps; they are computed for about as many more as there were before."""
        lr, known = self.moving.lr, self.known
        if known is None or known.lr != lr or not known.first <= first <= first + count <= known.last:
            last, rule = first + count + min(first, MOST_AHEAD), replace(self.rule, lr=lr)  # type: ignore[type-var]
            known = self.known = Known(lr, first, last, rule.scalars(np.arange(first + 1, last + 1)))
        some = slice(first - known.first, first - known.first + count)
        return {
            name: number[some] if isinstance(number, np.ndarray) else number for name, number in known.numbers.items()
        }

    def _table(self, epochs: int, share: Array) -> Array:
        """The scalars of all steps."""
        count, first = len(share), self.moving.steps
        numbers = {**self._numbers(first, count), **self.costs.strengths(share)}
        if self.decay is not None:
            later = [self.decay(self.seen + k * len(self.rows)) for k in range(1, epochs)]
            numbers["lr"] = np.repeat([self.moving.lr, *later], count // epochs)
        low, high = split_seed(self.seed)
        columns: dict[str, Any] = {f"{GROUP}.{name}": value for name, value in numbers.items()}
        columns.update({"step": first + np.arange(count), "seed.low": low, "seed.high": high})
        if self.average is not None:
            columns[FRESH] = self.average.shares(first, count, count // epochs)
        return table_of(self.recorded.scalars, columns, count)
