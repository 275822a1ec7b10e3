"""Nonlinear regressions whose answers are known to eleven digits, and their models in our functions.

Source: NIST/ITL Statistical Reference Datasets, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml; data, starts
and certified values are in ``strd.json``. A model takes the parameters [n] and the predictors; Nelson's is of ln y.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, cos, exp, sin
from sklon import atan as arctan

Array: TypeAlias = np.ndarray[Any, Any]
Model: TypeAlias = Callable[..., Tensor]


def _lanczos(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x)


def _gauss(b: Tensor, x: Tensor) -> Tensor:
    peaks = (b[i] * exp(-((x - b[i + 1]) ** 2) / b[i + 2] ** 2) for i in (2, 5))
    return sum(peaks, b[0] * exp(-b[1] * x))


def _chwirut(b: Tensor, x: Tensor) -> Tensor:
    return exp(-b[0] * x) / (b[1] + b[2] * x)


def _rising(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * (1 - exp(-b[1] * x))


def _cubics(b: Tensor, x: Tensor) -> Tensor:
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _enso(b: Tensor, x: Tensor) -> Tensor:
    year = b[1] * cos(2 * pi * x / 12) + b[2] * sin(2 * pi * x / 12)
    waves = (b[i + 1] * cos(2 * pi * x / b[i]) + b[i + 2] * sin(2 * pi * x / b[i]) for i in (3, 6))
    return sum(waves, b[0] + year)


MODELS: dict[str, Model] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": _rising,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]),
    "Misra1a": _rising,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x, z: b[0] - b[1] * x * exp(-b[2] * z),
    "Rat42": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - arctan(b[2] / (x - b[3])) / pi,
    "Thurber": _cubics,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One regression: two published starts, the certified parameters and their sum of squares."""

    name: str
    starts: tuple[Array, Array]
    certified: Array
    rss: float
    y: Array
    predictors: tuple[Array, ...]

    def residuals(self, b: Tensor) -> Tensor:
        """Model minus data at the parameters [n]."""
        return MODELS[self.name](b, *map(sklon.tensor, self.predictors)) - sklon.tensor(self.y)

    def squares(self, b: Tensor) -> Tensor:
        """The sum of squares."""
        residuals = self.residuals(b)
        return (residuals * residuals).sum()

    def digits(self, parameters: Array) -> float:
        """How many digits of the worst parameter are the certified ones: −log₁₀ of its relative error, at most 11."""
        error = float(np.max(np.abs(parameters / self.certified - 1)))
        return float(np.clip(-np.log10(max(error, 1e-300)), 0, 11)) if np.isfinite(error) else 0.0


def problems() -> dict[str, Problem]:
    """All of them, by name."""
    table = json.loads(Path(__file__).with_name("strd.json").read_text("utf-8"))["problems"]
    return {name: _problem(name, row) for name, row in table.items()}


def _problem(name: str, row: dict[str, Any]) -> Problem:
    y, *predictors = (np.array(column, np.float64) for column in row["columns"])
    return Problem(
        name=name,
        starts=(np.array(row["starts"][0]), np.array(row["starts"][1])),
        certified=np.array(row["certified"]),
        rss=row["rss"],
        y=np.log(y) if name == "Nelson" else y,
        predictors=tuple(predictors),
    )
