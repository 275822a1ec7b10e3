"""Predictions for the rows of a table, in their order and in the words of the training file.

``Predictions`` is an immutable value; NumPy sees its ``prediction``. Writing it as CSV lives here too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from sklon.data import Classes, Target, Texts

PREDICTION, PROBABILITY = "prediction", "probability_"
"""The name of the column of predictions, and how those of the classes' probabilities begin."""
DIGITS = 7
"""Significant decimal digits of what was computed in float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """``prediction`` is [rows]: numbers or labels; ``probabilities`` is [rows, labels], or ``None``.

    ``ids`` are columns copied from the table, by name.
    """

    prediction: NDArray[Any]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float64] | None
    ids: Mapping[str, Texts] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.prediction)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.prediction, dtype=dtype)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns in a file."""
        return (*self.ids, PREDICTION, *(PROBABILITY + label for label in self.labels))

    def write_csv(self, file: TextIO) -> None:
        """Write a header and one line per row."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self._lines())

    def _lines(self) -> Iterator[list[str | None]]:
        for row, value in enumerate(self.prediction.tolist()):
            chances = [] if self.probabilities is None else self.probabilities[row].tolist()
            yield [
                *(texts[row] for texts in self.ids.values()),
                value if isinstance(value, str) else f"{value:.{DIGITS}g}",
                *(f"{p:.{DIGITS}g}" for p in chances),
            ]


def predictions_of(target: Target, outputs: NDArray[Any]) -> Predictions:
    """What the network's raw outputs, [rows, outputs], say about the target."""
    if not isinstance(target, Classes):
        return Predictions(target.decode(outputs), (), None)
    probabilities = target.decode(outputs)
    labels = np.array(target.labels, dtype=object)
    return Predictions(labels[np.argmax(probabilities, axis=1)], target.labels, probabilities)
