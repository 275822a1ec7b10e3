"""Random shapes with guarded memory: every buffer lies against a page that nobody may touch, and results are exact.

    python -m benchmarks.shapes --count 10000 [--first 0] [--seed 0]

Each program is one kind of kernel (products, reductions, maps, gathers, scatters, transpositions, movements) over sizes
of one, primes, and the edges of vectors and tiles, in float32 or float64, for this machine or a narrower one. Programs
run in child processes, because what reads or writes beyond a buffer is killed. A failing program is printed with the
command that runs it again; the exit code is then 1. The tests run a few hundred of the same programs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sklon.compiler.target import Target
from tests.compiler.targets import NARROWER, narrower
from tests.executors import agree, interpreted
from tests.guards import guarded
from tests.random_shapes import trial

#: programs that one child process runs
BLOCK = 500
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Failure:
    """The program that failed, and what its process said and returned last."""

    number: int
    seed: int
    status: int
    error: str

    def __str__(self) -> str:
        killed = f"the process was killed by signal {-self.status}: something beyond a buffer was touched"
        return (
            f"{trial(self.number, self.seed)!r}\n\n{killed if self.status < 0 else self.error}\n\nFound again by\n"
            f"    python -m benchmarks.shapes --first {self.number} --count 1 --seed {self.seed}"
        )


def examine(number: int, seed: int) -> None:
    """Run one program between guards, at both ends of its pages, and compare every bit with the interpreter."""
    rng = np.random.default_rng([seed, number, 1])
    drawn, target = trial(number, seed), _target(rng)
    expected = interpreted(drawn)
    for found in guarded(drawn, threads=int(rng.integers(1, 4)), target=target):
        agree(found, expected, 0.0, f"native code for {target.name if target else 'this machine'}")


def _target(rng: np.random.Generator) -> Target | None:
    """This machine more often than a narrower one."""
    return narrower(str(rng.choice(NARROWER))) if NARROWER and rng.random() < 0.4 else None


def failure(first: int, count: int, seed: int) -> Failure | None:
    """Run ``count`` programs in a child process; the first that fails, if one does."""
    command = [sys.executable, "-m", "benchmarks.shapes", "--here"]
    numbers = ["--first", str(first), "--count", str(count), "--seed", str(seed)]
    done = subprocess.run([*command, *numbers], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    begun = done.stdout.split()
    return Failure(int(begun[-1]) if begun else first, seed, done.returncode, done.stderr.strip())


def main() -> int:
    """Check, and say how many programs agree or which one does not."""
    parser = argparse.ArgumentParser(description="Run random programs over random shapes between memory guards.")
    parser.add_argument("--count", type=int, default=1000, help="how many programs (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one (default 0)")
    parser.add_argument("--seed", type=int, default=0, help="where the random numbers begin (default 0)")
    parser.add_argument("--here", action="store_true", help="in this process, printing each number before it runs")
    options = parser.parse_args()
    last = options.first + options.count
    if options.here:
        for number in range(options.first, last):
            print(number, flush=True)
            examine(number, options.seed)
        return 0
    for first in range(options.first, last, BLOCK):
        found = failure(first, min(BLOCK, last - first), options.seed)
        if found is not None:
            print(found)
            return 1
        print(f"programs {first} to {min(first + BLOCK, last) - 1} agree", file=sys.stderr)
    print(f"{options.count} programs give exactly what NumPy gives, and touch nothing beyond their buffers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
