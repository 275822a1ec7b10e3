"""A machine that is busy: how much slower training gets while other processes keep all cores busy, sklon and PyTorch.

    python -m benchmarks.busy [--case "large, Adam"] [--threads 1 2] [--rounds 7] [--busy 2] [--json FILE]

Each trainer has a turn alone and a turn beside the busy processes, in every round; medians are printed.

    slowdown   time of a step, beside the others ÷ alone
    received   CPU time ÷ time, of all its threads: alone, and beside the others
    explained  the slowdown that the CPU time received explains: received alone ÷ received beside the others
    fair       the slowdown if every thread got an equal part: (threads + busy) ÷ cores, at least 1

Slowdown ÷ explained above 1 is CPU time that was burnt while waiting; slowdown ÷ fair above 1 is also what was given
away. What else ran on the machine is printed too: with much of it, the numbers say little. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from .training.__main__ import Peer, machine
from .training.cases import Case, case_of

TRAINERS = (("sklon", "Trainer"), ("torch", "eager"))
#: seconds for which the busy processes run before a turn begins
SETTLING = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Of one turn: microseconds of a step, CPU time received as cores, and cores that others than we kept busy."""

    step: float
    received: float
    foreign: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One trainer with a number of threads: medians of its turns."""

    system: str
    threads: int
    alone: Turn
    beside: Turn
    fair: float

    @property
    def slowdown(self) -> float:
        """How many times as long a step takes beside the busy processes."""
        return self.beside.step / self.alone.step

    @property
    def explained(self) -> float:
        """The slowdown that less CPU time explains."""
        return self.alone.received / self.beside.received

    def __str__(self) -> str:
        return (
            f"{self.system:6} {self.threads} threads  {self.alone.step:8.0f} → {self.beside.step:8.0f} µs a step  "
            f"received {self.alone.received:4.2f} → {self.beside.received:4.2f}  slowdown {self.slowdown:5.2f}  "
            f"÷ explained {self.slowdown / self.explained:4.2f}  ÷ fair {self.slowdown / self.fair:4.2f}  "
            f"(foreign load {self.alone.foreign:4.2f}, {self.beside.foreign:4.2f})"
        )


@contextmanager
def busy(count: int) -> Iterator[list[int]]:
    """So many processes that do nothing but compute; their numbers."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(SETTLING)
        yield [one.pid for one in started]
    finally:
        for one in started:
            one.kill()
            one.wait()


def cpu_of(pid: int) -> float:
    """Seconds of CPU time of a process, all threads."""
    fields_ = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields_[11]) + int(fields_[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_all() -> float:
    """Seconds for which any core was busy, for anybody."""
    user, nice, system, _, _, irq, soft, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def turn(peer: Peer, case: Case, others: list[int]) -> Turn:
    """Let a trainer have a turn, beside these processes."""
    pid, epochs = peer.process.pid, peer.epochs
    own, known, everybody, start = cpu_of(pid), sum(map(cpu_of, others)), cpu_of_all(), time.perf_counter()
    peer.turn(measured=True)
    seconds = time.perf_counter() - start
    own, known, everybody = cpu_of(pid) - own, sum(map(cpu_of, others)) - known, cpu_of_all() - everybody
    return Turn(
        step=seconds / epochs / case.steps * 1e6,
        received=own / seconds,
        foreign=max(0.0, everybody - own - known) / seconds,
    )


def middle(turns: list[Turn]) -> Turn:
    """The medians."""
    return Turn(**{f.name: median(getattr(t, f.name) for t in turns) for f in fields(Turn)})


def measure(case: Case, threads: int, rounds: int, count: int) -> list[Line]:
    """All trainers in turns."""
    peers = [Peer(system, mode, case, threads) for system, mode in TRAINERS if find_spec(system) is not None]
    alone: dict[str, list[Turn]] = {peer.system: [] for peer in peers}
    beside: dict[str, list[Turn]] = {peer.system: [] for peer in peers}
    for peer in peers:
        peer.turn(measured=False)
    for _ in range(rounds):
        for peer in peers:
            alone[peer.system].append(turn(peer, case, []))
        with busy(count) as others:
            for peer in peers:
                beside[peer.system].append(turn(peer, case, others))
    for peer in peers:
        peer.end()
    fair = max(1.0, (threads + count) / len(os.sched_getaffinity(0)))
    return [
        Line(
            system=p.system,
            threads=threads,
            alone=middle(alone[p.system]),
            beside=middle(beside[p.system]),
            fair=fair,
        )
        for p in peers
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", default="large, Adam")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--busy", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(machine())
    lines = []
    for threads in given.threads:
        for line in measure(case_of(given.case), threads, given.rounds, given.busy):
            print(line, flush=True)
            lines.append(line)
    if given.json:
        given.json.write_text(json.dumps({**machine(), "lines": [asdict(line) for line in lines]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
