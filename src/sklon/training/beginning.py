"""The state that a fit begins from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sklon.compiler.executable import aligned_zeros
from sklon.graph.node import Graph, Slot, slots

from .averaged import AVERAGE, PARAMETER, at_the_trained_point
from .captured import captured_by
from .evaluation import state_of

if TYPE_CHECKING:
    from .trainer import Trainer

Array = np.ndarray[Any, Any]


def initial_state(trainer: Trainer, graph: Graph) -> dict[str, Array]:
    """Aligned arrays for all state: the model's values, what an earlier fit left of the optimizer's, or its start."""
    state: dict[str, Array] = {}
    starts = {f"slot.{s}.{name}": v for name, (_, rule) in trainer.rules.items() for s, v in rule.slots.items()}
    given = {**state_of(trainer.model, trainer.loss), **captured_by(graph)}
    for node in slots(graph):
        if isinstance(node.op, Slot) and node.op.space == "state":
            label = node.op.label
            state[label] = aligned_zeros([e for e in node.shape if isinstance(e, int)], node.dtype.numpy)
            source = PARAMETER + label.removeprefix(AVERAGE) if label.startswith(AVERAGE) else label
            known = given.get(source, trainer.updates.slots.get(label))
            state[label][...] = known if known is not None else starts.get(label, 0.0)
    for label, array in given.items():
        state.setdefault(label, array)
    if trainer.updates.at_average:
        at_the_trained_point(state, trainer.updates.rules)
    return state
