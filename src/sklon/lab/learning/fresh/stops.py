"""Q23: after which evaluation a stopping rule stops on a recorded curve."""

from __future__ import annotations

import numpy as np

from sklon.lab.text import Text
from sklon.training.stopping import GL, Curves, Patience, StoppingRule, replay

from .fresh import Fresh, Numbers, words

EVALUATIONS = 10
PATIENCES = (2, 3)
PERCENTS = (5, 10, 20)
#: no value lies this near to the limit, in percent: rounding would decide
MARGIN = 0.1


def _curve(random: np.random.Generator) -> list[float]:
    """A validation loss that falls, turns, and is not smooth; two decimals."""
    turn = int(random.integers(3, 6))
    epochs = np.arange(EVALUATIONS)
    smooth = 0.5 + 0.08 * np.abs(epochs - turn) + 0.05 * random.standard_normal(EVALUATIONS)
    return [round(float(v), 2) for v in smooth]


def _stopped(random: np.random.Generator, rule: StoppingRule) -> list[float]:
    """A curve on which the rule stops before the end, and later than as early as it can."""
    while True:
        curve = _curve(random)
        found = replay(rule, Curves(curve))
        if found.reason is not None and 4 <= found.epoch < EVALUATIONS:
            return curve


def _draw_patience(random: np.random.Generator) -> Numbers:
    patience = int(random.choice(PATIENCES))
    return {"curve": _stopped(random, Patience(patience)), "patience": patience}


def _draw_loss(random: np.random.Generator) -> Numbers:
    percent = int(random.choice(PERCENTS))
    while True:
        curve = _stopped(random, GL(percent))
        lost = 100 * (np.array(curve) / np.minimum.accumulate(curve) - 1)
        if (np.abs(lost - percent) > MARGIN).all():
            return {"curve": curve, "percent": percent}


def _ask_patience(numbers: Numbers) -> Text:
    return words(
        "The validation losses are ${curve}$. After which evaluation does patience {patience} stop?",
        "Потери на валидации: ${curve}$. После какой проверки остановит обучение правило с терпением {patience}?",
        **numbers,
    )


def _ask_loss(numbers: Numbers) -> Text:
    return words(
        "The validation losses are ${curve}$. After which evaluation does $GL_{{{percent}}}$ stop, which allows "
        "{percent} % above the best value so far?",
        "Потери на валидации: ${curve}$. После какой проверки остановит обучение $GL_{{{percent}}}$, которое допускает "
        "превышение лучшего значения на {percent} %?",
        **numbers,
    )


def _why_patience(numbers: Numbers, truth: float) -> Text:
    best = replay(Patience(numbers["patience"]), Curves(numbers["curve"])).best_epoch
    return words(
        "The best value is that of evaluation {best}; after {patience} evaluations without a better one it stops, "
        "after evaluation {truth}.",
        "Лучшее значение даёт проверка № {best}; потом {patience} проверки подряд не лучше её, и правило останавливает "
        "обучение после проверки № {truth}.",
        best=best,
        patience=numbers["patience"],
        truth=truth,
    )


def _why_loss(numbers: Numbers, truth: float) -> Text:
    best = replay(GL(numbers["percent"]), Curves(numbers["curve"])).best
    return words(
        "The best value is ${best}$, so the limit is ${limit}$; from there on evaluation {truth} is the first "
        "above it.",
        "Лучшее значение ${best}$, значит, граница ${limit}$; после него первой её превышает проверка № {truth}.",
        best=best,
        limit=best * (1 + numbers["percent"] / 100),
        truth=truth,
    )


PATIENCE = Fresh(
    name="patience",
    question="Q23",
    draw=_draw_patience,
    solve=lambda numbers: float(replay(Patience(numbers["patience"]), Curves(numbers["curve"])).epoch),
    prompt=_ask_patience,
    why=_why_patience,
)
GENERALIZATION_LOSS = Fresh(
    name="generalization-loss",
    question="Q23",
    draw=_draw_loss,
    solve=lambda numbers: float(replay(GL(numbers["percent"]), Curves(numbers["curve"])).epoch),
    prompt=_ask_loss,
    why=_why_loss,
)
