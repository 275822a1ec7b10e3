"""One fit of one system on one set, in a process of its own.

python -m benchmarks.tables.worker SET SYSTEM SEED THREADS FOLDER prints one line of JSON: the test score, and the
seconds of fit and predict, by the clock and by the processor.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from . import sets, systems


def measure(one: sets.TableSet, system: systems.System, seed: int, threads: int, data: Path) -> dict[str, Any]:
    """The result of a fit, as what JSON can hold."""
    X, y, X_test, y_test = sets.read_set(one, data)
    if system.as_text:
        X, X_test = _as_text(X), _as_text(X_test)
    classes, y_fit = (None, y) if one.task == sets.REGRESSION else np.unique(y, return_inverse=True)
    estimator = system.make(one.task, X, seed, threads)
    clock, processor = time.perf_counter(), time.process_time()
    estimator.fit(X, y_fit)
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - processor
    clock = time.perf_counter()
    predicted = estimator.predict(X_test) if classes is None else estimator.predict_proba(X_test)
    return {
        "set": one.name,
        "system": system.name,
        "seed": seed,
        "threads": threads,
        "score": sets.score(one, y_test, predicted, classes),
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu_seconds,
        "predict_seconds": time.perf_counter() - clock,
    }


def _as_text(X: Any) -> Any:
    """Categories as texts, missing ones as a text too."""
    texts = {name: X[name].astype(object).fillna("missing").astype(str) for name in X.select_dtypes("category")}
    return X.assign(**texts)


def main() -> None:
    """Measure what the arguments name."""
    name, system, seed, threads, data = sys.argv[1:]
    warnings.simplefilter("ignore")
    found = measure(sets.BY_NAME[name], systems.BY_NAME[system], int(seed), int(threads), Path(data))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
