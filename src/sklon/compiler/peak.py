"""The rate of fused multiply-adds that this machine reaches with all operands in registers.

Every share of the peak is measured against this number in the same run: clocks vary with load and temperature.
"""

from __future__ import annotations

import ctypes
import functools
import time

from . import native
from .threads import together

#: enough independent accumulators to hide the latency of the multiply-add
ACCUMULATORS = 12
UNROLL = 4
ITERATIONS = 400_000


def _module(lanes: int) -> str:
    vector = f"<{lanes} x float>"
    entry = "".join(
        f" %a{i}_0 = phi {vector} [zeroinitializer, %entry], [%a{i}_{UNROLL}, %l]\n" for i in range(ACCUMULATORS)
    )
    body = "".join(
        f" %a{i}_{u + 1} = call {vector} @llvm.fma.v{lanes}f32({vector} %x, {vector} %x, {vector} %a{i}_{u})\n"
        for u in range(UNROLL)
        for i in range(ACCUMULATORS)
    )
    total = "".join(f" store {vector} %a{i}_{UNROLL}, ptr %p, align 4\n" for i in range(ACCUMULATORS))
    return f"""declare {vector} @llvm.fma.v{lanes}f32({vector}, {vector}, {vector})
define void @run(ptr %p, i64 %n) #0 {{
entry:
 %x = load {vector}, ptr %p, align 4
 br label %l
l:
 %k = phi i64 [0, %entry], [%kn, %l]
{entry}{body} %kn = add i64 %k, 1
 %go = icmp slt i64 %kn, %n
 br i1 %go, label %l, label %x1
x1:
{total} ret void
}}
attributes #0 = {{ nounwind noinline "prefer-vector-width"="{lanes * 32}" }}
"""


class Peak:
    """Measures the peak of one or several threads."""

    def __init__(self) -> None:
        target = native.host()
        self.lanes = target.lanes(4)
        self.code = native.build(_module(self.lanes), target)
        self.entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(self.code.address)

    def gflops(self, threads: int = 1, repeats: int = 3) -> float:
        """10⁹ floating-point operations a second, the best of ``repeats``."""
        buffers = [ctypes.create_string_buffer(4096) for _ in range(threads)]

        def work(number: int) -> None:
            self.entry(ctypes.addressof(buffers[number]), ITERATIONS)

        best = float("inf")
        for _ in range(repeats):
            start = time.perf_counter()
            together(work, threads)
            best = min(best, time.perf_counter() - start)
        return threads * ITERATIONS * ACCUMULATORS * UNROLL * self.lanes * 2 / best / 1e9


@functools.cache
def _meter() -> Peak:
    return Peak()


def peak(threads: int, repeats: int = 1) -> float:
    """The peak as it is now, in 10⁹ operations a second; its code is made once a process."""
    return _meter().gflops(threads, repeats)
