"""A loop in a line: its kind and extents, the function that computes it, its tiles, what is fused into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from sklon.compiler.kernels.lanes import Declarations
from sklon.compiler.kernels.product import ProductEmitter
from sklon.compiler.kernels.tiling import Tiling
from sklon.compiler.kernels.transpose import is_transposition
from sklon.compiler.target import Target
from sklon.program.ir import Apply, Loop, Program
from sklon.program.work import Work, work_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopView:
    """A loop, where it stands, and how it is computed; ``tiling`` is that of a product.

    ``function`` is the name of its kernel, which ``shared`` loops have in common.
    """

    loop: Loop
    phase: int
    track: int
    function: str
    shared: int
    transposes: bool
    tiling: Tiling | None
    work: Work

    @property
    def how(self) -> str:
        """The tiles of a product, or what else is special."""
        return str(self.tiling) if self.tiling else "transposes" if self.transposes else ""


def loop_views(program: Program, target: Target, functions: tuple[str, ...], rows: int) -> tuple[LoopView, ...]:
    """All loops of a program in order; ``functions`` names the kernel of each."""
    places = [
        (p, t, loop)
        for p, phase in enumerate(program.phases)
        for t, track in enumerate(phase.tracks)
        for loop in track.loops
    ]
    shared = Counter(functions)
    return tuple(
        LoopView(
            loop=loop,
            phase=p,
            track=t,
            function=name,
            shared=shared[name],
            transposes=loop.kind == "map" and is_transposition(program, loop, target),
            tiling=_tiling(program, loop, target),
            work=work_of(program, loop, rows),
        )
        for (p, t, loop), name in zip(places, functions, strict=True)
    )


def _tiling(program: Program, loop: Loop, target: Target) -> Tiling | None:
    if loop.kind != "contract" or 0 in loop.axes:
        return None
    return ProductEmitter(program, loop, target, Declarations()).tiling()


def loop_name(loop: Loop) -> str:
    """As ``contract [N,64] over [32]``."""

    def shape(extents: Iterable[object]) -> str:
        return ",".join(str(e) for e in extents)

    return f"{loop.kind} [{shape(loop.outer)}]" + (f" over [{shape(loop.inner)}]" if loop.inner else "")


def fused(loop: Loop, most: int = 28) -> str:
    """The point ops of a loop in their order, as ``add 2·mul relu``, in so many characters at the most."""
    runs = [(name, len(list(run))) for name, run in groupby(x.op.name for x in loop.body if isinstance(x, Apply))]
    text = " ".join(name if times == 1 else f"{times}·{name}" for name, times in runs)
    if len(text) <= most:
        return text
    end = f"… {sum(times for _, times in runs)} ops"
    return text[: most - len(end)].rsplit(" ", 1)[0] + end


def flow(program: Program, loop: Loop, most: int) -> str:
    """The names of what a loop reads and what it writes, as many as so many characters hold."""
    names = [list(dict.fromkeys(program.buffers[at.buffer].name for at in ats)) for ats in (loop.reads, loop.writes)]
    shown = [len(side) for side in names]
    while len(text := " → ".join(map(_listed, names, shown))) > most and max(shown) > 1:
        shown[shown.index(max(shown))] -= 1
    return text


def stored(program: Program, loop: Loop) -> str:
    """The name of what a loop writes, and how much more it does."""
    return _listed(list(dict.fromkeys(program.buffers[at.buffer].name for at in loop.writes)), 1)


def _listed(names: list[str], count: int) -> str:
    return ", ".join(names[:count]) + (f" +{len(names) - count}" if len(names) > count else "")
