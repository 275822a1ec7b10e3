"""Compiled equals interpreted, on random training steps; every graph and program on the way is well-formed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from benchmarks.fuzz import failure
from sklon.compiler import native
from sklon.compiler.executable import compile_graph
from sklon.compiler.pipeline import Settings, compile_program, graph_passes
from sklon.graph.node import structure
from sklon.graph.text import parse, print_graph
from sklon.graph.verify import verify
from sklon.program.memory import place
from sklon.program.text import parse_program, print_program
from sklon.program.verify import verify_program
from sklon.program.verify_memory import verify_memory
from tests.agreement import TOLERANCE
from tests.compiler.targets import NARROWER, narrower
from tests.executors import Trial, agree, compiled, interpreted, programmed, same_bits
from tests.random_movements import movements
from tests.random_steps import trials

#: how many of the command's graphs are checked here
GRAPHS = {("steps", "f64"): 300, ("steps", "f32"): 60}


@settings(max_examples=120)
@given(trials())
def test_graphs_passes_and_programs_agree(trial: Trial) -> None:
    target = Settings(trial.max_rows, native.host())
    expected = interpreted(trial)
    for name, graph in [("recorded", trial.graph), *graph_passes(trial.graph, target)]:
        verify(graph)
        text = print_graph(graph)
        assert print_graph(parse(text)) == text
        assert structure(parse(text)) == structure(graph)
        agree(interpreted(trial, graph), expected, TOLERANCE, f"the graph after {name!r}")
    program = compile_program(trial.graph, target)
    verify_program(program)
    verify_memory(program, place(program))
    text = print_program(program)
    assert parse_program(text) == program
    assert print_program(parse_program(text)) == text
    agree(programmed(trial, program), expected, TOLERANCE, "the program")


@pytest.mark.parametrize("kind", GRAPHS, ids=" in ".join)
def test_native_code_agrees_on_any_number_of_threads(kind: tuple[str, str]) -> None:
    """The first graphs of ``python -m benchmarks.fuzz``."""
    found = failure(kind, GRAPHS[kind])
    assert found is None, str(found)


def test_a_disagreement_is_found_and_made_small() -> None:
    def no_dropout(trial: Trial) -> None:
        assert "random_bits" not in repr(trial), "a graph with dropout"

    found = failure(("steps", "f64"), 100, first_seed=3, check=no_dropout)
    assert found is not None and len(found.trial.graph.roots) <= 5
    assert "a graph with dropout" in str(found)
    assert "--graphs 100 --seed 3 --dtype f64 --kind steps" in str(found)


@settings(max_examples=120)
@given(movements())
def test_moved_elements_arrive(trial: Trial) -> None:
    expected, executable = interpreted(trial), compile_graph(trial.graph, trial.max_rows)
    verify_program(executable.program)
    text = print_program(executable.program)
    assert parse_program(text) == executable.program
    agree(programmed(trial, executable.program), expected, TOLERANCE, "the program")
    one = compiled(trial, executable)
    agree(one, expected, TOLERANCE, "native code")
    same_bits(one, compiled(trial, executable, threads=3), "three threads")


@pytest.mark.parametrize("name", NARROWER)
@settings(max_examples=20)
@given(trials())
def test_narrower_machines_agree(name: str, trial: Trial) -> None:
    executable = compile_graph(trial.graph, trial.max_rows, narrower(name))
    agree(compiled(trial, executable), interpreted(trial), TOLERANCE, name)
