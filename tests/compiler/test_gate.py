"""The gate: two networks, two rules; native = interpreted = PyTorch, the same bits however the work is cut.

Speed is no test; ``python -m benchmarks.gate`` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from benchmarks.networks import BETA1, BETA2, EPS, LARGE, SMALL, Perceptron
from sklon._base.dtypes import float32, float64
from sklon.compiler.executable import compile_graph
from sklon.graph.node import Graph
from tests.executors import Trace, Trial, agree, compiled, distance, interpreted, same_bits

from .targets import NARROWER, narrower

Array = np.ndarray[Any, Any]
LR = 1e-3
TOLERANCE = 1e-10
#: how many times NumPy's float32 error against float64 is allowed
WORSE = 5
#: how far a loss may be from its course in float64: Adam's first steps go by the sign of each gradient, and where that
#: is a matter of rounding, a weight goes the other way
CLOSE_LOSS = {"sgd": 1e-6, "adam": 1e-3}


@dataclass(frozen=True, slots=True)
class Run:
    """A network, its training steps, and the rows of each of them."""

    network: Perceptron
    rows: tuple[int, ...]
    table: int

    def __str__(self) -> str:
        return str(self.network)

    def trial(self, graph: Graph | None = None) -> Trial:
        """Everything bound; the rows of the steps are drawn at random from the table."""
        graph = graph or self.network.graph()
        indices = np.random.default_rng(1).integers(0, self.table, sum(self.rows)).astype(np.int32)
        arrays = self.network.values(graph, self.table)
        scalars = self.network.scalars(graph, len(self.rows), LR)
        return Trial(graph, max(self.rows), self.rows, arrays, indices, scalars)

    def wide(self) -> Run:
        """The same in float64."""
        return replace(self, network=replace(self.network, dtype=float64))


RULES = ("sgd", "adam")
RUNS = [Run(replace(SMALL, rule=r), (*(64,) * 49, 37), 500) for r in RULES]
RUNS += [Run(replace(LARGE, rule=r), (*(128,) * 11, 77), 500) for r in RULES]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_native_is_interpreted_is_pytorch(run: Run) -> None:
    trial = run.wide().trial()
    expected = interpreted(trial)
    agree(compiled(trial, compile_graph(trial.graph, trial.max_rows)), expected, TOLERANCE, "native code")
    theirs = pytorch(run.wide(), trial)
    ours = Trace(expected.outputs, {name: expected.state[name] for name in theirs.state})
    agree(theirs, ours, TOLERANCE, "PyTorch")


def pytorch(run: Run, trial: Trial) -> Trace:
    """The same training in PyTorch, float64."""
    torch: Any = pytest.importorskip("torch")
    layers = len(run.network.widths) - 1
    names = [f"{kind}{layer}" for layer in range(layers) for kind in "wb"]
    known = {n: torch.tensor(trial.arrays[n], dtype=torch.float64, requires_grad=True) for n in names}
    x, y = (torch.tensor(trial.arrays[n]) for n in "XY")
    make = {"sgd": torch.optim.SGD, "adam": lambda p, lr: torch.optim.Adam(p, lr, (BETA1, BETA2), EPS)}
    optimizer = make[run.network.rule](list(known.values()), lr=LR)
    losses = []
    for rows, start in zip(trial.rows, trial.starts, strict=True):
        chosen = torch.tensor(trial.indices[start : start + rows]).long()
        h = x[chosen]
        for layer in range(layers):
            h = torch.nn.functional.linear(torch.relu(h) if layer else h, known[f"w{layer}"], known[f"b{layer}"])
        targets = y[chosen]
        if run.network.loss == "binary":
            loss = torch.nn.functional.binary_cross_entropy_with_logits(h, targets.double())
        else:
            loss = torch.nn.functional.cross_entropy(h, targets.long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append({"loss": np.asarray(loss.item())})
    return Trace(losses, {n: p.detach().numpy() for n, p in known.items()})


@pytest.mark.parametrize("run", [RUNS[0], RUNS[2]], ids=str)
def test_float32_gradients_are_as_good_as_numpys(run: Run) -> None:
    one = replace(run, rows=run.rows[:1])
    exact = interpreted(one.wide().trial(one.wide().network.gradients())).outputs[0]
    trial = one.trial(one.network.gradients())
    found = compiled(trial, compile_graph(trial.graph, trial.max_rows)).outputs[0]
    numpys = interpreted(trial).outputs[0]
    for name, right in exact.items():
        own, allowed = (float(np.abs(a[name] - right).max()) for a in (found, numpys))
        rounding = float(np.finfo(np.float32).eps * np.abs(right).max())
        assert own <= WORSE * max(allowed, rounding), f"{name}: {own:.1e} where NumPy is off by {allowed:.1e}"


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_float32_follows_the_loss(run: Run) -> None:
    exact = _losses(interpreted(run.wide().trial()))
    trial = run.trial()
    found = _losses(compiled(trial, compile_graph(trial.graph, trial.max_rows)))
    numpys = _losses(interpreted(trial))
    assert np.abs(found - exact).max() <= WORSE * np.abs(numpys - exact).max() + CLOSE_LOSS[run.network.rule]


def _losses(trace: Trace) -> Array:
    return np.array([float(outputs["loss"]) for outputs in trace.outputs])


# ---- bits
@pytest.mark.parametrize("batch", [1, 63, 64, 65, 200, 4096])
def test_bits_depend_on_no_thread_and_no_cut(batch: int) -> None:
    trial = Run(SMALL, (*(batch,) * 6, max(1, batch // 3)), 5000).trial()
    executable = compile_graph(trial.graph, batch)
    expected = compiled(trial, executable)
    for threads in (1, 2, 3):
        for cuts in ((), (1,), (3, 5), range(1, 7)):
            same_bits(compiled(trial, executable, threads, cuts), expected, f"{threads} threads, cuts {tuple(cuts)}")


def test_the_large_network_has_the_same_bits_on_any_number_of_threads() -> None:
    trial = Run(LARGE, (128, 128, 77), 500).trial()
    executable = compile_graph(trial.graph, 128)
    for threads in (2, 3):
        same_bits(compiled(trial, executable, threads, (1,)), compiled(trial, executable), f"{threads} threads")


def test_another_order_of_rows_is_seen() -> None:
    """The comparison of bits can fail."""
    trial = Run(SMALL, (64,), 500).trial()
    executable = compile_graph(trial.graph, 64)
    other = replace(trial, indices=trial.indices[::-1].copy())
    with pytest.raises(AssertionError, match="differs"):
        same_bits(compiled(other, executable), compiled(trial, executable), "rows turned round")
    assert distance(compiled(other, executable), compiled(trial, executable))[0] < 1e-5


# ---- narrower machines
@pytest.mark.parametrize("name", NARROWER)
@pytest.mark.parametrize("dtype", [float32, float64], ids=lambda d: d.name)
def test_narrower_machines_train_the_same(name: str, dtype: Any) -> None:
    trial = Run(replace(SMALL, dtype=dtype), (64, 64, 37), 500).trial()
    found = compiled(trial, compile_graph(trial.graph, 64, narrower(name)))
    agree(found, interpreted(trial), 1e-5 if dtype is float32 else TOLERANCE, name)
