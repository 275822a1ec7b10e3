"""PROBEN1's files and measures: a problem's three sets, the published table, its errors, and what "inside" means.

    X_PI inputs, t_PN targets, o_PN outputs of P examples; I inputs and N outputs of the network

Nothing here trains. Source: L. Prechelt, *PROBEN1: a set of neural network benchmark problems and benchmarking rules*,
Technical Report 21/94, Universität Karlsruhe, 1994; its files, and its tables 3 and 4, lie in shared/data/proben1.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "proben1"
#: o_max − o_min of the coding of the outputs. All problems code them in 0…1, even where the values fill less of it.
OUTPUT_RANGE = 1.0
SETS = ("training", "validation", "test")
#: what is compared, and the names of its columns in the published table
MEASURES = {"training": "train", "validation": "validation", "test": "test", "classification": "test_classification"}


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs X [P, I] and targets t [P, N]."""

    X: Array
    t: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A data set in its fixed order, divided as the file says."""

    name: str
    training: Examples
    validation: Examples
    test: Examples


@dataclass(frozen=True, slots=True)
class Published:
    """A mean and a standard deviation as they are printed; ``unit`` is that of the last digit.

    mushroom1 is printed without deviations, so it is taken for one run (``single``), and the deviations for zero.
    """

    mean: float
    deviation: float
    unit: float
    single: bool = False

    def distance(self, ours: float) -> float:
        """How far ``ours`` lies from the mean, in deviations, both at the end of their rounding that favours us.

        With u the unit: sign(d)·max(0, |d| − u/2) / (σ + u/2), d = ours − mean. At most two is inside.
        """
        difference = ours - self.mean
        beyond = max(0.0, abs(difference) - self.unit / 2)
        return float(np.copysign(beyond / (self.deviation + self.unit / 2), difference))

    def holds_strictly(self, ours: float) -> bool:
        """Whether ``ours`` is inside if only the mean is rounded, and the deviation exactly what is printed."""
        return abs(ours - self.mean) <= 2 * self.deviation + self.unit / 2


def read_problem(path: Path) -> Problem:
    """A ``.dt`` file: seven lines ``name=number``, then an example a line, inputs first, the sets one after another."""
    lines = path.read_text(encoding="ascii").splitlines()
    header = {name: int(value) for name, value in (line.split("=") for line in lines[:7])}
    rows = np.array([line.split() for line in lines[7:] if line.strip()], np.float64)
    inputs, outputs = (header[f"bool_{side}"] + header[f"real_{side}"] for side in ("in", "out"))
    sizes = [header[f"{name}_examples"] for name in SETS]
    if rows.shape != (sum(sizes), inputs + outputs):
        raise ValueError(f"{path.name} announces {sum(sizes)} × {inputs + outputs} numbers and has {rows.shape}")
    parts = np.split(rows, np.cumsum(sizes)[:2])
    sets = {name: Examples(part[:, :inputs], part[:, inputs:]) for name, part in zip(SETS, parts, strict=True)}
    return Problem(name=path.stem, **sets)


def read_published(folder: Path) -> dict[str, dict[str, Published]]:
    """By problem and measure. Where the table has none (no classes to choose from), the measure is left out."""
    with (folder / "linear_networks.csv").open(newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    return {
        row["problem"]: {
            measure: _published(row[f"{column}_mean"], row[f"{column}_sd"])
            for measure, column in MEASURES.items()
            if row[f"{column}_mean"]
        }
        for row in rows
    }


def _published(mean: str, deviation: str) -> Published:
    digits = len(mean.partition(".")[2])
    return Published(float(mean), float(deviation or 0), 10.0**-digits, single=not deviation)


# ---- errors, in percent
def squared_error(o: Array, t: Array) -> float:
    """E = 100 · (o_max − o_min) / (N·P) · Σ (o − t)²."""
    return percentage(float(np.mean((o - t) ** 2)))


def percentage(mean_squared_error: float) -> float:
    """The squared error percentage of a mean over examples and outputs."""
    return 100 * OUTPUT_RANGE * mean_squared_error


def classification_error(o: Array, t: Array) -> float:
    """The share of the examples whose largest output is not at their class: the winner takes all."""
    return 100 * float(np.mean(o.argmax(1) != t.argmax(1)))
