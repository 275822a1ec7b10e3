"""How threads share a phase and meet after it: two LLVM functions, ``claim`` and ``barrier``, and the words they use.

Every thread has a contiguous share of a phase's units. It claims them from the front; when its own are done, it
claims from the back of the others' shares, so that nobody waits for a thread that the system has taken off its core.
Which thread computes a unit never changes a result. After the phase all threads meet: a waiting one spins, then
sleeps until the last one has come. It does not yield: under Linux a thread that yields gives up its place in the
queue as well, and would get less than its share of a busy machine; one that sleeps keeps it.
"""

from __future__ import annotations

from sklon.compiler.target import Target

LINE = 64  # bytes of a cache line
#: bytes between the words of two threads: processors fetch lines in pairs
APART = 2 * LINE
#: pauses before a waiting thread sleeps, and how often this is halved where threads wait longer all the same
SPINS, HALVINGS = 1000, 5
#: claims of a share that a word can count; a larger share is claimed by several units at a time
CLAIMS = 1 << 15
#: the number of Linux's system call ``futex``, by processor
FUTEX = {"x86_64": 202, "aarch64": 98}
WAIT, WAKE, EVERYBODY = 128, 129, 2**31 - 1  # futex operations within one process


def gate_bytes(threads: int) -> int:
    """The words of a call: arrivals, sleepers and patience, the generation on the next line, each thread's claims."""
    return APART * (1 + threads)


def meeting(target: Target) -> str:
    """The functions ``claim`` and ``barrier`` with what they declare."""
    return _declared(target) + _CLAIM + _barrier(target)


def _futex(target: Target) -> int | None:
    processor, *rest = target.triple.split("-")
    return FUTEX.get(processor) if "linux" in rest else None


def _declared(target: Target) -> str:
    pause = "declare void @llvm.x86.sse2.pause()\n" if target.is_x86 else ""
    if _futex(target) is None:
        return f"{pause}declare i32 @{target.yield_function}()\n"
    return f"{pause}declare i64 @syscall(i64, ...)\n"


#: The next units [first, last) for a thread, or an empty range. A word holds the phase's number (from 1 on), the
#: claims from the back and those from the front, as 32 | 16 | 16 bits; one of an earlier phase counts as untouched.
_CLAIM = f"""define internal {{i64, i64}} @claim(ptr %gate, i64 %phase, i64 %units, i64 %threads, i64 %thread) #0 {{
entry:
 %fresh = shl i64 %phase, 32
 br label %share
share:
 %v = phi i64 [0, %entry], [%vn, %next]
 %sum = add i64 %thread, %v
 %over = icmp sge i64 %sum, %threads
 %less = sub i64 %sum, %threads
 %owner = select i1 %over, i64 %less, i64 %sum
 %a = mul i64 %units, %owner
 %lo = sdiv i64 %a, %threads
 %owner1 = add i64 %owner, 1
 %b = mul i64 %units, %owner1
 %hi = sdiv i64 %b, %threads
 %size = sub i64 %hi, %lo
 %each0 = sdiv i64 %size, {CLAIMS}
 %each = add i64 %each0, 1
 %up = add i64 %size, %each0
 %pieces = sdiv i64 %up, %each
 %offset = mul i64 %owner1, {APART}
 %word = getelementptr i8, ptr %gate, i64 %offset
 %found = load atomic i64, ptr %word monotonic, align 8
 br label %try
try:
 %old = phi i64 [%found, %share], [%seen, %again]
 %number = and i64 %old, -4294967296
 %current = icmp eq i64 %number, %fresh
 %state = select i1 %current, i64 %old, i64 %fresh
 %front = and i64 %state, 65535
 %shifted = lshr i64 %state, 16
 %back = and i64 %shifted, 65535
 %taken = add i64 %front, %back
 %left = icmp slt i64 %taken, %pieces
 br i1 %left, label %take, label %next
take:
 %own = icmp eq i64 %v, 0
 %step = select i1 %own, i64 1, i64 65536
 %new = add i64 %state, %step
 %pair = cmpxchg ptr %word, i64 %old, i64 %new monotonic monotonic
 %seen = extractvalue {{i64, i1}} %pair, 0
 %done = extractvalue {{i64, i1}} %pair, 1
 br i1 %done, label %mine, label %again
again:
 br label %try
mine:
 %behind = sub i64 %pieces, %back
 %final = sub i64 %behind, 1
 %piece = select i1 %own, i64 %front, i64 %final
 %skip = mul i64 %piece, %each
 %first = add i64 %lo, %skip
 %reach = add i64 %first, %each
 %inside = icmp slt i64 %reach, %hi
 %last = select i1 %inside, i64 %reach, i64 %hi
 %r0 = insertvalue {{i64, i64}} poison, i64 %first, 0
 %r1 = insertvalue {{i64, i64}} %r0, i64 %last, 1
 ret {{i64, i64}} %r1
next:
 %vn = add i64 %v, 1
 %more = icmp slt i64 %vn, %threads
 br i1 %more, label %share, label %none
none:
 ret {{i64, i64}} zeroinitializer
}}
"""


def _barrier(target: Target) -> str:
    """All threads wait until the last one has come: a counter and a generation on separate cache lines.

    A sleeper is counted before it sleeps, and the system lets it sleep only while the generation is the old one:
    the last thread either sees it counted, or has changed the generation before.
    """
    pause = " call void @llvm.x86.sse2.pause()\n" if target.is_x86 else ""
    sleep, wake = _sleeping(target)
    return f"define internal void @barrier(ptr %gate, i64 %threads) #0 {{\n{_arrival(wake)}{_wait(pause, sleep)}}}\n"


def _arrival(wake: str) -> str:
    """Who comes last opens the next generation, and wakes those who sleep."""
    return f"""entry:
 %alone = icmp eq i64 %threads, 1
 br i1 %alone, label %done, label %arrive
arrive:
 %sleepers = getelementptr i8, ptr %gate, i64 8
 %generation_at = getelementptr i8, ptr %gate, i64 {LINE}
 %generation = load atomic i32, ptr %generation_at acquire, align 8
 %before = atomicrmw add ptr %gate, i64 1 acq_rel
 %others = sub i64 %threads, 1
 %is_last = icmp eq i64 %before, %others
 br i1 %is_last, label %open, label %wait
open:
 store atomic i64 0, ptr %gate monotonic, align 8
 %next = add i32 %generation, 1
 store atomic i32 %next, ptr %generation_at seq_cst, align 8
 %asleep = load atomic i64, ptr %sleepers seq_cst, align 8
 %any = icmp ne i64 %asleep, 0
 br i1 %any, label %wake, label %done
wake:
{wake} br label %done
"""


def _wait(pause: str, sleep: str) -> str:
    """Who comes earlier spins until the generation changes, then sleeps.

    Spinning pays where the others run on other cores. Where they wait for this one, it is in vain: each time that it
    was, the next waits spin half as long, and each time that it was not, twice as long again.
    """
    return f"""wait:
 %impatience_at = getelementptr i8, ptr %gate, i64 16
 %impatience = load atomic i64, ptr %impatience_at monotonic, align 8
 %patience = lshr i64 {SPINS}, %impatience
 br label %look
look:
 %spins = phi i64 [0, %wait], [%spins1, %pause]
 %now = load atomic i32, ptr %generation_at acquire, align 8
 %changed = icmp ne i32 %now, %generation
 br i1 %changed, label %paid, label %longer
longer:
 %spins1 = add i64 %spins, 1
 %vain = icmp ugt i64 %spins1, %patience
 br i1 %vain, label %unpaid, label %pause
pause:
{pause} br label %look
paid:
 %eager = icmp ne i64 %impatience, 0
 br i1 %eager, label %calm, label %done
calm:
 %less = sub i64 %impatience, 1
 store atomic i64 %less, ptr %impatience_at monotonic, align 8
 br label %done
unpaid:
 %most = icmp uge i64 %impatience, {HALVINGS}
 br i1 %most, label %sleep, label %hurry
hurry:
 %more = add i64 %impatience, 1
 store atomic i64 %more, ptr %impatience_at monotonic, align 8
 br label %sleep
sleep:
{sleep} %after = load atomic i32, ptr %generation_at acquire, align 8
 %woken_up = icmp ne i32 %after, %generation
 br i1 %woken_up, label %done, label %sleep
done:
 ret void
"""


def _sleeping(target: Target) -> tuple[str, str]:
    """How a thread sleeps and how others are woken; where the system has no futex, it yields instead."""
    call = _futex(target)
    if call is None:
        return f" %ignored = call i32 @{target.yield_function}()\n", ""
    futex = f"call i64 (i64, ...) @syscall(i64 {call}, ptr %generation_at, "
    sleep = (
        " %counted = atomicrmw add ptr %sleepers, i64 1 seq_cst\n"
        f" %slept = {futex}i64 {WAIT}, i32 %generation, ptr null)\n"
        " %uncounted = atomicrmw sub ptr %sleepers, i64 1 seq_cst\n"
    )
    return sleep, f" %woken = {futex}i64 {WAKE}, i64 {EVERYBODY})\n"
