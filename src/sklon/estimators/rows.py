"""The rows of a fit or a prediction, dense or sparse, and the steps that go through them.

Sparse rows are written out densely for the steps that read them, a window at a time: programs know dense rows only.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon.compiler.executable import Steps
from sklon.compiler.executor import Executor, Prepared
from sklon.training.evaluation import EVALUATION_ROWS, table_of

from .programs import Recorded

Array = np.ndarray[Any, Any]
#: bytes of sparse rows that are dense at once
WINDOW_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Rows:
    """``X`` [n, features], an array or a sparse matrix; ``target`` [n, …] and ``weight`` [n] where there are some."""

    X: Any
    target: Array | None = None
    weight: Array | None = None

    @classmethod
    def of(cls, X: Any, dtype: str, target: Array | None = None, weight: Array | None = None) -> Rows:
        """Rows of this element type; sparse ones are dense from here on, if they are few."""
        if is_sparse(X):
            X = X.tocsr().astype(dtype, copy=False)
            size = X.shape[0] * X.shape[1] * np.dtype(dtype).itemsize
            X = X.toarray() if size <= WINDOW_BYTES else X
        else:
            X = np.ascontiguousarray(X, dtype)
        given = None if weight is None else np.ascontiguousarray(weight, np.float64)
        return cls(X, None if target is None else np.ascontiguousarray(target), given)

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def at(self, rows: Array) -> Rows:
        """The rows with these numbers."""
        return Rows(self.X[rows], *(None if a is None else a[rows] for a in (self.target, self.weight)))

    def run(self, code: Executor, state: Mapping[str, Array], order: Array, steps: Steps) -> dict[str, Array]:
        """Run steps over rows in an order; state arrays change in place, results are those of all steps."""
        if not is_sparse(self.X):
            return code.run({**state, **self._arrays(), "rows": order}, steps)
        found = []
        for first, last in self._windows(steps):
            start = int(steps.starts[first])
            some = self.at(order[start : int(steps.starts[last - 1] + steps.rows[last - 1])])
            dense = Rows(some.X.toarray(), some.target, some.weight)
            own = Steps(steps.rows[first:last], steps.starts[first:last] - start, steps.scalars[first:last])
            everything = np.arange(len(dense), dtype=np.int32)
            found.append(code.run({**state, **dense._arrays(), "rows": everything}, own))
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}

    def prepared(
        self, code: Executor, state: Mapping[str, Array], order: Array, steps: Steps
    ) -> AbstractContextManager[Prepared]:
        """The same for dense rows, bound and not yet run."""
        return code.prepared({**state, **self._arrays(), "rows": order}, steps)

    def pass_of(self, recorded: Recorded) -> Pass:
        """A graph that changes nothing, or adds up, as a function from a state to its results on all rows in order."""
        starts = np.arange(0, len(self), EVALUATION_ROWS)
        table = table_of(recorded.scalars, {}, len(starts))
        steps = Steps(np.minimum(EVALUATION_ROWS, len(self) - starts), starts, table)
        return Pass(self, recorded, steps)

    def _arrays(self) -> dict[str, Array]:
        named = {"x0": self.X, "y": self.target, "weight": self.weight}
        return {name: array for name, array in named.items() if array is not None}

    def _windows(self, steps: Steps) -> list[tuple[int, int]]:
        """Steps first to last whose rows are dense together."""
        most = max(1, WINDOW_BYTES // (self.X.shape[1] * self.X.dtype.itemsize))
        ends = steps.starts + steps.rows
        found, first = [], 0
        while first < len(steps):
            last = max(first + 1, int(np.searchsorted(ends, steps.starts[first] + most, side="right")))
            found.append((first, last))
            first = last
        return found


@dataclass(frozen=True, slots=True)
class Pass:
    """A graph over all rows in order, whose ``steps`` are those of one time through them."""

    rows: Rows
    recorded: Recorded
    steps: Steps

    def __call__(self, state: Mapping[str, Array]) -> dict[str, Array]:
        """Its results for a state."""
        order = np.arange(len(self.rows), dtype=np.int32)
        return self.rows.run(self._code, {**state, **self.recorded.constants}, order, self.steps)

    def times(self, state: Mapping[str, Array], count: int) -> AbstractContextManager[Prepared]:
        """So many times through dense rows, bound to a state that may change in between."""
        n = len(self.rows)
        order = np.tile(np.arange(n, dtype=np.int32), count)
        state = {**state, **self.recorded.constants}
        return self.rows.prepared(self._code, state, order, self.steps.times(count, n))

    @property
    def _code(self) -> Executor:
        return self.recorded.code(EVALUATION_ROWS)


def is_sparse(X: Any) -> bool:
    """Whether rows are a sparse matrix of SciPy's."""
    return hasattr(X, "tocsr")
