"""The verifier of programs catches each fault: the example with an edit or two, and networks without a barrier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.networks import Perceptron
from sklon._base.errors import VerificationError
from sklon.compiler import native
from sklon.compiler.pipeline import Settings, compile_program
from sklon.program.ir import Phase, Program
from sklon.program.text import parse_program
from sklon.program.verify import verify_program

from .example import SOUND

Edit = tuple[str, str]


def test_the_example_is_sound() -> None:
    verify_program(parse_program(SOUND))


FAULTS: tuple[tuple[str, tuple[Edit, ...]], ...] = (
    # buffers
    ("declared maximum", (("max_rows=130", "max_rows=0"),)),
    ("one name", (("'copy'", "'w'"),)),
    ("unknown space 'heap'", (("'x' scratch", "'x' heap"),)),
    ("symbolic axis", (("f32[8,8] strides=(16, 1) panel=16", "f32[8,N] strides=(8, 1) panel=0"),)),
    ("length of a data table", (("'x' scratch f32[N,8]", "'x' scratch f32[T,8]"),)),
    ("2 axes and 1 strides", (("'x' scratch f32[N,8] strides=(8, 1)", "'x' scratch f32[N,8] strides=(8,)"),)),
    ("must be dense", (("'w' state f32[8,8] strides=(8, 1)", "'w' state f32[8,8] strides=(9, 1)"),)),
    ("elements that overlap", (("'x' scratch f32[N,8] strides=(8, 1)", "'x' scratch f32[N,8] strides=(7, 1)"),)),
    ("cannot be stored in panels", (("strides=(16, 1) panel=16", "strides=(8, 1) panel=16"),)),
    ("holds row indices", (("i32[N]", "f32[N]"),)),
    # loops
    ("units are not those of its track", (("track 8 block=8", "track 8 block=4"),)),
    ("no kind 'scan'", (("loop contract", "loop scan"),)),
    ("a reduce cannot have", (("loop contract", "loop reduce"),)),
    ("over the axes", (("loop map [8,8] over []", "loop map [8,8] over [8]"),)),
    ("does not lead", (("loop contract [N,8]", "loop contract [N,N]"),)),
    ("over a data table", (("loop reduce [] over [S]", "loop reduce [] over [T]"),)),
    ("rows of their shard", (("loop reduce [S] over [N,8]", "loop reduce [S] over [8,8]"),)),
    ("which is none before it", (("apply mul{} 0 0", "apply mul{} 0 2"),)),
    ("which is none before it", (("4: store %2[0,1] 2", "4: store %2[0,1] 3"),)),
    ("no scalar 1", (("scalar 0 f32", "scalar 1 f32"),)),
    ("no axis 7", (("scalar 0 f32", "index 7 f32"),)),
    ("a buffer is named", (("load %6[0]", "load %66[0]"),)),
    ("takes inputs of one type", (("rows f32", "rows f64"),)),
    ("is stored into 'x'", (("'x' scratch f32", "'x' scratch f64"),)),
    ("no mean of these values", (("accumulate sum 1", "accumulate mean 1"),)),
    ("does not have its 1 axes", (("load %6[0]", "load %6[0,-]"),)),
    ("an axis that is not there", (("load %6[0]", "load %6[3]"),)),
    ("runs beyond N", (("load %5[1,2]", "load %5[0,2]"),)),
    ("runs beyond N", (("load %1[0]", "load %1[0+#1]"),)),
    ("runs beyond T", (("load %0[-@0,1]", "load %0[0,1]"),)),
    ("runs beyond 8", (("load %2[0,1]", "load %2[0,1+#1]"),)),
    ("runs beyond 8", (("load %2[0,1]", "load %2[0,1*-1]"),)),
    ("runs beyond 8", (("load %2[0,1]", "load %2[0,0+1]"),)),
    ("gathers rows and names one", (("load %0[-@0,1]", "load %0[1@0,-]"),)),
    ("that is no truth", (("scalar 0 f32", "load %2[0,1+#9] where 0"),)),
    ("chosen by a value that is no integer", (("0: load %1[0]", "0: const 0.0 f32"),)),
    ("varies along an axis that was summed", (("store %6[0] 2", "store %6[0] 1"),)),
    ("are scattered", (("store %4[0,1] 1", "store %4[-@0,1] 1"),)),
    ("written more than once", (("store %4[0,1] 1", "store %7[] 1"),)),
    ("written not exactly once", (("store %8[0,1] 0", "store %8[0,0] 0"),)),
    ("written not exactly once", (("store %8[0,1] 0", "store %8[0,1*-1+#7] 0"),)),
    ("overwritten while it is read elsewhere", (("load %2[0,1]", "load %2[1,0]"),)),
    (
        "read after they were overwritten",
        (
            ("mul{} 0 1", "neg{} 1"),
            ("3: store %8[0,1] 0", "3: store %2[0,1] 2"),
            ("4: store %2[0,1] 2", "4: store %8[0,1] 0"),
        ),
    ),
    # products
    ("the left operand runs along", (("product %4[0,2]", "product %3[1,2]"),)),
    ("the right operand runs along", (("%3[2,1]\n", "%4[0,2]\n"),)),
    (
        "panels are read as a left operand",
        (
            ("loop contract [N,8]", "loop contract [8,8]"),
            ("track N block=64\n    loop contract", "track 8 block=8\n    loop contract"),
            ("product %4[0,2]", "product %3[0,2]"),
        ),
    ),
    ("are contiguous", (("strides=(16, 1) panel=16", "strides=(16, 2) panel=0"),)),
    ("panels are read across", (("%3[2,1]\n", "%3[1,2]\n"),)),
    ("other than by a product", (("load %2[0,1]", "load %3[0,1]"),)),
    # all loops
    ("not ours to write", (("'x' scratch", "'x' data"),)),
    ("written a second time", (("store %2[0,1] 2", "store %3[0,1] 2"),)),
    ("is never written", (("      3: store %8[0,1] 0\n      4:", "      3:"),)),
    ("is read before", (("load %2[1,0]", "load %8[1,0]"),)),
    ("by another track", (("phase\n  track N block=64\n    loop contract", "  track N block=64\n    loop contract"),)),
    (
        "what another unit of",
        (
            ("'h' local", "'h' scratch"),
            ("[S] over [N,8]", "[N] over [N,8]"),
            ("f32[S]", "f32[N]"),
            ("[] over [S]", "[] over [N]"),
        ),
    ),
    ("local to another track", (("'x' scratch", "'x' local"),)),
    ("beyond its unit", (("'parts' scratch", "'parts' local"),)),
)


@pytest.mark.parametrize(("message", "edits"), FAULTS, ids=[message for message, _ in FAULTS])
def test_each_fault_is_caught(message: str, edits: tuple[Edit, ...]) -> None:
    text = SOUND
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(VerificationError, match=message):
        verify_program(parse_program(text))


TURNED = """\
program max_rows=1 scalars=0
buffer %0 = 'a' state f32[4,8] strides=(8, 1) panel=0
buffer %1 = 't' local f32[8,4] strides=(4, 1) panel=0
phase
  track 4 block=4
    loop map [4,8] over []
      0: load %0[0,1]
      1: store %1[1,0] 0
"""


def test_a_local_place_has_the_rows_of_a_unit() -> None:
    with pytest.raises(VerificationError, match="has other units"):
        verify_program(parse_program(TURNED))


ADDED_UP = """\
program max_rows=130 scalars=0
buffer %0 = 'labels' state i64[8] strides=(1,) panel=0
buffer %1 = 'g' state f32[8,3] strides=(3, 1) panel=0
buffer %2 = 'table' output f32[5,3] strides=(3, 1) panel=0
phase
  track 5 block=5
    loop scatter [5,3] over [8]
      0: scatter %0[2] %1[2,1]
      1: store %2[0,1] 0
"""


@pytest.mark.parametrize(
    ("message", "edit"),
    [
        ("", ("", "")),
        ("indices are read at", ("%0[2]", "%0[0]")),
        ("rows are read at", ("%1[2,1]", "%1[2,-]")),
        ("rows are read at", ("%1[2,1]", "%1[0,1]")),
        ("no integer", ("i64[8]", "f32[8]")),
        ("cannot have the anchors", ("loop scatter", "loop reduce")),
    ],
)
def test_what_rows_are_added_up_at(message: str, edit: Edit) -> None:
    program = parse_program(ADDED_UP.replace(*edit))
    if not message:
        verify_program(program)
        return
    with pytest.raises(VerificationError, match=message):
        verify_program(program)


def network(max_rows: int = 130) -> Program:
    """The program of a network whose batch makes several shards."""
    graph = Perceptron((32, 17, 9, 3), "classes", "adam").graph()
    return compile_program(graph, Settings(max_rows, native.host()))


def test_every_barrier_is_needed() -> None:
    program = network()
    verify_program(program)
    assert len(program.phases) > 2
    for i in range(len(program.phases) - 1):
        joined = Phase(program.phases[i].tracks + program.phases[i + 1].tracks)
        broken = replace(program, phases=(*program.phases[:i], joined, *program.phases[i + 2 :]))
        with pytest.raises(VerificationError):
            verify_program(broken)


def test_phases_have_an_order() -> None:
    program = network()
    with pytest.raises(VerificationError, match="is read before"):
        verify_program(replace(program, phases=tuple(reversed(program.phases))))
