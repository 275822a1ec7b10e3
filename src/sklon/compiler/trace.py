"""``SKLON_TRACE``: every program that is compiled, or found on disk, is told, and how long each stage took.

    SKLON_TRACE=1          everything, on standard error
    SKLON_TRACE=passes     the graph and what each pass changed
    SKLON_TRACE=program    the program with kernels, tiles, layouts and memory
    SKLON_TRACE=./FILE     everything, at the end of a file; in a folder, a file for each program

Nothing else goes anywhere: no data, no path, no name of the machine's owner. Without the variable nothing is done.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

from sklon._base.columns import aligned, in_seconds
from sklon._base.errors import InputError
from sklon.graph.node import Graph

from .pipeline import Settings

VARIABLE = "SKLON_TRACE"
PARTS = {"1": ("passes", "program"), "passes": ("passes",), "program": ("program",)}
T = TypeVar("T")
_numbers = count(1)


class Watch(Protocol):
    """What looks on while a graph is compiled."""

    def timed(self, stage: str, make: Callable[[], T]) -> T:
        """What ``make`` makes in a stage."""

    def done(self, graph: Graph, settings: Settings) -> None:
        """The program is there."""


class Silent:
    """Looks away."""

    def timed(self, stage: str, make: Callable[[], T]) -> T:
        return make()

    def done(self, graph: Graph, settings: Settings) -> None:
        return


SILENT = Silent()


@dataclass(slots=True)
class Trace:
    """Tells the ``parts`` of the view of a compilation, on standard error or in a file."""

    parts: tuple[str, ...]
    path: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def timed(self, stage: str, make: Callable[[], T]) -> T:
        start = time.perf_counter()
        made = make()
        self.seconds[stage] = time.perf_counter() - start
        return made

    def done(self, graph: Graph, settings: Settings) -> None:
        # what is shown stands above what compiles, so it is asked for only now
        from .view.subject import Subject
        from .view.view import view_of

        number = next(_numbers)
        how = "compiled" if "passes" in self.seconds else "found on disk"
        title = f"program {number} of this process: {how} in {in_seconds(sum(self.seconds.values()))}"
        view = view_of(Subject(title=title, graph=graph, max_rows=settings.max_rows), settings.target)
        self._write(f"{view.text(self.parts)}\n{self._times({one.name: one.seconds for one in view.passes})}\n", number)

    def _times(self, passes: Mapping[str, float]) -> str:
        """What each stage took; behind the passes over the graph come fusion, the schedule and the buffers."""
        rows: list[list[str]] = []
        for stage, seconds in self.seconds.items():
            rows.append([stage, in_seconds(seconds)])
            if stage == "passes":
                rows += [[f"  {name}", in_seconds(took)] for name, took in passes.items()]
                rows.append(["  fusion to buffers", in_seconds(max(0.0, seconds - sum(passes.values())))])
        return "".join(f"{line}\n" for line in ["compile times", *(f"  {line}" for line in aligned(rows, "lr"))])

    def _write(self, text: str, number: int) -> None:
        if self.path is None:
            sys.stderr.write(text)
            sys.stderr.flush()
            return
        path = self.path / f"program-{os.getpid()}-{number:04}.txt" if self.path.is_dir() else self.path
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


def watch() -> Watch:
    """What looks on, as ``SKLON_TRACE`` asks."""
    asked = os.environ.get(VARIABLE, "")
    if asked in ("", "0"):
        return SILENT
    if asked in PARTS:
        return Trace(PARTS[asked])
    if not any(mark in asked for mark in "./\\"):
        raise InputError(f"{VARIABLE} is 1, passes, program, or a path such as ./trace.txt, not {asked!r}")
    path = Path(asked)
    if not path.is_dir() and not path.parent.is_dir():
        raise InputError(f"{VARIABLE} names a file in a folder that does not exist: {asked!r}")
    return Trace(PARTS["1"], path)
