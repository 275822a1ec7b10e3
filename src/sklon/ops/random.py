"""Random bits as a point op on counters, and their reading as numbers in [0, 1).

The counter of an element is (element within its sample, position in the effective batch, step, stream); the
key is the seed. So the same element draws the same bits whatever the micro-batch, thread or layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklon._base.dtypes import Dtype, float32, uint32
from sklon._base.errors import DtypeError
from sklon._base.philox import philox
from sklon.graph.node import primitive

from ._families import Array, Lane, LaneBuilder, Point


@primitive("random_bits")
@dataclass(frozen=True)
class RandomBits(Point):
    """The first word of Philox4x32-10 for a counter of four words and a key of two."""

    arity: ClassVar[int] = 6
    cost: ClassVar[int] = 120

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        if set(dtypes) != {uint32}:
            raise DtypeError(f"random bits take counters and keys of uint32, not {dtypes}")
        return uint32

    def meaning(self, *inputs: Array) -> Array:
        c0, c1, c2, c3, k0, k1 = inputs
        return philox((c0, c1, c2, c3), (k0, k1))[0]

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.philox(lanes[:4], lanes[4:])


@primitive("unit_interval")
@dataclass(frozen=True)
class UnitInterval(Point):
    """The upper 24 of 32 bits as a float32 in [0, 1): k·2⁻²⁴."""

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        if dtypes != (uint32,):
            raise DtypeError(f"unit_interval takes random bits of uint32, not {dtypes}")
        return float32

    def meaning(self, *inputs: Array) -> Array:
        return (inputs[0] >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        upper = b.shift_right(lanes[0], 8)
        fraction = b.cast(upper, float32)
        return b.mul(fraction, b.const(2.0**-24, fraction))
