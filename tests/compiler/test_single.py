"""One step of a program that is run again and again: new results each time, in memory of their own or shared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import bool_, float32, float64
from sklon.compiler.executable import aligned_zeros, compile_graph
from sklon.compiler.executor import Executor, Interpreted
from sklon.compiler.single import SMALL, Argument, Single, single_step
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b

ROWS = 40


def _compiled(graph: Graph) -> Executor:
    return compile_graph(graph, max_rows=1)


def _step(together: tuple[str, ...] = (), executor: Callable[[Graph], Executor] = _compiled) -> Single:
    """x·s, its sums over rows and over all, and whether it is above zero."""
    x, scale = slot("x", "state", (ROWS, 5), float32), slot("s", "scalar", (), float32)
    y = b.mul(x, b.expand(scale, shape=(ROWS, 5), dims=()))
    above = b.greater(y, b.full(0.0, (ROWS, 5), float32))
    outputs = (("y", y), ("rows", b.reduce(y, fn="sum", axes=(1,))), ("all", b.reduce(y, fn="sum", axes=(0, 1))))
    graph = Graph((*outputs, ("above", above), ("wide", b.cast(y, dtype=float64))))
    arguments = [Argument("unused", (1,), float32), Argument("x", (ROWS, 5), float32)]
    return single_step(executor(graph), arguments, [name for name, _ in graph.outputs], together)


def _run(step: Single, x: Any, scale: float) -> dict[str, Any]:
    results = step.run([x.ctypes.data, x.ctypes.data], [scale])
    assert all(array.ctypes.data == address for array, address in results)
    return dict(zip(step.names, (array for array, _ in results), strict=True))


def _check(found: dict[str, Any], x: Any, scale: float) -> None:
    np.testing.assert_array_equal(found["y"], x * np.float32(scale))
    np.testing.assert_allclose(found["rows"], found["y"].sum(1), rtol=1e-5)
    np.testing.assert_allclose(found["all"], found["y"].sum(), rtol=1e-5)
    np.testing.assert_array_equal(found["above"], found["y"] > 0)
    assert found["all"].shape == () and found["above"].dtype == bool_.numpy and found["wide"].dtype == np.float64


def _input(seed: int) -> Any:
    x = aligned_zeros((ROWS, 5), np.float32)
    x[:] = np.random.default_rng(seed).standard_normal((ROWS, 5)) + 0.1
    return x


@pytest.mark.parametrize("together", [(), ("y", "all"), ("y", "rows", "all", "above", "wide")])
def test_each_run_gives_new_results(together: tuple[str, ...]) -> None:
    step, x = _step(together), _input(0)
    first, second = _run(step, x, 2.0), _run(step, x, -3.0)
    _check(first, x, 2.0)
    _check(second, x, -3.0)


def test_an_interpreter_takes_the_same_call() -> None:
    step, x = _step(executor=lambda graph: Interpreted(graph, 1)), _input(3)
    _check(_run(step, x, 0.25), x, 0.25)


def test_every_element_of_a_result_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory comes uninitialised; here it comes poisoned, and nothing of that is left."""
    step, x, empty = _step(("y", "rows")), _input(1), np.empty

    def poisoned(*args: Any) -> Any:
        memory = empty(*args)
        memory[:] = 0xFF
        return memory

    monkeypatch.setattr(np, "empty", poisoned)
    _check(_run(step, x, 0.5), x, 0.5)


def test_what_is_replaced_together_shares_memory_and_nothing_else_does() -> None:
    found = _run(_step(("y", "rows")), _input(2), 1.0)
    assert found["y"].base is found["rows"].base
    assert len({id(array.base) for array in found.values()}) == 4
    assert not np.shares_memory(found["y"], found["rows"])


def test_large_results_have_memory_of_their_own() -> None:
    x = slot("x", "state", (SMALL,), float32)
    graph = Graph((("a", b.neg(x)), ("b", b.abs(x))))
    step = single_step(_compiled(graph), [Argument("x", (SMALL,), float32)], ("a", "b"), ("a", "b"))
    given = np.ones(SMALL, np.float32)
    (first, start), (second, _) = step.run([given.ctypes.data], [])
    assert first.base is not second.base and start % 64 == 0


def test_several_threads_may_run_it_at_the_same_time() -> None:
    step = _step(("y", "all"))

    def many(seed: int) -> None:
        x = _input(seed)
        for i in range(200):
            _check(_run(step, x, float(seed + i)), x, float(seed + i))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, range(4)))
