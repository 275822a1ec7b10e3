"""The functions around the kernels: units of a phase, barriers between phases, the loop over steps.

Every thread runs ``run`` with its own number. Within a phase the units of all tracks are counted through, and each
thread claims some until none is left; then all of them meet. ``meeting`` has the functions for both.
"""

from __future__ import annotations

from sklon._base.shapes import N, row_size
from sklon.compiler.target import Target
from sklon.program.ir import Buffer, Loop, Program, Track
from sklon.program.memory import Memory

from .laps import laps
from .meeting import meeting
from .text import extent_text
from .timing import UNTIMED, Timer

#: words of the argument block before the pointers of the buffers
HEADER = 8
CALL_OF_BARRIER = " call void @barrier(ptr %gate, i64 %threads)\n"


class DriverEmitter:
    """Emits the functions of phases and ``run``; ``kernels`` names each loop's function and its buffers."""

    def __init__(
        self,
        program: Program,
        memory: Memory,
        kernels: dict[int, tuple[str, list[int]]],
        target: Target,
        timer: Timer = UNTIMED,
    ) -> None:
        self.program, self.memory, self.kernels, self.target = program, memory, kernels, target
        self.timer = timer
        self.scratch, self.local = memory.scratch.offsets(), memory.local.offsets()

    def text(self) -> str:
        tracks = [
            self._track(track, f"P{p}T{t}")
            for p, phase in enumerate(self.program.phases)
            for t, track in enumerate(phase.tracks)
        ]
        phases = [self._phase(p) for p in range(len(self.program.phases))]
        own = _declared(self.target) + self.timer.declarations() + meeting(self.target)
        return own + "".join(tracks) + "".join(phases) + self._run() + laps()

    # ---- a track: units first ≤ u < last
    def _track(self, track: Track, name: str) -> str:
        loops = [self._call(loop, i) for i, loop in enumerate(track.loops)]
        return f"""define internal void @{name}(ptr %args, ptr %step, ptr %local, i64 %first, i64 %last) #1 {{
entry:
 %rows = load i64, ptr %step
{self._scratch()} br label %h
h:
 %u = phi i64 [%first, %entry], [%un, %b]
 %go = icmp slt i64 %u, %last
 br i1 %go, label %b, label %x
b:
 %lo = mul i64 %u, {track.block}
 %end = add i64 %lo, {track.block}
 %inside = icmp slt i64 %end, {extent_text(track.extent)}
 %hi = select i1 %inside, i64 %end, i64 {extent_text(track.extent)}
{"".join(loops)} %un = add i64 %u, 1
 br label %h
x:
 ret void
}}
"""

    def _scratch(self) -> str:
        return " %scratch_at = getelementptr ptr, ptr %args, i64 6\n %scratch = load ptr, ptr %scratch_at\n"

    def _call(self, loop: Loop, number: int) -> str:
        if 0 in loop.outer:
            return ""  # it has no elements
        name, buffers = self.kernels[id(loop)]
        text, passed = "", ""
        for k, b in enumerate(buffers):
            text += self._pointer(b, f"%a{number}_{k}")
            passed += f", ptr %a{number}_{k}"
        return text + self.timer.loop(loop, f" call void @{name}(ptr %step, i64 %lo, i64 %hi{passed})\n")

    def _pointer(self, number: int, name: str) -> str:
        """A buffer's address; a local one is shifted so that its unit's rows have their own numbers."""
        buffer = self.program.buffers[number]
        if number in self.scratch:
            return f" {name} = getelementptr i8, ptr %scratch, i64 {self.scratch[number]}\n"
        if number in self.local:
            row = buffer.strides[0] if len(buffer.shape) > 1 else 1
            return (
                f" {name}b = getelementptr i8, ptr %local, i64 {self.local[number]}\n"
                f" {name}s = mul i64 %lo, {-row * buffer.dtype.itemsize}\n"
                f" {name} = getelementptr i8, ptr {name}b, i64 {name}s\n"
            )
        position = HEADER + self.memory.external[number]
        text = f" {name}p = getelementptr ptr, ptr %args, i64 {position}\n"
        if buffer.space in ("state", "data"):
            return f"{text} {name} = load ptr, ptr {name}p\n"
        return f"{text} {name}b = load ptr, ptr {name}p\n{self._moving(buffer, name)}"

    def _moving(self, buffer: Buffer, name: str) -> str:
        """Row indices and results by rows start at the step's first row, other results at the step's number."""
        by_rows = buffer.space == "index" or buffer.shape[:1] == (N,)
        size = row_size(buffer.shape) if by_rows else _elements(buffer)
        word = 1 if by_rows else 3
        return (
            f" {name}w = getelementptr i64, ptr %step, i64 {word}\n {name}i = load i64, ptr {name}w\n"
            f" {name}o = mul i64 {name}i, {size * buffer.dtype.itemsize}\n"
            f" {name} = getelementptr i8, ptr {name}b, i64 {name}o\n"
        )

    # ---- a phase: units are claimed until none is left
    def _phase(self, number: int) -> str:
        count = len(self.program.phases)
        shared = "ptr %args, ptr %step, ptr %local, i64 %threads, i64 %thread"
        return f"""{self._units(number)}define internal void @P{number}({shared}) #1 {{
entry:
{self._counts(number)} %alone = icmp eq i64 %threads, 1
 br i1 %alone, label %all, label %shared
all:
 call void @P{number}U(ptr %args, ptr %step, ptr %local, i64 0, i64 %units)
 ret void
shared:
 %gate = load ptr, ptr %args
 %step3 = getelementptr i64, ptr %step, i64 3
 %i = load i64, ptr %step3
 %before = mul i64 %i, {count}
 %phase = add i64 %before, {number + 1}
 br label %next
next:
 %range = call {{i64, i64}} @claim(ptr %gate, i64 %phase, i64 %units, i64 %threads, i64 %thread)
 %first = extractvalue {{i64, i64}} %range, 0
 %last = extractvalue {{i64, i64}} %range, 1
 %some = icmp slt i64 %first, %last
 br i1 %some, label %work, label %done
work:
 call void @P{number}U(ptr %args, ptr %step, ptr %local, i64 %first, i64 %last)
 br label %next
done:
 ret void
}}
"""

    def _counts(self, number: int) -> str:
        """The numbers of units of the tracks, nᵢ, and where each begins, tᵢ; all of them are ``units``."""
        text = " %rows = load i64, ptr %step\n %t0 = add i64 0, 0\n"
        tracks = self.program.phases[number].tracks
        for i, track in enumerate(tracks):
            text += (
                f" %e{i} = add i64 {extent_text(track.extent)}, {track.block - 1}\n"
                f" %n{i} = sdiv i64 %e{i}, {track.block}\n %t{i + 1} = add i64 %t{i}, %n{i}\n"
            )
        return f"{text} %units = add i64 %t{len(tracks)}, 0\n"

    def _units(self, number: int) -> str:
        """A function that does the units ``mine`` ≤ u < ``end`` of a phase, counted through all its tracks."""
        shares = "".join(self._share(number, i) for i in range(len(self.program.phases[number].tracks)))
        return f"""define internal void @P{number}U(ptr %args, ptr %step, ptr %local, i64 %mine, i64 %end) #1 {{
entry:
{self._counts(number)}{shares} ret void
}}
"""

    def _share(self, phase: int, i: int) -> str:
        """The units of a track among these: max(mine, tᵢ) − tᵢ up to min(end, tᵢ₊₁) − tᵢ."""
        return (
            f" %f{i} = sub i64 %mine, %t{i}\n %fp{i} = icmp sgt i64 %f{i}, 0\n"
            f" %first{i} = select i1 %fp{i}, i64 %f{i}, i64 0\n"
            f" %l{i} = sub i64 %end, %t{i}\n %lp{i} = icmp slt i64 %l{i}, %n{i}\n"
            f" %last{i} = select i1 %lp{i}, i64 %l{i}, i64 %n{i}\n"
            f" call void @P{phase}T{i}(ptr %args, ptr %step, ptr %local, i64 %first{i}, i64 %last{i})\n"
        )

    # ---- the loop over steps
    def _run(self) -> str:
        phases = "".join(
            f" call void @P{i}(ptr %args, ptr %step, ptr %local, i64 %threads, i64 %thread)\n"
            f"{self.timer.barrier(i, CALL_OF_BARRIER)}"
            for i in range(len(self.program.phases))
        )
        control, restore = _flush_subnormals(self.target)
        scalars = max(1, self.program.scalars)
        return f"""define void @run(ptr %args, i64 %thread) #1 {{
entry:
 %step = alloca [{self.timer.step_words} x i64], align 64
{_header_loads()}{self.timer.begin()}{control} %skip = mul i64 %thread, {self.memory.local_stride}
 %local = getelementptr i8, ptr %locals, i64 %skip
 br label %s
s:
 %i = phi i64 [%first, %entry], [%in, %s]
 %ra = mul i64 %i, 2
 %rp = getelementptr i64, ptr %table, i64 %ra
 %r = load i64, ptr %rp
 store i64 %r, ptr %step
 %qp = getelementptr i64, ptr %rp, i64 1
 %q = load i64, ptr %qp
 %step1 = getelementptr i64, ptr %step, i64 1
 store i64 %q, ptr %step1
 %so = mul i64 %i, {scalars}
 %sp = getelementptr double, ptr %scalars, i64 %so
 %step2 = getelementptr ptr, ptr %step, i64 2
 store ptr %sp, ptr %step2
 %step3 = getelementptr i64, ptr %step, i64 3
 store i64 %i, ptr %step3
{phases} %in = add i64 %i, 1
 %go = icmp slt i64 %in, %last
 br i1 %go, label %s, label %x
x:
{self.timer.end()}{restore} ret void
}}
"""


_HEADER_WORDS = (
    ("gate", "ptr"),
    ("threads", "i64"),
    ("first", "i64"),
    ("last", "i64"),
    ("table", "ptr"),
    ("scalars", "ptr"),
)


def _header_loads() -> str:
    text = ""
    for i, (name, kind) in enumerate((*_HEADER_WORDS, ("scratch", "ptr"), ("locals", "ptr"))):
        text += f" %{name}_at = getelementptr i64, ptr %args, i64 {i}\n %{name} = load {kind}, ptr %{name}_at\n"
    return text


def _elements(buffer: Buffer) -> int:
    result = 1
    for extent in buffer.shape:
        assert isinstance(extent, int)
        result *= extent
    return result


def _declared(target: Target) -> str:
    """What ``_flush_subnormals`` calls."""
    if _is_arm(target):
        return "declare i64 @llvm.aarch64.get.fpcr()\ndeclare void @llvm.aarch64.set.fpcr(i64)\n"
    if target.is_x86:
        return "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n"
    return ""


def _flush_subnormals(target: Target) -> tuple[str, str]:
    """Subnormal numbers count as zero while a program runs; the thread's control register is put back after."""
    if _is_arm(target):
        flush_to_zero = 1 << 24
        return (
            f" %old = call i64 @llvm.aarch64.get.fpcr()\n %new = or i64 %old, {flush_to_zero}\n"
            " call void @llvm.aarch64.set.fpcr(i64 %new)\n"
        ), " call void @llvm.aarch64.set.fpcr(i64 %old)\n"
    if not target.is_x86:
        return "", ""
    flush = 0x8040  # flush-to-zero and denormals-are-zero
    before = (
        " %csr = alloca i32\n %csr2 = alloca i32\n call void @llvm.x86.sse.stmxcsr(ptr %csr)\n"
        f" %old = load i32, ptr %csr\n %new = or i32 %old, {flush}\n store i32 %new, ptr %csr2\n"
        " call void @llvm.x86.sse.ldmxcsr(ptr %csr2)\n"
    )
    return before, " call void @llvm.x86.sse.ldmxcsr(ptr %csr)\n"


def _is_arm(target: Target) -> bool:
    return target.triple.startswith(("aarch64", "arm64"))
