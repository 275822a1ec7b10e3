"""A program as text, and back. ``parse_program(print_program(p))`` equals ``p``, and prints the same.

Grammar, one line each; blocks are told by their first word, indentation is for the eye::

    header      program max_rows=200 scalars=7
    buffer      buffer %0 = 'w1' state f32[64,32] strides=(32, 1) panel=0
    phase       phase
    track       track N block=64
    loop        loop contract [N,64] over [32]
    value       0: product %1[0,2] %0[1,2]
                1: load %2[-,1]                    an axis of size 1 is not run along: -
                2: load %3[-@1,0]                  value 1 is the row
                3: load %3[0*4+1,1*-1+#9] where 2  4·i₀ + i₁, 9 − i₁; 0 where value 2 is false
                4: const 0.5 f32                   also: rows f32 · scalar 2 f32 · index 1 i32
                5: apply add{} 0 4
                6: accumulate sum 5                also: scatter %5[2] %6[2,1]
                7: store %4[0,1] 6
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from sklon._base.dtypes import from_short
from sklon._base.errors import InputError
from sklon._base.shapes import Extent, N, S, Shape, T
from sklon.graph.node import Type
from sklon.graph.text import parse_op, print_op
from sklon.ops import Point

from .ir import (
    Access,
    Accumulate,
    Apply,
    Buffer,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Phase,
    Product,
    Program,
    Rows,
    Scalar,
    Scatter,
    Store,
    Track,
)
from .places import ORIGIN, Place, affine, combined

_HEADER = re.compile(r"program max_rows=(\d+) scalars=(\d+)")
_BUFFER = re.compile(r"buffer %(\d+) = (.+) (\w+) (\w+)\[(\S*)\] strides=\(([\d, ]*)\) panel=(\d+)")
_TRACK = re.compile(r"track (\w+) block=(\d+)")
_LOOP = re.compile(r"loop (\w+) \[(\S*)\] over \[(\S*)\]")
_VALUE = re.compile(r"(\d+): (\w+) (.+)")
_ACCESS = re.compile(r"%(\d+)\[(.*)\]")
_APPLY = re.compile(r"(.*\}) ?([\d ]*)")
_SYMBOLS: dict[str, Extent] = {"N": N, "T": T, "S": S}


# ---- printing
def print_program(program: Program) -> str:
    """The program as text."""
    lines = [f"program max_rows={program.max_rows} scalars={program.scalars}"]
    lines += [_print_buffer(i, buffer) for i, buffer in enumerate(program.buffers)]
    for phase in program.phases:
        lines.append("phase")
        for track in phase.tracks:
            lines.append(f"  track {track.extent} block={track.block}")
            for loop in track.loops:
                lines += _print_loop(loop)
    return "\n".join(lines) + "\n"


def _print_buffer(number: int, b: Buffer) -> str:
    return f"buffer %{number} = {b.name!r} {b.space} {Type(b.shape, b.dtype)} strides={b.strides} panel={b.panel}"


def _print_loop(loop: Loop) -> list[str]:
    head = f"    loop {loop.kind} {_print_shape(loop.outer)} over {_print_shape(loop.inner)}"
    return [head, *(f"      {i}: {_print_value(x)}" for i, x in enumerate(loop.body))]


def _print_shape(shape: Shape) -> str:
    return f"[{','.join(str(e) for e in shape)}]"


def _print_value(i: Instruction) -> str:
    match i:
        case Load():
            return f"load {_print_access(i.at)}" + (f" where {i.mask}" if i.mask is not None else "")
        case Apply():
            return " ".join(["apply", print_op(i.op), *map(str, i.args)])
        case Accumulate():
            return f"accumulate {i.fn} {i.value}"
        case Product():
            return f"product {_print_access(i.left)} {_print_access(i.right)}"
        case Scatter():
            return f"scatter {_print_access(i.index)} {_print_access(i.source)}"
        case Store():
            return f"store {_print_access(i.to)} {i.value}"
    return f"{_print_leaf(i)} {i.dtype.short}"


def _print_leaf(i: Const | Rows | Scalar | Index) -> str:
    match i:
        case Const():
            return f"const {float(i.value)!r}"
        case Rows():
            return "rows"
        case Scalar():
            return f"scalar {i.position}"
        case Index():
            return f"index {i.axis}"


def _print_access(at: Access) -> str:
    axes = [_print_place(place) for place in at.index]
    if at.row is not None:
        axes[0] += f"@{at.row}"
    return f"%{at.buffer}[{','.join(axes)}]"


def _print_place(place: Place) -> str:
    form = affine(place)
    terms = [str(a) if s == 1 else f"{a}*{s}" for a, s in form.terms]
    return "+".join(terms + [f"#{form.start}"] * bool(form.start)) or "-"


# ---- parsing
def parse_program(text: str) -> Program:
    """The program that ``print_program`` wrote."""
    head, *phases = _blocks([line.strip() for line in text.splitlines() if line.strip()], "phase")
    max_rows, scalars = _match(_HEADER, head[0])
    buffers = tuple(_parse_buffer(i, line) for i, line in enumerate(head[1:]))
    return Program(buffers, tuple(_parse_phase(p) for p in phases), int(max_rows), int(scalars))


def _blocks(lines: list[str], word: str) -> list[list[str]]:
    """What comes before the first line that begins with ``word``, then the block of each such line."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.split(" ")[0] == word:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _match(pattern: re.Pattern[str], line: str) -> tuple[str, ...]:
    found = pattern.fullmatch(line)
    if found is None:
        raise InputError(f"this line is no part of a program: {line!r}")
    return found.groups()


def _parse_buffer(number: int, line: str) -> Buffer:
    own, name, space, dtype, shape, strides, panel = _match(_BUFFER, line)
    if int(own) != number:
        raise InputError(f"buffer {number} is called %{own}")
    steps = tuple([int(step) for step in strides.split(",") if step])
    return Buffer(_parse_name(name), space, _parse_shape(shape), from_short(dtype), steps, int(panel))


def _parse_name(text: str) -> str:
    """The string that is written as ``text``: what stands between its quotes, if nothing in it is escaped."""
    plain = text[1:-1]
    return plain if repr(plain) == text else str(ast.literal_eval(text))


def _parse_phase(lines: list[str]) -> Phase:
    return Phase(tuple(_parse_track(block) for block in _blocks(lines, "track")[1:]))


def _parse_track(lines: list[str]) -> Track:
    extent, block = _match(_TRACK, lines[0])
    return Track(_parse_extent(extent), int(block), tuple(_parse_loop(b) for b in _blocks(lines, "loop")[1:]))


def _parse_loop(lines: list[str]) -> Loop:
    kind, outer, inner = _match(_LOOP, lines[0])
    body = []
    for number, line in enumerate(lines[1:]):
        own, word, rest = _match(_VALUE, line)
        if int(own) != number or word not in _PARSERS:
            raise InputError(f"this line is no value {number} of a loop: {line!r}")
        body.append(_PARSERS[word](rest))
    return Loop(kind, _parse_shape(outer), _parse_shape(inner), tuple(body))


def _parse_extent(text: str) -> Extent:
    return _SYMBOLS[text] if text in _SYMBOLS else int(text)


def _parse_shape(text: str) -> Shape:
    return tuple([_parse_extent(e) for e in text.split(",")]) if text else ()


def _parse_access(text: str) -> Access:
    buffer, inside = _match(_ACCESS, text)
    axes = inside.split(",") if inside else []
    row = int(axes[0].split("@")[1]) if axes and "@" in axes[0] else None
    return Access(int(buffer), tuple([_parse_place(a.partition("@")[0]) for a in axes]), row)


def _parse_place(text: str) -> Place:
    if text == "-":
        return ORIGIN
    if text.isdecimal():
        return int(text)
    terms, start = [], 0
    for part in text.split("+"):
        if part.startswith("#"):
            start = int(part[1:])
        else:
            axis, _, step = part.partition("*")
            terms.append((int(axis), int(step or 1)))
    return combined(tuple((axis, step) for axis, step in terms), start)


def _parse_load(text: str) -> Instruction:
    where, _, mask = text.partition(" where ")
    return Load(_parse_access(where), int(mask) if mask else None)


def _parse_apply(text: str) -> Instruction:
    what, args = _match(_APPLY, text)
    op = parse_op(what)
    if not isinstance(op, Point):
        raise InputError(f"{what!r} is no op on single elements")
    return Apply(op, tuple([int(a) for a in args.split()]))


def _typed(make: Callable[[str, str], Instruction]) -> Callable[[str], Instruction]:
    """A value of two words, the second of which is a type."""

    def parse(text: str) -> Instruction:
        number, dtype = text.split(" ")
        return make(number, dtype)

    return parse


def _parse_product(text: str) -> Instruction:
    left, right = text.split(" ")
    return Product(_parse_access(left), _parse_access(right))


def _parse_scatter(text: str) -> Instruction:
    index, source = text.split(" ")
    return Scatter(_parse_access(index), _parse_access(source))


def _parse_accumulate(text: str) -> Instruction:
    fn, value = text.split(" ")
    return Accumulate(fn, int(value))


def _parse_store(text: str) -> Instruction:
    to, value = text.split(" ")
    return Store(_parse_access(to), int(value))


_PARSERS: dict[str, Callable[[str], Instruction]] = {
    "load": _parse_load,
    "const": _typed(lambda value, dtype: Const(float(value), from_short(dtype))),
    "rows": lambda text: Rows(from_short(text)),
    "scalar": _typed(lambda position, dtype: Scalar(int(position), from_short(dtype))),
    "index": _typed(lambda axis, dtype: Index(int(axis), from_short(dtype))),
    "apply": _parse_apply,
    "accumulate": _parse_accumulate,
    "product": _parse_product,
    "scatter": _parse_scatter,
    "store": _parse_store,
}
