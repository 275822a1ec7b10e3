"""Programs print and parse: the example of a page, those of real networks, and lines that are refused."""

from __future__ import annotations

import pytest

from benchmarks.networks import Perceptron
from sklon._base.dtypes import Dtype, bool_, float32, float64, int32, int64, uint32
from sklon._base.errors import InputError
from sklon.compiler import native
from sklon.compiler.pipeline import Settings, compile_program
from sklon.ops.compare import Cast
from sklon.program.ir import Apply, Buffer, Const, Index, Instruction, Loop, Phase, Program, Rows, Track
from sklon.program.text import parse_program, print_program
from sklon.program.verify import verify_program

from .example import SOUND


def test_the_example_comes_back() -> None:
    assert print_program(parse_program(SOUND)) == SOUND


@pytest.mark.parametrize("max_rows", [1, 64, 200])
@pytest.mark.parametrize("loss", ["binary", "classes"])
@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_programs_of_networks_come_back(loss: str, rule: str, max_rows: int) -> None:
    widths = (32, 17, 1 if loss == "binary" else 3)
    graph = Perceptron(widths, loss, rule).graph()
    program = compile_program(graph, Settings(max_rows, native.host()))
    verify_program(program)
    text = print_program(program)
    assert parse_program(text) == program
    assert print_program(parse_program(text)) == text


@pytest.mark.parametrize("dtype", [bool_, uint32, int32, int64, float32, float64], ids=lambda d: d.name)
def test_awkward_values_come_back(dtype: Dtype) -> None:
    numbers = (0.1, float("inf"), float("-inf"), 1e-300) if dtype.is_floating else (0.0, 1.0)
    body: tuple[Instruction, ...] = (
        *(Const(x, dtype) for x in numbers),
        Rows(dtype),
        Index(0, dtype),
        Apply(Cast(dtype), (0,)),
    )
    buffer = Buffer('it\'s "a" = state', "state", (), dtype, ())
    loop = Loop("map", (3,), (), body)
    program = Program((buffer,), (Phase((Track(3, 3, (loop,)),)), Phase(())), 7, 0)
    assert parse_program(print_program(program)) == program


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("program max_rows=130", "programme", "no part of a program"),
        ("buffer %1", "buffer %2", "buffer 1 is called %2"),
        ("1: load", "7: load", "no value 1"),
        ("accumulate", "gather", "no value 2"),
        ("%4[0,2]", "%4(0,2)", "no part of a program"),
        ("relu{}", "contract{a='i', b='i', out=''}", "no op on single elements"),
        ("relu{}", "nonsense{}", "no op called 'nonsense'"),
    ],
)
def test_other_lines_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_program(SOUND.replace(old, new, 1))
