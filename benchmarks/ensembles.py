"""Ensembles in one step: k members beside k steps of one network, beside the arithmetic, and beside PyTorch.

python -m benchmarks.ensembles [--members 8] [--threads 1] [--turns 15]

128 inputs, three layers of 256, one output, batches of 256, AdamW. "shared" is the weight sharing of TabM
(``nn.LinearBatchEnsemble``), "apart" k networks side by side (``nn.LinearEnsemble``). All take short turns in one
process; printed are the least and the median time of a step over the turns, how much of it its products would need at
the peak of multiply-adds, and its ratio to k steps of one network. On one thread the time is that of the processor,
which a busy machine changes less; on several it is the clock's. ``--compile`` adds torch.compile.
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
from sklon import Trainer, nn
from sklon.compiler.cache import compiled as program_of
from sklon.compiler.peak import peak
from sklon.training.rehearsal import rehearsed

INPUTS, WIDTH, LAYERS, BATCH, BATCHES, LEARNING_RATE = 128, 256, 3, 256, 2, 1e-3
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((BATCH * BATCHES, INPUTS)).astype(np.float32)
Y = RANDOM.standard_normal((BATCH * BATCHES, 1)).astype(np.float32)
Turn = Callable[[], float]


def shape() -> list[tuple[int, int]]:
    """Inputs and outputs of the hidden layers."""
    return [(INPUTS if i == 0 else WIDTH, WIDTH) for i in range(LAYERS)]


def flops(members: int) -> float:
    """Operations of the products of a step: forward, and backward for weights and, but in the first layer, inputs."""
    layers = [*shape(), (WIDTH, 1)]
    return float(sum(2 * BATCH * members * a * b * (2 if i == 0 else 3) for i, (a, b) in enumerate(layers)))


def network(kind: str, k: int) -> tuple[nn.Module, Any]:
    """A network and its loss."""
    hidden: list[nn.Module] = []
    for i, (a, b) in enumerate(shape()):
        signs = ("random-signs", "ones") if i == 0 else "ones"
        if kind == "single":
            layer: nn.Module = nn.Linear(a, b)
        elif kind == "shared":
            layer = nn.LinearBatchEnsemble(a, b, k=k, scaling_init=signs)
        else:
            layer = nn.LinearEnsemble(a, b, k=k)
        hidden += [layer, nn.ReLU()]
    if kind == "single":
        return nn.Sequential(*hidden, nn.Linear(WIDTH, 1)), nn.MSELoss()
    return nn.Sequential(nn.EnsembleView(k), *hidden, nn.LinearEnsemble(WIDTH, 1, k=k)), nn.EnsembleLoss(nn.MSELoss())


def clock_of(threads: int) -> Callable[[], float]:
    """Seconds of this thread, or of the wall."""
    return time.thread_time if threads == 1 else time.perf_counter


def ours(kind: str, k: int, threads: int) -> Turn:
    """A turn of the Trainer's own steps."""
    clock = clock_of(threads)
    model, loss = network(kind, k)
    subject = rehearsed(Trainer(model, loss=loss, optimizer="adamw", lr=LEARNING_RATE), (X, Y), batch_size=BATCH)
    program, steps = program_of(subject.graph, subject.max_rows), subject.steps
    assert steps is not None

    def turn() -> float:
        start = clock()
        program.run(subject.arrays, steps, threads=threads)
        return (clock() - start) / len(steps)

    return turn


def pytorch(kind: str, k: int, threads: int, compiled: bool) -> Turn:
    """A turn of PyTorch's eager or compiled steps."""
    import torch

    torch.set_num_threads(threads)
    clock = clock_of(threads)
    model = _torch_network(torch, kind, k)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    forward = torch.compile(model) if compiled else model
    batches = [(torch.tensor(X[i : i + BATCH]), torch.tensor(Y[i : i + BATCH])) for i in range(0, len(X), BATCH)]

    def turn() -> float:
        start = clock()
        for x, y in batches:
            output = forward(x)
            target = y if kind == "single" else y[:, None].expand_as(output)
            loss = torch.nn.functional.mse_loss(output, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return (clock() - start) / len(batches)

    turn()
    return turn


def _torch_network(torch: Any, kind: str, k: int) -> Any:
    class Member(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, a: int, b: int, shared: bool) -> None:
            super().__init__()
            self.shared = shared
            self.weight = torch.nn.Parameter(torch.randn(*((b, a) if shared else (k, a, b))) / a**0.5)
            self.bias = torch.nn.Parameter(torch.zeros(k, b))
            if shared:
                self.r, self.s = torch.nn.Parameter(torch.ones(k, a)), torch.nn.Parameter(torch.ones(k, b))

        def forward(self, x: Any) -> Any:
            if self.shared:
                return torch.nn.functional.linear(x * self.r, self.weight) * self.s + self.bias
            return torch.bmm(x.transpose(0, 1), self.weight).transpose(0, 1) + self.bias

    class View(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x[:, None].expand(-1, k, -1)

    layers: list[Any] = [] if kind == "single" else [View()]
    for a, b in shape():
        layers += [torch.nn.Linear(a, b) if kind == "single" else Member(a, b, kind == "shared"), torch.nn.ReLU()]
    head = torch.nn.Linear(WIDTH, 1) if kind == "single" else Member(WIDTH, 1, False)
    return torch.nn.Sequential(*layers, head)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Ensembles in one step.")
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--compile", action="store_true", help="torch.compile too, which takes a while to begin")
    options = parser.parse_args()
    k, threads = options.members, options.threads
    sklon.set_num_threads(threads)
    kinds = ("single", "shared", "apart")
    turns: dict[str, Turn] = {f"sklon, {kind}": ours(kind, k, threads) for kind in kinds}
    if find_spec("torch"):
        turns |= {f"PyTorch, {kind}": pytorch(kind, k, threads, compiled=False) for kind in kinds}
        if options.compile:
            turns |= {f"torch.compile, {kind}": pytorch(kind, k, threads, compiled=True) for kind in kinds}
    times: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(options.turns):
        for name, turn in turns.items():
            times[name].append(turn())
    rate = peak(threads, repeats=9)
    where = f"{platform.machine()}, {os.cpu_count()} cores, peak {rate:.0f} GFLOP/s"
    print(f"{where}; {threads} thread{'s' * (threads > 1)}, {k} members, {options.turns} turns")
    base = min(times["sklon, single"]) * k
    for name, found in times.items():
        least, count = min(found), 1 if name.endswith("single") else k
        share = flops(count) / least / 1e9 / rate
        ratio = "" if count == 1 else f", {least / base:.2f} of {k} steps of one network"
        print(f"{name:24}{least * 1e3:8.2f} ms, median{median(found) * 1e3:8.2f}; {share:4.0%} of the peak{ratio}")


if __name__ == "__main__":
    main()
