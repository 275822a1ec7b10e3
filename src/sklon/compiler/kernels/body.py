"""The body of a loop as LLVM text: loads, stores and point ops at the indices of the surrounding nest.

The same routine serves maps, reductions and the epilogues of register tiles: a value is asked for at constant
offsets along some axes, and computed once for all offsets on which it does not depend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sklon._base.dtypes import Dtype, bool_, int64
from sklon._base.shapes import Shape
from sklon.program.ir import (
    Access,
    Accumulate,
    Apply,
    Buffer,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Product,
    Program,
    Rows,
    Scalar,
    Store,
)

from .lanes import MEMORY_TYPES, Lanes, Value

Offsets = Mapping[int, int]
NO_OFFSETS: Offsets = {}


@dataclass(frozen=True, slots=True)
class Counter:
    """The running index of an axis: its LLVM name and the depth at which it is known."""

    text: str
    depth: int


def uses(loop: Loop) -> list[frozenset[int]]:
    """For each instruction of a loop the axes on which its value depends."""
    inner = frozenset(range(len(loop.outer), len(loop.axes)))
    result: list[frozenset[int]] = []
    for i in loop.body:
        result.append(_uses(i, result, inner, len(loop.outer)))
    return result


def _uses(i: Instruction, known: list[frozenset[int]], inner: frozenset[int], rank: int) -> frozenset[int]:
    match i:
        case Load():
            axes = frozenset(a for a in i.at.index if a >= 0)
            return axes | known[i.at.row] if i.at.row is not None else axes
        case Index():
            return frozenset((i.axis,))
        case Apply():
            return frozenset().union(*(known[a] for a in i.args))
        case Accumulate():
            return known[i.value] - inner
        case Product():
            return frozenset(range(rank))
    return frozenset()


def result_dtypes(program: Program, loop: Loop) -> list[Dtype]:
    """The element type of each instruction's value; a store has the type that it stores."""
    result: list[Dtype] = []
    for i in loop.body:
        match i:
            case Load():
                dtype = program.buffers[i.at.buffer].dtype
            case Const() | Rows() | Scalar() | Index():
                dtype = i.dtype
            case Apply():
                dtype = i.op.result_dtype(*(result[a] for a in i.args))
            case Accumulate() | Store():
                dtype = result[i.value]
            case Product():
                dtype = program.buffers[i.left.buffer].dtype
        result.append(dtype)
    return result


def lanes_of(program: Program, loop: Loop, vector_bytes: int) -> int:
    """How many lanes a loop runs at once: a vector of its widest floating type."""
    sizes = [d.itemsize for d in result_dtypes(program, loop) if d.is_floating]
    return vector_bytes // max(sizes, default=4)


class Body:
    """Writes the instructions of one loop through ``lanes``.

    ``counters`` gives the running axes, ``lane`` the axis along which the lanes run, ``mask`` the text of the
    mask at given offsets, or None where all lanes are valid.
    """

    def __init__(self, program: Program, loop: Loop, lanes: Lanes) -> None:
        self.program, self.loop, self.lanes = program, loop, lanes
        self.uses = uses(loop)
        self.counters: dict[int, Counter] = {}
        self.lane: int | None = None
        self.flat = False
        self.mask: Callable[[Offsets], str | None] = lambda offsets: None
        self.pointers: dict[int, str] = {}  # buffer → parameter
        self.known: dict[tuple[int, tuple[tuple[int, int], ...]], Value] = {}
        self.anchor: Callable[[Offsets], Value] | None = None
        self._addresses: dict[tuple[Access, tuple[tuple[int, int], ...], int], tuple[str, int]] = {}

    @property
    def parameters(self) -> list[int]:
        """The buffers that the function takes as pointers, in order."""
        return list(self.pointers)

    def pointer(self, buffer: int) -> str:
        """The parameter that points to a buffer."""
        return self.pointers.setdefault(buffer, f"%p{len(self.pointers)}")

    # ---- values
    def value(self, number: int, offsets: Offsets = NO_OFFSETS) -> Value:
        """The value of an instruction at constant offsets along axes; iterative, so chains of any length work."""
        stack = [number]
        while stack:
            current = stack[-1]
            key = self._key(current, offsets)
            missing = [a for a in self._arguments(current) if self._key(a, offsets) not in self.known]
            if key not in self.known and not missing:
                self.known[key] = self._compute(current, dict(key[1]))
            if key in self.known:
                stack.pop()
            else:
                stack += missing
        return self.known[self._key(number, offsets)]

    def _key(self, number: int, offsets: Offsets) -> tuple[int, tuple[tuple[int, int], ...]]:
        """An instruction and those offsets on which its value depends."""
        return number, tuple(sorted((a, o) for a, o in offsets.items() if o and a in self.uses[number]))

    def _arguments(self, number: int) -> tuple[int, ...]:
        instruction = self.loop.body[number]
        return instruction.args if isinstance(instruction, Apply) else ()

    def _compute(self, number: int, offsets: Offsets) -> Value:
        instruction = self.loop.body[number]
        match instruction:
            case Load():
                return self._load(instruction.at, offsets)
            case Const():
                return self.lanes.constant(instruction.value, instruction.dtype)
            case Rows():
                return self._from_integer("%rows", 0, instruction.dtype)
            case Scalar():
                return self._scalar(instruction)
            case Index():
                return self._index(instruction, offsets)
            case Apply():
                return self._apply(instruction, offsets)
        assert self.anchor is not None, instruction
        return self.anchor(offsets)

    def _apply(self, instruction: Apply, offsets: Offsets) -> Value:
        arguments = (self.value(a, offsets) for a in instruction.args)
        result = instruction.op.body(self.lanes, *arguments)
        assert isinstance(result, Value)
        return result

    def _from_integer(self, text: str, depth: int, dtype: Dtype) -> Value:
        return self.lanes.cast(self.lanes.splat(text, depth, int64), dtype)

    def _scalar(self, instruction: Scalar) -> Value:
        place = self.lanes.name(0, f"getelementptr double, ptr %scalars, i64 {instruction.position}")
        number = self.lanes.name(0, f"load double, ptr {place}")
        dtype = instruction.dtype
        if not dtype.is_floating:
            return self._from_integer(self.lanes.name(0, f"fptosi double {number} to i64"), 0, dtype)
        if dtype.bits == 32:
            number = self.lanes.name(0, f"fptrunc double {number} to float")
        return self.lanes.splat(number, 0, dtype)

    def _index(self, instruction: Index, offsets: Offsets) -> Value:
        counter = self.counters.get(instruction.axis)
        if counter is None:
            return self.lanes.constant(0, instruction.dtype)
        text = counter.text
        offset = offsets.get(instruction.axis, 0)
        if offset:
            text = self.lanes.name(counter.depth, f"add i64 {text}, {offset}")
        index = self.lanes.splat(text, counter.depth, int64)
        if instruction.axis == self.lane:
            steps = ", ".join(f"i64 {i}" for i in range(self.lanes.width))
            vector = self.lanes.type(int64)
            index = self.lanes.emit(counter.depth, int64, f"add {vector} {index.text}, <{steps}>")
        return self.lanes.cast(index, instruction.dtype)

    # ---- memory
    def lane_stride(self, at: Access) -> int:
        """Elements between neighbouring lanes; 0 where all lanes read the same element."""
        if self.flat:
            return 1 if any(a >= 0 for a in at.index) else 0
        strides = self.program.buffers[at.buffer].strides
        return sum(s for a, s in zip(at.index, strides, strict=True) if a == self.lane and a >= 0)

    def address(self, at: Access, offsets: Offsets) -> tuple[str, int]:
        """A pointer to the element at the nest's indices plus ``offsets``, and its depth."""
        buffer = self.program.buffers[at.buffer]
        strides = (1,) if self.flat else buffer.strides
        index = self._flat_index(at) if self.flat else at.index
        gathered = self._row_offsets(at, offsets)
        shift = self._shift(buffer, index, strides, {} if at.row is None else {index[0]: 0}, offsets)
        key = (at, gathered, shift)
        if key in self._addresses:
            return self._addresses[key]
        if shift:
            base, depth = self.address(at, dict(gathered))
            result = (self._step(buffer, base, str(shift), depth), depth)
        else:
            result = self._base_address(at, buffer, index, strides, dict(gathered))
        self._addresses[key] = result
        return result

    def _row_offsets(self, at: Access, offsets: Offsets) -> tuple[tuple[int, int], ...]:
        """The offsets on which the index of a gathered row depends."""
        return self._key(at.row, offsets)[1] if at.row is not None else ()

    def _shift(
        self, buffer: Buffer, index: tuple[int, ...], strides: tuple[int, ...], fixed: Offsets, offsets: Offsets
    ) -> int:
        """Elements by which constant offsets move an address; axes in ``fixed`` move by their own."""
        if buffer.panel:
            return 0
        moved = {**offsets, **fixed}
        return sum(s * moved.get(a, 0) for a, s in zip(index, strides, strict=True) if a >= 0)

    def _flat_index(self, at: Access) -> tuple[int, ...]:
        return (0,) if any(a >= 0 for a in at.index) else (-1,)

    def _base_address(
        self, at: Access, buffer: Buffer, index: tuple[int, ...], strides: tuple[int, ...], offsets: Offsets
    ) -> tuple[str, int]:
        pointer, depth = self.pointer(at.buffer), 0
        if buffer.panel:
            return self._panel_address(at, buffer, pointer)
        if at.row is not None:
            row = self.value(at.row, offsets)
            depth = row.depth
            number = self.lanes.first(row, depth)
            wide = self.lanes.name(depth, f"sext i{row.dtype.bits} {number} to i64") if row.dtype.bits < 64 else number
            pointer = self._step(buffer, pointer, self._times(wide, strides[0], depth), depth)
            index, strides = index[1:], strides[1:]
        running = [(self.counters[a], s) for a, s in zip(index, strides, strict=True) if a in self.counters]
        for counter, stride in sorted(running, key=lambda pair: pair[0].depth):
            depth = max(depth, counter.depth)
            pointer = self._step(buffer, pointer, self._times(counter.text, stride, counter.depth), depth)
        return pointer, depth

    def _panel_address(self, at: Access, buffer: Buffer, pointer: str) -> tuple[str, int]:
        """(j // panel)·rows·panel + i·panel + j % panel, as j + (j // panel)·(rows − 1)·panel + i·panel."""
        rows, width = buffer.shape[0], buffer.panel
        assert isinstance(rows, int)
        depth = 0
        for axis, place in zip(at.index, ("row", "column"), strict=True):
            counter = self.counters.get(axis)
            if counter is None:
                continue
            depth = max(depth, counter.depth)
            if place == "row":
                pointer = self._step(buffer, pointer, self._times(counter.text, width, depth), depth)
                continue
            panel = self.lanes.name(counter.depth, f"udiv i64 {counter.text}, {width}")
            skip = self._times(panel, (rows - 1) * width, counter.depth)
            place_in = self.lanes.name(counter.depth, f"add i64 {skip}, {counter.text}")
            pointer = self._step(buffer, pointer, place_in, depth)
        return pointer, depth

    def _times(self, text: str, factor: int, depth: int) -> str:
        return text if factor == 1 else self.lanes.name(depth, f"mul i64 {text}, {factor}")

    def _step(self, buffer: Buffer, pointer: str, elements: str, depth: int) -> str:
        element = MEMORY_TYPES[buffer.dtype.short]
        return self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, i64 {elements}")

    def _load(self, at: Access, offsets: Offsets) -> Value:
        buffer = self.program.buffers[at.buffer]
        if at.row is not None and at.index[0] == self.lane:
            return self._gather_rows(at, buffer, offsets)
        pointer, depth = self.address(at, offsets)
        stride = self.lane_stride(at)
        element, size = MEMORY_TYPES[buffer.dtype.short], buffer.dtype.itemsize
        if stride == 0:
            number = self.lanes.name(depth, f"load {element}, ptr {pointer}, align {size}")
            if buffer.dtype is bool_:
                number = self.lanes.name(depth, f"trunc i8 {number} to i1")
            return self.lanes.splat(number, depth, buffer.dtype)
        if stride == 1:
            return self._from_memory(self._load_vector(pointer, depth, buffer, offsets), depth, buffer.dtype)
        steps = ", ".join(f"i64 {i * stride}" for i in range(self.lanes.width))
        places = self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, <{self.lanes.width} x i64> <{steps}>")
        return self._gather(places, depth, buffer, offsets)

    def _load_vector(self, pointer: str, depth: int, buffer: Buffer, offsets: Offsets) -> str:
        element, size = MEMORY_TYPES[buffer.dtype.short], buffer.dtype.itemsize
        vector = f"<{self.lanes.width} x {element}>"
        mask = self.mask(offsets)
        if mask is None:
            return self.lanes.name(depth, f"load {vector}, ptr {pointer}, align {size}")
        masks = self.lanes.type(bool_)
        name = self.lanes.declarations.declare(
            f"llvm.masked.load.{self._memory_suffix(buffer.dtype)}.p0", vector, ["ptr", "i32", masks, vector]
        )
        return self.lanes.name(
            depth, f"call {vector} @{name}(ptr {pointer}, i32 {size}, {masks} {mask}, {vector} zeroinitializer)"
        )

    def _gather_rows(self, at: Access, buffer: Buffer, offsets: Offsets) -> Value:
        """One row for each lane."""
        assert at.row is not None
        rows = self.lanes.cast(self.value(at.row, offsets), int64)
        rest = Access(at.buffer, (-1, *at.index[1:]))
        pointer, depth = self.address(rest, offsets)
        wide = self.lanes.type(int64)
        stride = buffer.strides[0]
        index = (
            rows.text if stride == 1 else self.lanes.name(rows.depth, f"mul {wide} {rows.text}, splat (i64 {stride})")
        )
        depth = max(depth, rows.depth)
        element = MEMORY_TYPES[buffer.dtype.short]
        places = self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, {wide} {index}")
        return self._gather(places, depth, buffer, offsets)

    def _gather(self, places: str, depth: int, buffer: Buffer, offsets: Offsets) -> Value:
        width = self.lanes.width
        vector, masks, pointers = (
            f"<{width} x {MEMORY_TYPES[buffer.dtype.short]}>",
            self.lanes.type(bool_),
            f"<{width} x ptr>",
        )
        suffix = f"{self._memory_suffix(buffer.dtype)}.v{width}p0"
        name = self.lanes.declarations.declare(f"llvm.masked.gather.{suffix}", vector, [pointers, "i32", masks, vector])
        mask = self.mask(offsets) or "splat (i1 true)"
        size = buffer.dtype.itemsize
        text = f"call {vector} @{name}({pointers} {places}, i32 {size}, {masks} {mask}, {vector} zeroinitializer)"
        return self._from_memory(self.lanes.name(depth, text), depth, buffer.dtype)

    def _from_memory(self, text: str, depth: int, dtype: Dtype) -> Value:
        if dtype is not bool_:
            return Value(text, depth, dtype)
        return self.lanes.emit(depth, bool_, f"trunc <{self.lanes.width} x i8> {text} to {self.lanes.type(bool_)}")

    def _memory_suffix(self, dtype: Dtype) -> str:
        bits = 8 if dtype is bool_ else dtype.bits
        return f"v{self.lanes.width}{'f' if dtype.is_floating else 'i'}{bits}"

    def store(self, instruction: Store, offsets: Offsets, depth: int) -> None:
        """Write a value; ``depth`` is where the element is complete."""
        value = self.value(instruction.value, offsets)
        buffer = self.program.buffers[instruction.to.buffer]
        pointer, known = self.address(instruction.to, offsets)
        depth = max(depth, value.depth, known)
        stride = self.lane_stride(instruction.to)
        element, size = MEMORY_TYPES[buffer.dtype.short], buffer.dtype.itemsize
        if stride == 0:
            number = self.lanes.first(value, depth)
            if buffer.dtype is bool_:
                number = self.lanes.name(depth, f"zext i1 {number} to i8")
            self.lanes.line(depth, f"store {element} {number}, ptr {pointer}, align {size}")
            return
        self._store_vector(value, buffer, pointer, stride, offsets, depth)

    def _store_vector(
        self, value: Value, buffer: Buffer, pointer: str, stride: int, offsets: Offsets, depth: int
    ) -> None:
        width, size = self.lanes.width, buffer.dtype.itemsize
        element = MEMORY_TYPES[buffer.dtype.short]
        vector, masks = f"<{width} x {element}>", self.lanes.type(bool_)
        text = value.text
        if buffer.dtype is bool_:
            text = self.lanes.name(depth, f"zext {masks} {text} to {vector}")
        mask = self.mask(offsets)
        if stride == 1 and mask is None:
            self.lanes.line(depth, f"store {vector} {text}, ptr {pointer}, align {size}")
            return
        kind, places, pointers = "store", pointer, "ptr"
        suffix = f"{self._memory_suffix(buffer.dtype)}.p0"
        if stride != 1:
            steps = ", ".join(f"i64 {i * stride}" for i in range(width))
            places = self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, <{width} x i64> <{steps}>")
            kind, pointers, suffix = "scatter", f"<{width} x ptr>", f"{self._memory_suffix(buffer.dtype)}.v{width}p0"
        name = self.lanes.declarations.declare(f"llvm.masked.{kind}.{suffix}", "void", [vector, pointers, "i32", masks])
        chosen = mask or "splat (i1 true)"
        self.lanes.line(depth, f"call void @{name}({vector} {text}, {pointers} {places}, i32 {size}, {masks} {chosen})")


PROLOGUE = """ %rows = load i64, ptr %step
 %scalars_at = getelementptr ptr, ptr %step, i64 2
 %scalars = load ptr, ptr %scalars_at
"""


def function(parameters: int, text: str, extra: str = "i64 %lo, i64 %hi") -> str:
    """A kernel: ``step`` holds N, the position of its first row, and the scalars. '@@' stands for its name."""
    pointers = "".join(f", ptr %p{i}" for i in range(parameters))
    return f"define internal void @@(ptr %step, {extra}{pointers}) #0 {{\nentry:\n{text} ret void\n}}\n"


def extent_text(extent: object) -> str:
    """The upper bound of a whole axis."""
    return {"N": "%rows", "S": "%shards"}.get(str(extent), str(extent))


def is_dense(buffer: Buffer) -> bool:
    """Whether a buffer's elements lie one behind the other."""
    expected = 1
    for extent, stride in zip(reversed(buffer.shape), reversed(buffer.strides), strict=True):
        if extent != 1 and stride != expected:
            return False
        expected *= extent if isinstance(extent, int) else 1
    return not buffer.panel


def real_axes(shape: Shape) -> list[int]:
    """The axes with more than one index."""
    return [a for a, e in enumerate(shape) if e != 1]
