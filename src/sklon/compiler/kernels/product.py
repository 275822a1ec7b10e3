"""Products of matrices: panels of columns × tiles of rows, each tile in registers through the whole sum.

A tile of R rows and V vectors keeps R·V accumulators as phi nodes, loads V vectors of the right operand and
broadcasts R elements of the left one for each term. Its epilogue is the loop's other instructions, evaluated at
the tile's offsets. Where both operands are contiguous along the sum, the lanes run over the sum instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from sklon._base.dtypes import Dtype, bool_
from sklon._base.shapes import SHARD, N, S
from sklon.compiler.target import Target
from sklon.program.ir import Access, Loop, Product, Program, Store, lead, stride_along

from .addresses import Counter, Offsets
from .body import Body
from .facts import lanes_of
from .lanes import MEMORY_TYPES, Declarations, Lanes, Value
from .text import PROLOGUE, extent_text, function

#: terms of the sum in one iteration, where the extent allows it
UNROLL = 4
#: terms from which on a longer iteration is worth its text
LONG_SUM = 128
#: rows of a tile whose lanes run over the sum
DOT_ROWS = 4


@dataclass(frozen=True, slots=True)
class _Strides:
    """Elements between neighbours along row, lane and sum, of both operands."""

    left_row: int
    left_sum: int
    right_lane: int
    right_sum: int


@dataclass(frozen=True, slots=True)
class _Panel:
    """Columns ``first`` to ``first + count·width``, in ``count`` steps of ``vectors`` vectors."""

    first: int
    count: int
    vectors: int
    tail: int  # valid lanes of the last vector; 0 where all are


class ProductEmitter:
    """Emits one product: a function of the unit that calls functions of tiles."""

    def __init__(self, program: Program, loop: Loop, target: Target, declarations: Declarations) -> None:
        self.program, self.loop, self.target, self.declarations = program, loop, target, declarations
        self.position, self.product = next((i, x) for i, x in enumerate(loop.body) if isinstance(x, Product))
        self.sharded = loop.outer[0] == S
        self.row, self.lane, self.sum = (a + self.sharded for a in (0, 1, 2))
        self.width = lanes_of(program, loop, target.vector_bytes)
        self.left, self.right = (program.buffers[a.buffer] for a in (self.product.left, self.product.right))
        self.strides = self._strides()
        columns = loop.axes[self.lane]
        assert isinstance(columns, int)
        self.columns = columns
        self.dot = self.strides.right_lane != 1 and columns != 1
        self.dot = self.dot or (columns == 1 and self.strides.right_sum == 1 and self.strides.left_sum == 1)

    def _strides(self) -> _Strides:
        def along(at: Access, axis: int) -> int:
            return stride_along(self.program.buffers[at.buffer], at, axis)

        left, right = self.product.left, self.product.right
        right_lane = 1 if self.right.panel else along(right, self.lane)
        return _Strides(along(left, self.row), along(left, self.sum), right_lane, along(right, self.sum))

    def functions(self) -> list[tuple[str, list[int]]]:
        """The tiles' functions, and last the unit's, which calls them as @@0, @@1, …"""
        self.tiles: list[tuple[str, list[int]]] = []
        self.parameters: dict[int, str] = {}
        text = [" br label %s\ns:\n"]
        previous = "s"
        for number, panel in enumerate(self._panels()):
            text.append(self._panel(number, panel, previous))
            previous = f"x{number}"
        unit = function(len(self.parameters), "".join(text))
        return [*self.tiles, (unit, list(self.parameters))]

    def _panels(self) -> list[_Panel]:
        if self.dot:
            return [_Panel(0, self.columns, 1, 0)]
        _, vectors = self.target.tile(self.width, self.columns, self.terms())
        if self.right.panel:
            vectors = self.right.panel // self.width
        wide = vectors * self.width
        full = self.columns // wide
        panels = [_Panel(0, full, vectors, 0)] if full else []
        left = self.columns - full * wide
        if left:
            panels.append(_Panel(full * wide, 1, -(-left // self.width), left % self.width))
        return panels

    def terms(self) -> int:
        """The terms of the sum, at most."""
        extent = self.loop.axes[self.sum]
        return extent if isinstance(extent, int) else min(self.program.max_rows, SHARD if self.sharded else 1 << 30)

    def _heights(self, vectors: int) -> list[int]:
        """Rows of the tiles that cover a unit, tallest first, down to one unless taller ones always fit."""
        extent = self.loop.axes[self.row]
        tallest = DOT_ROWS if self.dot else self.target.tile(self.width, vectors * self.width, self.terms())[0]
        if extent == N:
            return [h for h in dict.fromkeys((tallest, SHARD % tallest, 1)) if h]
        assert isinstance(extent, int)
        tallest = min(tallest, extent)
        block = extent if self.sharded else lead(self.loop.outer)[1]
        exact = extent % tallest == 0 and block % tallest == 0
        return [tallest] if exact else [h for h in dict.fromkeys((tallest, block % tallest, extent % tallest, 1)) if h]

    def _panel(self, number: int, panel: _Panel, previous: str) -> str:
        """For each panel of columns: tiles of rows, from the tallest down."""
        step = 1 if self.dot else panel.vectors * self.width
        first, last = ("0", extent_text(self.loop.axes[self.row])) if self.sharded else ("%lo", "%hi")
        heights = self._heights(panel.vectors)
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
{self._call(height, tier == 0, panel, f"%m{i}", f"%j{number}")} br label %M{i}
{after}:
"""
            row, block = f"%m{i}", after
        return f"""{text} %jn{number} = add i64 %j{number}, {step}
 %again{number} = icmp slt i64 %jn{number}, {panel.first + panel.count * step}
 br i1 %again{number}, label %J{number}, label %x{number}
x{number}:
"""

    def _call(self, rows: int, tallest: bool, panel: _Panel, m: str, n: str) -> str:
        text, buffers = _Tile(self, rows, tallest, panel).emit()
        self.tiles.append((text, buffers))
        pointers = "".join(f", ptr {self.parameters.setdefault(b, f'%p{len(self.parameters)}')}" for b in buffers)
        number = len(self.tiles) - 1
        return f" call void @@{number}@@(ptr %step, i64 %lo, i64 %hi, i64 {m}, i64 {n}{pointers})\n"


class _Tile:
    """The function of one tile at row %m and column %n."""

    def __init__(self, emitter: ProductEmitter, rows: int, tallest: bool, panel: _Panel) -> None:
        self.e, self.rows, self.tallest, self.panel = emitter, rows, tallest, panel
        self.width = emitter.width
        self.dtype: Dtype = emitter.left.dtype
        self.lanes = Lanes(self.width, emitter.target.fma, emitter.declarations)
        self.vector, self.element = self.lanes.type(self.dtype), MEMORY_TYPES[self.dtype.short]
        self.vectors = 1 if emitter.dot else panel.vectors

    def emit(self) -> tuple[str, list[int]]:
        e = self.e
        body = Body(e.program, e.loop, self.lanes)
        body.frame.counters = {e.row: Counter("%m", 0), e.lane: Counter("%n", 0)}
        if e.sharded:
            body.frame.counters[0] = Counter("%shard", 0)
            self.lanes.lines[0] = [f" %shard = udiv i64 %lo, {SHARD}"]
        body.frame.lane = None if e.dot else e.lane
        body.frame.mask = self._mask
        left, right = body.frame.pointer(e.product.left.buffer), body.frame.pointer(e.product.right.buffer)
        loop = self._sum(left, right)
        accumulators = self._accumulators()
        body.anchor = lambda offsets: accumulators[offsets.get(e.row, 0), offsets.get(e.lane, 0) // self.width]
        for r in range(self.rows):
            for v in range(self.vectors):
                offsets = {e.row: r, e.lane: v * self.width}
                for instruction in e.loop.body:
                    if isinstance(instruction, Store):
                        body.store(instruction, offsets, 0)
        epilogue = "".join(line + "\n" for line in self.lanes.lines.get(0, []))
        text = function(len(body.parameters), PROLOGUE + loop + epilogue, "i64 %lo, i64 %hi, i64 %m, i64 %n")
        return text, body.parameters

    def _mask(self, offsets: Offsets) -> str | None:
        """Only the last vector of the last panel is partial."""
        tail = self.panel.tail
        if not tail or offsets.get(self.e.lane, 0) != (self.vectors - 1) * self.width:
            return None
        return "<" + ", ".join(f"i1 {'true' if i < tail else 'false'}" for i in range(self.width)) + ">"

    def _accumulators(self) -> dict[tuple[int, int], Value]:
        finished = {(r, v): Value(f"%z{r}_{v}", 0, self.dtype) for r, v in self._tile_places()}
        return {place: self._across(value) for place, value in finished.items()} if self.e.dot else finished

    def _across(self, total: Value) -> Value:
        """The sum of all lanes, as a tree, in every lane."""
        width = self.width
        while width > 1:
            width //= 2
            order = ", ".join(f"i32 {i + width if i < width else i}" for i in range(self.width))
            other = self.lanes.emit(
                0,
                total.dtype,
                f"shufflevector {self.vector} {total.text}, {self.vector} poison, <{self.width} x i32> <{order}>",
            )
            total = self.lanes.add(total, other)
        return self.lanes.splat(self.lanes.first(total, 0), 0, total.dtype)

    # ---- the loop over the sum
    def _terms(self) -> int:
        """Terms in one step of the loop, before unrolling."""
        return self.width if self.e.dot else 1

    def _unroll(self) -> int:
        """Steps in one iteration: those that divide a known extent; N rows have a rest of their own, or one mask.

        The tallest tile does nearly all the work; the others stay short, for they only cost compile time.
        """
        extent = self.e.loop.axes[self.e.sum]
        if not self.tallest or (self.e.dot and not isinstance(extent, int)):
            return 1
        if not isinstance(extent, int):
            return UNROLL if self.e.terms() >= LONG_SUM else 2
        return 2 if extent % (2 * self._terms()) == 0 else 1

    def _tile_places(self) -> list[tuple[int, int]]:
        return [(r, v) for r in range(self.rows) for v in range(self.vectors)]

    def _sum(self, left: str, right: str) -> str:
        """From the block ``entry`` to the block ``X``, where %z{r}_{v} are the finished accumulators."""
        e, s = self.e, self.e.strides
        extent = e.loop.axes[e.sum]
        first, last = ("%lo", "%hi") if e.sharded else ("0", extent_text(extent))
        lines = [self._offset("%left", left, "%m", s.left_row), self._right(right)]
        lines.append(self._offset("%a0", "%left", first, s.left_sum))
        lines.append(self._offset("%b0", "%right", first, s.right_sum))
        if isinstance(extent, int) or self._unroll() == 1:
            lines.append(" br label %L")
            self._loop(lines, "L", ("entry", first, "%a0", "%b0"), last, self._unroll())
            lines.append("LX:\n br label %X\nX:")
            lines += [f" %z{r}_{v} = phi {self.vector} [%cL{r}_{v}, %LX]" for r, v in self._tile_places()]
        else:
            self._loop_with_rest(lines, first, last, self._unroll())
        return "\n".join(lines) + "\n"

    def _loop_with_rest(self, lines: list[str], first: str, last: str, unroll: int) -> None:
        """Whole iterations of ``unroll`` rows, then the rows that are left, one by one."""
        lines.append(f" %count = sub i64 {last}, {first}\n %left_over = urem i64 %count, {unroll}")
        lines.append(f" %whole = sub i64 {last}, %left_over\n %any = icmp slt i64 {first}, %whole")
        lines.append(" br i1 %any, label %L, label %C")
        self._loop(lines, "L", ("entry", first, "%a0", "%b0"), "%whole", unroll)
        lines.append("LX:\n br label %C\nC:")
        for name, kind, start in (("k", "i64", first), ("a", "ptr", "%a0"), ("b", "ptr", "%b0")):
            lines.append(f" %{name}C = phi {kind} [{start}, %entry], [%{name}Ln, %LX]")
        for r, v in self._tile_places():
            lines.append(f" %cC{r}_{v} = phi {self.vector} [zeroinitializer, %entry], [%cL{r}_{v}, %LX]")
        lines.append(f" %rest = icmp slt i64 %kC, {last}\n br i1 %rest, label %R, label %X")
        self._loop(lines, "R", ("C", "%kC", "%aC", "%bC"), last, 1, "%cC")
        lines.append("RX:\n br label %X\nX:")
        for r, v in self._tile_places():
            lines.append(f" %z{r}_{v} = phi {self.vector} [%cC{r}_{v}, %C], [%cR{r}_{v}, %RX]")

    def _loop(
        self, lines: list[str], l: str, start: tuple[str, str, str, str], last: str, unroll: int, before: str = ""
    ) -> None:
        """The loop ``l``; its accumulators %c{l}{r}_{v} start from ``before``, or from zero; it leaves to {l}X."""
        block, first, left, right = start
        s, step = self.e.strides, unroll * self._terms()
        lines.append(f"{l}:\n %k{l} = phi i64 [{first}, %{block}], [%k{l}n, %{l}]")
        lines.append(f" %a{l} = phi ptr [{left}, %{block}], [%a{l}n, %{l}]")
        lines.append(f" %b{l} = phi ptr [{right}, %{block}], [%b{l}n, %{l}]")
        for r, v in self._tile_places():
            entry = f"{before}{r}_{v}" if before else "zeroinitializer"
            lines.append(f" %c{l}{r}_{v}_0 = phi {self.vector} [{entry}, %{block}], [%c{l}{r}_{v}, %{l}]")
        mask = self._tail_of_sum(lines, l)
        for u in range(unroll):
            self._term(lines, l, u, unroll, mask)
        lines.append(f" %a{l}n = getelementptr {self.element}, ptr %a{l}, i64 {step * s.left_sum}")
        lines.append(f" %b{l}n = getelementptr {self.element}, ptr %b{l}, i64 {step * s.right_sum}")
        lines.append(f" %k{l}n = add i64 %k{l}, {step}\n %more{l} = icmp slt i64 %k{l}n, {last}")
        lines.append(f" br i1 %more{l}, label %{l}, label %{l}X")

    def _offset(self, name: str, pointer: str, index: str, stride: int) -> str:
        return (
            f" {name}o = mul i64 {index}, {stride}\n {name} = getelementptr {self.element}, ptr {pointer}, i64 {name}o"
        )

    def _right(self, pointer: str) -> str:
        e = self.e
        if not e.right.panel:
            return self._offset("%right", pointer, "%n", e.strides.right_lane)
        rows = e.right.shape[0]
        return (
            f" %panel = udiv i64 %n, {e.right.panel}\n"
            f"{self._offset('%right', pointer, '%panel', int(str(rows)) * e.right.panel)}"
        )

    def _tail_of_sum(self, lines: list[str], l: str) -> str | None:
        """The mask of the last terms, where the lanes run over the sum and do not divide it."""
        extent = self.e.loop.axes[self.e.sum]
        if not self.e.dot or (isinstance(extent, int) and extent % self.width == 0):
            return None
        width = f"<{self.width} x i32>"
        steps = ", ".join(f"i32 {i}" for i in range(self.width))
        lines.append(
            f" %tail{l} = sub i64 {extent_text(extent)}, %k{l}\n %tail32{l} = trunc i64 %tail{l} to i32\n"
            f" %tail1{l} = insertelement {width} poison, i32 %tail32{l}, i32 0\n"
            f" %tailv{l} = shufflevector {width} %tail1{l}, {width} poison, {width} zeroinitializer\n"
            f" %tailm{l} = icmp sgt {width} %tailv{l}, <{steps}>"
        )
        return f"%tailm{l}"

    def _term(self, lines: list[str], l: str, u: int, unroll: int, mask: str | None) -> None:
        """Step ``u`` of an iteration of the loop ``l``, for the whole tile."""
        e, s = self.e, self.e.strides
        for v in range(self.vectors):
            shift = u * self._terms() * s.right_sum + v * self.width
            tail = None if e.dot or e.right.panel else self._mask({e.lane: v * self.width})
            lines.append(f" %bp{l}{u}_{v} = getelementptr {self.element}, ptr %b{l}, i64 {shift}")
            lines.append(self._load(f"%b{l}{u}_{v}", f"%bp{l}{u}_{v}", mask or tail))
        for r in range(self.rows):
            name, shift = f"{l}{u}_{r}", r * s.left_row + u * self._terms() * s.left_sum
            lines.append(f" %ap{name} = getelementptr {self.element}, ptr %a{l}, i64 {shift}")
            lines.append(self._load(f"%a{name}", f"%ap{name}", mask) if e.dot else self._broadcast(name))
            for v in range(self.vectors):
                new = f"%c{l}{r}_{v}" if u == unroll - 1 else f"%c{l}{r}_{v}_{u + 1}"
                lines.append(self._fma(new, f"%a{name}", f"%b{l}{u}_{v}", f"%c{l}{r}_{v}_{u}"))

    def _broadcast(self, name: str) -> str:
        size = self.dtype.itemsize
        one = f"<1 x {self.element}>"
        zero = f"<{self.width} x i32> zeroinitializer"
        return (
            f" %s{name} = load {one}, ptr %ap{name}, align {size}\n"
            f" %a{name} = shufflevector {one} %s{name}, {one} poison, {zero}"
        )

    def _load(self, name: str, pointer: str, mask: str | None) -> str:
        size = self.dtype.itemsize
        if mask is None:
            return f" {name} = load {self.vector}, ptr {pointer}, align {size}"
        masks = self.lanes.type(bool_)
        intrinsic = self.e.declarations.declare(
            f"llvm.masked.load.{self.lanes.mangled(self.dtype)}.p0", self.vector, ["ptr", "i32", masks, self.vector]
        )
        return (
            f" {name} = call {self.vector} @{intrinsic}(ptr {pointer}, i32 {size}, {masks} {mask}, "
            f"{self.vector} zeroinitializer)"
        )

    def _fma(self, name: str, a: str, b: str, c: str) -> str:
        if not self.e.target.fma:
            return f" {name}p = fmul {self.vector} {a}, {b}\n {name} = fadd {self.vector} {c}, {name}p"
        intrinsic = self.e.declarations.declare(
            f"llvm.fma.{self.lanes.mangled(self.dtype)}", self.vector, [self.vector] * 3
        )
        return f" {name} = call {self.vector} @{intrinsic}({self.vector} {a}, {self.vector} {b}, {self.vector} {c})"
