"""A training step compiles for any batch size, in both element types, and does what the interpreter does."""

from __future__ import annotations

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.dtypes import Dtype, float32, float64
from sklon.compiler import native
from sklon.compiler.executable import compile_graph
from sklon.compiler.executor import Executor, Interpreted
from sklon.graph.node import Graph
from sklon.training import run as run_module

ROWS = 130
#: relative to the loss; sums in another order
CLOSE = {float32: 1e-4, float64: 1e-11}


def _network() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 9), nn.LayerNorm(9), nn.Tanh(), nn.Dropout(0.2), nn.Linear(9, 3))


def _losses(batch: int, dtype: Dtype) -> list[float]:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((ROWS, 5)).astype(dtype.numpy), rng.integers(0, 3, ROWS)
    sklon.manual_seed(3)
    trainer = Trainer(_network().to(dtype), loss="cross_entropy", lr=0.01)
    trainer.fit((X, y), epochs=2, batch_size=batch)
    return [float(loss) for loss in trainer.history.curve("train_loss")]


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
@pytest.mark.parametrize("batch", [1, 2, 3, 63, 64, 65, ROWS])
def test_any_batch_size_compiles(batch: int, dtype: Dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Executor] = []

    def compiling(graph: Graph, max_rows: int, limit: object) -> Executor:
        made.append(compile_graph(graph, max_rows))
        return made[-1]

    def interpreting(graph: Graph, max_rows: int, limit: object) -> Executor:
        return Interpreted(graph, max_rows)

    monkeypatch.setattr(run_module, "compiled", compiling)
    found = _losses(batch, dtype)
    assert made and native.why_absent() is None
    monkeypatch.setattr(run_module, "compiled", interpreting)
    np.testing.assert_allclose(found, _losses(batch, dtype), rtol=CLOSE[dtype])
