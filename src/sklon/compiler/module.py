"""A whole program as the text of one LLVM module. Kernels with the same text are one function."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sklon.program.ir import Loop, Program
from sklon.program.memory import Memory, place

from .kernels.driver import DriverEmitter
from .kernels.lanes import Declarations
from .kernels.nest import emit_map, emit_reduce
from .kernels.product import ProductEmitter
from .kernels.scatter import emit_scatter
from .kernels.timing import UNTIMED, Timer
from .kernels.transpose import emit_transposition, is_transposition
from .target import Target


@dataclass(frozen=True, slots=True)
class Module:
    """LLVM text, where its ``run`` expects the buffers, and the name of each loop's function, in program order."""

    text: str
    memory: Memory
    kernels: tuple[str, ...]


class _Functions:
    """Distinct kernel texts under short names."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def add(self, text: str) -> str:
        """The name of the function with this text."""
        return self.names.setdefault(text, f"K{len(self.names)}")

    def text(self) -> str:
        return "".join(text.replace("@@", f"@{name}", 1) for text, name in self.names.items())


def emit_module(program: Program, target: Target, timer: Timer = UNTIMED) -> Module:
    """The module of a program; a ``timer`` puts clocks around its kernels."""
    functions, declarations = _Functions(), Declarations()
    kernels = {id(loop): _emit(program, loop, target, functions, declarations) for loop in program.loops()}
    memory = place(program)
    driver = DriverEmitter(program, memory, kernels, target, timer).text()
    declared = "".join(line + "\n" for line in declarations.lines.values())
    names = tuple(kernels[id(loop)][0] for loop in program.loops())
    return Module(declared + functions.text() + driver + _attributes(target), memory, names)


def _attributes(target: Target) -> str:
    """#0 for kernels; #1 for the functions around them, which LLVM need not polish: it halves their compile time."""
    return (
        f'attributes #0 = {{ nounwind noinline "prefer-vector-width"="{8 * target.vector_bytes}" }}\n'
        "attributes #1 = { nounwind noinline optnone }\n"
    )


def _emit(
    program: Program, loop: Loop, target: Target, functions: _Functions, declarations: Declarations
) -> tuple[str, list[int]]:
    """The name of a loop's function and the buffers that it takes."""
    *parts, (unit, parameters) = _functions(program, loop, target, declarations)
    names = [functions.add(text) for text, _ in parts]
    unit = re.sub(r"@@(\d+)@@", lambda m: f"@{names[int(m.group(1))]}", unit)
    return functions.add(unit), parameters


def _functions(program: Program, loop: Loop, target: Target, declarations: Declarations) -> list[tuple[str, list[int]]]:
    """The functions of a loop: last the one for a unit, before it those that it calls."""
    if loop.kind == "contract":
        return ProductEmitter(program, loop, target, declarations).functions()
    if loop.kind == "scatter":
        return [emit_scatter(program, loop, target)]
    if is_transposition(program, loop, target):
        return emit_transposition(program, loop, target, declarations)
    emit = emit_map if loop.kind == "map" else emit_reduce
    return [emit(program, loop, target, declarations)]
