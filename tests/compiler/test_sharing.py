"""How many threads work is worth: no more than it has units, one for little, two for few operations on many bytes."""

from __future__ import annotations

import os
from typing import Any

import pytest

from benchmarks.networks import DEEP, LARGE, SMALL, Perceptron
from sklon._base.dtypes import float32
from sklon.compiler import native, sharing
from sklon.compiler.pipeline import Settings, compile_program
from sklon.compiler.sharing import worthwhile
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b
from sklon.program.cost import flops
from sklon.program.ir import Program

REGRESSION = Perceptron((100, 1), "binary", "sgd")


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def program(network: Perceptron, rows: int) -> Program:
    """The program of a network's step."""
    return compile_program(network.graph(), Settings(rows, native.host()))


@pytest.mark.parametrize("rows", [1, 16, 64, 256])
def test_a_small_net_stays_on_one_thread(rows: int) -> None:
    assert worthwhile(program(SMALL, rows), rows) == 1


@pytest.mark.parametrize(("network", "rows"), [(SMALL, 4096), (LARGE, 128), (LARGE, 1), (REGRESSION, 100_000)])
def test_what_is_large_is_shared(network: Perceptron, rows: int) -> None:
    assert worthwhile(program(network, rows), rows) >= 2


def test_no_more_threads_than_units() -> None:
    """Much work, but nearly all of it in one shard of 64 rows."""
    assert flops(program(DEEP, 64), 64) > 3 * sharing.THREAD
    assert worthwhile(program(DEEP, 64), 64) == 1
    assert 1 < worthwhile(program(DEEP, 256), 256) <= 4


def test_more_rows_are_worth_more_threads() -> None:
    found = [worthwhile(program(SMALL, 16_384), rows) for rows in (64, 256, 1024, 4096, 16_384)]
    assert found == sorted(found) and found[0] < found[-1]


def _doubled(elements: int) -> Program:
    x = slot("x", "state", (elements,), float32)
    graph = Graph((("y", b.add(x, x)),))
    return compile_program(graph, Settings(1, native.host()))


def test_bytes_from_memory_count_as_the_time_they_take() -> None:
    """A million sums are little arithmetic, but eight megabytes."""
    many: Any = _doubled(2_000_000)
    assert flops(many, 1) < sharing.THREAD
    assert worthwhile(many, 1) >= 2
    assert worthwhile(_doubled(50_000), 1) == 1
