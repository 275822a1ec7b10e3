"""Random bits as a point op on counters, and their reading as numbers in [0, 1).

An element is named by (its number within its sample, position in the effective batch, step, stream); the key is the
seed. So the same element draws the same bits whatever the micro-batch, thread or layout. The four words of one counter
serve four elements LANES apart, so that whoever computes BLOCK elements side by side needs a quarter of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sklon._base.dtypes import Dtype, float32, uint32
from sklon._base.errors import DtypeError
from sklon._base.philox import philox
from sklon._base.shapes import Extent, row_size
from sklon.graph.build import Build
from sklon.graph.node import Node, primitive

from ._families import Array, Lane, LaneBuilder, Point

#: elements that read the same word of neighbouring counters, and those that four words of them serve
LANES, BLOCK = 16, 64


@primitive("random_bits")
class RandomBits(Point):
    """A word of Philox4x32-10 for an element, three more words of a counter and a key of two.

    Element e reads word ⌊e/16⌋ mod 4 at the counter 16·⌊e/64⌋ + e mod 16.
    """

    arity: ClassVar[int] = 6
    cost: ClassVar[int] = 120

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        if set(dtypes) != {uint32}:
            raise DtypeError(f"random bits take counters and keys of uint32, not {dtypes}")
        return uint32

    def meaning(self, *inputs: Array) -> Array:
        element, c1, c2, c3, k0, k1 = inputs
        counter = element // np.uint32(BLOCK) * np.uint32(LANES) + element % np.uint32(LANES)
        words = philox((counter, c1, c2, c3), (k0, k1))
        return np.choose(element // np.uint32(LANES) % np.uint32(4), words)

    def of_samples(self, build: Build, node: Node, lifted: Sequence[Node | None], samples: Extent) -> Node:
        """Bits of each sample's own: those that it would draw as a row of a batch.

        Its position there is its number. Element e at position p of the sample is element e + p·r of the row, where r
        elements lie behind each position.
        """
        inputs = [build.repeated(i, samples) if x is None else x for i, x in zip(node.inputs, lifted, strict=True)]
        element, position, *others = inputs
        behind = build.full_like(row_size(node.shape), position)
        number = build.iota(axis=0, shape=position.shape, dtype=uint32)
        return build.random_bits(build.add(element, build.mul(position, behind)), number, *others)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        element, *rest = lanes
        within = b.logical("and", element, b.const(LANES - 1, element))
        upper = b.logical("and", b.shift_right(element, 2), b.const((1 << 32) - LANES, element))
        words = b.philox((b.add(upper, within), *rest[:3]), tuple(rest[3:]))
        number = b.logical("and", b.shift_right(element, 4), b.const(3, element))
        found = words[0]
        for i, word in enumerate(words[1:], start=1):
            found = b.select(b.compare("eq", number, b.const(i, element)), word, found)
        return found


@primitive("unit_interval")
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
