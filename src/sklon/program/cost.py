"""How much arithmetic a program does: an estimate from its loops, for choices that never change a result."""

from __future__ import annotations

from math import prod

from sklon._base.shapes import S, concrete

from .ir import Apply, Loop, Program


def flops(program: Program, rows: int) -> float:
    """Floating-point operations of a step over ``rows`` rows: 2 for each term of a product, a point op's cost else."""
    return sum(loop_flops(loop, rows) for loop in program.loops())


def loop_flops(loop: Loop, rows: int) -> float:
    """Those of one loop."""
    outer = prod(concrete(loop.outer[1:] if loop.outer[:1] == (S,) else loop.outer, rows))
    inner = prod(concrete(loop.inner, rows))
    if loop.kind == "contract":
        return 2.0 * outer * inner
    if loop.kind == "scatter":  # each index adds to one row
        return float(prod(concrete(loop.outer[1:], rows)) * inner)
    return float(outer * inner * (1 + sum(i.op.cost for i in loop.body if isinstance(i, Apply))))
