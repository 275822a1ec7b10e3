"""The plan of working memory: never two living buffers in one place, small; and the checker finds faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.networks import Perceptron
from sklon._base.errors import VerificationError
from sklon.compiler import native
from sklon.compiler.pipeline import Settings, compile_program
from sklon.program.ir import Program
from sklon.program.memory import LINE, Arena, Memory, Span, packed, place
from sklon.program.text import parse_program
from sklon.program.verify_memory import verify_memory

from .example import SOUND


def network(max_rows: int = 130) -> Program:
    """The program of a network whose batch makes several shards."""
    graph = Perceptron((32, 17, 9, 3), "classes", "adam").graph()
    return compile_program(graph, Settings(max_rows, native.host()))


# ---- packing
@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Up to a dozen lives on ten ticks, of sizes among which gaps fit."""
    found = []
    for number in range(draw(st.integers(0, 12))):
        first, last = sorted((draw(st.integers(0, 9)), draw(st.integers(0, 9))))
        found.append(Span(number=number, size=draw(st.sampled_from((0, 1, 64, 65, 200, 1000))), first=first, last=last))
    return found


@given(spans())
def test_no_two_living_spans_share_a_byte(lives: list[Span]) -> None:
    arena = packed(lives)
    assert [replace(s, offset=0) for s in arena.spans] == lives
    for i, s in enumerate(arena.spans):
        for other in arena.spans[:i]:
            together = set(range(s.first, s.last + 1)) & set(range(other.first, other.last + 1))
            assert not together or s.end <= other.offset or other.end <= s.offset
        assert s.offset % LINE == 0 and s.end <= arena.bytes


@given(spans())
def test_an_arena_lies_between_what_lives_at_once_and_no_sharing(lives: list[Span]) -> None:
    arena = packed(lives)
    at_once = [sum(s.room for s in lives if s.first <= tick <= s.last) for tick in range(10)]
    assert arena.least == max(at_once)
    assert arena.least <= arena.bytes <= arena.apart == sum(s.room for s in lives)


def test_the_tightest_gap_is_taken() -> None:
    """Of the two gaps that a first phase leaves, of 20 and of 10 lines, a later buffer of 6 takes the smaller one."""
    lines = {"loose": (20, 0, 0), "wall": (15, 0, 1), "tight": (10, 0, 0), "end": (8, 0, 1), "late": (6, 1, 1)}
    lives = [Span(number=i, size=64 * (n - 1), first=f, last=l) for i, (n, f, l) in enumerate(lines.values())]
    arena = packed(lives)
    offsets = dict(zip(lines, arena.offsets().values(), strict=True))
    assert [offsets[name] // 64 for name in ("loose", "wall", "tight", "end")] == [0, 20, 35, 45]
    assert offsets["late"] == offsets["tight"]


# ---- the plan of a program
def test_a_plan_is_sound_and_shares() -> None:
    program = network()
    memory = place(program)
    verify_memory(program, memory)
    assert memory.local_bytes < memory.local.apart
    assert memory.bytes(threads=3) == memory.scratch_bytes + 3 * memory.local_bytes


def test_what_dies_in_one_phase_makes_room_for_the_next() -> None:
    """The example's packed copy is last read in phase 1; a copy of it, written in phase 2, lies in its place."""
    text = SOUND.replace("'old' output", "'old' scratch")
    program = parse_program(text)
    offsets = place(program).scratch.offsets()
    assert program.buffers[8].name == "old" and offsets[8] == offsets[4] == 0


SPOILED = (
    ("share bytes of scratch", lambda m: replace(m, scratch=_moved(m.scratch, 3, 0))),
    ("at a cache line", lambda m: replace(m, scratch=_moved(m.scratch, 3, 8))),
    ("at a cache line", lambda m: replace(m, scratch=_moved(m.scratch, 3, -64))),
    ("has no place", lambda m: replace(m, local=Arena(()))),
    ("has no place", lambda m: replace(m, external={**m.external, 5: 9})),
    ("one position", lambda m: replace(m, external=dict.fromkeys(m.external, 0))),
    ("is external", lambda m: replace(m, local=Arena(()), external={**m.external, 5: len(m.external)})),
    ("placed in local memory", lambda m: replace(m, scratch=Arena(()), local=Arena(m.scratch.spans + m.local.spans))),
    ("has room for 1 bytes", lambda m: replace(m, local=Arena((replace(m.local.spans[0], size=1),)))),
)


def _moved(arena: Arena, number: int, offset: int) -> Arena:
    return Arena(tuple(replace(s, offset=offset) if s.number == number else s for s in arena.spans))


@pytest.mark.parametrize(("message", "spoil"), SPOILED, ids=[message for message, _ in SPOILED])
def test_each_fault_is_caught(message: str, spoil: Callable[[Memory], Memory]) -> None:
    program = parse_program(SOUND)
    memory = place(program)
    verify_memory(program, memory)
    with pytest.raises(VerificationError, match=message):
        verify_memory(program, spoil(memory))


@pytest.mark.parametrize("cut", [lambda s: replace(s, last=s.first), lambda s: replace(s, first=s.last)])
def test_lives_cut_short_are_caught(cut: Callable[[Span], Span]) -> None:
    program = network()
    memory = place(program)
    with pytest.raises(VerificationError, match="share bytes"):
        verify_memory(program, replace(memory, scratch=packed([cut(s) for s in memory.scratch.spans])))
