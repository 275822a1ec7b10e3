"""Predictions with dropout switched on: Monte-Carlo dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.philox import split_seed
from sklon.nn import Module
from sklon.nn.dropout import DROPPING

from .evaluation import Evaluation, state_of
from .step import record_draw
from .streams import Rows

Array = np.ndarray[Any, Any]


def predictions_drawn(model: Module, data: Rows, draws: int, seed: int) -> Array:
    """Outputs [draws, rows, …]; each draw is a step of its own for the random bits. InputError without dropout."""
    if not any(isinstance(module, DROPPING) for module in model.modules()):
        raise InputError("the model has no dropout layer, so all draws would be the same; use predict")
    if draws < 1:
        raise InputError(f"draws must be at least 1, not {draws}")
    graph = record_draw(model, data.columns)
    state, (low, high) = state_of(model), split_seed(seed)
    words = ({"step": draw, "seed.low": low, "seed.high": high} for draw in range(draws))
    evaluation = Evaluation(graph, data)
    return np.stack([evaluation.outputs(state, drawn)["output"] for drawn in words])
