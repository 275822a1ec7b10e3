"""When native code agrees with the meaning of a graph: the checks that tests and ``python -m benchmarks.fuzz`` share.

In float64 the distance to the interpreter is bounded tightly. In float32 the interpreter in float64 is the reference,
and native code may be as far from it as a few times what NumPy's own float32 is. Bits never depend on threads or cuts,
nor on the level of code generation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sklon._base.dtypes import float32, float64
from sklon.compiler.executable import Executable, compile_graph
from sklon.compiler.native import QUICK
from sklon.compiler.target import Target
from sklon.graph.node import Graph, Node, apply, walk

from .executors import Trace, Trial, agree, compiled, interpreted, same_bits

#: differences relative to 1 + the largest element: orders of summation, and functions good to a few units
TOLERANCE = 1e-10
#: float32 may be as far from float64 as five times what NumPy's own float32 is, or a few units
WORSE = 5
UNITS = 40 * float(np.finfo(np.float32).eps)
THREADS = (2, 3, 5)


def native_agrees(trial: Trial, target: Target | None = None) -> None:
    """Native code computes what the graph means, in any dtype of floating numbers."""
    executable = compile_graph(trial.graph, trial.max_rows, target)
    one = compiled(trial, executable)
    if any(node.dtype is float32 for node in walk(trial.graph.roots)):
        float32_is_as_good_as_numpys(trial, one)
    else:
        agree(one, interpreted(trial), TOLERANCE, "native code")
    bits_are_one_threads(trial, executable, one)
    quick = compile_graph(trial.graph, trial.max_rows, target, level=QUICK)
    same_bits(compiled(trial, quick), one, "quick code")


def bits_are_one_threads(trial: Trial, executable: Executable, one: Trace) -> None:
    """The same bits on several threads, with the steps in one call and cut in all ways that matter."""
    for threads in THREADS:
        for cuts in _cuts(len(trial.rows)):
            found = compiled(trial, executable, threads, cuts)
            same_bits(found, one, f"{threads} threads, cuts {tuple(cuts)}")


def _cuts(steps: int) -> Iterator[range]:
    """No cut, one after the first step, one after every step."""
    yield range(0)
    if steps > 1:
        yield range(1, 2)
    if steps > 2:
        yield range(1, steps)


def float32_is_as_good_as_numpys(trial: Trial, found: Trace) -> None:
    """The distance to float64 is a few times NumPy's, or a few units."""
    exact = interpreted(widened(trial))
    allowed = _errors(interpreted(trial), exact)
    for name, error in _errors(found, exact).items():
        limit = WORSE * allowed[name] + UNITS * (1 + float(np.abs(exact.arrays()[name]).max(initial=0)))
        assert error <= limit, f"{name}: {error:.1e} where NumPy is off by {allowed[name]:.1e}"


def _errors(found: Trace, exact: Trace) -> dict[str, float]:
    right = exact.arrays()
    return {name: float(np.abs(a - right[name]).max(initial=0)) for name, a in found.arrays().items()}


def widened(trial: Trial) -> Trial:
    """The same trial in float64."""
    new: dict[Node, Node] = {}
    for node in walk(trial.graph.roots):
        op = node.op
        if getattr(op, "dtype", None) is float32:
            op = replace(op, dtype=float64)  # type: ignore[call-arg]
        new[node] = apply(op, *(new[i] for i in node.inputs))
    graph: Graph = trial.graph.replace(new)
    wide = {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in trial.arrays.items()}
    return replace(trial, graph=graph, arrays=wide)
