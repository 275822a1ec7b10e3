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
        widths = TILES[self.registers]
        vectors = -(-columns // lanes)
        if vectors < max(v for _, v in widths):
            fitting = [t for t in widths if t[1] == vectors] or [(widths[0][0], vectors)]
            return fitting[0]
        exact = [t for t in widths if columns % (t[1] * lanes) == 0]
        return (exact or list(widths))[0]


#: (rows, vectors) by number of vector registers, the preferred first; measured, see docs/decisions/0002
TILES = {32: ((8, 3), (8, 2), (8, 1)), 16: ((4, 3), (4, 2), (8, 1))}
