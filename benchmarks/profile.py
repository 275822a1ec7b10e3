"""Where the time of a case's training step goes, kernel by kernel.

    python -m benchmarks.profile "large, Adam" [--threads 2] [--turns 9]

The step is the Trainer's own, over the rows of its first epoch. The cases are those of ``benchmarks.training``; without
a name, all of them.
"""

from __future__ import annotations

import argparse

import sklon
from sklon.compiler.measure import TURNS
from sklon.compiler.view.timetable import timetable
from sklon.compiler.view.view import measured_view
from sklon.training.rehearsal import rehearsed

from .training.cases import CASES, case_of
from .training.with_sklon import trainer_of


def profile(name: str, threads: int | None, turns: int) -> str:
    """The table of a case."""
    case = case_of(name)
    trainer, data = trainer_of(case)
    view = measured_view(rehearsed(trainer, data, batch_size=case.batch), threads, turns)
    assert view.measured is not None
    head = f"{case.name}: {'-'.join(map(str, case.widths))}, batch {case.batch}, {case.optimizer}"
    return f"{head}\n{timetable(view.program, view.measured)}"


def main() -> None:
    """Print a table for each case."""
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(description="Print where the time of a training step goes.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(map(repr, names))}; all by default")
    parser.add_argument("--threads", type=int, help="by default as many as the step is worth")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"of which the quickest counts (default {TURNS})")
    options = parser.parse_args()
    for unknown in set(options.cases) - set(names):
        parser.error(f"there is no case {unknown!r}; they are {', '.join(map(repr, names))}")
    sklon.set_num_threads(options.threads)
    print("\n".join(profile(name, options.threads, options.turns) for name in options.cases or names), end="")


if __name__ == "__main__":
    main()
