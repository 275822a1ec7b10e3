"""Estimators beside scikit-learn's of the same names: whole fits from the same ``random_state``, taking turns.

python -m benchmarks.estimators [--rounds 3] [--threads 1 2] [--fresh]

Printed are the least milliseconds of each, their ratio, the ratio of the processor's time (on a busy machine the fairer
one), the first fit of ours in this process (it records, and compiles or reads from disk), the epochs of both, and the
largest difference of their weights. Both are held to the same number of threads. ``--fresh`` measures whole processes
instead, import, data and all: without anything on disk, and again.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from threadpoolctl import threadpool_limits

import sklon

Array = np.ndarray[Any, Any]
Data = tuple[Array, Array]


def _scaled(data: Any) -> Data:
    X, y = data
    return (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9), y


def _houses(rows: int = 20_640) -> Data:
    """As many rows and columns as the houses of California have, and as noisy."""
    random = np.random.RandomState(0)
    X = random.standard_normal((rows, 8))
    signal = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * X[:, 3]
    return X, signal + 0.5 * random.standard_normal(rows)


def _above(data: Data) -> Data:
    return data[0], data[1] > 0


@dataclass(frozen=True, slots=True)
class Case:
    """A fit that both do."""

    title: str
    kind: str
    data: Callable[[], Data]
    settings: dict[str, Any]


CASES = (
    Case("iris, 150 × 4", "MLPClassifier", lambda: _scaled(load_iris(return_X_y=True)), {}),
    Case("iris, 10 units", "MLPClassifier", lambda: _scaled(load_iris(return_X_y=True)), {"hidden_layer_sizes": (10,)}),
    Case(
        "iris, early stopping", "MLPClassifier", lambda: _scaled(load_iris(return_X_y=True)), {"early_stopping": True}
    ),
    Case("iris, L-BFGS", "MLPClassifier", lambda: _scaled(load_iris(return_X_y=True)), {"solver": "lbfgs"}),
    Case("breast cancer, 569 × 30", "MLPClassifier", lambda: _scaled(load_breast_cancer(return_X_y=True)), {}),
    Case("digits, 1797 × 64", "MLPClassifier", lambda: _scaled(load_digits(return_X_y=True)), {"max_iter": 60}),
    Case("houses, 20640 × 8", "MLPRegressor", _houses, {}),
    Case("houses, SGD", "MLPRegressor", _houses, {"solver": "sgd", "learning_rate_init": 0.01}),
    Case("houses, two classes", "MLPClassifier", lambda: _above(_houses()), {"max_iter": 40}),
    Case("houses, 100,000 rows", "MLPRegressor", lambda: _houses(100_000), {"max_iter": 10}),
)


def _fit(room: Any, case: Case, data: Data) -> tuple[Any, Array]:
    """A fit, with its milliseconds by the clock and of the processor."""
    estimator = getattr(room, case.kind)(random_state=0, **case.settings)
    start = np.array([time.perf_counter(), time.process_time()])
    estimator.fit(*data)
    return estimator, 1e3 * (np.array([time.perf_counter(), time.process_time()]) - start)


def _compared(case: Case, rounds: int) -> str:
    data = case.data()
    _, first = _fit(sklon, case, data)
    theirs: list[tuple[Any, Array]] = []
    ours: list[tuple[Any, Array]] = []
    for _ in range(rounds):
        for room, took in ((neural_network, theirs), (sklon, ours)):
            took.append(_fit(room, case, data))
    their, our = theirs[-1][0], ours[-1][0]
    pairs = zip((*their.coefs_, *their.intercepts_), (*our.coefs_, *our.intercepts_), strict=True)
    apart = max(float(np.abs(a - b).max()) for a, b in pairs)
    epochs = f"{their.n_iter_}" if their.n_iter_ == our.n_iter_ else f"{their.n_iter_}/{our.n_iter_}"
    (clock, cpu), (our_clock, our_cpu) = (np.min([took for _, took in found], axis=0) for found in (theirs, ours))
    return (
        f"{clock:10.1f} {our_clock:9.1f} {clock / our_clock:7.1f} {cpu / our_cpu:7.1f} {first[0]:9.1f} {epochs:>8} "
        f"{apart:9.1e}"
    )


PROCESS = """
import time, warnings
start = time.perf_counter()
warnings.simplefilter("ignore")
from sklearn.datasets import load_iris
from {room} import MLPClassifier
MLPClassifier(random_state=0).fit(*load_iris(return_X_y=True))
print(time.perf_counter() - start)
"""


def _fresh() -> None:
    """Processes that import, read Iris and fit the default network."""
    with tempfile.TemporaryDirectory() as folder:
        for title, room in (
            ("scikit-learn", "sklearn.neural_network"),
            ("sklon, nothing on disk", "sklon"),
            ("sklon, again", "sklon"),
        ):
            environment = {**os.environ, "SKLON_CACHE": folder}
            command = [sys.executable, "-c", PROCESS.format(room=room)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            print(f"  {title:24} {float(done.stdout):6.2f} s")


def main() -> None:
    """Let both take turns, and print what a fit took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--only", default="", help="a part of the titles")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    cores, python = os.cpu_count(), platform.python_version()
    print(f"{platform.machine()}, {cores} cores, Python {python}, load {os.getloadavg()[0]:.1f}")
    if asked.fresh:
        _fresh()
        return
    for threads in asked.threads:
        sklon.set_num_threads(threads)
        print(f"{threads} thread{'s' if threads > 1 else ''}; milliseconds of a fit")
        print(f"  {'':26} scikit-learn     sklon   ratio  by CPU     first   epochs     apart")
        with threadpool_limits(threads):
            for case in CASES:
                if asked.only in case.title:
                    print(f"  {case.title:26} {_compared(case, asked.rounds)}", flush=True)


if __name__ == "__main__":
    main()
