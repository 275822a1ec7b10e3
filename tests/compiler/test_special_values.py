"""NaN and infinities come through every kind of kernel, wherever in a vector, a tile or its tail they stand.

Each case is one kernel over 70 rows, a shard and a part of one, of 37 columns, which no vector divides. A special value
is planted into each of its arrays at several places; native code has to have NaN and ±∞ where the interpreter has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import Dtype, float32, float64, int32
from sklon._base.shapes import N, T
from sklon.compiler.executable import Executable, compile_graph
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b
from tests.executors import Trace, Trial, compiled, interpreted, random_arrays

from .targets import NARROWER, narrower

ROWS, COLUMNS, CLASSES = 70, 37, 5
SPECIAL = (np.nan, np.inf, -np.inf)
PLACES = (0.0, 0.5, 0.97, 1.0)  # of an array's elements
CLOSE = {float32: 1e-4, float64: 1e-11}


@dataclass(frozen=True, slots=True)
class Leaves:
    """The slots that cases read."""

    dtype: Dtype

    @property
    def x(self) -> Node:
        """Rows of the step, [N, 37]."""
        return self.rows("x", COLUMNS)

    @property
    def labels(self) -> Node:
        """A class for each row of the step."""
        return self.rows("labels", dtype=int32)

    def rows(self, name: str, *rest: int, dtype: Dtype | None = None) -> Node:
        """Rows of a table."""
        return b.gather(slot(name, "data", (T, *rest), dtype or self.dtype), INDEX)

    def state(self, name: str, *shape: int) -> Node:
        return slot(name, "state", shape, self.dtype)


INDEX = slot("index", "index", (N,), int32)


def _product(a: str, other: str, out: str, *shape: int) -> Callable[[Leaves], Node]:
    return lambda l: b.contract(l.x, l.state("w", *shape), a=a, b=other, out=out)


def _reduced(fn: str, *axes: int) -> Callable[[Leaves], Node]:
    return lambda l: b.reduce(l.x, fn=fn, axes=axes)


def _layer(l: Leaves) -> Node:
    """relu(x·Wᵀ + b) − y."""
    z = b.contract(l.x, l.state("w", 50, COLUMNS), a="ni", b="oi", out="no")
    z = b.add(z, b.expand(l.state("bias", 50), shape=z.shape, dims=(1,)))
    return b.sub(b.relu(z), l.rows("y", 50))


def _map(l: Leaves) -> Node:
    return b.mul(b.add(l.x, l.rows("y", COLUMNS)), l.rows("z", COLUMNS))


def _repeated(l: Leaves) -> Node:
    across = b.expand(l.state("bias", COLUMNS), shape=(N, COLUMNS), dims=(1,))
    return b.div(b.add(l.x, across), b.expand(l.rows("y"), shape=(N, COLUMNS), dims=(0,)))


def _extremes(l: Leaves) -> Node:
    """min(max(x, y), z)."""
    return b.minimum(b.maximum(l.x, l.rows("y", COLUMNS)), l.rows("z", COLUMNS))


def _summed_map(l: Leaves) -> Node:
    return b.reduce(b.mul(l.x, l.rows("y", COLUMNS)), fn="sum", axes=(1,))


def _squares(l: Leaves) -> Node:
    """A product of two states, one of them with its axes exchanged."""
    w = b.expand(l.state("w", 33, 48), shape=(48, 33), dims=(1, 0))
    return b.contract(l.state("v", 20, 48), w, a="ik", b="kj", out="ij")


def _turned(l: Leaves) -> Node:
    """A transposition in whole blocks."""
    return b.expand(l.state("w", 64, 32), shape=(32, 64), dims=(1, 0))


def _moved(l: Leaves) -> Node:
    turned = b.flip(l.x, axes=(1,))
    return b.reshape(b.pad(turned, before=(0, 2), shape=(N, 40)), shape=(N, 5, 8))


def _scattered(l: Leaves) -> Node:
    return b.scatter_add(l.labels, l.x, rows=CLASSES)


def _gathered(l: Leaves) -> Node:
    return b.gather(l.state("w", CLASSES, 19), l.labels)


def _softmax(l: Leaves) -> Node:
    x = l.x
    e = b.exp(b.sub(x, b.expand(b.reduce(x, fn="max", axes=(1,)), shape=(N, COLUMNS), dims=(0,))))
    return b.div(e, b.expand(b.reduce(e, fn="sum", axes=(1,)), shape=(N, COLUMNS), dims=(0,)))


def _applied(*names: str) -> Callable[[Leaves], Node]:
    def build(l: Leaves) -> Node:
        x = l.x
        for name in names:
            x = getattr(b, name)(x)
        return x

    return build


#: cases through which NaN comes from every array
CASES: dict[str, Callable[[Leaves], Node]] = {
    "a map": _map,
    "a map with operands that repeat": _repeated,
    "maximum and minimum": _extremes,
    "a sum over columns": _reduced("sum", 1),
    "a sum over rows": _reduced("sum", 0),
    "a sum over everything": _reduced("sum", 0, 1),
    "a maximum over columns": _reduced("max", 1),
    "a maximum over rows": _reduced("max", 0),
    "a maximum over everything": _reduced("max", 0, 1),
    "a sum of a map": _summed_map,
    "softmax": _softmax,
    "a product, packed": _product("ni", "oi", "no", 50, COLUMNS),
    "a product, as it lies": _product("ni", "io", "no", COLUMNS, 50),
    "a product whose lanes run over the sum": _product("ni", "oi", "no", 1, COLUMNS),
    "a product with a vector": _product("ni", "i", "n", COLUMNS),
    "a product over rows": lambda l: b.contract(l.x, l.rows("y", 50), a="ni", b="no", out="oi"),
    "a product of states": _squares,
    "a product and what follows it": _layer,
    "a transposition": _turned,
    "movements": _moved,
    "rows added up at labels": _scattered,
    "rows read at labels": _gathered,
    **{
        f"{name}": _applied(name)
        for name in ("exp", "log", "tanh", "sigmoid", "softplus", "relu", "sqrt", "abs", "neg")
    },
    **{f"{name}": _applied(name) for name in ("floor", "round", "sin", "erf", "log1p", "stop_gradient")},
}


@cache
def _compiled(name: str, dtype: Dtype, target: str | None) -> tuple[Trial, Executable]:
    graph = Graph((("out", CASES[name](Leaves(dtype))),))
    arrays = random_arrays(graph, ROWS, 0, CLASSES)
    trial = Trial(graph, ROWS, (ROWS,), arrays, np.arange(ROWS, dtype=np.int32), np.zeros((1, 0)))
    return trial, compile_graph(graph, ROWS, narrower(target) if target else None)


def _planted(trial: Trial, value: float) -> Iterator[tuple[str, Trial]]:
    """The trial with the value at one place of one array."""
    for name, array in trial.arrays.items():
        for place in PLACES:
            if array.dtype.kind == "f":
                special = array.copy()
                special.reshape(-1)[int(place * (array.size - 1))] = value
                yield f"{value} in {name} at {place}", replace(trial, arrays={**trial.arrays, name: special})


def _out(trace: Trace) -> np.ndarray[Any, Any]:
    return trace.outputs[0]["out"]


@pytest.mark.parametrize("target", [None, *NARROWER])
@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
@pytest.mark.parametrize("name", CASES)
def test_special_values_come_through(name: str, dtype: Dtype, target: str | None) -> None:
    trial, executable = _compiled(name, dtype, target)
    for value in SPECIAL:
        for what, planted in _planted(trial, value):
            found, expected = _out(compiled(planted, executable)), _out(interpreted(planted))
            np.testing.assert_allclose(found, expected, CLOSE[dtype], CLOSE[dtype], err_msg=f"{name}: {what}")
            if np.isnan(value):
                assert np.isnan(found).any(), f"{name}: {what} is swallowed"


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
def test_infinities_of_both_signs_are_no_number(dtype: Dtype) -> None:
    for name in ("a sum over columns", "a sum over rows", "a product over rows", "rows added up at labels"):
        trial, executable = _compiled(name, dtype, None)
        x = np.abs(trial.arrays["x"]) + 1
        x[3, 5], x[3, 6], x[66, 5] = np.inf, -np.inf, -np.inf
        arrays = {**trial.arrays, "x": x, **{k: np.abs(a) for k, a in trial.arrays.items() if k in ("y", "labels")}}
        if "labels" in arrays:
            arrays["labels"] = np.zeros_like(arrays["labels"])
        planted = replace(trial, arrays=arrays)
        found, expected = _out(compiled(planted, executable)), _out(interpreted(planted))
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
        assert np.isnan(found).any(), name


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
def test_the_maximum_of_nothing_larger_is_minus_infinity(dtype: Dtype) -> None:
    for name in ("a maximum over columns", "a maximum over rows", "a maximum over everything"):
        trial, executable = _compiled(name, dtype, None)
        low = replace(trial, arrays={"x": np.full_like(trial.arrays["x"], -np.inf)})
        assert np.isneginf(_out(compiled(low, executable))).all(), name


def test_a_choice_never_looks_at_what_it_does_not_choose() -> None:
    x, y = Leaves(float32).x, Leaves(float32).rows("y", COLUMNS)
    graph = Graph((("out", b.where(b.less(y, b.full_like(0.0, y)), x, y)),))
    arrays = {"x": np.full((ROWS, COLUMNS), np.nan, np.float32), "y": np.full((ROWS, COLUMNS), 2, np.float32)}
    arrays["y"][::2, 3] = np.nan  # no comparison with NaN holds
    trial = Trial(graph, ROWS, (ROWS,), arrays, np.arange(ROWS, dtype=np.int32), np.zeros((1, 0)))
    np.testing.assert_array_equal(_out(compiled(trial, compile_graph(graph, ROWS))), arrays["y"])
