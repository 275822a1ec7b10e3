"""Random training steps, compiled against interpreted, as many as one likes.

    python -m benchmarks.fuzz --graphs 1000 [--seed 0] [--dtype f64|f32]

Each graph is a whole step: forward, losses, backward (now and then of second order), updates, values of all kinds; or,
with ``--kind movements``, parts, paddings, turns and other shapes with products and sums between. Native code is
compared with the interpreter and, to the bit, with itself on several threads and with its steps cut in several ways.
The tests run a few hundred of the same graphs. A failing graph is made as small as possible, and printed with the
command that finds it again; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from sklon._base.dtypes import float32, float64
from tests.agreement import native_agrees
from tests.executors import Trial
from tests.random_movements import movements
from tests.random_steps import ALL, CONTINUOUS, trials

#: graphs that are drawn from one seed; the next ones come from the next seed
BLOCK = 100
#: what is drawn, and the type of all floating numbers
KINDS: dict[tuple[str, str], st.SearchStrategy[Trial]] = {
    ("steps", "f64"): trials(dtype=float64, moves=ALL),
    ("steps", "f32"): trials(dtype=float32, moves=CONTINUOUS),
    ("movements", "f64"): movements(),
}
Check = Callable[[Trial], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """The smallest graph found that fails, how it does, and the arguments that find it again."""

    trial: Trial
    error: Exception
    arguments: str

    def __str__(self) -> str:
        again = f"Found again by\n    python -m benchmarks.fuzz {self.arguments}"
        return f"{self.trial!r}\n\n{type(self.error).__name__}: {self.error}\n\n{again}"


def failure(kind: tuple[str, str], graphs: int, first_seed: int = 0, check: Check = native_agrees) -> Failure | None:
    """Check that many graphs; the smallest one that fails in the first block with one that does."""
    for done in range(0, graphs, BLOCK):
        count, number = min(BLOCK, graphs - done), first_seed + done // BLOCK
        found = _failing(KINDS[kind], check, count, number)
        if found is not None:
            what, dtype = kind
            return Failure(*found, f"--graphs {count} --seed {number} --dtype {dtype} --kind {what}")
        print(f"{done + count} graphs agree (seed {number})", file=sys.stderr)
    return None


def _failing(
    strategy: st.SearchStrategy[Trial], check: Check, graphs: int, number: int
) -> tuple[Trial, Exception] | None:
    """Draw graphs from one seed and check each; a failing one is made smaller while it fails."""
    failed: list[tuple[Trial, Exception]] = []

    @seed(number)
    @settings(max_examples=graphs, deadline=None, database=None, derandomize=False, report_multiple_bugs=False,
              phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def examine(trial: Trial) -> None:
        try:
            check(trial)
        except Exception as error:
            failed.append((trial, error))
            raise

    try:
        examine()
    except Exception:
        if not failed:
            raise  # drawing itself failed
        return failed[-1]
    return None


def main() -> int:
    """Check, and say how many graphs agree or which one does not."""
    parser = argparse.ArgumentParser(description="Compare compiled and interpreted random training steps.")
    parser.add_argument("--graphs", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="where the random numbers begin (default 0)")
    parser.add_argument("--dtype", choices=("f64", "f32"), default="f64", help="of all floating numbers (default f64)")
    parser.add_argument("--kind", choices=("steps", "movements"), default="steps", help="what is drawn (default steps)")
    options = parser.parse_args()
    kind = (options.kind, options.dtype)
    if kind not in KINDS:
        parser.error("movements are drawn in f64 only")
    faulthandler.enable()
    found = failure(kind, options.graphs, options.seed)
    if found is not None:
        print(found)
        return 1
    print(f"{options.graphs} graphs of {options.dtype} agree: compiled, interpreted, on 1 to 5 threads")
    return 0


if __name__ == "__main__":
    sys.exit(main())
