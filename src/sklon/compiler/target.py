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

    def tile(self, lanes: int, columns: int) -> tuple[int, int]:
        """Rows and vectors of a product's register tile for ``columns`` columns.

        rows·vectors accumulators, one row of right operands and one broadcast must fit the registers.
        """
        tiles = TILES[self.registers]
        vectors = -(-columns // lanes)
        fitting = [t for t in tiles if t[1] == vectors] or [t for t in tiles if t[1] > 1 and columns % (t[1] * lanes) == 0]
        return (fitting or [t for t in tiles if t[1] <= vectors])[0]

    def tile_rows(self, vectors: int) -> int:
        """Rows of a register tile of ``vectors`` vectors."""
        return next((r for r, v in TILES[self.registers] if v == vectors), TILES[self.registers][-1][0])


#: (rows, vectors) by number of vector registers, the preferred first; measured, see docs/decisions/0002
TILES = {32: ((8, 3), (12, 2), (14, 1)), 16: ((4, 3), (6, 2), (8, 1))}
