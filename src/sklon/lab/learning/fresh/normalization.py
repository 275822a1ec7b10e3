"""Q17: what a batch norm layer makes of one value of a small batch, and what its running variance is afterwards."""

from __future__ import annotations

import numpy as np

from sklon import nn
from sklon.lab.text import Text
from sklon.tensors.creation import tensor

from .fresh import Fresh, Numbers, factor, words

#: rows of the batch
ROWS = 4
MOMENTUM = 0.1


def _draw(random: np.random.Generator) -> Numbers:
    """Four whole numbers that differ, and which of them is asked for: one that is not the mean."""
    values = random.choice(np.arange(-5, 10), ROWS, replace=False).tolist()
    away = [i for i, value in enumerate(values) if value != sum(values) / ROWS]
    return {"values": values, "which": int(random.choice(away)) + 1}


def _after(numbers: Numbers) -> tuple[float, float]:
    """The normalized value that is asked for, and the running variance, of a fresh layer in training."""
    layer = nn.BatchNorm1d(1, momentum=MOMENTUM, dtype="float64")
    column = np.array(numbers["values"], np.float64)[:, None]
    result = layer(tensor(column)).detach().numpy()
    variance = layer.running_var
    assert variance is not None
    return float(result[numbers["which"] - 1, 0]), float(variance.numpy()[0])


def _ask_normalized(numbers: Numbers) -> Text:
    return words(
        "A feature has the values ${values}$ in a batch of four. A new batch norm layer ($\\gamma = 1$, $\\beta = 0$) "
        "is in training mode. What does value {which} become?",
        "Признак в батче из четырёх строк принимает значения ${values}$. Новый слой batch norm ($\\gamma = 1$, "
        "$\\beta = 0$) работает в режиме обучения. Во что превратится значение № {which}?",
        **numbers,
    )


def _moments(numbers: Numbers) -> tuple[float, float]:
    """Mean and sum of squared deviations."""
    values = np.array(numbers["values"], np.float64)
    return float(values.mean()), float(((values - values.mean()) ** 2).sum())


def _why_normalized(numbers: Numbers, truth: float) -> Text:
    mean, squares = _moments(numbers)
    return words(
        "The mean is ${average}$, the variance ${squares}/4$ (divided by 4, not by 3): "
        "$({x} - {mean})/\\sqrt{{{root}}} \\approx {truth}$.",
        "Среднее ${average}$, дисперсия ${squares}/4$ (делим на 4, а не на 3): "
        "$({x} - {mean})/\\sqrt{{{root}}} \\approx {truth}$.",
        average=mean,
        mean=factor(mean),
        squares=squares,
        x=numbers["values"][numbers["which"] - 1],
        root=squares / ROWS,
        truth=float(f"{truth:.4g}"),
    )


def _ask_running(numbers: Numbers) -> Text:
    return words(
        "A new batch norm layer (running variance 1, momentum ${momentum}$, as in PyTorch) sees one batch in "
        "training mode: ${values}$. What is its running variance afterwards?",
        "Новый слой batch norm (скользящая дисперсия 1, momentum ${momentum}$, как в PyTorch) видит в режиме обучения "
        "один батч: ${values}$. Чему после этого равна скользящая дисперсия?",
        momentum=MOMENTUM,
        values=numbers["values"],
    )


def _why_running(numbers: Numbers, truth: float) -> Text:
    return words(
        "The unbiased variance counts, ${squares}/3$: ${kept} \\cdot 1 + {momentum} \\cdot {squares}/3 = {truth}$.",
        "В неё идёт несмещённая оценка, ${squares}/3$: ${kept} \\cdot 1 + {momentum} \\cdot {squares}/3 = {truth}$.",
        squares=_moments(numbers)[1],
        kept=1 - MOMENTUM,
        momentum=MOMENTUM,
        truth=truth,
    )


NORMALIZED = Fresh(
    name="normalized",
    question="Q17",
    draw=_draw,
    solve=lambda numbers: _after(numbers)[0],
    prompt=_ask_normalized,
    why=_why_normalized,
)
RUNNING_VARIANCE = Fresh(
    name="running-variance",
    question="Q17",
    draw=_draw,
    solve=lambda numbers: _after(numbers)[1],
    prompt=_ask_running,
    why=_why_running,
)
