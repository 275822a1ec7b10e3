"""What it costs to have a system at all: the time of its import, and the size of it and of all that it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

#: the distributions of a system, by the name of its module
DISTRIBUTIONS = {"sklon": "sklon", "torch": "torch", "jax": "jax", "sklearn": "scikit-learn"}
#: new processes whose fastest import counts
PROCESSES = 3
IMPORT = "import time; start = time.perf_counter(); import {0}; {1}; print(time.perf_counter() - start)"
#: what a user imports next, where modules are loaded on use
FIRST_USE = {
    "sklon": "from sklon import Trainer, nn, optim",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
}


def import_seconds(module: str) -> float:
    """Seconds of an import in a new process, files warm."""
    command = [sys.executable, "-c", IMPORT.format(module, FIRST_USE.get(module, "pass"))]
    return min(
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(PROCESSES)
    )


def installed_bytes(module: str) -> int:
    """Bytes of a system's distribution and of those that it requires, extras aside."""
    found: dict[str, int] = {}
    waiting = [DISTRIBUTIONS[module]]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            one = distribution(name)
        except PackageNotFoundError:  # for another system or version
            found[key] = 0
            continue
        found[key] = _bytes(one)
        waiting += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in one.requires or [] if "extra ==" not in need]
    return sum(found.values()) + _source_bytes(module)


def _bytes(one: Distribution) -> int:
    paths = (Path(str(one.locate_file(file))) for file in one.files or [])
    return sum(path.stat().st_size for path in paths if path.is_file())


def _source_bytes(module: str) -> int:
    """Those of a checkout that is not copied when it is installed."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent
    if "site-packages" in folder.parts:
        return 0
    return sum(path.stat().st_size for path in folder.rglob("*.py"))
