"""Whole numbers and booleans at their ends: what overflow, division by zero and wide shifts give, in all executors.

A division that the processor refuses would end the process: that these tests end at all is their first result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import Dtype, bool_, float32, float64, int32, int64, uint32
from sklon._base.errors import DtypeError
from sklon.compiler.executable import compile_graph
from sklon.graph.node import REGISTRY, Graph, Node, slot
from sklon.ops import BUILD as b
from sklon.ops import Point
from tests.compiler.targets import NARROWER, narrower
from tests.executors import Trial, compiled, interpreted, same_bits

Array = np.ndarray[Any, Any]
LOWEST, HIGHEST = -(2**31), 2**31 - 1

#: conventions: the inputs in int32, and the results
ENDS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    "floor_div": ((7, -7, 7, -7, 5, LOWEST, LOWEST), (2, 2, -2, -2, 0, -1, 0), (3, -4, -4, 3, 0, LOWEST, 0)),
    "integer_pow": ((2, 2, 0, 0, -1, 1, 3), (31, -1, 0, -1, -3, -5, 40), (LOWEST, 0, 1, 0, -1, 1, 689956897)),
    "shift_left": ((1, 1, 1, 3), (31, 32, -1, 31), (LOWEST, 0, 0, LOWEST)),
    "shift_right": ((-8, -8, 8, -8, 8), (1, 40, 40, -1, -1), (-4, -1, 0, -1, 0)),
}
VALUES = (-(2**63), -(2**31), -40, -3, -1, 0, 1, 2, 5, 31, 32, 63, 64, 2**31 - 1, 2**63 - 1)


def trial_of(results: dict[str, Node], arrays: dict[str, Array]) -> Trial:
    """Functions of states as one graph."""
    return Trial(Graph(tuple(results.items())), 1, (1,), arrays, np.zeros(1, np.int32), np.zeros((1, 0)))


def operands(dtype: Dtype) -> tuple[Array, Array]:
    """All pairs of awkward values."""
    values = np.unique(np.array(VALUES, np.int64).astype(dtype.numpy))
    left, right = np.meshgrid(values, values)
    return left.reshape(-1), right.reshape(-1)


def takers(dtype: Dtype) -> list[type[Point]]:
    """The point ops that take values of a type."""
    points = [op for op in REGISTRY.values() if issubclass(op, Point) and op.__module__.startswith("sklon.")]
    return [
        op for op in points if op.name not in ("where", "cast", "unit_interval", "random_bits") and _takes(op, dtype)
    ]


def _takes(op: type[Point], dtype: Dtype) -> bool:
    try:
        op().result_dtype(*(dtype,) * op.arity)
    except DtypeError:
        return False
    return True


@pytest.mark.parametrize("machine", ("this", *NARROWER))
@pytest.mark.parametrize("dtype", (int32, int64, bool_), ids=lambda d: d.name)
def test_compiled_is_interpreted_to_the_bit(dtype: Dtype, machine: str) -> None:
    arrays = dict(zip(("x", "y"), operands(dtype), strict=True))
    x, y = (slot(name, "state", a.shape, dtype) for name, a in arrays.items())
    results = {op.name: getattr(b, op.name)(*(x, y)[: op.arity]) for op in takers(dtype)}
    results |= {f"to {t.name}": b.cast(x, dtype=t) for t in (int32, int64, bool_, float32, float64) if t is not dtype}
    results["chosen"] = b.where(b.less(x, y), x, y)
    assert {"add", "mul", "maximum", "equal", "xor_"} <= results.keys()
    trial = trial_of(results, arrays)
    with np.errstate(all="ignore"):
        expected = interpreted(trial)
    executable = compile_graph(trial.graph, 1, narrower(machine) if machine in NARROWER else None)
    same_bits(compiled(trial, executable), expected, dtype.name)


@pytest.mark.parametrize("name", ENDS)
def test_the_ends(name: str) -> None:
    *given, expected = (np.array(v, np.int64).astype(np.int32) for v in ENDS[name])
    arrays = {"x": given[0], "y": given[1]}
    nodes = [slot(n, "state", a.shape, int32) for n, a in arrays.items()]
    trial = trial_of({"z": getattr(b, name)(*nodes)}, arrays)
    for trace in (interpreted(trial), compiled(trial, compile_graph(trial.graph, 1))):
        assert trace.outputs[0]["z"].tolist() == expected.tolist()


@pytest.mark.parametrize("source", (float32, float64), ids=lambda d: d.name)
@pytest.mark.parametrize("target", (int32, int64, uint32), ids=lambda d: d.name)
def test_a_number_beyond_the_range_becomes_the_nearest_in_it(source: Dtype, target: Dtype) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 2.9, -0.9, 2147483648.0, -2147483904.0, 3e9], source.numpy)
    whole = np.iinfo(target.numpy)
    trial = trial_of({"y": b.cast(slot("x", "state", x.shape, source), dtype=target)}, {"x": x})
    inside = [min(max(int(v), int(whole.min)), int(whole.max)) for v in x[5:]]
    expected = [0, whole.max, whole.min, whole.max, whole.min, *inside]
    for trace in (interpreted(trial), compiled(trial, compile_graph(trial.graph, 1))):
        assert trace.outputs[0]["y"].tolist() == expected


@pytest.mark.parametrize(("op", "arity"), (("neg", 1), ("sub", 2), ("floor_div", 2)))
def test_arithmetic_of_booleans_is_refused_where_it_has_no_meaning(op: str, arity: int) -> None:
    x = slot("x", "state", (2,), bool_)
    with pytest.raises(DtypeError, match="numbers, not"):
        getattr(b, op)(*(x,) * arity)
