"""The error bounds of elementary functions, as docs/numerics.md states them, over all exponents."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import Dtype, float32, float64
from sklon.compiler.executable import Steps, compile_graph
from sklon.compiler.target import Target
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b

from .targets import NARROWER, narrower

Array = np.ndarray[Any, Any]
PAGE = Path(__file__).parents[2] / "docs" / "numerics.md"
FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "softplus")
COUNT = 1 << 18
#: the reference for float64 is x87's wider type, where there is one; elsewhere NumPy's float64 and its own unit
WIDER = np.finfo(np.longdouble).nmant > 60
SLACK = {float32: 0.0, float64: 0.0 if WIDER else 1.0}


@cache
def bounds() -> dict[tuple[str, Dtype], float]:
    """The page's table, in units in the last place."""
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(name, t): float(u) for name, *units in rows for t, u in zip((float32, float64), units, strict=True)}


def exact(name: str, x: Array) -> Array:
    """The function in the wider type of ``x``."""
    small = np.exp(-np.abs(x))
    if name == "sigmoid":
        return np.asarray(np.where(x < 0, small, 1) / (1 + small))
    if name == "softplus":
        return np.asarray(np.maximum(x, 0) + np.log1p(small))
    return np.asarray(getattr(np, name)(x))


def samples(dtype: Dtype, positive: bool) -> Array:
    """Bit patterns of all signs and exponents, and numbers of ordinary size; no NaN, infinity or subnormal."""
    rng = np.random.default_rng(0)
    word = np.uint32 if dtype is float32 else np.uint64
    bits = rng.integers(0, 2**dtype.bits, COUNT // 2, dtype=word).view(dtype.numpy)
    scales = rng.choice((0.3, 1.0, 5.0, 40.0, 300.0), COUNT // 2)
    x = np.concatenate([bits, (rng.standard_normal(COUNT // 2) * scales).astype(dtype.numpy)])
    x = np.where(np.isfinite(x) & (np.abs(x) >= np.finfo(dtype.numpy).tiny), x, dtype.numpy.type(0.75))
    return np.abs(x) if positive else x


def native(name: str, dtype: Dtype, target: Target | None = None) -> Callable[[Array], Array]:
    """The compiled function."""
    x = slot("x", "state", (COUNT,), dtype)
    executable = compile_graph(Graph((("y", getattr(b, name)(x)),)), 1, target)
    return lambda array: executable.run({"x": array}, Steps.single(1, []), 1)["y"][0]


def units(found: Array, expected: Array, dtype: Dtype) -> Array:
    """Errors in units in the last place; where the result is no normal number, 0 or ∞ for right or wrong."""
    info = np.finfo(dtype.numpy)
    size = np.abs(expected)
    flushed = np.where(np.abs(found) <= info.tiny, 0.0, np.inf)
    overflown = np.where(np.isinf(found), 0.0, np.inf)
    spacing = np.spacing(np.clip(size, info.tiny, info.max).astype(dtype.numpy)).astype(expected.dtype)
    errors = np.abs(found.astype(expected.dtype) - expected) / spacing
    return np.asarray(np.select([size < info.tiny, size > info.max], [flushed, overflown], errors))


@pytest.mark.parametrize("target", [None, *NARROWER])
@pytest.mark.parametrize("dtype", SLACK, ids=lambda d: d.name)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_is_within_its_bound(name: str, dtype: Dtype, target: str | None) -> None:
    x = samples(dtype, positive=name == "log")
    found = native(name, dtype, narrower(target) if target else None)(x)
    with np.errstate(all="ignore"):
        errors = units(found, exact(name, x.astype(np.float64 if dtype is float32 else np.longdouble)), dtype)
    worst = int(np.argmax(errors))
    assert errors[worst] <= bounds()[name, dtype] + SLACK[dtype], f"{name}({x[worst]!r}) = {found[worst]!r}"


def test_a_wrong_result_is_seen() -> None:
    x = samples(float32, positive=False)
    right = exact("tanh", x.astype(np.float64))
    wrong = right.astype(np.float32)
    wrong[7] = np.nextafter(np.nextafter(wrong[7], np.float32(2)), np.float32(2))
    assert (
        units(wrong, right, float32).max()
        > bounds()["tanh", float32]
        > 1
        > units(right.astype(np.float32), right, float32).max()
    )
