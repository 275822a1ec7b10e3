"""The sum inside a register tile, as LLVM text: from the block ``entry`` to the block ``X``, accumulators in registers.

Two ways. Lanes over columns: each term loads vectors of the right operand and broadcasts elements of the left one.
Lanes over the sum: each term loads a vector of either; at the end the lanes of each accumulator are added up, and the
totals of neighbouring columns (or of rows, where there is one column) become the lanes of one vector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklon._base.dtypes import Dtype, bool_
from sklon._base.shapes import Extent

from .lanes import MEMORY_TYPES, Lanes, Value

#: from the name of a loop to the mask of the terms of its steps that there are; the loop may have to compute it
Mask = Callable[[str], "str | None"]
Place = tuple[int, int]  # the row and the column (a vector of columns) of an accumulator in its tile


@dataclass(frozen=True, slots=True)
class Strides:
    """Elements between neighbours along row, lane and sum, of both operands."""

    left_row: int
    left_sum: int
    right_lane: int
    right_sum: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a sum: ``first`` to ``last`` as LLVM names, of an axis of ``extent``; ``unroll`` in an iteration."""

    extent: Extent
    first: str
    last: str
    unroll: int


def no_mask(loop: str) -> None:
    """All terms of a step are there."""


class TileSum(ABC):
    """Σ left·right for all places of a tile; ``%left`` and ``%right`` point to the tile's first operands."""

    def __init__(self, lanes: Lanes, dtype: Dtype, strides: Strides, places: Sequence[Place]) -> None:
        self.lanes, self.dtype, self.strides, self.places = lanes, dtype, strides, places
        self.vector, self.element, self.width = lanes.type(dtype), MEMORY_TYPES[dtype.short], lanes.width
        self.lines: list[str] = []

    #: terms of one step
    step: int = 1

    @abstractmethod
    def term(self, loop: str, number: int, unroll: int, mask: str | None) -> None:
        """Write step ``number`` of an iteration of ``loop``; ``mask`` tells the terms that there are."""

    @abstractmethod
    def totals(self) -> dict[Place, Value]:
        """The sums at the end, as vectors of columns: by row and vector."""

    def text(self, terms: Terms) -> str:
        """The loops, from ``entry`` to ``X``; %z{r}_{v} are the accumulators at the end."""
        for operand, stride in (("left", self.strides.left_sum), ("right", self.strides.right_sum)):
            self._offset(f"%{operand}0", f"%{operand}", terms.first, stride)
        if isinstance(terms.extent, int):
            self._known(terms, terms.extent)
        else:
            self._by_rows(terms)
        return "\n".join(self.lines) + "\n"

    def _offset(self, name: str, pointer: str, index: str, stride: int) -> None:
        self.lines.append(f" {name}o = mul i64 {index}, {stride}")
        self.lines.append(f" {name} = getelementptr {self.element}, ptr {pointer}, i64 {name}o")

    # ---- how many terms there are is known
    def _known(self, terms: Terms, extent: int) -> None:
        whole = extent // self.step * self.step
        block = "entry"
        if whole:
            self.lines.append(" br label %L")
            self._loop("L", block, "0", str(whole), terms.unroll)
            self.lines.append("LX:")
            block = "LX"
        if whole == extent:
            self._finish(block)
            return
        rest = "<" + ", ".join(f"i1 {'true' if i < extent - whole else 'false'}" for i in range(self.width)) + ">"
        self.lines.append(" br label %R")
        self._loop("R", block, str(whole), str(extent), 1, from_loop="L" if whole else "", mask=lambda loop: rest)
        self.lines.append("RX:")
        self._finish("RX", "R")

    def _finish(self, block: str, loop: str = "L") -> None:
        self.lines.append(" br label %X\nX:")
        self.lines += [f" %z{r}_{v} = phi {self.vector} [%c{loop}{r}_{v}, %{block}]" for r, v in self.places]

    # ---- they are rows of the step
    def _by_rows(self, terms: Terms) -> None:
        """Whole iterations, then the terms that are left, one step at a time."""
        size = terms.unroll * self.step
        self.lines.append(f" %count = sub i64 {terms.last}, {terms.first}\n %left_over = urem i64 %count, {size}")
        self.lines.append(f" %whole = sub i64 {terms.last}, %left_over\n %any = icmp slt i64 {terms.first}, %whole")
        self.lines.append(" br i1 %any, label %L, label %C")
        self._loop("L", "entry", terms.first, "%whole", terms.unroll)
        self.lines.append("LX:\n br label %C\nC:")
        for name, kind, start in (("k", "i64", terms.first), ("a", "ptr", "%left0"), ("b", "ptr", "%right0")):
            self.lines.append(f" %{name}C = phi {kind} [{start}, %entry], [%{name}Ln, %LX]")
        for r, v in self.places:
            self.lines.append(f" %cC{r}_{v} = phi {self.vector} [zeroinitializer, %entry], [%cL{r}_{v}, %LX]")
        self.lines.append(f" %rest = icmp slt i64 %kC, {terms.last}\n br i1 %rest, label %R, label %X")
        mask = no_mask if self.step == 1 else lambda loop: self._terms_before(terms.last, loop)
        self._loop("R", "C", "%kC", terms.last, 1, from_loop="C", mask=mask)
        self.lines.append("RX:\n br label %X\nX:")
        for r, v in self.places:
            self.lines.append(f" %z{r}_{v} = phi {self.vector} [%cC{r}_{v}, %C], [%cR{r}_{v}, %RX]")

    # ---- one loop
    def _loop(
        self, l: str, block: str, first: str, last: str, unroll: int, *, from_loop: str = "", mask: Mask = no_mask
    ) -> None:
        """The loop ``l``, entered from ``block``; accumulators %c{l}{r}_{v} go on from ``from_loop``, or from zero."""
        step, s = unroll * self.step, self.strides
        left, right = {"": ("%left0", "%right0"), "C": ("%aC", "%bC")}.get(from_loop, ("%aLn", "%bLn"))
        self.lines.append(f"{l}:\n %k{l} = phi i64 [{first}, %{block}], [%k{l}n, %{l}]")
        self.lines.append(f" %a{l} = phi ptr [{left}, %{block}], [%a{l}n, %{l}]")
        self.lines.append(f" %b{l} = phi ptr [{right}, %{block}], [%b{l}n, %{l}]")
        for r, v in self.places:
            entry = f"%c{from_loop}{r}_{v}" if from_loop else "zeroinitializer"
            self.lines.append(f" %c{l}{r}_{v}_0 = phi {self.vector} [{entry}, %{block}], [%c{l}{r}_{v}, %{l}]")
        valid = mask(l)
        for number in range(unroll):
            self.term(l, number, unroll, valid)
        self.lines.append(f" %a{l}n = getelementptr {self.element}, ptr %a{l}, i64 {step * s.left_sum}")
        self.lines.append(f" %b{l}n = getelementptr {self.element}, ptr %b{l}, i64 {step * s.right_sum}")
        self.lines.append(f" %k{l}n = add i64 %k{l}, {step}\n %more{l} = icmp slt i64 %k{l}n, {last}")
        self.lines.append(f" br i1 %more{l}, label %{l}, label %{l}X")

    def _terms_before(self, last: str, l: str) -> str:
        width = f"<{self.width} x i32>"
        steps = ", ".join(f"i32 {i}" for i in range(self.width))
        self.lines.append(
            f" %tail{l} = sub i64 {last}, %k{l}\n %tail32{l} = trunc i64 %tail{l} to i32\n"
            f" %tail1{l} = insertelement {width} poison, i32 %tail32{l}, i32 0\n"
            f" %tailv{l} = shufflevector {width} %tail1{l}, {width} poison, {width} zeroinitializer\n"
            f" %tailm{l} = icmp sgt {width} %tailv{l}, <{steps}>"
        )
        return f"%tailm{l}"

    # ---- instructions
    def _at(self, name: str, pointer: str, elements: int) -> None:
        self.lines.append(f" {name} = getelementptr {self.element}, ptr {pointer}, i64 {elements}")

    def _load(self, name: str, pointer: str, mask: str | None) -> None:
        size = self.dtype.itemsize
        if mask is None:
            self.lines.append(f" {name} = load {self.vector}, ptr {pointer}, align {size}")
            return
        masks = self.lanes.type(bool_)
        intrinsic = self.lanes.declarations.declare(
            f"llvm.masked.load.{self.lanes.mangled(self.dtype)}.p0", self.vector, ["ptr", "i32", masks, self.vector]
        )
        self.lines.append(
            f" {name} = call {self.vector} @{intrinsic}(ptr {pointer}, i32 {size}, {masks} {mask}, "
            f"{self.vector} zeroinitializer)"
        )

    def _multiply_add(self, loop: str, place: Place, number: int, unroll: int, a: str, b: str) -> None:
        r, v = place
        old = f"%c{loop}{r}_{v}_{number}"
        new = f"%c{loop}{r}_{v}" if number == unroll - 1 else f"%c{loop}{r}_{v}_{number + 1}"
        if not self.lanes.has_fma:
            self.lines.append(f" {new}p = fmul {self.vector} {a}, {b}\n {new} = fadd {self.vector} {old}, {new}p")
            return
        name = self.lanes.declarations.declare(
            f"llvm.fma.{self.lanes.mangled(self.dtype)}", self.vector, [self.vector] * 3
        )
        self.lines.append(
            f" {new} = call {self.vector} @{name}({self.vector} {a}, {self.vector} {b}, {self.vector} {old})"
        )


class OverColumns(TileSum):
    """Lanes over columns; ``tail`` is the mask of the last vector's columns, where not all are there."""

    def __init__(
        self, lanes: Lanes, dtype: Dtype, strides: Strides, rows: int, vectors: int, tail: str | None = None
    ) -> None:
        super().__init__(lanes, dtype, strides, [(r, v) for r in range(rows) for v in range(vectors)])
        self.rows, self.vectors, self.tail = rows, vectors, tail

    def term(self, loop: str, number: int, unroll: int, mask: str | None) -> None:
        for v in range(self.vectors):
            name = f"{loop}{number}_{v}"
            self._at(f"%bp{name}", f"%b{loop}", number * self.strides.right_sum + v * self.width)
            self._load(f"%b{name}", f"%bp{name}", self.tail if v == self.vectors - 1 else None)
        for r in range(self.rows):
            name = f"{loop}{number}_{r}"
            self._at(f"%ap{name}", f"%a{loop}", r * self.strides.left_row + number * self.strides.left_sum)
            self._broadcast(name)
            for v in range(self.vectors):
                self._multiply_add(loop, (r, v), number, unroll, f"%a{name}", f"%b{loop}{number}_{v}")

    def _broadcast(self, name: str) -> None:
        one = f"<1 x {self.element}>"
        zero = f"<{self.width} x i32> zeroinitializer"
        self.lines.append(f" %s{name} = load {one}, ptr %ap{name}, align {self.dtype.itemsize}")
        self.lines.append(f" %a{name} = shufflevector {one} %s{name}, {one} poison, {zero}")

    def totals(self) -> dict[Place, Value]:
        """Those of the accumulators."""
        return {(r, v): Value(f"%z{r}_{v}", 0, self.dtype) for r, v in self.places}


class OverTerms(TileSum):
    """Lanes over the sum, whose neighbours are contiguous in both operands."""

    def __init__(self, lanes: Lanes, dtype: Dtype, strides: Strides, rows: int, columns: int) -> None:
        super().__init__(lanes, dtype, strides, [(r, c) for r in range(rows) for c in range(columns)])
        self.rows, self.columns = rows, columns
        self.step = self.width

    def term(self, loop: str, number: int, unroll: int, mask: str | None) -> None:
        shift = number * self.step
        for r in range(self.rows):
            self._operand("a", f"{loop}{number}_{r}", f"%a{loop}", r * self.strides.left_row + shift, mask)
        for c in range(self.columns):
            self._operand("b", f"{loop}{number}_{c}", f"%b{loop}", c * self.strides.right_lane + shift, mask)
            for r in range(self.rows):
                self._multiply_add(loop, (r, c), number, unroll, f"%a{loop}{number}_{r}", f"%b{loop}{number}_{c}")

    def _operand(self, kind: str, name: str, pointer: str, elements: int, mask: str | None) -> None:
        self._at(f"%{kind}p{name}", pointer, elements)
        self._load(f"%{kind}{name}", f"%{kind}p{name}", mask)

    def totals(self) -> dict[Place, Value]:
        """The sums: of each row those of all columns in one vector."""
        return {
            (r, 0): self._across([Value(f"%z{r}_{c}", 0, self.dtype) for c in range(self.columns)])
            for r in range(self.rows)
        }

    def totals_of_rows(self) -> dict[Place, Value]:
        """The sums of a single column: those of all rows in one vector."""
        return {(0, 0): self._across([Value(f"%z{r}_0", 0, self.dtype) for r in range(self.rows)])}

    def _across(self, sums: Sequence[Value]) -> Value:
        """A vector whose lane i is the sum of the lanes of the i-th of ``sums``, added as a tree.

        Each round halves the vectors: of two, a and b, the lanes whose number has the bit ``half`` go on with b, the
        others with a, and each takes its partner ``half`` lanes away.
        """
        vectors: list[Value | None] = [*sums, *[None] * (self.width - len(sums))]
        half = self.width
        while half > 1:
            half //= 2
            vectors = [self._join(a, b, half) for a, b in zip(vectors[:half], vectors[half:], strict=True)]
        (total,) = vectors
        assert total is not None
        return total

    def _join(self, a: Value | None, b: Value | None, half: int) -> Value | None:
        if a is None:
            return None
        if b is None:
            return self.lanes.add(a, self._shuffled(a, a, [lane ^ half for lane in range(self.width)]))
        own = [lane + (self.width if lane & half else 0) for lane in range(self.width)]
        partner = [(lane ^ half) + (self.width if lane & half else 0) for lane in range(self.width)]
        return self.lanes.add(self._shuffled(a, b, own), self._shuffled(a, b, partner))

    def _shuffled(self, a: Value, b: Value, order: Sequence[int]) -> Value:
        picked = ", ".join(f"i32 {i}" for i in order)
        text = f"shufflevector {self.vector} {a.text}, {self.vector} {b.text}, <{self.width} x i32> <{picked}>"
        return self.lanes.emit(0, self.dtype, text)
