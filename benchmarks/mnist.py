"""MNIST by a network of two layers: how well, and how long beside PyTorch for the same recipe.

::

    python -m benchmarks.mnist [--seeds 3] [--threads 2]

784-512-10, ReLU, Adam at 0.002 after a warm-up of a fifth and then along a cosine, batches of 128, 6 epochs, shuffled.
Both systems begin with the same weights, take the same rates and train in turns; the test images are looked at once, at
the end. Seconds are those of the whole training, compiling included. PyTorch holds all images as one tensor, indexes
it batch by batch and steps with its fused Adam, eagerly and as a step compiled by ``torch.compile`` (where a C++
compiler is installed).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import sklon
from sklon import Trainer, nn
from sklon.optim import schedules

from .scores import DATA, read_mnist

WIDTH, EPOCHS, BATCH, RATE, SCHEDULE = 512, 6, 128, 2e-3, "warmup(0.2) >> cosine"
WANTED = 0.98
Array = np.ndarray[Any, Any]
Images = tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Result:
    """The share of the test images that were read right, and the seconds of the training."""

    accuracy: float
    seconds: float


def network(seed: int) -> nn.Sequential:
    """The network with the weights of a seed."""
    sklon.manual_seed(seed)
    return nn.Sequential(nn.Linear(784, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 10))


def by_sklon(train: Images, test: Images, seed: int) -> Result:
    """The recipe as a fit."""
    trainer = Trainer(network(seed), loss="cross_entropy", optimizer="adam", lr=RATE, schedule=SCHEDULE, seed=seed)
    start = time.perf_counter()
    trainer.fit(train, epochs=EPOCHS, batch_size=BATCH)
    seconds = time.perf_counter() - start
    return Result(float((trainer.predict(test[0]).argmax(1) == test[1]).mean()), seconds)


def rates(rows: int) -> list[float]:
    """The learning rate of each step of the recipe."""
    steps = EPOCHS * -(-rows // BATCH)
    schedule = schedules.parse(SCHEDULE)
    assert schedule is not None
    return schedule.over(steps).rates(RATE, steps)


def by_torch(train: Images, test: Images, seed: int, compiled: bool = False) -> Result:
    """The recipe as people write it in PyTorch for data that lie in memory."""
    import torch

    torch.manual_seed(seed)
    model: Any = torch.nn.Sequential(torch.nn.Linear(784, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 10))
    model.load_state_dict({name: torch.tensor(np.asarray(v)) for name, v in network(seed).state_dict().items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    X, y = torch.from_numpy(train[0]), torch.from_numpy(train[1]).long()

    def forward(rows: Any) -> Any:
        return torch.nn.functional.cross_entropy(model(X[rows]), y[rows])

    loss_of = torch.compile(forward) if compiled else forward
    start = time.perf_counter()
    planned = iter(rates(len(X)))
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.param_groups[0]["lr"] = next(planned)
            optimizer.zero_grad()
            loss_of(rows).backward()
            optimizer.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        right = model(torch.from_numpy(test[0])).argmax(1).numpy() == test[1]
    return Result(float(right.mean()), seconds)


def main() -> None:
    """Print what each system reaches, seed by seed, and the ratio of the best times; exit code 1 below 98 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    import torch

    sklon.set_num_threads(given.threads)
    torch.set_num_threads(given.threads)
    train, test = read_mnist(DATA / "mnist", "train"), read_mnist(DATA / "mnist", "t10k")
    systems: dict[str, Callable[[int], Result]] = {
        "sklon": lambda seed: by_sklon(train, test, seed),
        "PyTorch": lambda seed: by_torch(train, test, seed),
        "PyTorch, compiled": lambda seed: by_torch(train, test, seed, compiled=True),
    }
    best: dict[str, float] = {}
    worst = 1.0
    for seed in range(given.seeds):
        for name, run in list(systems.items()):
            try:
                result = run(seed)
            except Exception as error:  # whatever torch.compile lacks on this machine
                if "compiled" not in name:
                    raise
                print(f"{name}: not measured, {type(error).__name__}: {str(error).splitlines()[0]}")
                del systems[name]
                continue
            missed = "" if result.accuracy >= WANTED else f"  below {WANTED}"
            print(f"seed {seed}  {name:18} {result.accuracy:.4f}  {result.seconds:6.2f} s{missed}", flush=True)
            worst = min(worst, result.accuracy) if name == "sklon" else worst
            best[name] = min(best.get(name, np.inf), result.seconds)
    for name, seconds in best.items():
        print(f"{name:26} {seconds:6.2f} s  {seconds / best['sklon']:.2f} times sklon's")
    sys.exit(worst < WANTED)


if __name__ == "__main__":
    main()
