"""The small network step by step: eager loops beside PyTorch's, ``sklon.jit``, and the Trainer.

python -m benchmarks.eager [--rounds 15] [--threads 1]

32-64-64-1, ReLU, binary cross-entropy with logits, Adam, batches of 64 that are tensors already. All take short turns
in one process; printed are the least and the median time of a step over all turns, and the ratio of the medians to that
of PyTorch's fastest loop. The Trainer's time includes shuffling and gathering its rows.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

import sklon
from sklon import Trainer, nn, optim

from .training.cases import LEARNING_RATE, case_of

CASE = case_of("small")
#: steps of a turn, and epochs of the Trainer's, which take about as long
STEPS, EPOCHS = 200, 8
Turn = Callable[[], float]


def net(layers: Any) -> Any:
    """The network, of the layers of either library."""
    return layers.Sequential(
        layers.Linear(32, 64), layers.ReLU(), layers.Linear(64, 64), layers.ReLU(), layers.Linear(64, 1)
    )


def batches(tensor: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """The batches of a turn."""
    X, y = CASE.data()
    target = y.astype(np.float32)[:, None]
    cuts = range(0, STEPS * CASE.batch, CASE.batch)
    return [(tensor(X[i : i + CASE.batch]), tensor(target[i : i + CASE.batch])) for i in cuts]


def loop(step: Callable[[Any, Any], Any], given: list[tuple[Any, Any]], asked: bool) -> Turn:
    """A turn of steps that each return the loss, whose value may be asked for."""

    def turn() -> float:
        start = time.perf_counter()
        for x, y in given:
            loss = step(x, y)
            if asked:
                loss.item()
        return (time.perf_counter() - start) / len(given)

    return turn


def step_of(model: Any, optimizer: Any, loss_of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The step that people write."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def step_without_gradients(model: Any, optimizer: Any, loss_of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same, but no gradient is left behind."""

    def step(x: Any, y: Any) -> Any:
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def ours() -> dict[str, Turn]:
    """The ways of sklon."""
    given, loss_of = batches(sklon.tensor), nn.functional.binary_cross_entropy_with_logits

    def made(shape: Callable[..., Callable[[Any, Any], Any]]) -> Callable[[Any, Any], Any]:
        model = net(nn)
        return shape(model, optim.Adam(model.parameters(), lr=LEARNING_RATE), loss_of)

    X, y = CASE.data()
    target = y.astype(np.float32)[:, None]
    trainer = Trainer(net(nn), loss="bce_with_logits", optimizer=optim.AdamRule(lr=LEARNING_RATE))

    def fit() -> float:
        start = time.perf_counter()
        trainer.fit((X, target), epochs=EPOCHS, batch_size=CASE.batch)
        return (time.perf_counter() - start) / (EPOCHS * CASE.steps)

    return {
        "sklon, eager": loop(made(step_of), given, False),
        "sklon, eager, item()": loop(made(step_of), given, True),
        "sklon.jit": loop(sklon.jit(made(step_of)), given, False),
        "sklon.jit, item()": loop(sklon.jit(made(step_of)), given, True),
        "sklon.jit, no .grad left": loop(sklon.jit(made(step_without_gradients)), given, False),
        "sklon, Trainer": fit,
    }


def theirs(threads: int) -> dict[str, Turn]:
    """PyTorch's ways, where it is installed."""
    if find_spec("torch") is None:
        print("PyTorch is not installed: there is nothing to compare with")
        return {}
    import torch

    torch.set_num_threads(threads)
    given, loss_of = batches(torch.from_numpy), torch.nn.functional.binary_cross_entropy_with_logits

    def made(**options: Any) -> Callable[[Any, Any], Any]:
        model = net(torch.nn)
        return step_of(model, torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, **options), loss_of)

    return {
        "PyTorch, fused Adam": loop(made(fused=True), given, False),
        "PyTorch, fused Adam, item()": loop(made(fused=True), given, True),
        "PyTorch": loop(made(), given, False),
    }


def main() -> None:
    """Let all take turns, and print what a step took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    sklon.set_num_threads(asked.threads)
    turns = {**ours(), **theirs(asked.threads)}
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(asked.rounds + 1):
        for name, turn in turns.items():
            took = turn()
            if number:  # the first turn records and compiles
                seconds[name].append(took)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {asked.threads} threads")
    base = min((median(t) for name, t in seconds.items() if name.startswith("PyTorch")), default=None)
    for name, found in seconds.items():
        ratio = "" if base is None else f"  {median(found) / base:5.2f} × PyTorch"
        print(f"  {name:28} least {min(found) * 1e6:7.1f} µs  median {median(found) * 1e6:7.1f} µs{ratio}")


if __name__ == "__main__":
    main()
