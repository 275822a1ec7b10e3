"""Products of matrices: panels of columns × tiles of rows, each tile in registers through the whole sum.

The lanes run over columns: a tile of R rows and V vectors keeps R·V accumulators, loads V vectors of the right operand
and broadcasts R elements of the left one for each term. Where both operands are contiguous along the sum, and the right
one is not along its columns, the lanes run over the sum: a tile of R rows and C columns keeps R·C accumulators.
"""

from __future__ import annotations

from sklon._base.shapes import SHARD, N
from sklon.compiler.target import Target
from sklon.program.ir import Loop, Program, lead

from .lanes import Declarations
from .operands import Operands
from .text import function
from .tile import Panel, Tile
from .tiling import Tiling

#: terms of the sum in one iteration, where the extent allows it
UNROLL = 4
#: terms from which on a longer iteration is worth its text
LONG_SUM = 128
#: vector registers from which on masks have registers of their own
WITH_MASKS = 32
#: rows of tiles whose lanes run over the sum, the preferred first
HEIGHTS_OVER_TERMS = (8, 4, 2, 1)


class ProductEmitter:
    """Emits one product: a function of the unit that calls functions of tiles."""

    def __init__(self, program: Program, loop: Loop, target: Target, declarations: Declarations) -> None:
        self.of = Operands(program, loop, target, declarations)

    def functions(self) -> list[tuple[str, list[int]]]:
        """The tiles' functions, and last the unit's, which calls them as @@0, @@1, …"""
        self.tiles: list[tuple[str, list[int]]] = []
        self.parameters: dict[int, str] = {}
        text = [" br label %s\ns:\n"]
        previous = "s"
        for axis in self.of.stack:
            text.append(self._opened(axis, previous))
            previous = f"T{axis}"
        for number, panel in enumerate(self._panels()):
            text.append(self._panel(number, panel, previous))
            previous = f"x{number}"
        text += [self._closed(axis) for axis in reversed(self.of.stack)]
        unit = function(len(self.parameters), "".join(text))
        return [*self.tiles, (unit, list(self.parameters))]

    def _opened(self, axis: int, previous: str) -> str:
        """The head of a loop over matrices that lie along an axis."""
        first, _ = self.of.whole(axis)
        return f" br label %T{axis}\nT{axis}:\n %t{axis} = phi i64 [{first}, %{previous}], [%tn{axis}, %U{axis}]\n"

    def _closed(self, axis: int) -> str:
        """The end of such a loop."""
        _, last = self.of.whole(axis)
        return f""" br label %U{axis}
U{axis}:
 %tn{axis} = add i64 %t{axis}, 1
 %tmore{axis} = icmp slt i64 %tn{axis}, {last}
 br i1 %tmore{axis}, label %T{axis}, label %V{axis}
V{axis}:
"""

    def tiling(self) -> Tiling:
        """How tiles cover the product."""
        first, *others = self._panels()
        return Tiling(
            heights=tuple(self._heights(first)),
            width=first.width,
            panels=first.count,
            rest=sum(panel.width for panel in others),
            unroll=self._unroll(True, first),
            over_terms=self.of.over_terms,
        )

    def _panels(self) -> list[Panel]:
        """Panels as wide as a tile, and one for the columns that are left."""
        of = self.of
        vectors = 1 if of.over_terms else self._vectors()
        wide = vectors * of.width
        full, left = divmod(of.columns, wide)
        panels = [Panel(0, full, vectors, wide, of.width)] if full else []
        if left:
            panels.append(Panel(full * wide, 1, -(-left // of.width), left, (left - 1) % of.width + 1))
        return panels

    def _vectors(self) -> int:
        of = self.of
        if of.right.panel:
            return of.right.panel // of.width
        return of.target.tile(of.width, of.columns, of.most_terms)[1]

    def _tallest(self, panel: Panel) -> int:
        of = self.of
        if of.lanes_are_rows:
            return of.width
        if of.over_terms:
            fitting = (h for h in HEIGHTS_OVER_TERMS if h * (panel.width + 1) < of.target.registers)
            return next(fitting, 1)
        return of.target.tile(of.width, panel.vectors * of.width, of.most_terms)[0]

    def _heights(self, panel: Panel) -> list[int]:
        """Rows of the tiles that cover a unit, tallest first, down to one unless taller ones always fit."""
        of = self.of
        extent, tallest = of.loop.axes[of.row], self._tallest(panel)
        if extent == N:
            return _distinct(min(tallest, of.program.max_rows), SHARD % tallest, 1)
        assert isinstance(extent, int)
        tallest = min(tallest, extent)
        block = lead(of.loop.outer)[1] if of.row == 0 else extent
        exact = extent % tallest == 0 and block % tallest == 0
        return [tallest] if exact else _distinct(tallest, block % tallest, extent % tallest, 1)

    def _unroll(self, tallest: bool, panel: Panel) -> int:
        """Steps in one iteration: those that divide a known extent; N rows have a rest of their own, or one mask.

        The tallest tile does nearly all the work; the others stay short, for they only cost compile time.
        """
        of = self.of
        if not tallest or (of.over_terms and not isinstance(of.terms, int)):
            return 1
        if panel.valid < of.width and of.target.registers < WITH_MASKS:
            return 1  # the mask takes a register that a second term needs
        if not isinstance(of.terms, int):
            return UNROLL if of.most_terms >= LONG_SUM else 2
        steps = of.terms // of.width if of.over_terms else of.terms
        return 2 if steps and steps % 2 == 0 else 1

    def _panel(self, number: int, panel: Panel, previous: str) -> str:
        """For each panel of columns: tiles of rows, from the tallest down."""
        of = self.of
        first, last = of.whole(of.row)
        heights = self._heights(panel)
        text = f""" br label %J{number}
J{number}:
 %j{number} = phi i64 [{panel.first}, %{previous}], [%jn{number}, %E{number}]
"""
        row, block = first, f"J{number}"
        for tier, height in enumerate(heights):
            i = f"{number}_{tier}"
            after = f"E{number}" if tier == len(heights) - 1 else f"D{i}"
            text += f""" br label %M{i}
M{i}:
 %m{i} = phi i64 [{row}, %{block}], [%mn{i}, %B{i}]
 %mn{i} = add i64 %m{i}, {height}
 %fit{i} = icmp sle i64 %mn{i}, {last}
 br i1 %fit{i}, label %B{i}, label %{after}
B{i}:
{self._call(height, panel, self._unroll(tier == 0, panel), f"%m{i}", f"%j{number}")} br label %M{i}
{after}:
"""
            row, block = f"%m{i}", after
        return f"""{text} %jn{number} = add i64 %j{number}, {panel.width}
 %again{number} = icmp slt i64 %jn{number}, {panel.first + panel.count * panel.width}
 br i1 %again{number}, label %J{number}, label %x{number}
x{number}:
"""

    def _call(self, rows: int, panel: Panel, unroll: int, m: str, n: str) -> str:
        text, buffers = Tile(self.of, rows, panel, unroll).emit()
        self.tiles.append((text, buffers))
        pointers = "".join(f", ptr {self.parameters.setdefault(b, f'%p{len(self.parameters)}')}" for b in buffers)
        number = len(self.tiles) - 1
        stack = "".join(f", i64 %t{axis}" for axis in self.of.stack)
        return f" call void @@{number}@@(ptr %step, i64 %lo, i64 %hi, i64 {m}, i64 {n}{stack}{pointers})\n"


def _distinct(*heights: int) -> list[int]:
    return [h for h in dict.fromkeys(heights) if h]
