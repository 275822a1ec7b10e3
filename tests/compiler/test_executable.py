"""Running: what is bound is checked, steps have their rows and scalars, threads hand their errors on."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import float32, int32
from sklon._base.errors import CompilerError
from sklon._base.shapes import N, T
from sklon.compiler.executable import ALIGNMENT, Executable, Steps, aligned_zeros, compile_graph
from sklon.compiler.threads import together
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b

Array = np.ndarray[Any, Any]
MAX_ROWS = 8


@pytest.fixture(scope="module")
def executable() -> Executable:
    """y = 2·X[index] + s by rows, their sum, and w ← w + the sum."""
    index = slot("index", "index", (N,), int32)
    s = slot("s", "scalar", (), float32)
    x = b.gather(slot("X", "data", (T, 3), float32), index)
    y = b.add(b.mul(x, b.full_like(2.0, x)), b.expand(s, shape=x.shape, dims=()))
    total = b.reduce(y, fn="sum", axes=(0,))
    w = slot("w", "state", (3,), float32)
    return compile_graph(Graph((("y", y), ("total", total)), ((w, b.add(w, total)),)), MAX_ROWS)


def arrays() -> dict[str, Array]:
    """A table, the rows of three steps, and a state."""
    return {
        "X": np.arange(30, dtype=np.float32).reshape(10, 3),
        "index": np.array([0, 9, 1, 2, 2, 2, 5], np.int32),
        "w": np.zeros(3, np.float32),
    }


STEPS = Steps(np.array([2, 4, 1]), np.array([0, 2, 6]), np.array([[0.5], [1.0], [-1.0]]))


def test_each_step_has_its_rows_and_its_scalars(executable: Executable) -> None:
    bound = arrays()
    found = executable.run(bound, STEPS)
    scalars = np.repeat([0.5, 1.0, -1.0], STEPS.rows).astype(np.float32)
    expected = 2 * bound["X"][bound["index"]] + scalars[:, None]
    np.testing.assert_array_equal(found["y"], expected)
    np.testing.assert_array_equal(found["total"], [expected[:2].sum(0), expected[2:6].sum(0), expected[6:].sum(0)])
    np.testing.assert_array_equal(bound["w"], expected.sum(0))


def test_no_steps_change_nothing(executable: Executable) -> None:
    bound = arrays()
    assert executable.run(bound, STEPS, first=2, last=2)["total"].shape == (3, 3)
    assert not bound["w"].any()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("w", np.zeros(4, np.float32)),
        ("w", np.zeros(3, np.float64)),
        ("w", np.zeros((3, 2), np.float32)[:, 0]),
        ("X", np.zeros((10, 4), np.float32)),
        ("index", np.zeros(7, np.int64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(executable: Executable, name: str, array: Array) -> None:
    with pytest.raises(CompilerError, match=f"'{name}' needs a dense"):
        executable.run({**arrays(), name: array}, STEPS)


def test_more_rows_than_declared_are_refused(executable: Executable) -> None:
    with pytest.raises(CompilerError, match="more rows than the declared maximum 8"):
        executable.run(arrays(), Steps.single(MAX_ROWS + 1, [0.0]))


def test_small_numbers_of_the_caller_survive_a_run(executable: Executable) -> None:
    """Compiled code flushes subnormals; the thread that called it does so neither before nor after."""
    tiny = np.array([1e-40], np.float32)
    executable.run(arrays(), STEPS, threads=2)
    assert (tiny * np.float32(0.5))[0] > 0


def test_small_numbers_are_flushed_in_compiled_code() -> None:
    x = slot("x", "state", (2,), float32)
    run = compile_graph(Graph((("y", b.mul(x, b.full_like(0.5, x))),)), 1).run
    found = run({"x": np.array([1e-40, 1e-30], np.float32)}, Steps.single(1, []))["y"]
    assert found[0].tolist() == [0.0, np.float32(5e-31)]


@pytest.mark.parametrize("shape", [(), (3,), (5, 7)])
def test_arrays_begin_at_a_cache_line(shape: tuple[int, ...]) -> None:
    array = aligned_zeros(shape, np.float64)
    assert array.shape == shape and array.ctypes.data % ALIGNMENT == 0 and not array.any()


def test_all_threads_work_together() -> None:
    seen, barrier = [], threading.Barrier(3, timeout=10)

    def work(number: int) -> None:
        barrier.wait()
        seen.append(number)

    together(work, 3)
    assert sorted(seen) == [0, 1, 2]


def test_an_error_of_a_thread_reaches_the_caller() -> None:
    def work(number: int) -> None:
        if number == 1:
            raise ValueError("the second one")

    with pytest.raises(ValueError, match="the second one"):
        together(work, 2)
    together(lambda number: None, 2)  # and the pool still serves
