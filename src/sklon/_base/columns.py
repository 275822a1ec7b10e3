"""Plain text for people: columns that stand under each other, and amounts with units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import TextWrapper

#: characters in a line of a sentence
WIDTH = 100
#: a space at which no line is broken
UNBROKEN = "\u00a0"
#: a name of a row and the gap after it, or what a sentence is moved in by
LABEL = re.compile(r"\s*(?:\S+(?: \S+)*\s{2,})?")


def aligned(rows: Sequence[Sequence[str]], sides: str, gap: str = "  ") -> list[str]:
    """Rows as lines in which each column has one width; ``sides`` says "l" or "r" for each column.

    >>> aligned([["a", "1"], ["bcd", "23"]], "lr")
    ['a     1', 'bcd  23']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(sides))] if rows else []
    return [
        gap.join(
            text.ljust(width) if side == "l" else text.rjust(width)
            for text, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in rows
    ]


def folded(text: str, width: int = WIDTH) -> str:
    """A text whose sentences go on in a line below, under their beginning, where they are wider than ``width``.

    Rows of several columns stay as they are, and no line ends beside = or ±.

    >>> print(folded("why   the steps were not enough, and x = 1", 24))
    why   the steps were not
          enough, and x = 1
    """
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    label = LABEL.match(line)
    start = label.end() if label else 0
    if len(line) <= width or re.search(r"\S\s{2,}\S", line[start:]):
        return line
    deeper = len(line[:start]) if line[:start].strip() and start <= width // 2 else len(line) - len(line.lstrip()) + 2
    fold = TextWrapper(
        width=width, initial_indent=line[:start], subsequent_indent=" " * deeper, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    kept = re.sub(" ([=±]) ", rf"{UNBROKEN}\1{UNBROKEN}", line[start:])
    return "\n".join(fold.wrap(kept)).replace(UNBROKEN, " ")


def in_bytes(count: float) -> str:
    """An amount of memory, in powers of 1024.

    >>> in_bytes(40), in_bytes(1536), in_bytes(3 << 20)
    ('40 B', '1.5 KiB', '3 MiB')
    """
    return _scaled(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def in_flops(count: float) -> str:
    """A number of operations, in powers of 1000.

    >>> in_flops(12_800), in_flops(4.2e7)
    ('12.8 kFLOP', '42 MFLOP')
    """
    return _scaled(count, 1000, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"))


def in_seconds(seconds: float) -> str:
    """A time as µs, ms or s.

    >>> in_seconds(18.2e-6), in_seconds(0.0031), in_seconds(2.5)
    ('18.2 µs', '3.1 ms', '2.5 s')
    """
    for unit, size in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _scaled(count: float, base: int, units: Sequence[str]) -> str:
    power = 0
    while count >= 0.9995 * base and power < len(units) - 1:
        count, power = count / base, power + 1
    return f"{count:.3g} {units[power]}" if count < 999.5 else f"{count:.0f} {units[power]}"
