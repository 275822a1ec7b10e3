"""Programs with clocks: the same kernels, the same bits; every thread counts, and the parts are the whole."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.networks import INDEX, SMALL
from sklon.compiler import native
from sklon.compiler.executable import Steps, compile_graph
from sklon.compiler.kernels.timing import Timed, row_length
from sklon.compiler.measure import TICKS, measure, measured_program
from sklon.compiler.module import emit_module
from sklon.compiler.pipeline import Settings, compile_program
from sklon.compiler.view.timetable import timetable
from tests.executors import Trial, compiled, same_bits

ROWS = (100, 100, 37)


def small() -> Trial:
    """Steps of the small network, the last one short."""
    graph = SMALL.graph()
    indices = np.random.default_rng(1).integers(0, 500, sum(ROWS)).astype(np.int32)
    return Trial(graph, max(ROWS), ROWS, SMALL.values(graph, 500), indices, SMALL.scalars(graph, len(ROWS)))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_clocks_change_no_bit(threads: int) -> None:
    trial = small()
    executable = compile_graph(trial.graph, trial.max_rows)
    timed = measured_program(executable.program, native.host(), threads)
    ticks = np.zeros((threads, row_length(executable.program)), np.int64)
    found = compiled(replace(trial, arrays={**trial.arrays, TICKS: ticks}), timed, threads)
    same_bits(found, compiled(trial, executable, threads), "with clocks")


@pytest.mark.parametrize("threads", [1, 2])
def test_every_thread_counts_and_no_part_is_longer_than_the_whole(threads: int) -> None:
    trial = small()
    program = compile_program(trial.graph, Settings(trial.max_rows, native.host()))
    ticks = np.zeros((threads, row_length(program)), np.int64)
    arrays = {name: a.copy() for name, a in trial.arrays.items()} | {INDEX: trial.indices, TICKS: ticks}
    measured_program(program, native.host(), threads).run(
        arrays, Steps(np.array(trial.rows), np.array(trial.starts), trial.scalars), threads
    )
    parts = len(program.loops()) + len(program.phases)
    assert (ticks[:, parts] > 0).all()
    assert (ticks[:, :parts].sum(axis=1) <= ticks[:, parts]).all()
    assert (ticks[:, :parts].sum(axis=0) > 0).all()
    assert not ticks[:, parts + 1 :].any()


def test_kernels_are_the_same_text_and_an_ordinary_program_has_no_clock() -> None:
    program = compile_program(SMALL.graph(), Settings(64, native.host()))
    ordinary = emit_module(program, native.host()).text
    clocked = emit_module(program, native.host(), Timed(program, 8)).text

    def kernels(text: str) -> list[str]:
        return re.findall(r"define internal void @K.*?\n}\n", text, re.DOTALL)

    assert kernels(ordinary) and kernels(ordinary) == kernels(clocked)
    assert "counter" not in ordinary and "counter" in clocked


def test_the_parts_of_a_step_are_the_step_and_the_state_stays() -> None:
    trial = small()
    executable = compile_graph(trial.graph, trial.max_rows)
    arrays = {**trial.arrays, INDEX: trial.indices}
    before = {name: a.copy() for name, a in arrays.items()}
    steps = Steps(np.array(trial.rows), np.array(trial.starts), trial.scalars)
    found = measure(executable, arrays, steps, threads=2, turns=2)
    assert sum(one.seconds for one in found.loops) + sum(found.waits) + found.rest == pytest.approx(found.step)
    assert [one.loop for one in found.loops] == executable.program.loops()
    assert all(np.array_equal(before[name], arrays[name]) for name in before)
    lines = timetable(executable.program, found).splitlines()
    assert sum("contract" in line for line in lines) == sum(one.loop.kind == "contract" for one in found.loops)
    assert max(map(len, lines)) <= 120
