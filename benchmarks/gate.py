"""The speed part of the gate: the networks of ``networks.py`` against what the design asks for, on this machine.

    python -m benchmarks.gate [--json] [--repeats 9]

Times are the best of several repetitions, spread over the run so that a busy moment does not decide; shares of the
peak are of the rate of multiply-adds measured beside each of them. The load before and after tells whether the machine
was quiet: with other work on it, the numbers say little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sklon._base.cores import available_cores
from sklon.compiler import native
from sklon.compiler.executable import Executable, Steps, compile_graph
from sklon.compiler.peak import Peak

from .networks import DEEP, INDEX, LARGE, SMALL, Perceptron

#: new processes whose best counts
PROCESSES = 3
NO_BOUND = 1e9  # of a number that is printed for the reader
COLD = """
import time
from benchmarks.networks import {name}
from sklon.compiler.executable import compile_graph
graph = {name}.graph()
start = time.perf_counter()
compile_graph(graph, {rows})
print(time.perf_counter() - start)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the gate: what it is, and what is asked for."""

    name: str
    value: float
    unit: str
    wanted: float
    at_least: bool

    @property
    def holds(self) -> bool:
        """Whether the number is as good as asked."""
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def __str__(self) -> str:
        asked = f"({'≥' if self.at_least else '≤'} {self.wanted:g})" if self.wanted != NO_BOUND else ""
        return f"{self.name:66} {self.value:8.2f} {self.unit:2} {asked}{'' if self.holds else '  MISSED'}".rstrip()


class Bench:
    """A compiled network with data, ready to run its steps again and again."""

    def __init__(self, network: Perceptron, batch: int, batches: int, steps: int) -> None:
        graph = network.graph()
        self.executable: Executable = compile_graph(graph, batch)
        self.network, self.batch, self.count = network, batch, steps
        table = batch * batches
        rng = np.random.default_rng(0)
        orders = [rng.permutation(table).astype(np.int32) for _ in range(-(-steps // batches))]
        self.arrays = {**network.values(graph, table), INDEX: np.concatenate(orders)}
        starts = np.arange(steps, dtype=np.int64) * batch
        self.steps = Steps(np.full(steps, batch), starts, network.scalars(graph, steps))

    def seconds(self, threads: int) -> float:
        """The time of one step, from one run of all of them."""
        start = time.perf_counter()
        self.executable.run(self.arrays, self.steps, threads)
        return (time.perf_counter() - start) / self.count

    def gflops(self, seconds: float) -> float:
        """The rate of the products' arithmetic alone, 10⁹ a second."""
        return self.network.flops(self.batch) / seconds / 1e9


def best(functions: Sequence[Callable[[], float]], repeats: int) -> list[float]:
    """The smallest result of each function, measured in turns."""
    results = [[f() for f in functions] for _ in range(repeats)]
    return [min(column) for column in zip(*results, strict=True)]


def small_lines(repeats: int) -> list[Line]:
    """The small network: one thread at batch 64, one and two at batch 4096."""
    few, many = Bench(SMALL, 64, 40, 2000), Bench(SMALL, 4096, 2, 40)
    one, full, shared = best([lambda: few.seconds(1), lambda: many.seconds(1), lambda: many.seconds(2)], repeats)
    return [
        Line("32-64-64-1, batch 64, Adam, 1 thread, a step", one * 1e6, "µs", 25, at_least=False),
        Line("32-64-64-1, batch 4096: how much faster 2 threads are", full / shared, "×", 1.5, at_least=True),
    ]


def large_lines(repeats: int) -> list[Line]:
    """The large network as a share of the peak, which is measured in the same turns."""
    bench, peak = Bench(LARGE, 128, 20, 40), Peak()
    lines = []
    for threads, wanted in ((1, 50), (2, 40)):
        seconds, inverse = best([lambda: bench.seconds(threads), lambda: 1 / peak.gflops(threads, 1)], repeats)  # noqa: B023
        what = f"784-512-512-10, batch 128, Adam, {threads} thread{'s' * (threads > 1)}"
        share = 100 * bench.gflops(seconds) * inverse
        lines += [
            Line(f"{what}, a step", seconds * 1e6, "µs", NO_BOUND, at_least=False),
            Line(f"{what}, share of {1 / inverse:.0f} GFLOP/s", share, "%", wanted, at_least=True),
        ]
    return lines


def cold_lines() -> list[Line]:
    """From a recorded graph to machine code in a new process, LLVM's start included."""
    cases = (("SMALL", 64, 0.3), ("LARGE", 128, 0.3), ("DEEP", 64, 0.6))
    networks = {"SMALL": SMALL, "LARGE": LARGE, "DEEP": DEEP}
    lines = []
    for name, rows, wanted in cases:
        seconds = min(_cold(COLD.format(name=name, rows=rows)) for _ in range(PROCESSES))
        widths = networks[name].widths
        what = "-".join(map(str, widths)) if len(widths) < 6 else f"{len(widths) - 2} hidden layers of {widths[1]}"
        lines.append(Line(f"cold compile of {what}", seconds, "s", wanted, at_least=False))
    return lines


def _cold(code: str) -> float:
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return float(done.stdout)


def processor() -> str:
    """The name of the CPU, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def load() -> float | None:
    """Processes that wanted to run during the last minute, on average."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def machine() -> dict[str, object]:
    """What the numbers depend on."""
    target, peak = native.host(), Peak()
    return {
        "processor": processor(),
        "cores": available_cores(),
        "target": target.name,
        "vector_bytes": target.vector_bytes,
        "peak_gflops": {str(threads): round(peak.gflops(threads)) for threads in (1, 2)},
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure, and print one line for each number or one object of JSON."""
    parser = argparse.ArgumentParser(description="Print the speed part of the gate.")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--repeats", type=int, default=9, help="repetitions of which the best counts (default 9)")
    options = parser.parse_args()
    before = load()
    described = machine()
    lines = [*small_lines(options.repeats), *large_lines(options.repeats), *cold_lines()]
    loads = {"load_before": before, "load_after": load()}
    if options.json:
        rows = [{**asdict(line), "holds": line.holds} for line in lines]
        print(json.dumps({"machine": described, **loads, "lines": rows}, ensure_ascii=False, indent=1))
        return
    print("\n".join(f"{name}: {value}" for name, value in {**described, **loads}.items()))
    print("\n".join(str(line) for line in lines))


if __name__ == "__main__":
    main()
