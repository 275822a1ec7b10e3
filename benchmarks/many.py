"""A thousand tiny networks: side by side, one after another, in one ensemble, and scikit-learn's.

python -m benchmarks.many [--networks 200] [--threads 2]

Iris (150 rows, 4 columns, 3 classes), one fold of five for each network, eight structures, rates, L2 penalties and
seeds of their own, a fold as a batch, Adam, at most 200 epochs, stopped after 10 without progress by 1e-4, as
scikit-learn's network does by default. Printed are seconds of the wall and of the processors for each way, and what a
step of the first network costs natively, by itself and as a member of an ensemble of networks apart. On a busy machine
only processor seconds mean something; they bound the wall's from below by their share of the threads.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import sklon
from sklon import Trainer, nn
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps
from sklon.training.many import Fit, fit_many
from sklon.training.rehearsal import rehearsed

#: hidden layers of the structures, each with two activations
HIDDEN = ((100,), (50,), (20,), (30, 30))
EPOCHS, FOLDS = 200, 5
#: steps of a native measurement
STEPS = 200
STOPPING = "no_progress(10, 1e-4)"


def iris() -> tuple[Any, Any]:
    """Standardised columns, and classes."""
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    return ((X - X.mean(0)) / X.std(0)).astype(np.float32), y.astype(np.int64)


def sizes(number: int) -> tuple[int, ...]:
    """The layers of a network."""
    return (4, *HIDDEN[number % 4], 3)


def network(number: int) -> nn.Module:
    """A network with weights of its own."""
    sklon.manual_seed(number)
    activation = (nn.ReLU, nn.Tanh)[number // 4 % 2]
    layers: list[nn.Module] = []
    for a, b in zip(sizes(number)[:-1], sizes(number)[1:], strict=True):
        layers += [nn.Linear(a, b), activation()]
    return nn.Sequential(*layers[:-1])


def fold(number: int, rows: int) -> Any:
    """The rows that a network trains on."""
    return np.flatnonzero(np.arange(rows) % FOLDS != number % FOLDS)


def fits(count: int) -> list[Fit]:
    """The fits, none of them begun."""
    X, y = iris()
    random = np.random.default_rng(0)
    found = []
    for number in range(count):
        lr, l2 = 10 ** random.uniform(-3, -1.5), 10 ** random.uniform(-5, -2)
        trainer = Trainer(network(number), loss="cross_entropy", optimizer="adam", lr=lr, l2=l2, seed=number)
        own = fold(number, len(X))
        settings = {"epochs": EPOCHS, "batch_size": "full", "early_stopping": STOPPING}
        found.append(Fit(trainer, (X[own], y[own]), settings))
    return found


def scikit(count: int) -> None:
    """The same grid by scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    X, y = iris()
    random = np.random.default_rng(0)
    for number in range(count):
        lr, l2 = 10 ** random.uniform(-3, -1.5), 10 ** random.uniform(-5, -2)
        activation = ("relu", "tanh")[number // 4 % 2]
        model = MLPClassifier(
            HIDDEN[number % 4], activation=activation, alpha=l2, learning_rate_init=lr, random_state=number
        )
        own = fold(number, len(X))
        model.fit(X[own], y[own])


def timed(what: str, networks: int, run: Callable[[], Any]) -> None:
    """Run, and print seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what:32}{wall:8.2f} s, {processor:8.2f} s of processors, {1e3 * processor / networks:7.2f} ms a network")


def native_steps(members: int) -> float:
    """Microseconds of the processor for a native step of the first network, or of each member of an ensemble."""
    X, y = iris()
    if members == 1:
        model, loss = network(0), nn.CrossEntropyLoss()
    else:
        apart = [nn.LinearEnsemble(4, 100, k=members), nn.ReLU(), nn.LinearEnsemble(100, 3, k=members)]
        model, loss = nn.Sequential(nn.EnsembleView(members), *apart), nn.EnsembleLoss(nn.CrossEntropyLoss())  # type: ignore[assignment]
    subject = rehearsed(Trainer(model, loss=loss, optimizer="adam"), (X, y), batch_size="full")
    program, one = compiled(subject.graph, subject.max_rows), subject.steps
    assert one is not None
    starts = np.zeros(STEPS, np.int64)
    steps = Steps(np.full(STEPS, len(X)), starts, np.repeat(one.scalars, STEPS, axis=0))
    best = float("inf")
    for _ in range(5):
        start = time.thread_time()
        program.run(subject.arrays, steps, threads=1)
        best = min(best, time.thread_time() - start)
    return best / STEPS / members * 1e6


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Many tiny networks.")
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    count = options.networks
    fit_many(fits(8))  # programs are made
    print(f"{count} networks of 8 structures, {os.cpu_count()} cores")
    together = fits(count)
    timed(f"side by side, {options.threads} threads", count, lambda: fit_many(together, threads=options.threads))
    print(f"  epochs each: {np.mean([len(fit.trainer.history) for fit in together]):.0f}")
    sklon.set_num_threads(1)
    timed("one after another", count, lambda: [fit() for fit in fits(count)])
    if find_spec("sklearn"):
        warnings.simplefilter("ignore")
        few = max(1, count // 10)
        timed(f"scikit-learn, {few} of them", few, lambda: scikit(few))
    for members in (1, 8, 32):
        print(
            f"a native step of 150 rows, 4-100-3, {members:2} in a program: {native_steps(members):6.2f} µs a network"
        )


if __name__ == "__main__":
    main()
