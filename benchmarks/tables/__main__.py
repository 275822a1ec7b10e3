"""Fits every system on every set with several seeds, and tells quality and time.

python -m benchmarks.tables [--sets california …] [--systems sklon …] [--seeds 5] [--threads 2] [--json FILE]
[--plot FILE.svg] [--data FOLDER]

Each fit is a process of its own, one after the other. With --json what the file already holds is not measured again, so
a run that was interrupted goes on, and results of other systems stay beside the new ones. Data are read from
``shared/data`` beside the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from .report import Result, plot, told
from .sets import DATA, SETS
from .systems import BY_NAME, SYSTEMS

LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def main() -> None:
    """Measure what is missing, and print all."""
    given = _arguments()
    if not given.data.is_dir():
        print("the data sets are not there; name their folder with --data")
        return
    results: list[Result] = json.loads(given.json.read_text())["results"] if _holds(given.json) else []
    present = [name for name in given.systems if not _is_absent(name)]
    try:
        for seed in range(given.seeds):
            for name in given.sets:
                for system in present:
                    _measure(name, system, seed, given, results)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
    print(machine())
    print(told(results))
    if given.plot is not None and results:
        plot(results, given.plot)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=[one.name for one in SETS], choices=[one.name for one in SETS])
    parser.add_argument("--systems", nargs="+", default=list(BY_NAME), choices=list(BY_NAME))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def _holds(path: Path | None) -> bool:
    return path is not None and path.is_file()


def _is_absent(name: str) -> bool:
    """Whether a system is not installed, said in one line."""
    system = BY_NAME[name]
    if system.absent:
        print(f"{name} is left out: the package {system.package} is not installed", file=sys.stderr)
    return system.absent


def _measure(name: str, system: str, seed: int, given: Any, results: list[Result]) -> None:
    """One fit, unless the results have it; it is written down at once."""
    if any((r["set"], r["system"], r["seed"]) == (name, system, seed) for r in results):
        return
    command = [sys.executable, "-m", f"{__package__}.worker", name, system, str(seed), str(given.threads)]
    environment = {**os.environ, **{limit: str(given.threads) for limit in LIMITS}}
    done = subprocess.run([*command, str(given.data)], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print(f"{system} failed on {name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return
    results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    print("{set:16}{system:24}seed {seed}  {score:9.4f}  {fit_seconds:8.1f} s".format(**results[-1]), flush=True)
    if given.json is not None:
        written = given.json.with_suffix(".part")
        written.write_text(json.dumps({"machine": machine(), "results": results}, indent=1))
        written.replace(given.json)


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "system": platform.platform(terse=True),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "systems": [system.name for system in SYSTEMS if not system.absent],
    }


if __name__ == "__main__":
    main()
