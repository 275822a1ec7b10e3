"""What the compiler needs to know of a machine: vectors, registers, and how to wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A CPU as the emitters see it. ``vector_bytes`` and ``registers`` choose the tiles."""

    name: str
    features: str
    triple: str
    vector_bytes: int
    registers: int
    fma: bool
    yield_function: str = "sched_yield"

    @property
    def is_x86(self) -> bool:
        """Whether x86's pause and control register are there."""
        return self.triple.startswith(("x86_64", "i686"))

    def lanes(self, itemsize: int) -> int:
        """Elements of ``itemsize`` bytes in one vector."""
        return self.vector_bytes // itemsize

    def tile(self, lanes: int, columns: int, terms: int) -> tuple[int, int]:
        """Rows and vectors of a product's register tile, for sums of ``terms`` terms over ``columns`` columns.

        rows·vectors accumulators, one row of right operands and one broadcast must fit the registers. Taller
        tiles read the right operand's panel less often, which pays when it does not stay in the first cache.
        """
        tiles = TILES[self.registers]
        vectors = -(-columns // lanes)
        exact = [t for t in tiles if t[1] == vectors]
        exact = exact or [t for t in tiles if t[1] > 1 and columns % (t[1] * lanes) == 0]
        rows, width = (exact or [t for t in tiles if t[1] <= vectors])[0]
        panel = terms * width * self.vector_bytes
        return (min(rows, SHORT) if panel <= FIRST_CACHE else rows), width


#: bytes of a right operand's panel that stays in the first cache beside the left operand
FIRST_CACHE = 24 * 1024
#: rows of a tile where its height does not matter; 64, the rows of a shard, is a multiple of it
SHORT = 8
#: (rows, vectors) by number of vector registers, the preferred first; measured, see docs/decisions/0002
TILES = {32: ((8, 3), (12, 2), (14, 1)), 16: ((4, 3), (6, 2), (8, 1))}
