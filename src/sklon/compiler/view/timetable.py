"""Where the time of a step goes, as a table: a line for each loop in program order, then what was waited, and a sum."""

from __future__ import annotations

from collections.abc import Iterable

from sklon._base.columns import aligned, in_bytes, in_flops, in_seconds
from sklon.compiler.measure import LoopTime, Measured
from sklon.program.ir import Program

from .loops import loop_name, stored

HEAD = ("", "loop", "stores", "µs", "share", "FLOP", "bytes", "GFLOP/s", "of peak", "GB/s")
SIDES = "lllrrrrrrr"


def timetable(program: Program, measured: Measured) -> str:
    """The table of a measured program."""
    peak = measured.peak
    rows = [list(HEAD)]
    before = -1
    for one in measured.loops:
        phase = str(one.phase) if one.phase != before else ""
        if one.phase != before and before >= 0:
            rows += _wait(measured, before)
        before = one.phase
        rows.append([phase, *_cells(program, one, measured.step, peak)])
    rows += _wait(measured, before)
    rows.append(["", "calls, units", "", _micro(measured.rest), _percent(measured.rest / measured.step), *[""] * 5])
    work = measured.work
    rate = work.flops / measured.step / 1e9
    rows.append(
        ["", "a step", "", _micro(measured.step), "100 %", in_flops(work.flops), in_bytes(work.bytes), f"{rate:.1f}",
         _percent(rate / peak), f"{work.bytes / measured.step / 1e9:.1f}"]
    )  # fmt: skip
    plural = "s" * (measured.threads > 1)
    foot = (
        f"{measured.threads} thread{plural}; the peak is {peak:.0f} GFLOP/s; "
        f"a step without clocks takes {in_seconds(measured.ordinary)}"
    )
    return "\n".join([*aligned(rows, SIDES), foot]) + "\n"


def _cells(program: Program, one: LoopTime, step: float, peak: float) -> list[str]:
    return [
        loop_name(one.loop),
        stored(program, one.loop),
        _micro(one.seconds),
        _percent(one.seconds / step),
        in_flops(one.work.flops),
        in_bytes(one.work.bytes),
        f"{one.gflops:.1f}",
        _percent(one.gflops / peak),
        f"{one.gigabytes:.1f}",
    ]


def _wait(measured: Measured, phase: int) -> Iterable[list[str]]:
    """What was waited behind a phase, where there is somebody to wait for."""
    if measured.threads == 1 or phase < 0:
        return []
    seconds = measured.waits[phase]
    return [["", "wait", "", _micro(seconds), _percent(seconds / measured.step), *[""] * 5]]


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
