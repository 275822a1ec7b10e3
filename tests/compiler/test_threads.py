"""Many callers at once: Python threads on one program and on several, calls within calls, and forked children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from benchmarks.networks import INDEX, SMALL, Perceptron
from sklon import nn, optim
from sklon.compiler.executable import Executable, Steps, compile_graph
from sklon.compiler.threads import together

OTHER = Perceptron((7, 33, 3), "classes", "sgd")
ROWS, STEPS = 200, 4


class Job:
    """A compiled network and fresh arrays for each run."""

    def __init__(self, network: Perceptron) -> None:
        graph = network.graph()
        self.executable: Executable = compile_graph(graph, ROWS)
        self.values = network.values(graph, ROWS)
        self.steps = Steps(np.full(STEPS, ROWS), np.arange(STEPS) * ROWS, network.scalars(graph, STEPS))

    def bits(self, threads: int = 2) -> bytes:
        """Losses and states after some steps, to the bit."""
        arrays = {name: array.copy() for name, array in self.values.items()}
        index = np.tile(np.arange(ROWS, dtype=np.int32), STEPS)
        losses = self.executable.run({**arrays, INDEX: index}, self.steps, threads)["loss"]
        return losses.tobytes() + b"".join(arrays[name].tobytes() for name in sorted(arrays))


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    """Two networks."""
    return [Job(SMALL), Job(OTHER)]


@pytest.fixture
def impatient() -> Any:
    """Python threads take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def _at_once(*works: Callable[[], None]) -> None:
    """Run all in threads of their own; the first error is raised."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


@pytest.mark.usefixtures("impatient")
def test_several_python_threads_run_one_program_and_several(jobs: list[Job]) -> None:
    expected = [job.bits(1) for job in jobs]

    def work(number: int, threads: int) -> Callable[[], None]:
        def run() -> None:
            for _ in range(15):
                assert jobs[number].bits(threads) == expected[number]

        return run

    _at_once(work(0, 1), work(0, 2), work(0, 3), work(1, 2), work(1, 1))


def test_working_memory_that_another_thread_takes_first_is_made_anew(jobs: list[Job]) -> None:
    class Taken(list[Any]):
        def __len__(self) -> int:
            return 1  # as it looked a moment ago

    expected, executable = jobs[0].bits(), jobs[0].executable
    executable._free = {1: Taken(), 2: Taken()}
    assert jobs[0].bits() == expected


def test_a_call_within_a_call(jobs: list[Job]) -> None:
    expected, found = jobs[1].bits(1), {}

    def work(number: int) -> None:
        found[number] = jobs[1].bits(2)

    together(work, 3)
    assert set(found.values()) == {expected} and len(found) == 3


def _eager(seed: int) -> list[float]:
    """Losses of an eager loop."""
    rng = np.random.default_rng(seed)
    model = nn.Linear(4, 1)
    model.load_state_dict({"weight": rng.standard_normal((1, 4)).astype(np.float32), "bias": np.zeros(1, np.float32)})
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    x = sklon.tensor(rng.standard_normal((16, 4)).astype(np.float32))
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        error = model(x) - 1.0
        loss = (error * error).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.usefixtures("impatient")
def test_eager_loops_in_several_python_threads() -> None:
    expected = [_eager(seed) for seed in range(4)]
    found: dict[int, list[float]] = {}
    _at_once(*(lambda seed=seed: found.update({seed: _eager(seed)}) for seed in range(4)))
    for seed, losses in enumerate(expected):
        np.testing.assert_allclose(found[seed], losses, rtol=1e-5)


FORKS = """
import os, sys, threading, time
from benchmarks.networks import SMALL
from sklon.compiler.executable import compile_graph
from tests.compiler.test_threads import Job, OTHER
jobs = [Job(SMALL), Job(OTHER)]
expected = [job.bits(2) for job in jobs]  # the pool has threads now
ended = threading.Event()

def run():
    while not ended.is_set():
        jobs[0].bits(2)

def compile():
    while not ended.is_set():
        compile_graph(OTHER.graph(), 8)

WORK = {"idle": [], "running": [run, run], "compiling": [compile], "both": [run, compile]}[sys.argv[1]]
threads = [threading.Thread(target=work) for work in WORK]
for thread in threads:
    thread.start()
codes = []
for _ in range(6):
    time.sleep(0.05)
    child = os.fork()
    if not child:
        import signal
        signal.alarm(60)  # a child that hangs ends
        fine = [job.bits(2) for job in jobs] == expected and jobs[0].bits(3) == expected[0]
        fine = fine and Job(OTHER).bits(2) == expected[1]
        os._exit(0 if fine else 1)
    codes.append(os.waitpid(child, 0)[1])
ended.set()
for thread in threads:
    thread.join()
assert [job.bits(2) for job in jobs] == expected
print(codes)
"""
POOL = """
import multiprocessing, sys
import sklon
from tests.compiler.test_threads import Job, OTHER

job = Job(OTHER)
expected = job.bits(2)

def same(_):
    return job.bits(2) == expected and sklon.tensor([1.0, 2.0]).sum().item() == 3.0

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(same, range(4)))
"""


def _output(*arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("meanwhile", ["idle", "running", "compiling", "both"])
def test_forked_children_compute(meanwhile: str) -> None:
    """Whatever other threads of the parent are doing in native code or in the compiler."""
    assert _output(FORKS, meanwhile) == str([0] * 6)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_pool_of_forked_processes_computes() -> None:
    assert _output(POOL) == str([True] * 4)
