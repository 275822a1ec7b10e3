"""Lets all systems train in turns, and prints medians and ratios.

python -m benchmarks.training [--cases small …] [--threads 1 2] [--rounds 9] [--json FILE] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, TextIO, cast

from .cases import CASES, Case, case_of
from .installed import import_seconds, installed_bytes
from .worker import SYSTEMS

ROOT = Path(__file__).resolve().parents[2]
#: workers keep their bytecode, as installed packages do: a cold start is no first start after a change of the source
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
#: turns of each system before measuring: compilers warm up
WARM = 1
#: seconds of a turn. A process that was asleep has its threads on one core at first; only the second half counts
TURN = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One system in one of its modes: the median of a step, all times until the first epoch's end, and memory."""

    system: str
    mode: str
    microseconds: float  # of a step
    cold: float  # seconds from the start of the process to the end of its first epoch
    peak: int  # bytes

    @property
    def title(self) -> str:
        """The system with its mode."""
        return f"{self.system} ({self.mode})"


class Peer:
    """A worker and what it has told."""

    def __init__(self, system: str, mode: str, case: Case, threads: int) -> None:
        self.system, self.mode, self.case = system, mode, case
        command = [sys.executable, "-m", f"{__package__}.worker", system, mode, case.name, str(threads)]
        limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self.cache = tempfile.TemporaryDirectory(prefix="sklon-")  # empty, so that a cold start is one
        self.process = subprocess.Popen(
            [*command, str(time.time())],
            cwd=ROOT,
            env={**_ENVIRONMENT, **limits, "SKLON_CACHE": self.cache.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.cold = self._told("cold")
        self.seconds: list[float] = []
        self.epochs = 2  # of a turn

    def turn(self, measured: bool) -> None:
        """Let it train some epochs, enough for a turn."""
        print(self.epochs, file=self._orders, flush=True)
        each = self._told("seconds")
        if measured:
            self.seconds.append(median(each[len(each) // 2 :]))
        self.epochs = max(2, math.ceil(TURN / min(each)))

    def end(self) -> Measured:
        """Let it end; what was measured."""
        self._orders.close()
        peak = self._told("peak")
        self.process.wait()
        self.cache.cleanup()
        step = median(self.seconds) / self.case.steps * 1e6
        return Measured(system=self.system, mode=self.mode, microseconds=step, cold=self.cold, peak=peak)

    @property
    def _orders(self) -> TextIO:
        return cast(TextIO, self.process.stdin)

    def _told(self, what: str) -> Any:
        line = cast(TextIO, self.process.stdout).readline()
        if not line:
            raise RuntimeError(cast(TextIO, self.process.stderr).read()[-2000:])
        return json.loads(line)[what]


def peers_of(case: Case, threads: int) -> list[Peer]:
    """A worker for each mode of each system that is installed and has the case; they start one after another."""
    found = []
    for system in SYSTEMS:
        module = import_module(f".with_{system}", __package__)
        if find_spec(system) is None or not getattr(module, "can", lambda case: True)(case):
            continue
        for mode in module.MODES:
            try:
                found.append(Peer(system, mode, case, threads))
            except RuntimeError as error:
                print(f"{system} ({mode}) cannot train {case.name}: {str(error).strip().splitlines()[-1]}")
    return found


def measure(case: Case, threads: int, rounds: int) -> list[Measured]:
    """All systems in turns."""
    peers = peers_of(case, threads)
    for turn in range(WARM + rounds):
        for peer in peers:
            peer.turn(turn >= WARM)
    return [peer.end() for peer in peers]


def told(case: Case, threads: int, found: list[Measured]) -> str:
    """A table of one case."""
    ours = next(one for one in found if one.system == "sklon")
    others = [one for one in found if one.system != "sklon"]
    lines = [
        f"\n{case.name}: {'-'.join(map(str, case.widths))}, {case.optimizer}, batch {case.batch}, {_threads(threads)}"
    ]
    for one in sorted(found, key=lambda one: one.microseconds):
        ratio = one.microseconds / ours.microseconds
        rate = 2 * case.multiply_adds / one.microseconds / 1e3
        lines.append(
            f"  {one.title:24} {one.microseconds:12.1f} µs a step  {ratio:6.2f} ×  {rate:7.1f} GFLOP/s  "
            f"cold {one.cold:6.2f} s  {one.peak / 2**20:6.0f} MiB"
        )
    if others:
        ratio = min(one.microseconds for one in others) / ours.microseconds
        lines.append(f"  against the fastest peer: {ratio:.2f} × (wanted {case.wanted:g} ×)")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the numbers belong to."""
    return {
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Bars of the times of a step, relative to sklon's, as SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.5 + 1.6 * len(results)), layout="constrained")
    for axis, result in zip(figure.subplots(len(results), 1, squeeze=False)[:, 0], results, strict=True):
        found = sorted(result["measured"], key=lambda one: -one["microseconds"])
        ours = next(one["microseconds"] for one in found if one["system"] == "sklon")
        names = [f"{one['system']} ({one['mode']})" for one in found]
        colours = ["C1" if one["system"] == "sklon" else "C0" for one in found]
        axis.barh(names, [one["microseconds"] / ours for one in found], color=colours)
        axis.set_title(f"{result['case']}, {_threads(result['threads'])}: time of a step, sklon = 1", fontsize=9)
    figure.savefig(path)


def main() -> None:
    """Measure and print; exit code 1 if a case is not as fast as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    print(machine())
    results = []
    missed = 0
    for case in map(case_of, given.cases):
        for threads in given.threads:
            found = measure(case, threads, given.rounds)
            print(told(case, threads, found), flush=True)
            results.append({"case": case.name, "threads": threads, "measured": [asdict(one) for one in found]})
            ours = next(one.microseconds for one in found if one.system == "sklon")
            others = [one.microseconds for one in found if one.system != "sklon"]
            missed += bool(others) and min(others) < case.wanted * ours
    systems = sorted({one["system"] for result in results for one in result["measured"]})
    costs = {name: {"import": import_seconds(name), "bytes": installed_bytes(name)} for name in systems}
    print("\ninstalled, with all that is required:")
    for name, cost in costs.items():
        print(f"  {name:10} import {cost['import']:5.2f} s  {cost['bytes'] / 2**20:6.0f} MiB")
    print(f"\nload at the end: {os.getloadavg()[0]:.2f}; {missed} of {len(results)} below what is wanted")
    if given.json:
        given.json.write_text(json.dumps({**machine(), "installed": costs, "results": results}, indent=1) + "\n")
    if given.plot:
        plot(results, given.plot)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
