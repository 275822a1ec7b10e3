"""Addresses of elements at the indices of a nest, as LLVM text.

An address is computed at the depth of the innermost index that it needs, and shared between all accesses that
differ by a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sklon.program.ir import Access, Buffer, Loop, Program, stride_along
from sklon.program.places import affine
from sklon.program.values import running

from .lanes import MEMORY_TYPES, Lanes, Value

Offsets = Mapping[int, int]
#: offsets as pairs of axis and offset
Moved = tuple[tuple[int, int], ...]
NO_OFFSETS: Offsets = {}


@dataclass(frozen=True, slots=True)
class Counter:
    """The running index of an axis: its LLVM name and the depth at which it is known."""

    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class _Form:
    """start + Σ step·(index along axis), in elements; the terms (axis, step) in the order of a buffer's axes."""

    terms: tuple[tuple[int, int], ...]
    start: int = 0


@dataclass(slots=True, eq=False)
class Frame:
    """Where a body stands: the running axes, the axis along which the lanes run, the mask of valid lanes.

    ``flat`` says that one axis runs through all elements; ``multiple`` divides the index along the lanes, offsets
    aside. ``pointers`` names the parameter of each buffer.
    """

    program: Program
    loop: Loop
    lanes: Lanes
    counters: dict[int, Counter] = field(default_factory=dict)
    lane: int | None = None
    flat: bool = False
    multiple: int = 1
    mask: Callable[[Offsets], str | None] = lambda offsets: None
    pointers: dict[int, str] = field(default_factory=dict)

    def pointer(self, buffer: int) -> str:
        """The parameter that points to a buffer."""
        return self.pointers.setdefault(buffer, f"%p{len(self.pointers)}")

    def lane_stride(self, at: Access) -> int:
        """Elements between neighbouring lanes; 0 where all lanes read the same element."""
        if self.flat:
            return 1 if running(at) else 0
        return stride_along(self.program.buffers[at.buffer], at, self.lane) if self.lane is not None else 0


#: the offsets on which an instruction's value depends, and its value
Relevant = Callable[[int, Offsets], Moved]
ValueOf = Callable[[int, Offsets], Value]


class Addresses:
    """Computes addresses in a frame; ``value`` gives the indices of gathered rows."""

    def __init__(self, frame: Frame, relevant: Relevant, value: ValueOf) -> None:
        self.frame, self.relevant, self.value = frame, relevant, value
        self._known: dict[tuple[Access, Moved, int], tuple[str, int]] = {}
        self._forms: dict[Access, _Form] = {}

    def of(self, at: Access, offsets: Offsets) -> tuple[str, int]:
        """A pointer to the element at the nest's indices plus ``offsets``, and its depth."""
        buffer = self.frame.program.buffers[at.buffer]
        gathered = self._row_offsets(at, offsets)
        shift = self._shift(buffer, at, offsets)
        key = (at, gathered, shift)
        if key in self._known:
            return self._known[key]
        if shift:
            base, depth = self.of(at, dict(gathered))
            result = (self._step(buffer, base, str(shift), depth), depth)
        else:
            result = self._base_address(at, buffer, dict(gathered))
        self._known[key] = result
        return result

    def _row_offsets(self, at: Access, offsets: Offsets) -> Moved:
        """The offsets on which the index of a gathered row depends."""
        return self.relevant(at.row, offsets) if at.row is not None else ()

    def _shift(self, buffer: Buffer, at: Access, offsets: Offsets) -> int:
        """Elements by which constant offsets move an address."""
        if buffer.panel or not offsets:
            return 0
        return sum([elements * offsets.get(a, 0) for a, elements in self._form(at).terms])

    def _form(self, at: Access) -> _Form:
        """The elements from the buffer's first one to that at ``at``, a gathered row's own aside."""
        form = self._forms.get(at)
        if form is None:
            form = self._forms[at] = self._new_form(at)
        return form

    def _new_form(self, at: Access) -> _Form:
        if self.frame.flat:
            return _Form(((0, 1),) if running(at) else ())
        places = [affine(place) for place in at.index]
        strides = self.frame.program.buffers[at.buffer].strides
        terms = [(a, step * s) for place, s in zip(places, strides, strict=True) for a, step in place.terms]
        return _Form(tuple(terms), sum(place.start * s for place, s in zip(places, strides, strict=True)))

    def _base_address(self, at: Access, buffer: Buffer, offsets: Offsets) -> tuple[str, int]:
        pointer, depth = self.frame.pointer(at.buffer), 0
        if buffer.panel:
            return self._panel_address(at, buffer, pointer)
        if at.row is not None:
            row = self.value(at.row, offsets)
            depth = row.depth
            number = self.frame.lanes.first(row, depth)
            wide = (
                self.frame.lanes.name(depth, f"sext i{row.dtype.bits} {number} to i64")
                if row.dtype.bits < 64
                else number
            )
            pointer = self._step(buffer, pointer, self._times(wide, buffer.strides[0], depth), depth)
        form = self._form(at)
        if form.start:
            pointer = self._step(buffer, pointer, str(form.start), depth)
        for counter, elements in self._moving(form):
            depth = max(depth, counter.depth)
            pointer = self._step(buffer, pointer, self._times(counter.text, elements, counter.depth), depth)
        return pointer, depth

    def _moving(self, form: _Form) -> list[tuple[Counter, int]]:
        """The counters that move an address and by how many elements each, outermost first."""
        moving = [(self.frame.counters[a], elements) for a, elements in form.terms if a in self.frame.counters]
        return sorted(moving, key=lambda pair: pair[0].depth)

    def _panel_address(self, at: Access, buffer: Buffer, pointer: str) -> tuple[str, int]:
        """(j // panel)·rows·panel + i·panel + j % panel, as j + (j // panel)·(rows − 1)·panel + i·panel."""
        rows, width = buffer.shape[0], buffer.panel
        assert isinstance(rows, int)
        depth = 0
        for axis, place in zip(at.index, ("row", "column"), strict=True):
            counter = self.frame.counters.get(axis) if isinstance(axis, int) else None
            if counter is None:
                continue
            depth = max(depth, counter.depth)
            if place == "row":
                pointer = self._step(buffer, pointer, self._times(counter.text, width, depth), depth)
                continue
            panel = self.frame.lanes.name(counter.depth, f"udiv i64 {counter.text}, {width}")
            skip = self._times(panel, (rows - 1) * width, counter.depth)
            place_in = self.frame.lanes.name(counter.depth, f"add i64 {skip}, {counter.text}")
            pointer = self._step(buffer, pointer, place_in, depth)
        return pointer, depth

    def _times(self, text: str, factor: int, depth: int) -> str:
        return text if factor == 1 else self.frame.lanes.name(depth, f"mul i64 {text}, {factor}")

    def _step(self, buffer: Buffer, pointer: str, elements: str, depth: int) -> str:
        element = MEMORY_TYPES[buffer.dtype.short]
        return self.frame.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, i64 {elements}")
