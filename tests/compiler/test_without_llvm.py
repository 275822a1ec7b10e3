"""Without LLVM everything runs, by the interpreter, and says so once; with it, nothing is interpreted in silence."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from sklon import Trainer, nn
from sklon._base.errors import CompilerError, InterpretedWarning
from sklon._base.shapes import N
from sklon.compiler import cache, executor, native
from sklon.compiler.executable import Executable, Steps, compile_graph
from sklon.compiler.executor import Interpreted, executor_of
from sklon.graph.node import Graph
from tests.executors import Trace, Trial, agree, interpreted, named_slots
from tests.random_steps import trials

#: ways in which LLVM is missing, as the first lines of a program
MISSING = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise {error}
sys.meta_path.insert(0, Blocker())
"""
NOT_INSTALLED = MISSING.format(name="llvmlite", error="ModuleNotFoundError('No module named llvmlite')")
NOT_LOADABLE = MISSING.format(name="llvmlite.binding", error="OSError('Could not find/load shared object file')")
TRAINING = """
import numpy as np, sklon
from sklon import Trainer, nn
assert (sklon.tensor([1.0, 2.0]) * 2).sum().item() == 6.0
X = np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)
sklon.manual_seed(1)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
trainer = Trainer(model, loss="mse", lr=0.01)
trainer.fit((X, X[:, :1] * 2), epochs=4, batch_size=64, validation=0.2)
trainer.predict(X)
for row in trainer.history.rows:
    print(row["train_loss"], row["validation_loss"])
"""
#: NumPy sums what lies transposed in another order
CLOSE = 1e-12
SENTENCE = "networks are interpreted with NumPy, many times slower than compiled"
REPAIR = "pip install --force-reinstall llvmlite"


def _run(code: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, env={**os.environ})
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("missing", [NOT_INSTALLED, NOT_LOADABLE], ids=["not installed", "not loadable"])
def test_a_network_trains_to_the_same_loss_and_says_once_that_it_is_slow(missing: str) -> None:
    compiled, without = _run(TRAINING), _run(missing + TRAINING)
    numbers = [np.array(done.stdout.split(), np.float64) for done in (compiled, without)]
    assert len(numbers[0]) == 8
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-4)
    assert compiled.stderr == ""
    assert without.stderr.count(SENTENCE) == 1 and without.stderr.count(REPAIR) == 1


COMMAND = "import sys; from sklon.cli import main; sys.argv = ['sklon', *sys.argv[1:]]; main()"


def test_the_command_trains_and_predicts(tmp_path: Path) -> None:
    X = np.random.default_rng(0).standard_normal((120, 2))
    rows = [f"{a:.4f},{b:.4f},{a - b:.4f}" for a, b in X.tolist()]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    train = ("train", "data.csv", "--target", "y", "--epochs", "3", "--out", "run")
    told = _run(NOT_INSTALLED + COMMAND, *train, folder=tmp_path)
    noted = [line for line in told.stderr.splitlines() if SENTENCE in line]
    assert len(noted) == 1 and noted[0].startswith("note: LLVM is missing") and noted[0].endswith(REPAIR)
    assert '"processor": "interpreted with NumPy"' in (tmp_path / "run" / "run.json").read_text()
    quiet = _run(NOT_INSTALLED + COMMAND, "predict", "run", "data.csv", "--quiet", folder=tmp_path)
    assert len(quiet.stdout.splitlines()) == 121 and quiet.stderr == ""


# ---- the seam
def _traced(trial: Trial, cut: int) -> Trace:
    """By the executor that stands in for machine code, in two calls."""
    arrays = {name: a.copy() for name, a in trial.arrays.items()}
    bound = arrays | dict.fromkeys(named_slots(trial.graph, "index"), np.ascontiguousarray(trial.indices))
    steps, run = (
        Steps(np.array(trial.rows), np.array(trial.starts), trial.scalars),
        Interpreted(trial.graph, trial.max_rows).run,
    )
    outputs = []
    for first, last in ((0, cut), (cut, len(trial.rows))):
        results = run(bound, steps, 2, first, last)
        outputs += [_of_step(trial, results, k) for k in range(first, last)]
    return Trace(outputs, {name: arrays[name] for name in named_slots(trial.graph, "state")})


def _of_step(trial: Trial, results: dict[str, Any], k: int) -> dict[str, Any]:
    start, rows = trial.starts[k], trial.rows[k]
    by_rows = {name for name, node in trial.graph.outputs if node.shape[:1] == (N,)}
    return {name: a[start : start + rows] if name in by_rows else a[k] for name, a in results.items()}


@settings(max_examples=40)
@given(trials())
def test_the_interpreter_takes_the_same_call(trial: Trial) -> None:
    agree(_traced(trial, len(trial.rows) // 2), interpreted(trial), CLOSE, "the interpreter as an executor")


def _fit() -> Trainer:
    X = np.ones((20, 3), np.float32)
    trainer = Trainer(nn.Linear(3, 1), loss="mse")
    trainer.fit((X, X[:, :1]), epochs=1)
    return trainer


def test_with_llvm_everything_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> Any:
        raise AssertionError("interpreted")

    monkeypatch.setattr(Interpreted, "run", refuse)
    cache.clear()
    _fit()
    assert isinstance(executor_of(Graph(()), 1, compile_graph), Executable)


def test_a_graph_that_cannot_be_compiled_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise CompilerError("this graph is beyond me")

    cache.clear()
    monkeypatch.setattr(native, "object_code", fail)
    with warnings.catch_warnings(), pytest.raises(CompilerError, match="beyond me"):
        warnings.simplefilter("error")
        _fit()


def test_a_process_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "why_absent", lambda: "it is gone")
    executor._say.cache_clear()
    with pytest.warns(InterpretedWarning, match="it is gone") as found:
        for _ in range(3):
            executor_of(Graph(()), 1, compile_graph)
    assert len(found) == 1
