"""Loads and stores of lanes: one element for all, neighbours, or elements apart, under a mask.

A bool takes a byte in memory and a bit in a register.
"""

from __future__ import annotations

from sklon._base.dtypes import Dtype, bool_
from sklon.program.ir import Buffer

from .lanes import MEMORY_TYPES, Lanes, Value

ALL = "splat (i1 true)"


class VectorMemory:
    """Memory as lanes see it; a mask tells the valid ones."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes

    # ---- loads
    def load(self, buffer: Buffer, pointer: str, depth: int, stride: int, mask: str | None) -> Value:
        """The element at ``pointer`` in every lane (stride 0), or one element for each lane."""
        if stride == 0:
            return self._load_one(buffer, pointer, depth)
        if stride == 1:
            return self._from_memory(self._load_vector(buffer, pointer, depth, mask), depth, buffer.dtype)
        return self.gather(buffer, self._apart(buffer, pointer, depth, stride), depth, mask)

    def load_where(self, buffer: Buffer, pointer: str, depth: int, stride: int, mask: Value) -> Value:
        """The same where the mask holds, 0 elsewhere; no other lane touches memory."""
        if stride == 1:
            return self._from_memory(self._load_vector(buffer, pointer, depth, mask.text), depth, buffer.dtype)
        return self.gather(buffer, self._apart(buffer, pointer, depth, stride), depth, mask.text)

    def gather(self, buffer: Buffer, places: str, depth: int, mask: str | None) -> Value:
        """One element from each of the pointers in ``places``."""
        vector, masks = self._vector(buffer), self.lanes.type(bool_)
        pointers = f"<{self.lanes.width} x ptr>"
        suffix = f"{self._suffix(buffer.dtype)}.v{self.lanes.width}p0"
        arguments = [pointers, "i32", masks, vector]
        name = self.lanes.declarations.declare(f"llvm.masked.gather.{suffix}", vector, arguments)
        rest = f"i32 {buffer.dtype.itemsize}, {masks} {mask or ALL}, {vector} zeroinitializer"
        text = self.lanes.name(depth, f"call {vector} @{name}({pointers} {places}, {rest})")
        return self._from_memory(text, depth, buffer.dtype)

    def _load_one(self, buffer: Buffer, pointer: str, depth: int) -> Value:
        element = MEMORY_TYPES[buffer.dtype.short]
        number = self.lanes.name(depth, f"load {element}, ptr {pointer}, align {buffer.dtype.itemsize}")
        if buffer.dtype is bool_:
            number = self.lanes.name(depth, f"trunc i8 {number} to i1")
        return self.lanes.splat(number, depth, buffer.dtype)

    def _load_vector(self, buffer: Buffer, pointer: str, depth: int, mask: str | None) -> str:
        vector, size = self._vector(buffer), buffer.dtype.itemsize
        if mask is None:
            return self.lanes.name(depth, f"load {vector}, ptr {pointer}, align {size}")
        masks = self.lanes.type(bool_)
        intrinsic = f"llvm.masked.load.{self._suffix(buffer.dtype)}.p0"
        name = self.lanes.declarations.declare(intrinsic, vector, ["ptr", "i32", masks, vector])
        rest = f"i32 {size}, {masks} {mask}, {vector} zeroinitializer"
        return self.lanes.name(depth, f"call {vector} @{name}(ptr {pointer}, {rest})")

    def _from_memory(self, text: str, depth: int, dtype: Dtype) -> Value:
        if dtype is not bool_:
            return Value(text, depth, dtype)
        return self.lanes.emit(depth, bool_, f"trunc <{self.lanes.width} x i8> {text} to {self.lanes.type(bool_)}")

    # ---- stores
    def store(self, value: Value, buffer: Buffer, pointer: str, stride: int, mask: str | None, depth: int) -> None:
        """Write the first lane (stride 0), or every valid lane."""
        if stride == 0:
            self._store_one(value, buffer, pointer, depth)
            return
        vector, masks = self._vector(buffer), self.lanes.type(bool_)
        text = value.text
        if buffer.dtype is bool_:
            text = self.lanes.name(depth, f"zext {masks} {text} to {vector}")
        if stride == 1 and mask is None:
            self.lanes.line(depth, f"store {vector} {text}, ptr {pointer}, align {buffer.dtype.itemsize}")
            return
        kind, places, pointers, suffix = "store", pointer, "ptr", "p0"
        if stride != 1:
            places = self._apart(buffer, pointer, depth, stride)
            kind, pointers, suffix = "scatter", f"<{self.lanes.width} x ptr>", f"v{self.lanes.width}p0"
        intrinsic = f"llvm.masked.{kind}.{self._suffix(buffer.dtype)}.{suffix}"
        name = self.lanes.declarations.declare(intrinsic, "void", [vector, pointers, "i32", masks])
        rest = f"{pointers} {places}, i32 {buffer.dtype.itemsize}, {masks} {mask or ALL}"
        self.lanes.line(depth, f"call void @{name}({vector} {text}, {rest})")

    def _store_one(self, value: Value, buffer: Buffer, pointer: str, depth: int) -> None:
        number = self.lanes.first(value, depth)
        if buffer.dtype is bool_:
            number = self.lanes.name(depth, f"zext i1 {number} to i8")
        element = MEMORY_TYPES[buffer.dtype.short]
        self.lanes.line(depth, f"store {element} {number}, ptr {pointer}, align {buffer.dtype.itemsize}")

    # ---- text
    def _vector(self, buffer: Buffer) -> str:
        return f"<{self.lanes.width} x {MEMORY_TYPES[buffer.dtype.short]}>"

    def _apart(self, buffer: Buffer, pointer: str, depth: int, stride: int) -> str:
        """Pointers to elements ``stride`` apart, one for each lane."""
        steps = ", ".join(f"i64 {i * stride}" for i in range(self.lanes.width))
        element = MEMORY_TYPES[buffer.dtype.short]
        return self.lanes.name(depth, f"getelementptr {element}, ptr {pointer}, <{self.lanes.width} x i64> <{steps}>")

    def _suffix(self, dtype: Dtype) -> str:
        bits = 8 if dtype is bool_ else dtype.bits
        return f"v{self.lanes.width}{'f' if dtype.is_floating else 'i'}{bits}"
