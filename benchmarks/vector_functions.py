"""The error of every vector function over all float32: each of the 2³² bit patterns, against NumPy in float64.

    python -m benchmarks.vector_functions [--only exp] [--stride 1] [--dtype f32|f64]

Prints the largest error of each function in units in the last place, where it is, and the bound that docs/numerics.md
states; the exit code is 1 where a bound or a special value is missed. For float64, and in the tests, samples at all
exponents take the place of all numbers; the reference is then x87's wider type, where there is one.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, float32, float64
from sklon.compiler.executable import Steps, compile_graph
from sklon.compiler.target import Target
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b

Array = np.ndarray[Any, Any]
PAGE = Path(__file__).parents[1] / "docs" / "numerics.md"
#: those whose lanes are computed by a formula of ours, and not by the C library
FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "softplus")
DTYPES = (float32, float64)
#: numbers at once: with what their comparison needs, they stay in a core's own cache
COUNT = 1 << 15
PATTERNS = 1 << 32
#: without a wider type the reference for float64 is NumPy's float64, and its own unit is allowed for
SLACK = {float32: 0.0, float64: 0.0 if np.finfo(np.longdouble).nmant > 60 else 1.0}
#: samples of float64 in the command
SAMPLES = 1 << 24


@cache
def bounds() -> dict[tuple[str, Dtype], float]:
    """The page's table, in units in the last place."""
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(name, t): float(u) for name, *units in rows for t, u in zip(DTYPES, units, strict=True)}


# ---- the functions
def native(name: str, dtype: Dtype, target: Target | None = None, count: int = COUNT) -> Callable[[Array], Array]:
    """The compiled function, on ``count`` numbers at once."""
    x = slot("x", "state", (count,), dtype)
    executable = compile_graph(Graph((("y", getattr(b, name)(x)),)), 1, target)
    return lambda array: executable.run({"x": array}, Steps.single(1, []), 1)["y"][0]


def exact(name: str, x: Array) -> Array:
    """The function of ``x`` in a wider type; numbers that are subnormal in the own type of ``x`` count as 0."""
    tiny = np.finfo(x.dtype).tiny
    wide = np.where(np.abs(x) < tiny, np.copysign(0, x), x).astype(np.float64 if x.itemsize == 4 else np.longdouble)
    if name == "sigmoid":
        small: Array = np.exp(-np.abs(wide))
        return np.asarray(np.where(np.signbit(wide), small, 1) / (1 + small))
    if name == "softplus":
        return np.asarray(np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide))))
    return np.asarray(getattr(np, name)(wide))


def units(found: Array, expected: Array) -> Array:
    """Errors in units in the last place of ``found``.

    Where the result is no normal number there is only right and wrong, 0 and ∞: below the smallest one, everything up
    to it; beyond the largest, infinity of that sign; NaN for NaN.
    """
    info = np.finfo(found.dtype)
    size = np.abs(expected)
    spacing = np.spacing(np.clip(size, info.tiny, info.max).astype(found.dtype)).astype(expected.dtype)
    errors = np.abs(found - expected) / spacing
    if np.isfinite(errors).all() and size.min(initial=np.inf) >= info.tiny and size.max(initial=0) <= info.max:
        return np.asarray(errors)
    right = [np.isnan(found), np.abs(found) <= info.tiny, np.isinf(found) & (found * expected > 0)]
    where = [np.isnan(expected), size < info.tiny, size > info.max]
    errors = np.select(where, [np.where(ok, 0.0, np.inf) for ok in right], errors)
    return np.where(np.isnan(errors), np.inf, errors)


# ---- numbers
def every(stride: int) -> Iterator[Array]:
    """Every ``stride``-th bit pattern of float32, in blocks; the last one is filled up from the beginning."""
    for start in range(0, PATTERNS, COUNT * stride):
        words = np.arange(start, start + COUNT * stride, stride, dtype=np.uint64)
        yield words.astype(np.uint32).view(np.float32)


def samples(dtype: Dtype, count: int, seed: int = 0) -> Array:
    """Half of them bit patterns at random, NaN and infinities among them, the other half numbers of ordinary size."""
    rng = np.random.default_rng(seed)
    word = np.uint32 if dtype is float32 else np.uint64
    bits = rng.integers(0, 2**dtype.bits, count // 2, dtype=word).view(dtype.numpy)
    scales = rng.choice((0.3, 1.0, 5.0, 40.0, 300.0), count // 2)
    return np.concatenate([bits, (rng.standard_normal(count // 2) * scales).astype(dtype.numpy)])


def special_values(dtype: Dtype) -> Array:
    """NaN, ±∞, ±0, ±1, and the smallest and largest numbers, subnormal and normal, filled up to a block."""
    info = np.finfo(dtype.numpy)
    positive = [
        0.0,
        1.0,
        np.inf,
        np.nan,
        info.max,
        info.tiny,
        info.smallest_subnormal,
        info.tiny - info.smallest_subnormal,
    ]
    return np.resize(np.array([*positive, *(-x for x in positive)], dtype.numpy), COUNT)


# ---- measuring
@dataclass(frozen=True, slots=True)
class Worst:
    """The largest error of a function, in units in the last place, and where it is."""

    name: str
    dtype: Dtype
    units: float
    x: float
    found: float

    @property
    def holds(self) -> bool:
        """Whether it is within the page's bound."""
        return self.units <= bounds()[self.name, self.dtype] + SLACK[self.dtype]

    def __str__(self) -> str:
        end = "" if self.holds else "  MISSED"
        bound = f"(bound {bounds()[self.name, self.dtype]:g})"
        return f"{self.name:9} {self.dtype.name:8} {self.units:6.3f} {bound:12} at {self.x!r}: {self.found!r}{end}"


def worst(name: str, dtype: Dtype, blocks: Iterable[Array], target: Target | None = None) -> Worst:
    """The largest error over blocks of ``COUNT`` numbers."""
    function, largest = native(name, dtype, target), Worst(name, dtype, -1.0, 0.0, 0.0)
    with np.errstate(all="ignore"):
        for x in blocks:
            found = function(x)
            errors = units(found, exact(name, x))
            at = int(np.argmax(errors))
            if errors[at] > largest.units:
                largest = Worst(name, dtype, float(errors[at]), float(x[at]), float(found[at]))
    return largest


def blocks_of(dtype: Dtype, stride: int) -> Iterator[Array]:
    """What the command measures: special values, and every pattern of float32 or many samples of float64."""
    yield special_values(dtype)
    if dtype is float32:
        yield from every(stride)
    else:
        yield from (samples(dtype, COUNT, seed) for seed in range(SAMPLES // COUNT // stride))


def main() -> int:
    """Print one line for each function."""
    parser = argparse.ArgumentParser(description="Measure the largest errors of the vector functions.")
    parser.add_argument("--only", choices=FUNCTIONS, help="one function (default: all)")
    parser.add_argument("--stride", type=int, default=1, help="k: every k-th number (default 1: all of them)")
    parser.add_argument("--dtype", choices=("f32", "f64"), default="f32", help="of the numbers (default f32)")
    options = parser.parse_args()
    dtype = {"f32": float32, "f64": float64}[options.dtype]
    held = True
    for name in [options.only] if options.only else FUNCTIONS:
        start = time.perf_counter()
        found = worst(name, dtype, blocks_of(dtype, options.stride))
        held &= found.holds
        print(found, flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
