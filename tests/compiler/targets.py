"""Narrower machines than this one, made by forbidding some of its instructions; and Arm's, whose code is only read."""

from __future__ import annotations

from dataclasses import replace

from sklon.compiler import native
from sklon.compiler.target import Target

#: name → a CPU of that kind, what it forbids, bytes of a vector, fused multiply-add
_KINDS = {
    "avx2": ("haswell", ("avx512", "avx10", "amx", "evex"), 32, True),
    "sse2": ("x86-64", ("avx", "amx", "fma", "sse3", "sse4", "f16c", "xop", "vaes", "vpcl", "gfni"), 16, False),
}
#: those that this machine can run
NARROWER = tuple(n for n, kind in _KINDS.items() if native.host().is_x86 and kind[2] <= native.host().vector_bytes)
#: machines with Arm's 128-bit vectors, by CPU
NEON = tuple(Target(cpu, "", "aarch64-unknown-linux-gnu", 16, 32, True) for cpu in ("neoverse-n1", "apple-m1"))


def narrower(name: str) -> Target:
    """This machine without the instructions that ``name`` forbids."""
    cpu, forbidden, vector_bytes, fma = _KINDS[name]
    host = native.host()
    features = [f"-{f[1:]}" if any(word in f for word in forbidden) else f for f in host.features.split(",")]
    return replace(host, name=cpu, features=",".join(features), vector_bytes=vector_bytes, registers=16, fma=fma)
