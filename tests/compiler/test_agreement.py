"""Compiled equals interpreted, on random training steps; every graph and program on the way is well-formed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from sklon._base.dtypes import float32, float64
from sklon.compiler import native
from sklon.compiler.executable import compile_graph
from sklon.compiler.pipeline import Settings, compile_program, graph_passes
from sklon.graph.node import Graph, Node, apply, structure, walk
from sklon.graph.text import parse, print_graph
from sklon.graph.verify import verify
from sklon.program.text import parse_program, print_program
from sklon.program.verify import verify_program
from tests.compiler.targets import NARROWER, narrower
from tests.executors import Trace, Trial, agree, compiled, interpreted, programmed, same_bits
from tests.random_graphs import SMOOTH
from tests.random_movements import movements
from tests.random_steps import trials

#: differences relative to 1 + the largest element: orders of summation, and functions good to a few units
TOLERANCE = 1e-10
#: float32 may be as far from float64 as five times what NumPy's own float32 is, or a few units
WORSE = 5
UNITS = 40 * float(np.finfo(np.float32).eps)


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
    text = print_program(program)
    assert parse_program(text) == program
    assert print_program(parse_program(text)) == text
    agree(programmed(trial, program), expected, TOLERANCE, "the program")


@settings(max_examples=120)
@given(trials())
def test_native_code_agrees_on_any_number_of_threads(trial: Trial) -> None:
    executable = compile_graph(trial.graph, trial.max_rows)
    one = compiled(trial, executable)
    agree(one, interpreted(trial), TOLERANCE, "native code")
    same_bits(
        one, compiled(trial, executable, threads=3, cuts=range(1, len(trial.rows))), "three threads, step by step"
    )


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


@settings(max_examples=40)
@given(trials(dtype=float32, moves=SMOOTH))
def test_float32_is_as_good_as_numpy(trial: Trial) -> None:
    exact = interpreted(widened(trial))
    found = compiled(trial, compile_graph(trial.graph, trial.max_rows))
    allowed = _errors(interpreted(trial), exact)
    for name, error in _errors(found, exact).items():
        limit = WORSE * allowed[name] + UNITS * (1 + float(np.abs(exact.arrays()[name]).max(initial=0)))
        assert error <= limit, f"{name}: {error:.1e} where NumPy is off by {allowed[name]:.1e}"


def _errors(found: Trace, exact: Trace) -> dict[str, float]:
    right = exact.arrays()
    return {name: float(np.abs(a - right[name]).max(initial=0)) for name, a in found.arrays().items()}


def widened(trial: Trial) -> Trial:
    """The same trial in float64."""
    new: dict[Node, Node] = {}
    for node in walk(trial.graph.roots):
        op = node.op
        if getattr(op, "dtype", None) is float32:
            op = replace(op, dtype=float64)  # type: ignore[call-arg]
        new[node] = apply(op, *(new[i] for i in node.inputs))
    graph: Graph = trial.graph.replace(new)
    wide = {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in trial.arrays.items()}
    return replace(trial, graph=graph, arrays=wide)
