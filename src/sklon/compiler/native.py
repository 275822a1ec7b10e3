"""LLVM through llvmlite: the host as a target, text to an object file, that to a callable address. Its only importer.

Kernels arrive with explicit vectors and accumulators, so LLVM's optimization pipeline is not run over them.
"""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import Any

from sklon._base.errors import CompilerError

from .target import Target

#: LLVM's levels of code generation. Quick code is there in a fifth of the time, and runs as fast where products are
#: small; the bits of its results are the same, since nothing here allows LLVM to reorder arithmetic
QUICK, POLISHED = 0, 2
#: a machine with what every 64-bit one has
UNKNOWN = Target("unknown", "", "unknown-unknown-unknown", 16, 16, False)


@functools.cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _hold_while_forking(getattr(llvm.ffi.lib, "_lock", None))
    return llvm


def _hold_while_forking(lock: Any) -> None:
    """A fork waits until no thread is in LLVM; a child that found llvmlite's lock taken would wait for ever."""
    if lock is not None and hasattr(os, "register_at_fork"):
        leave = functools.partial(lock.__exit__, None, None, None)
        os.register_at_fork(before=lock.__enter__, after_in_parent=leave, after_in_child=leave)


@functools.cache
def why_absent() -> str | None:
    """Why there is no LLVM here: llvmlite is not installed or its library cannot be loaded; None where all is well."""
    try:
        _llvm()
    except (ImportError, OSError, RuntimeError) as error:
        return " ".join(str(error).split())
    return None


@functools.cache
def host() -> Target:
    """The machine that this process runs on; without LLVM, one of which nothing is known but that it computes."""
    if why_absent() is not None:
        return UNKNOWN
    llvm = _llvm()
    features: dict[str, bool] = dict(llvm.get_host_cpu_features())
    triple = llvm.get_process_triple()
    wide = 64 if features.get("avx512f") and features.get("avx512vl") and features.get("avx512dq") else 32
    if not (features.get("avx2") and features.get("fma")):
        wide = 16
    x86 = triple.startswith(("x86_64", "i686"))
    registers = 32 if wide == 64 or not x86 else 16
    fma = wide > 16 or not x86
    flat = llvm.get_host_cpu_features().flatten()
    give_way = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
    return Target(llvm.get_host_cpu_name(), flat, triple, wide, registers, fma, give_way)


@dataclass(frozen=True, slots=True)
class Native:
    """Machine code in memory; it lives as long as this object."""

    address: int
    engine: Any

    def entry(self, name: str) -> int:
        """The address of another function."""
        return int(self.engine.get_function_address(name))


def versions() -> tuple[str, str]:
    """Of llvmlite and of its LLVM."""
    import llvmlite

    return llvmlite.__version__, ".".join(map(str, _llvm().llvm_version_info))


def object_code(text: str, target: Target, level: int = POLISHED) -> bytes:
    """Compile LLVM text to an object file, at a level of code generation."""
    llvm = _llvm()
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise CompilerError(f"LLVM does not accept a generated module: {error}") from error
    return bytes(machine(target, level).emit_object(module))


def load(code: bytes, target: Target, entry: str = "run") -> Native:
    """Bring an object file into memory, where it can be executed, and return the address of its entry."""
    llvm = _llvm()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine(target))
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Native(engine.get_function_address(entry), engine)


def build(text: str, target: Target, entry: str = "run") -> Native:
    """Compile LLVM text and return the address of its entry."""
    return load(object_code(text, target), target, entry)


@functools.cache
def _every_target() -> Any:
    """LLVM with the targets that this machine cannot run, whose code can only be read."""
    llvm = _llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


def machine(target: Target, level: int = POLISHED) -> Any:
    """LLVM's view of a target."""
    llvm = _llvm() if target.triple == host().triple else _every_target()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.name, features=target.features, opt=level, jit=True
    )


def assembly(text: str, target: Target) -> str:
    """The assembly of a module, with comments about spilled registers."""
    llvm = _llvm()
    module = llvm.parse_assembly(text)
    module.verify()
    where = machine(target)
    where.set_asm_verbosity(True)
    return str(where.emit_assembly(module))
