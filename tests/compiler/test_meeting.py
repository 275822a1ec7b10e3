"""Threads of a phase: every unit is claimed once, in whatever order they come; nobody passes a barrier alone."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon.compiler import native
from sklon.compiler.executable import aligned_zeros
from sklon.compiler.kernels import meeting
from sklon.compiler.kernels.meeting import CLAIMS, gate_bytes
from sklon.compiler.threads import together

PROBES = """
define void @claim_probe(ptr %gate, i64 %phase, i64 %units, i64 %threads, i64 %thread, ptr %range) {
 %r = call {i64, i64} @claim(ptr %gate, i64 %phase, i64 %units, i64 %threads, i64 %thread)
 store {i64, i64} %r, ptr %range
 ret void
}
define void @barrier_probe(ptr %gate, i64 %threads, ptr %mine, ptr %all, i64 %rounds, ptr %wrong) {
entry:
 br label %h
h:
 %i = phi i64 [0, %entry], [%in, %next]
 %in = add i64 %i, 1
 store atomic i64 %in, ptr %mine monotonic, align 8
 call void @barrier(ptr %gate, i64 %threads)
 br label %look
look:
 %t = phi i64 [0, %h], [%tn, %look1]
 %at = getelementptr i64, ptr %all, i64 %t
 %v = load atomic i64, ptr %at monotonic, align 8
 %same = icmp eq i64 %v, %in
 br i1 %same, label %look1, label %bad
bad:
 store i64 1, ptr %wrong
 br label %look1
look1:
 %tn = add i64 %t, 1
 %more = icmp slt i64 %tn, %threads
 br i1 %more, label %look, label %second
second:
 call void @barrier(ptr %gate, i64 %threads)
 br label %next
next:
 %go = icmp slt i64 %in, %rounds
 br i1 %go, label %h, label %x
x:
 ret void
}
attributes #0 = { nounwind noinline }
"""


class Gate:
    """The words of a call, and the functions that work on them."""

    def __init__(self, threads: int, entry: str) -> None:
        self.threads = threads
        self.words = aligned_zeros((gate_bytes(threads),), np.uint8)
        self.code = native.build(meeting.meeting(native.host()) + PROBES, native.host(), entry)
        kinds = {"claim_probe": "piiiip", "barrier_probe": "pippip"}[entry]
        types = [ctypes.c_void_p if kind == "p" else ctypes.c_int64 for kind in kinds]
        self.function = ctypes.CFUNCTYPE(None, *types)(self.code.address)

    def call(self, *arguments: Any) -> None:
        """Call the function with the gate as its first argument."""
        self.function(self.words.ctypes.data, *arguments)

    def claim(self, phase: int, units: int, thread: int) -> range:
        """The next units of a thread."""
        found = np.zeros(2, np.int64)
        self.call(phase, units, self.threads, thread, found.ctypes.data)
        return range(*found.tolist())


def _all(gate: Gate, phase: int, units: int, order: Sequence[int]) -> list[int]:
    """What is claimed when threads come in this order, and then the first of them until nothing is left."""
    taken = [u for thread in order for u in gate.claim(phase, units, thread)]
    while claimed := gate.claim(phase, units, order[0] if order else 0):
        taken += claimed
    return taken


@pytest.fixture(scope="module")
def three() -> Gate:
    """The words of three threads."""
    return Gate(3, "claim_probe")


@given(phases=st.lists(st.tuples(st.integers(0, 40), st.lists(st.integers(0, 2), max_size=40)), max_size=5))
def test_every_unit_is_claimed_once(three: Gate, phases: list[tuple[int, list[int]]]) -> None:
    three.words[:] = 0
    for phase, (units, order) in enumerate(phases, start=1):
        assert sorted(_all(three, phase, units, order)) == list(range(units))
        assert not any(three.claim(phase, units, thread) for thread in range(3))


def test_a_thread_takes_its_own_share_first_and_then_the_ends_of_others(three: Gate) -> None:
    three.words[:] = 0
    assert _all(three, 1, 9, [1]) == [3, 4, 5, 8, 7, 6, 2, 1, 0]


def test_nobody_waits_for_a_share_whose_thread_never_comes(three: Gate) -> None:
    three.words[:] = 0
    assert sorted(_all(three, 7, 30, [2])) == list(range(30))


@pytest.mark.parametrize("units", [3 * CLAIMS - 1, 3 * CLAIMS, 3 * CLAIMS + 5, 10 * CLAIMS + 1])
def test_shares_too_large_to_count_are_claimed_in_pieces(three: Gate, units: int) -> None:
    three.words[:] = 0
    seen = np.zeros(units, np.int64)
    thread = 0
    while claimed := three.claim(1, units, thread):
        seen[claimed.start : claimed.stop] += 1
        thread = (thread + 1) % 3
    assert (seen == 1).all()


def test_threads_that_claim_at_the_same_time_get_different_units() -> None:
    gate, units, taken = Gate(4, "claim_probe"), 500, np.zeros((40, 500), np.int64)
    line = threading.Barrier(4, timeout=60)

    def work(thread: int) -> None:
        for phase in range(len(taken)):
            line.wait()
            while claimed := gate.claim(phase + 1, units, thread):
                taken[phase, claimed.start : claimed.stop] += 1

    together(work, 4)
    assert (taken == 1).all()


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize(("spins", "futex"), [(300, meeting.FUTEX), (0, meeting.FUTEX), (20, {})])
def test_nobody_passes_a_barrier_before_all_have_come(
    threads: int, spins: int, futex: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting by spinning and sleeping, by sleeping at once, and by yielding where a system has no futex."""
    monkeypatch.setattr(meeting, "SPINS", spins)
    monkeypatch.setattr(meeting, "FUTEX", futex)
    gate, counts, wrong = Gate(threads, "barrier_probe"), np.zeros(threads, np.int64), np.zeros(1, np.int64)
    together(
        lambda number: gate.call(threads, counts.ctypes.data + 8 * number, counts.ctypes.data, 300, wrong.ctypes.data),
        threads,
    )
    assert not wrong.any() and (counts == 300).all()
