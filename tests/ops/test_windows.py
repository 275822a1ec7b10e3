"""Parts of paddings and paddings of parts, where an axis has one element: compiled code must agree to the bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sklon._base.dtypes import float64
from sklon.compiler.executable import compile_graph
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b
from tests.executors import Trial, compiled, interpreted, programmed, same_bits


def _padded_beside(x: Node) -> Node:
    """Only the zeros of a padding are read, in a loop that also computes what is padded."""
    one = b.tanh(b.slice(x, starts=(0,), shape=(1,)))
    wide = b.add(b.pad(one, before=(1,), shape=(2,)), b.pad(one, before=(0,), shape=(2,)))
    first = b.slice(wide, starts=(0,), shape=(1,))
    return b.add(b.pad(b.mul(first, one), before=(4,), shape=(5,)), b.pad(b.mul(one, one), before=(0,), shape=(5,)))


def _first_of_middle(x: Node) -> Node:
    """The first element along a middle axis: as long as the whole in no axis but that one."""
    return b.pad(b.slice(x, starts=(0, 0, 0), shape=(2, 1, 4)), before=(0, 1, 0), shape=(2, 3, 4))


@pytest.mark.parametrize(("build", "shape"), [(_padded_beside, (5,)), (_first_of_middle, (2, 3, 4))])
def test_all_executors_agree(build: Callable[[Node], Node], shape: tuple[int, ...]) -> None:
    graph = Graph((("y", build(slot("x", "state", shape, float64))),))
    bound = {"x": np.arange(1.0, 1 + np.prod(shape)).reshape(shape)}
    trial = Trial(graph, 1, (1,), bound, np.zeros(1, np.int32), np.zeros((1, 0)))
    executable = compile_graph(graph, 1)
    found = compiled(trial, executable)
    same_bits(found, programmed(trial, executable.program), "the program")
    np.testing.assert_allclose(found.outputs[0]["y"], interpreted(trial).outputs[0]["y"], rtol=1e-14)
