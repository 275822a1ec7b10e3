"""Vectors of lanes as LLVM text: the builder that the bodies of point ops are written against.

Each value knows the depth of the loop on whose index it depends, and is emitted there: hoisting needs no pass.
Lines are collected per depth; whoever emits the nest around them puts them in place.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklon._base.dtypes import Dtype, bool_, int32, int64, uint32
from sklon._base.philox import MULTIPLIERS, ROUNDS, WEYL

from . import vector_math

SCALAR_TYPES = {"i1": "i1", "u32": "i32", "i32": "i32", "i64": "i64", "f32": "float", "f64": "double"}
MEMORY_TYPES = {**SCALAR_TYPES, "i1": "i8"}
_FLOAT_COMPARE = {"eq": "oeq", "lt": "olt", "gt": "ogt", "unordered": "uno"}
_SIGNED_COMPARE = {"eq": "eq", "lt": "slt", "gt": "sgt"}
_UNSIGNED_COMPARE = {"eq": "eq", "lt": "ult", "gt": "ugt"}


class Value(NamedTuple):
    """A vector in a register: its name, the depth at which it is known, its element type.

    A tuple, because thousands are made for each program: a frozen dataclass takes four times as long.
    """

    text: str
    depth: int
    dtype: Dtype


class Declarations:
    """The intrinsics and constants that a module uses."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}

    def declare(self, name: str, result: str, arguments: Sequence[str]) -> str:
        """Declare an external function and return its name."""
        if name not in self.lines:
            self.lines[name] = f"declare {result} @{name}({', '.join(arguments)})"
        return name


class Lanes:
    """Emits vector instructions of ``width`` lanes."""

    def __init__(self, width: int, fma: bool, declarations: Declarations) -> None:
        self.width, self.has_fma, self.declarations = width, fma, declarations
        self.lines: dict[int, list[str]] = defaultdict(list)
        self._count = 0

    # ---- text
    def type(self, dtype: Dtype) -> str:
        """The LLVM type of a vector of ``dtype``."""
        return f"<{self.width} x {SCALAR_TYPES[dtype.short]}>"

    def mangled(self, dtype: Dtype) -> str:
        """The suffix of intrinsics on vectors of ``dtype``."""
        return f"v{self.width}{'f' if dtype.is_floating else 'i'}{dtype.bits}"

    def line(self, depth: int, text: str) -> None:
        """An instruction without a result."""
        self.lines[depth].append(f" {text}")

    def name(self, depth: int, text: str) -> str:
        """An instruction with a result, and the result's name."""
        self._count += 1
        result = f"%v{self._count}"
        self.lines[depth].append(f" {result} = {text}")
        return result

    def emit(self, depth: int, dtype: Dtype, text: str) -> Value:
        """An instruction whose result is a vector."""
        return Value(self.name(depth, text), depth, dtype)

    def literal(self, value: float, dtype: Dtype) -> str:
        """A number as LLVM writes it."""
        if not dtype.is_floating:
            return str(int(value))
        rounded = float(np.float32(value)) if dtype.bits == 32 else float(value)
        return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"

    def constant(self, value: float, dtype: Dtype) -> Value:
        """A number in every lane."""
        if dtype is bool_:
            return Value(f"splat (i1 {'true' if value else 'false'})", 0, dtype)
        return Value(f"splat ({SCALAR_TYPES[dtype.short]} {self.literal(value, dtype)})", 0, dtype)

    def splat(self, scalar: str, depth: int, dtype: Dtype) -> Value:
        """A scalar in every lane."""
        vector = self.type(dtype)
        one = self.name(depth, f"insertelement {vector} poison, {SCALAR_TYPES[dtype.short]} {scalar}, i32 0")
        zero = f"<{self.width} x i32> zeroinitializer"
        return self.emit(depth, dtype, f"shufflevector {vector} {one}, {vector} poison, {zero}")

    def first(self, value: Value, depth: int) -> str:
        """The scalar in the first lane."""
        return self.name(depth, f"extractelement {self.type(value.dtype)} {value.text}, i32 0")

    def call(self, intrinsic: str, *arguments: Value) -> Value:
        """An intrinsic on vectors of one type."""
        dtype = arguments[0].dtype
        vector = self.type(dtype)
        name = self.declarations.declare(f"llvm.{intrinsic}.{self.mangled(dtype)}", vector, [vector] * len(arguments))
        passed = ", ".join(f"{vector} {a.text}" for a in arguments)
        return self.emit(_depth(*arguments), dtype, f"call {vector} @{name}({passed})")

    def _two(self, instruction: str, x: Value, y: Value) -> Value:
        return self.emit(_depth(x, y), x.dtype, f"{instruction} {self.type(x.dtype)} {x.text}, {y.text}")

    def _by_kind(self, floating: str, integer: str, x: Value, y: Value) -> Value:
        return self._two(floating if x.dtype.is_floating else integer, x, y)

    # ---- the language of bodies
    def const(self, value: float, like: Value) -> Value:
        return self.constant(value, like.dtype)

    def add(self, x: Value, y: Value) -> Value:
        """The sum; of booleans, whether one of them is true."""
        return self._two("or", x, y) if x.dtype is bool_ else self._by_kind("fadd", "add", x, y)

    def sub(self, x: Value, y: Value) -> Value:
        return self._by_kind("fsub", "sub", x, y)

    def mul(self, x: Value, y: Value) -> Value:
        return self._by_kind("fmul", "mul", x, y)

    def div(self, x: Value, y: Value) -> Value:
        return self._two("fdiv", x, y)

    def quotient(self, x: Value, y: Value) -> Value:
        """x / y of integers, towards zero. The processor stops the process where y is 0, or x / y too large."""
        return self._two("sdiv", x, y)

    def neg(self, x: Value) -> Value:
        if not x.dtype.is_floating:
            return self.sub(self.const(0, x), x)
        return self.emit(x.depth, x.dtype, f"fneg {self.type(x.dtype)} {x.text}")

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x·y + z, rounded once where the hardware can."""
        return self.call("fma", x, y, z) if self.has_fma else self.add(self.mul(x, y), z)

    def sqrt(self, x: Value) -> Value:
        return self.call("sqrt", x)

    def abs(self, x: Value) -> Value:
        if x.dtype.is_floating:
            return self.call("fabs", x)
        return self.select(self.compare("lt", x, self.const(0, x)), self.neg(x), x)

    def counted(self, step: int, dtype: Dtype) -> Value:
        """0, step, 2·step, …: one number for each lane."""
        numbers = ", ".join(f"{SCALAR_TYPES[dtype.short]} {i * step}" for i in range(self.width))
        return Value(f"<{numbers}>", 0, dtype)

    def rint(self, x: Value) -> Value:
        """The nearest integer, ties to even."""
        return self.call("rint", x)

    def round(self, how: str, x: Value) -> Value:
        """An integer near x: ``floor``, ``ceil``, ``trunc``, or ``round`` with ties to even."""
        return self.call("rint" if how == "round" else how, x)

    def logical(self, how: str, *arguments: Value) -> Value:
        """``and``, ``or``, ``xor`` or ``not`` of each bit of masks and integers."""
        if how == "not":
            ones = 1 if arguments[0].dtype is bool_ else -1
            return self._two("xor", arguments[0], self.const(ones, arguments[0]))
        return self._two(how, *arguments)

    def library(self, symbol: str, *arguments: Value) -> Value:
        """A function of the C library, called for each lane."""
        dtype = arguments[0].dtype
        vector, element = self.type(dtype), SCALAR_TYPES[dtype.short]
        name = f"lanes_{symbol}_{self.mangled(dtype)}"
        external = symbol if dtype.bits == 64 else f"{symbol}f"
        self.declarations.declare(external, element, [element] * len(arguments))
        self.declarations.lines.setdefault(name, self._for_each_lane(name, external, dtype, len(arguments)))
        passed = ", ".join(f"{vector} {a.text}" for a in arguments)
        return self.emit(_depth(*arguments), dtype, f"call {vector} @{name}({passed})")

    def _for_each_lane(self, name: str, external: str, dtype: Dtype, count: int) -> str:
        """A function on vectors that calls one on numbers."""
        vector, element = self.type(dtype), SCALAR_TYPES[dtype.short]
        lines, result = [], "poison"
        for i in range(self.width):
            for k in range(count):
                lines.append(f" %e{k}_{i} = extractelement {vector} %x{k}, i32 {i}")
            numbers = ", ".join(f"{element} %e{k}_{i}" for k in range(count))
            lines.append(f" %y{i} = call {element} @{external}({numbers})")
            lines.append(f" %r{i} = insertelement {vector} {result}, {element} %y{i}, i32 {i}")
            result = f"%r{i}"
        parameters = ", ".join(f"{vector} %x{k}" for k in range(count))
        body = "\n".join(lines)
        return f"define internal {vector} @{name}({parameters}) #0 {{\n{body}\n ret {vector} {result}\n}}"

    def compare(self, how: str, x: Value, y: Value) -> Value:
        if how == "unordered" and not x.dtype.is_floating:
            return self.constant(0, bool_)
        vector = self.type(x.dtype)
        if x.dtype.is_floating:
            text = f"fcmp {_FLOAT_COMPARE[how]} {vector} {x.text}, {y.text}"
        else:
            table = _SIGNED_COMPARE if x.dtype.kind == "integer" else _UNSIGNED_COMPARE
            text = f"icmp {table[how]} {vector} {x.text}, {y.text}"
        return self.emit(_depth(x, y), bool_, text)

    def select(self, mask: Value, x: Value, y: Value) -> Value:
        vector = self.type(x.dtype)
        masks = self.type(bool_)
        text = f"select {masks} {mask.text}, {vector} {x.text}, {vector} {y.text}"
        return self.emit(_depth(mask, x, y), x.dtype, text)

    def cast(self, x: Value, dtype: Dtype) -> Value:
        if x.dtype is dtype:
            return x
        if dtype is bool_:
            return self._is_nonzero(x)
        how = _cast_instruction(x.dtype, dtype)
        if not how:
            return Value(x.text, x.depth, dtype)
        if how.startswith("llvm."):
            name = f"{how}.{self.mangled(dtype)}.{self.mangled(x.dtype)}"
            self.declarations.declare(name, self.type(dtype), [self.type(x.dtype)])
            return self.emit(x.depth, dtype, f"call {self.type(dtype)} @{name}({self.type(x.dtype)} {x.text})")
        return self.emit(x.depth, dtype, f"{how} {self.type(x.dtype)} {x.text} to {self.type(dtype)}")

    def _is_nonzero(self, x: Value) -> Value:
        zero = self.const(0, x).text
        how = "fcmp une" if x.dtype.is_floating else "icmp ne"
        return self.emit(x.depth, bool_, f"{how} {self.type(x.dtype)} {x.text}, {zero}")

    # ---- bits
    def bitcast(self, x: Value, dtype: Dtype) -> Value:
        """The same bits as another type of the same width."""
        return self.emit(x.depth, dtype, f"bitcast {self.type(x.dtype)} {x.text} to {self.type(dtype)}")

    def shift_left(self, x: Value, bits: int) -> Value:
        return self._two("shl", x, self.const(bits, x))

    def shift_right(self, x: Value, bits: int) -> Value:
        """Logical for unsigned values, arithmetic for signed ones."""
        return self._two("ashr" if x.dtype.kind == "integer" else "lshr", x, self.const(bits, x))

    def shift(self, how: str, x: Value, y: Value) -> Value:
        """The signed x shifted to the ``left`` or the ``right`` by y bits, 0 ≤ y < its width."""
        return self._two("shl" if how == "left" else "ashr", x, y)

    def sign_bit(self, x: Value) -> Value:
        """Whether the highest bit is set: that of −0 and of some NaN is."""
        whole = self.bitcast(x, int32 if x.dtype.bits == 32 else int64) if x.dtype.is_floating else x
        return self.compare("lt", whole, self.const(0, whole))

    def xor(self, x: Value, y: Value) -> Value:
        return self._two("xor", x, y)

    def philox(self, counter: tuple[Value, ...], key: tuple[Value, ...]) -> tuple[Value, ...]:
        """The four words of Philox4x32-10; see sklon._base.philox."""
        c, k = list(counter), list(key)
        for _ in range(ROUNDS):
            (low0, high0), (low1, high1) = (
                self._wide_product(m, w) for m, w in zip(MULTIPLIERS, (c[0], c[2]), strict=True)
            )
            c = [self.xor(self.xor(high1, c[1]), k[0]), low1, self.xor(self.xor(high0, c[3]), k[1]), low0]
            k = [self.add(word, self.constant(w, uint32)) for word, w in zip(k, WEYL, strict=True)]
        return tuple(c)

    def _wide_product(self, factor: int, x: Value) -> tuple[Value, Value]:
        """The lower and the upper word of a product of 32-bit words: even and odd lanes apart, as 64-bit lanes."""
        half = self.width // 2
        narrow, wide = f"<{self.width} x i32>", f"<{half} x i64>"
        pairs = self.name(x.depth, f"bitcast {narrow} {x.text} to {wide}")
        even = self.name(x.depth, f"and {wide} {pairs}, splat (i64 {0xFFFFFFFF})")
        odd = self.name(x.depth, f"lshr {wide} {pairs}, splat (i64 32)")
        words = []
        for lanes in (even, odd):
            product = self.name(x.depth, f"mul {wide} {lanes}, splat (i64 {factor})")
            words.append(self.name(x.depth, f"bitcast {wide} {product} to {narrow}"))
        low, high = (
            ", ".join(f"i32 {lane - lane % 2 + upper + (self.width if lane % 2 else 0)}" for lane in range(self.width))
            for upper in (0, 1)
        )
        both = f"shufflevector {narrow} {words[0]}, {narrow} {words[1]}, <{self.width} x i32>"
        return self.emit(x.depth, uint32, f"{both} <{low}>"), self.emit(x.depth, uint32, f"{both} <{high}>")

    # ---- elementary functions
    def exp(self, x: Value) -> Value:
        return vector_math.exp(self, x)

    def log(self, x: Value) -> Value:
        return vector_math.log(self, x)

    def log1p_of_unit(self, x: Value) -> Value:
        return vector_math.log1p_of_unit(self, x)

    def tanh(self, x: Value) -> Value:
        return vector_math.tanh(self, x)


def _depth(*values: Value) -> int:
    return max([v.depth for v in values])


def _cast_instruction(source: Dtype, target: Dtype) -> str:
    """The LLVM instruction that converts; empty where the bits stay."""
    if source.is_floating and target.is_floating:
        return "fpext" if target.bits > source.bits else "fptrunc"
    if source.is_floating:
        return "llvm.fptosi.sat" if target.kind == "integer" else "llvm.fptoui.sat"
    if target.is_floating:
        return "sitofp" if source.kind == "integer" else "uitofp"
    if source.bits == target.bits:
        return ""
    if source.bits > target.bits:
        return "trunc"
    return "sext" if source.kind == "integer" else "zext"
