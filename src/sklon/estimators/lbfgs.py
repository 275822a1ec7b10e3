"""The solver "lbfgs": SciPy's L-BFGS-B, as scikit-learn calls it, over a compiled value and gradient.

Its steps and line search decide the result, so they are SciPy's and not those of ``optim.LBFGS``, which follow PyTorch.
It works in double precision, whatever the type of the rows. Rows are summed a thousand at a time by one program.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController

from sklon._base.errors import InputError

from .course import NO_MEAN, Costs
from .network import Network, State
from .programs import Recorded
from .rows import Rows

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
        weights, biases = network.weights, [f"param.{name}.bias" for name in network.linear]
        self.labels = [*weights, *biases]

    def position(self) -> Array:
        """The vector of the state."""
        return np.concatenate([self.state[label].T.ravel() for label in self.labels])

    def move_to(self, position: Array) -> State:
        """The state at a vector, the same arrays every time."""
        first = 0
        for label in self.labels:
            array = self.state[label]
            array[...] = position[first : first + array.size].reshape(array.T.shape).T
            first += array.size
        return self.state

    def __call__(self, position: Array) -> tuple[float, Array]:
        state = self.move_to(position)
        sums = [state[label.replace("param.", "sum.grad.")] for label in self.labels]
        for array in sums:
            array[...] = 0.0
        results = self.sums_of(state)
        squares = sum(float(np.vdot(state[label], state[label])) for label in self.network.weights)
        loss = (float(results["loss"].sum()) + 0.5 * self.costs.alpha * squares) / self.count
        paid = len(self.network.weights)
        gradients = [
            array + self.costs.alpha * state[label] if i < paid else array
            for i, (label, array) in enumerate(zip(self.labels, sums, strict=True))
        ]
        return loss, np.concatenate([g.T.ravel() for g in gradients]) / self.count


def minimized(
    objective: Objective, *, max_iter: int, max_fun: int, tol: float, told: Callable[[Array], None] | None
) -> OptimizeResult:
    """SciPy's result; ``told`` is called with the vector after each iteration and may raise StopIteration."""
    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    start = objective.position()
    with _linear_algebra().limit(limits=1):
        return minimize(objective, start, method="L-BFGS-B", jac=True, options=options, callback=told)


@cache
def _linear_algebra() -> Any:
    """SciPy's products of short vectors: on a busy machine their threads wait longer for each other than they work."""
    return ThreadpoolController().select(user_api="blas")
