"""A process that trains one case in one system: it does epochs whenever it is told to, and tells how long each took.

    python -m benchmarks.training.worker SYSTEM MODE CASE THREADS STARTED

Lines on standard output are JSON: first the seconds from STARTED (``time.time()`` of who asks) to the end of the first
epoch; then, for each number of epochs on standard input, the seconds of each; at its end the peak of memory, in bytes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from typing import Any

from .cases import case_of

SYSTEMS = ("sklon", "torch", "jax", "sklearn")


class Ticks:
    """Called after every epoch: when the ordered ones are done, it reports, and waits for the next order."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.since: float | None = None
        self.left = 0
        self.seconds: list[float] = []

    def __call__(self) -> bool:
        now = time.perf_counter()
        if self.since is None:
            _say(cold=time.time() - self.started)
        else:
            self.seconds.append(now - self.since)
            self.left -= 1
        if self.left > 0:
            self.since = time.perf_counter()
            return True
        if self.seconds:
            _say(seconds=self.seconds)
        order = sys.stdin.readline()
        self.left, self.seconds = int(order or 0), []
        self.since = time.perf_counter()
        return bool(order)


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    """Train as the arguments say, on as many cores as there are to be threads."""
    system, mode, case, threads, started = sys.argv[1:]
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[: int(threads)]))
    import_module(f".with_{system}", __package__).train(case_of(case), mode, int(threads), Ticks(float(started)))
    _say(peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main()
