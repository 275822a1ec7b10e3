"""A thousand tiny networks in a grid search: side by side, one after another, in processes, and scikit-learn's own.

python -m benchmarks.grids [--networks 1000] [--threads 2]

Iris (150 rows, 4 columns, 3 classes), eight structures, five rates, seeds, five folds; scikit-learn's defaults else:
Adam, at most 200 epochs, stopped after 10 without progress by 1e-4. Printed are seconds of the wall and of the
processors for each way, milliseconds of a network, and how many times the first way's those are. Scikit-learn's own
networks are a tenth as many. Workers of processes start anew: what they import and read from disk counts. The last
line tells what of a search is no fit: copies, splits, scores, checks of parameters. On a busy machine only processor
seconds mean something.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from joblib.externals.loky import get_reusable_executor
from sklearn import model_selection as scikit
from sklearn import neural_network
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_limits

import sklon
from sklon.model_selection import GridSearchCV

FOLDS, TURNS = 5, 5
STRUCTURES: dict[str, list[Any]] = {
    "hidden_layer_sizes": [(100,), (50,), (20,), (30, 30)],
    "activation": ["relu", "tanh"],
}
RATES = [0.001, 0.002, 0.005, 0.01, 0.03]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way took for so many networks, in seconds."""

    networks: int
    wall: float
    processor: float

    def __str__(self) -> str:
        each = 1e3 / self.networks
        return f"{self.wall:8.2f}{self.processor:12.2f}{each * self.wall:12.2f}{each * self.processor:12.2f}"


def grid(networks: int) -> dict[str, list[Any]]:
    """So many networks, folds counted: structures, rates, and as many seeds as are needed."""
    seeds = max(1, networks // (8 * len(RATES) * FOLDS))
    return {**STRUCTURES, "learning_rate_init": RATES, "random_state": list(range(seeds))}


def size(candidates: dict[str, list[Any]]) -> int:
    """The networks of a grid, folds counted."""
    return FOLDS * len(scikit.ParameterGrid(candidates))


def iris() -> tuple[Any, Any]:
    """Standardised columns, and classes."""
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


def processor() -> float:
    """Seconds of the processors, of this process and of those that ended."""
    return sum(os.times()[:4])


def measured(networks: int, run: Callable[[], Any]) -> Measured:
    """Run, and take the time."""
    wall, before = time.perf_counter(), processor()
    run()
    return Measured(networks, time.perf_counter() - wall, processor() - before)


def searched(kind: Any, network: Any, candidates: dict[str, list[Any]], jobs: int | None = None) -> Measured:
    """A search without a refit."""
    search = kind(network, candidates, cv=FOLDS, refit=False, n_jobs=jobs)
    found = measured(size(candidates), lambda: search.fit(*iris()))
    assert np.nanmin(search.cv_results_["mean_test_score"]) > 0
    return found


def in_processes(candidates: dict[str, list[Any]], jobs: int) -> Measured:
    """A search with workers of its own, that end with it."""

    def run() -> None:
        searched(scikit.GridSearchCV, sklon.MLPClassifier(), candidates, jobs)
        get_reusable_executor().shutdown(wait=True)

    return measured(size(candidates), run)


def fits_alone(candidates: dict[str, list[Any]]) -> Measured:
    """The same fits, and nothing else."""
    X, y = iris()
    splits = list(scikit.StratifiedKFold(FOLDS).split(X, y))
    networks = [sklon.MLPClassifier(**settings) for settings in scikit.ParameterGrid(candidates)]
    return measured(size(candidates), lambda: [n.fit(X[rows], y[rows]) for n in networks for rows, _ in splits])


def rest() -> list[float]:
    """Processor's milliseconds of a network in a search and of its fit alone, the least of some turns."""
    few = grid(0)
    ways = (lambda: searched(scikit.GridSearchCV, sklon.MLPClassifier(), few), lambda: fits_alone(few))
    turns = [[way().processor for way in ways] for _ in range(TURNS)]
    return [1e3 * min(column) / size(few) for column in zip(*turns, strict=True)]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="A grid of tiny networks.")
    parser.add_argument("--networks", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of workers
    threads, many = options.threads, grid(options.networks)
    sklon.set_num_threads(threads)
    searched(GridSearchCV, sklon.MLPClassifier(), grid(0))  # programs are made
    print(f"{platform.machine()}, {os.cpu_count()} cores, scikit-learn {sklearn.__version__}, {threads} threads")
    heads = "".join(f"{head:>12}" for head in ("processor s", "ms each", "processor"))
    print(f"{f'{size(many)} networks of 8 structures':44}{'wall s':>8}{heads}  ratios")
    ways: dict[str, Callable[[], Measured]] = {
        f"sklon's GridSearchCV, {threads} threads": lambda: searched(GridSearchCV, sklon.MLPClassifier(), many),
        "scikit-learn's, networks of sklon": lambda: searched(scikit.GridSearchCV, sklon.MLPClassifier(), many),
        f"the same, n_jobs={threads} processes": lambda: in_processes(many, threads),
        "scikit-learn's, its own, a tenth": lambda: searched(
            scikit.GridSearchCV, neural_network.MLPClassifier(), grid(options.networks // 10)
        ),
    }
    found: dict[str, Measured] = {}
    for title, way in ways.items():
        with threadpool_limits(1):
            one = found[title] = way()
        first = next(iter(found.values()))
        share = first.networks / one.networks
        ratios = f"{share * one.wall / first.wall:6.1f}{share * one.processor / first.processor:6.1f}"
        print(f"{title:44}{one}  {ratios}", flush=True)
    in_search, alone = rest()
    print(f"a network takes {in_search:.2f} ms of a processor in a search, of which its fit takes {alone:.2f}")


if __name__ == "__main__":
    main()
