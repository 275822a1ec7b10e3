"""What the cache on disk saves: whole processes, from their start to the end of their first epoch.

python -m benchmarks.starts [--cases small …] [--rounds 9]

Each case is trained for one epoch on one thread without a cache, with an empty one and with a full one, in turns. Wall
time is that of the machine as busy as it is; processor time counts the process alone. Prints the least of each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .training.cases import case_of

ROOT = Path(__file__).resolve().parents[1]
CASES = ("small", "large, Adam", "normalized")


def once(case: str, cache: str) -> tuple[float, float]:
    """Seconds to the end of the first epoch, and seconds of processor time of the whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.training.worker", "sklon", "Trainer", case, "1", str(time.time())]
    environment = {**os.environ, "SKLON_CACHE": cache}
    done = subprocess.run(command, cwd=ROOT, env=environment, input="", capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(json.loads(done.stdout.splitlines()[0])["cold"]), used


def measure(case: str, rounds: int) -> dict[str, tuple[float, float]]:
    """The least wall and processor time of each way to start."""
    found: dict[str, list[tuple[float, float]]] = {"no cache": [], "empty cache": [], "full cache": []}
    with tempfile.TemporaryDirectory() as full:
        once(case, full)
        for _ in range(rounds):
            found["no cache"].append(once(case, "off"))
            with tempfile.TemporaryDirectory() as empty:
                found["empty cache"].append(once(case, empty))
            found["full cache"].append(once(case, full))
    return {way: (min(wall for wall, _ in times), min(used for _, used in times)) for way, times in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    for case in map(case_of, given.cases):
        print(case.name)
        for way, (wall, used) in measure(case.name, given.rounds).items():
            print(f"  {way:12} {1e3 * wall:6.0f} ms, of the processor {1e3 * used:6.0f} ms")
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
