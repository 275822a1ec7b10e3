"""A function that enters programs one after another, and copies memory in between, without a return to Python.

It goes through rows of four words. A row that begins with an entry calls it on an argument block, to run the steps
``first`` to ``last``; a row that begins with 0 copies bytes. It works for one thread, whose number is 0.
"""

from __future__ import annotations

#: words of a row: (entry, argument block, first, last), or (0, to, from, bytes)
ROW_WORDS = 4
#: bytes that are copied at once while there are as many
WIDE = 64


def laps() -> str:
    """The text of ``void laps(rows, count)``."""
    words = "".join(
        f" %w{k}p = getelementptr i64, ptr %row, i64 {k}\n %w{k} = load i64, ptr %w{k}p\n" for k in range(ROW_WORDS)
    )
    return f"""define void @laps(ptr %rows, i64 %count) #0 {{
begin:
 %some = icmp sgt i64 %count, 0
 br i1 %some, label %look, label %done
look:
 %i = phi i64 [0, %begin], [%in, %next]
 %row = getelementptr [{ROW_WORDS} x i64], ptr %rows, i64 %i
{words} %to = inttoptr i64 %w1 to ptr
 %copies = icmp eq i64 %w0, 0
 br i1 %copies, label %copy, label %enter
enter:
 %entry = inttoptr i64 %w0 to ptr
 %first = getelementptr i64, ptr %to, i64 2
 %last = getelementptr i64, ptr %to, i64 3
 store i64 %w2, ptr %first
 store i64 %w3, ptr %last
 call void %entry(ptr %to, i64 0)
 br label %next
copy:
 %from = inttoptr i64 %w2 to ptr
 %most = and i64 %w3, {-WIDE}
{_copied("wide", "copy", "0", "%most", f"<{WIDE} x i8>", WIDE)}{_copied("byte", "wide.end", "%most", "%w3", "i8", 1)}\
 br label %next
next:
 %in = add i64 %i, 1
 %more = icmp slt i64 %in, %count
 br i1 %more, label %look, label %done
done:
 ret void
}}
"""


def _copied(name: str, before: str, start: str, end: str, kind: str, size: int) -> str:
    """A loop that copies the bytes from ``start`` to ``end``; it ends in the block ``name``.end."""
    return f""" br label %{name}
{name}:
 %{name}.k = phi i64 [{start}, %{before}], [%{name}.kn, %{name}.do]
 %{name}.go = icmp slt i64 %{name}.k, {end}
 br i1 %{name}.go, label %{name}.do, label %{name}.end
{name}.do:
 %{name}.f = getelementptr i8, ptr %from, i64 %{name}.k
 %{name}.t = getelementptr i8, ptr %to, i64 %{name}.k
 %{name}.v = load {kind}, ptr %{name}.f, align 1
 store {kind} %{name}.v, ptr %{name}.t, align 1
 %{name}.kn = add i64 %{name}.k, {size}
 br label %{name}
{name}.end:
"""
