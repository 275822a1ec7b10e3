"""The frame of every kernel as LLVM text."""

from __future__ import annotations

PROLOGUE = """ %rows = load i64, ptr %step
 %scalars_at = getelementptr ptr, ptr %step, i64 2
 %scalars = load ptr, ptr %scalars_at
"""


def function(parameters: int, text: str, extra: str = "i64 %lo, i64 %hi") -> str:
    """A kernel: ``step`` holds N, the position of its first row, and the scalars. '@@' stands for its name."""
    pointers = "".join(f", ptr %p{i}" for i in range(parameters))
    return f"define internal void @@(ptr %step, {extra}{pointers}) #0 {{\nentry:\n{text} ret void\n}}\n"


def extent_text(extent: object) -> str:
    """The upper bound of a whole axis."""
    return {"N": "%rows", "S": "%shards"}.get(str(extent), str(extent))


def lines_of(lines: list[str]) -> str:
    """Instructions, one a line."""
    return "\n".join([*lines, ""])
