"""The body of a loop as LLVM text: loads, stores and point ops at the indices of the surrounding nest.

The same routine serves maps, reductions and the epilogues of register tiles: a value is asked for at constant
offsets along some axes, and computed once for all offsets on which it does not depend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sklon._base.dtypes import Dtype, bool_, int64
from sklon.ops.random import BLOCK
from sklon.program.ir import Access, Apply, Const, Index, Load, Loop, Program, Rows, Scalar, Store
from sklon.program.values import Axes

from .addresses import NO_OFFSETS, Addresses, Frame, Moved, Offsets
from .lanes import MEMORY_TYPES, Lanes, Value
from .memory import VectorMemory
from .random import BlockWords, counts_along


class Body:
    """Writes the instructions of one loop in a frame; ``anchor`` gives the value of its sum.

    ``uses`` are the axes on which each value depends.
    """

    def __init__(self, program: Program, loop: Loop, uses: Sequence[Axes], lanes: Lanes) -> None:
        self.program, self.loop, self.uses, self.lanes = program, loop, uses, lanes
        self.frame = Frame(program, loop, lanes)
        self.anchor: Callable[[Offsets], Value] | None = None
        self.known: dict[tuple[int, Moved], Value] = {}
        self._own: dict[tuple[Axes, Moved], Moved] = {}  # of offsets, those along some axes
        self.addresses = Addresses(self.frame, self._relevant, self.value)
        self.memory = VectorMemory(lanes)
        self.blocks = BlockWords(self.frame)

    @property
    def parameters(self) -> list[int]:
        """The buffers that the function takes as pointers, in order."""
        return list(self.frame.pointers)

    # ---- values
    def value(self, number: int, offsets: Offsets = NO_OFFSETS) -> Value:
        """The value of an instruction at constant offsets along axes; iterative, so chains of any length work."""
        moved = tuple(offsets.items())
        wanted = self._key(number, moved)
        stack = [] if wanted in self.known else [number]
        while stack:
            current = stack[-1]
            key = self._key(current, moved)
            if key in self.known:
                stack.pop()
                continue
            arguments = [self._key(a, moved) for a in self._arguments(current)]
            missing = [a[0] for a in arguments if a not in self.known]
            if missing:
                stack += missing
            else:
                self.known[key] = self._compute(current, dict(key[1]), [self.known[a] for a in arguments])
        return self.known[wanted]

    def _key(self, number: int, moved: Moved) -> tuple[int, Moved]:
        """An instruction and those offsets on which its value depends."""
        axes = self.uses[number]
        own = self._own.get((axes, moved))
        if own is None:
            own = self._own[axes, moved] = tuple(sorted((a, o) for a, o in moved if o and a in axes))
        return number, own

    def _relevant(self, number: int, offsets: Offsets) -> Moved:
        return self._key(number, tuple(offsets.items()))[1]

    def _arguments(self, number: int) -> tuple[int, ...]:
        instruction = self.loop.body[number]
        if isinstance(instruction, Load):
            return tuple([n for n in (instruction.at.row, instruction.mask) if n is not None])
        return instruction.args if isinstance(instruction, Apply) else ()

    def _compute(self, number: int, offsets: Offsets, arguments: list[Value]) -> Value:
        instruction = self.loop.body[number]
        match instruction:
            case Load():
                return self._load(instruction.at, offsets, self._mask(instruction, offsets))
            case Const():
                return self.lanes.constant(instruction.value, instruction.dtype)
            case Rows():
                return self._from_integer("%rows", 0, instruction.dtype)
            case Scalar():
                return self._scalar(instruction)
            case Index():
                return self._index(instruction, offsets)
            case Apply():
                return self._apply(instruction, offsets, arguments)
        assert self.anchor is not None, instruction
        return self.anchor(offsets)

    def _apply(self, instruction: Apply, offsets: Offsets, arguments: list[Value]) -> Value:
        lane = self.frame.lane
        if lane is not None and self.frame.multiple % BLOCK == 0 and counts_along(self.loop, instruction, lane):
            return self.blocks.word(offsets.get(lane, 0), tuple(arguments[1:]))
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
        counter = self.frame.counters.get(instruction.axis)
        if counter is None:
            return self.lanes.constant(0, instruction.dtype)
        text = counter.text
        offset = offsets.get(instruction.axis, 0)
        if offset:
            text = self.lanes.name(counter.depth, f"add i64 {text}, {offset}")
        index = self.lanes.splat(text, counter.depth, int64)
        if instruction.axis == self.frame.lane:
            steps = ", ".join(f"i64 {i}" for i in range(self.lanes.width))
            vector = self.lanes.type(int64)
            index = self.lanes.emit(counter.depth, int64, f"add {vector} {index.text}, <{steps}>")
        return self.lanes.cast(index, instruction.dtype)

    # ---- memory
    def _mask(self, instruction: Load, offsets: Offsets) -> Value | None:
        """The lanes that a masked load reads: those whose mask holds and which lie before the end of the axis."""
        if instruction.mask is None:
            return None
        mask, own = self.value(instruction.mask, offsets), self.frame.mask(offsets)
        if own is None:
            return mask
        depth = max(mask.depth, self.frame.counters[self.frame.lane].depth if self.frame.lane is not None else 0)
        return self.lanes.logical("and", mask, Value(own, depth, bool_))

    def _load(self, at: Access, offsets: Offsets, mask: Value | None) -> Value:
        buffer = self.program.buffers[at.buffer]
        if at.row is not None and self.frame.lane in self.uses[at.row]:
            return self._gather_rows(at, offsets)
        pointer, depth = self.addresses.of(at, offsets)
        stride = self.frame.lane_stride(at)
        if mask is not None:
            return self.memory.load_where(buffer, pointer, max(depth, mask.depth), stride, mask)
        return self.memory.load(buffer, pointer, depth, stride, self.frame.mask(offsets))

    def _gather_rows(self, at: Access, offsets: Offsets) -> Value:
        """One row for each lane."""
        assert at.row is not None
        buffer = self.program.buffers[at.buffer]
        rows = self.lanes.cast(self.value(at.row, offsets), int64)
        rest = Access(at.buffer, at.index)
        pointer, depth = self.addresses.of(rest, offsets)
        depth = max(depth, rows.depth)
        index = self.lanes.mul(rows, self.lanes.constant(buffer.strides[0], int64))
        if apart := self.frame.lane_stride(rest):
            index = self.lanes.add(index, self.lanes.counted(apart, int64))
        element, wide = MEMORY_TYPES[buffer.dtype.short], self.lanes.type(int64)
        places = self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, {wide} {index.text}")
        return self.memory.gather(buffer, places, depth, self.frame.mask(offsets))

    def store(self, instruction: Store, offsets: Offsets, depth: int) -> None:
        """Write a value; ``depth`` is where the element is complete."""
        value = self.value(instruction.value, offsets)
        pointer, known = self.addresses.of(instruction.to, offsets)
        buffer, stride = self.program.buffers[instruction.to.buffer], self.frame.lane_stride(instruction.to)
        mask = self.frame.mask(offsets)
        self.memory.store(value, buffer, pointer, stride, mask, max(depth, value.depth, known))
