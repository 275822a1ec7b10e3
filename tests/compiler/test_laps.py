"""Programs that take turns in one native call do what they do one after another, and leave notes of every lap."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import float32, int32
from sklon._base.shapes import N, T
from sklon.compiler.executable import Executable, Steps, compile_graph
from sklon.compiler.executor import Executor, Interpreted
from sklon.compiler.laps import Laps, Noted
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b

Array = np.ndarray[Any, Any]
MAX_ROWS, LAPS, STEPS_A_LAP = 8, 5, 2
#: numbers of a state: no whole vector, and more than one
STATES = {"w": 3, "v": 37}


def _rows() -> tuple[Any, Any]:
    index = slot("index", "index", (N,), int32)
    return index, b.gather(slot("X", "data", (T, 3), float32), index)


def _training() -> Graph:
    """w ← w + the sum of rows, v ← v + 1."""
    total = b.reduce(_rows()[1], fn="sum", axes=(0,))
    w, v = (slot(name, "state", (size,), float32) for name, size in STATES.items())
    return Graph((("total", total),), ((w, b.add(w, total)), (v, b.add(v, b.full_like(1.0, v)))))


def _looking() -> Graph:
    """w + each row."""
    x = _rows()[1]
    w = slot("w", "state", (3,), float32)
    return Graph((("seen", b.add(x, b.expand(w, shape=x.shape, dims=(1,)))),), ())


def _executor(graph: Graph, kind: str) -> Executor:
    return compile_graph(graph, MAX_ROWS) if kind == "compiled" else Interpreted(graph, MAX_ROWS)


def _arrays(rows: int) -> dict[str, Array]:
    random = np.random.default_rng(3)
    X = random.normal(size=(10, 3)).astype(np.float32)
    return {"X": X, "index": random.integers(0, 10, rows).astype(np.int32)}


def _state() -> dict[str, Array]:
    return {name: np.zeros(size, np.float32) for name, size in STATES.items()}


TRAINED = Steps(np.full(10, 3), 3 * np.arange(10), np.zeros((10, 0)))
LOOKED = Steps(np.array([4]), np.array([0]), np.zeros((1, 0))).times(LAPS, 4)


def _run(kind: str, threads: int, pieces: tuple[int, ...]) -> tuple[dict[str, Array], dict[str, Array], Noted]:
    """What looks saw, the state at the end and the notes, of laps that were run in pieces."""
    state = _state()
    with ExitStack() as bound:
        training = _executor(_training(), kind).prepared({**_arrays(30), **state}, TRAINED, threads)
        looking = _executor(_looking(), kind).prepared({**_arrays(20), **state}, LOOKED, threads)
        calls = bound.enter_context(training), bound.enter_context(looking)
        noted = Noted(state, LAPS)
        laps = Laps([(calls[0], STEPS_A_LAP), (calls[1], 1)], LAPS, noted)
        for first, last in pairwise(pieces):
            laps.run(first, last)
        return dict(calls[1].results), state, noted


@pytest.mark.parametrize("kind", ["compiled", "interpreted"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pieces", [(0, 5), (0, 1, 1, 4, 5)])
def test_laps_are_steps_and_looks_one_after_another(kind: str, threads: int, pieces: tuple[int, ...]) -> None:
    seen, state, noted = _run(kind, threads, pieces)
    own, w = _arrays(30), np.zeros(3, np.float32)
    looked = _arrays(20)
    for lap in range(LAPS):
        for step in range(lap * STEPS_A_LAP, (lap + 1) * STEPS_A_LAP):
            w = w + own["X"][own["index"][3 * step : 3 * step + 3]].sum(axis=0)
        some = slice(4 * lap, 4 * lap + 4)
        np.testing.assert_allclose(seen["seen"][some], w + looked["X"][looked["index"][some]], rtol=1e-5)
        np.testing.assert_allclose(noted.after(lap)["w"], w, rtol=1e-5)
        np.testing.assert_array_equal(noted.after(lap)["v"], np.full(37, STEPS_A_LAP * (lap + 1)))
        np.testing.assert_array_equal(noted.of("v")[lap], noted.after(lap)["v"])
    np.testing.assert_array_equal(noted.after(LAPS - 1)["w"], state["w"])


def test_one_thread_enters_native_code_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a program was entered by itself")

    monkeypatch.setattr(Executable, "enter", refused)
    assert _run("compiled", 1, (0, LAPS))[1]["w"].any()
    with pytest.raises(AssertionError, match="by itself"):
        _run("compiled", 2, (0, LAPS))
