"""Digits of NIST's nonlinear regressions, by our L-BFGS and by what SciPy has, from both published starts.

    python -m benchmarks.regressions

Prints, for each problem and start, how many digits of the worst parameter are the certified ones. All go from the same
start with our gradients, the parameters in units of their start values; ours also as they are. SciPy's ``lm``, which is
Levenberg and Marquardt's method and looks at the residuals one by one, shows what is the method's: the others know the
sum of squares alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy.optimize import least_squares, minimize

import sklon
from sklon import calculus
from tests.calculus.descent.strd import Problem, problems

Array: TypeAlias = np.ndarray[Any, Any]
STEPS = 3000
HEAD = ("problem", "start", "scaled", "as it is", "SciPy L-BFGS-B", "SciPy BFGS", "SciPy lm")


def main() -> None:
    """Print the table."""
    print(*HEAD, sep=" | ")
    for name, problem in problems().items():
        for start in (0, 1):
            digits = [ours(problem, start, "start"), ours(problem, start, None), *theirs(problem, start)]
            print(name, start + 1, *(f"{d:.1f}" for d in digits), sep=" | ", flush=True)


def ours(problem: Problem, start: int, scale: str | None) -> float:
    """Digits by our L-BFGS."""
    begin = problem.starts[start].tolist()
    path = calculus.descend(problem.squares, begin, "lbfgs", steps=STEPS, tolerance=0.0, scale=scale)
    return problem.digits(path.points[-1])


def theirs(problem: Problem, start: int) -> list[float]:
    """Digits by SciPy."""
    units = np.abs(problem.starts[start])
    begin = problem.starts[start] / units
    squares, residuals = in_units(problem, units)
    tight = {"maxiter": STEPS, "gtol": 0.0}
    lbfgs = {"options": {**tight, "ftol": 0.0, "maxcor": 100, "maxfun": 10 * STEPS}, "method": "L-BFGS-B"}
    bfgs = {"options": tight, "method": "BFGS"}
    with np.errstate(all="ignore"):
        found = [minimize(squares, begin, jac=True, **how).x for how in (lbfgs, bfgs)]
        try:
            narrow = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
            found.append(least_squares(residuals, begin, method="lm", max_nfev=STEPS, **narrow).x)
        except ValueError:  # it gives up where a residual is not finite
            found.append(begin * np.nan)
    return [problem.digits(x * units) for x in found]


def in_units(problem: Problem, units: Array) -> tuple[Callable[[Array], tuple[float, Array]], Callable[[Array], Array]]:
    """The sum of squares with its gradient, and the residuals, of parameters in these units."""

    def squares(z: Array) -> tuple[float, Array]:
        value, gradient = sklon.value_and_grad(problem.squares)(sklon.tensor(z * units))
        return value.item(), gradient.numpy() * units

    return squares, lambda z: problem.residuals(sklon.tensor(z * units)).numpy()


if __name__ == "__main__":
    main()
