"""Every primitive keeps its contract: types, derivatives to second order, and the same result when compiled."""

from __future__ import annotations

import pytest

from sklon._base.dtypes import Dtype, float32, float64
from sklon._base.errors import VerificationError
from sklon.autodiff.check import check_gradients
from sklon.compiler.executable import compile_graph
from sklon.graph.build import Build
from sklon.graph.node import REGISTRY, Node, Op
from sklon.graph.text import parse, print_graph
from sklon.graph.verify import verify
from tests.executors import agree, compiled, interpreted, same_bits

from .rows import AWKWARD, ORDINARY, ROWS, Row

#: relative to 1 + the largest element; sums of a hundred terms, functions good to a few units
CLOSE = {float32: 5e-6, float64: 1e-13}


def test_every_primitive_has_a_row() -> None:
    ours = {name for name, op in REGISTRY.items() if op.__module__.startswith("sklon.")}
    assert {row.op for row in ROWS} == ours


@pytest.mark.parametrize("row", [r for r in ROWS if r.orders], ids=str)
def test_derivatives_are_right(row: Row) -> None:
    _check(row)


def _check(row: Row) -> None:
    check_gradients(
        lambda *nodes: row.build(*nodes, ORDINARY),
        row.arrays(ORDINARY),
        shapes=[ORDINARY.shape(letters) for _, letters in row.inputs],
        rows=ORDINARY.N,
        orders=row.orders,
    )


@pytest.mark.parametrize("row", [r for r in ROWS if r.orders and r.op != "slot"], ids=str)
def test_a_wrong_derivative_of_each_is_caught(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    op = REGISTRY[row.op]
    right = op.vjp

    def wrong(self: Op, build: Build, node: Node, g: Node) -> list[Node | None]:
        grads = right(self, build, node, g)
        return [d and build.add(d, build.full_like(0.01, d)) for d in grads]

    monkeypatch.setattr(op, "vjp", wrong)
    with pytest.raises(VerificationError, match="differences give"):
        _check(row)


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_compiled_is_interpreted(row: Row, dtype: Dtype) -> None:
    for sizes in AWKWARD:
        trial = row.trial(sizes, dtype)
        verify(trial.graph)
        found, expected = compiled(trial, compile_graph(trial.graph, sizes.N)), interpreted(trial)
        if row.exact:
            same_bits(found, expected, f"{row} {sizes}")
        else:
            agree(found, expected, CLOSE[dtype], f"{row} {sizes}")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_text_comes_back(row: Row) -> None:
    text = print_graph(row.trial(ORDINARY).graph)
    assert print_graph(parse(text)) == text
