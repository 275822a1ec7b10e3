"""The solver "lbfgs": SciPy's L-BFGS-B, as scikit-learn calls it, over a compiled value and gradient.

Its steps and line search decide the result, so they are SciPy's and not those of ``optim.LBFGS``, which follow PyTorch.
It works in double precision, whatever the type of the rows. Rows are summed a thousand at a time by one program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController

from sklon._base.errors import InputError
from sklon.compiler.executor import Prepared

from .course import NO_MEAN, Costs
from .network import Network, State
from .programs import Recorded
from .rows import Rows, is_sparse

Array = np.ndarray[Any, Any]


class Objective:
    """The loss of all rows and its gradient, as functions of one vector: ``coefs_``, then ``intercepts_``."""

    def __init__(self, recorded: Recorded, network: Network, rows: Rows, costs: Costs, state: State) -> None:
        self.network, self.costs = network, costs
        self.state = recorded.complete(state)
        self.sums_of = rows.pass_of(recorded)
        self.count = float(len(rows)) if rows.weight is None else float(rows.weight.sum())
        if not self.count:
            raise InputError(NO_MEAN.format(rows="all rows"))
        self.weights = [self.state[label] for label in network.weights]
        labels = [*network.weights, *(f"param.{name}.bias" for name in network.linear)]
        ends = np.cumsum([self.state[label].size for label in labels])
        self.parts = [slice(end - self.state[label].size, end) for label, end in zip(labels, ends, strict=True)]
        self.values = [self.state[label].T for label in labels]  # in the order of the vector
        self.sums = [self.state[label.replace("param.", "sum.grad.")].T for label in labels]
        self._call: Prepared | None = None
        self.size, self.paying = int(ends[-1]), int(ends[len(network.weights) - 1])

    @contextmanager
    def bound(self) -> Iterator[None]:
        """Within, the program stays bound to dense rows and to the state, so that each evaluation only enters it."""
        if is_sparse(self.sums_of.rows.X):
            yield
            return
        with self.sums_of.times(self.state, 1) as call:
            self._call = call
            yield
        self._call = None

    def position(self) -> Array:
        """The vector of the state."""
        return np.concatenate([values.ravel() for values in self.values])

    def move_to(self, position: Array) -> State:
        """The state at a vector, the same arrays every time."""
        for part, values in zip(self.parts, self.values, strict=True):
            values[...] = position[part].reshape(values.shape)
        return self.state

    def __call__(self, position: Array) -> tuple[float, Array]:
        self.move_to(position)
        for sums in self.sums:
            sums.fill(0.0)
        squares = sum(float(np.vdot(weight, weight)) for weight in self.weights)
        loss = (float(self._losses().sum()) + 0.5 * self.costs.alpha * squares) / self.count
        gradient = np.empty(self.size)
        for part, sums in zip(self.parts, self.sums, strict=True):
            gradient[part].reshape(sums.shape)[...] = sums
        gradient[: self.paying] += self.costs.alpha * position[: self.paying]
        gradient /= self.count
        return loss, gradient

    def _losses(self) -> Array:
        """The sums of losses at the state; gradients are added up beside it."""
        if self._call is None:
            return self.sums_of(self.state)["loss"]
        self._call.run(0, len(self.sums_of.steps))
        return self._call.results["loss"]


def minimized(
    objective: Objective, *, max_iter: int, max_fun: int, tol: float, told: Callable[[Array], None] | None
) -> OptimizeResult:
    """SciPy's result; ``told`` is called with the vector after each iteration and may raise StopIteration."""
    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    start = objective.position()
    with _linear_algebra().limit(limits=1), objective.bound():
        return minimize(objective, start, method="L-BFGS-B", jac=True, options=options, callback=told)


@cache
def _linear_algebra() -> Any:
    """SciPy's products of short vectors: on a busy machine their threads wait longer for each other than they work."""
    return ThreadpoolController().select(user_api="blas")
