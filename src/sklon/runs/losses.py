"""The losses that a table can be trained with: in words, for which task, and why one fits."""

from __future__ import annotations

from dataclasses import dataclass

from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS, REGRESSION, Target


@dataclass(frozen=True, slots=True)
class LossChoice:
    """A loss: for which task, what it is in a sentence, and what stands beside its curve."""

    task: str
    words: str
    curve: str


LOSSES: dict[str, LossChoice] = {
    "mse": LossChoice(
        REGRESSION, "the mean squared error, which the mean of the target minimises", "squared error, standardised"
    ),
    "l1": LossChoice(
        REGRESSION, "the mean absolute error, which the median of the target minimises", "absolute error, standardised"
    ),
    "huber": LossChoice(
        REGRESSION, "the Huber loss, squared near zero and absolute far from it", "Huber loss, standardised"
    ),
    "smooth_l1": LossChoice(
        REGRESSION, "the smooth absolute error, squared near zero", "smooth absolute error, standardised"
    ),
    "bce_with_logits": LossChoice(
        BINARY, "binary cross-entropy, which the true probability of the second class minimises", "cross-entropy"
    ),
    "focal": LossChoice(
        BINARY,
        "the focal loss, cross-entropy with less weight on what is already right; its probabilities lie nearer to ½",
        "focal loss",
    ),
    "cross_entropy": LossChoice(
        MULTICLASS, "cross-entropy, which the true probabilities of the classes minimise", "cross-entropy"
    ),
}


def loss_for(target: Target, task: str, asked: str) -> str:
    """The loss that was asked for, or with "auto" the target's own; InputError for one of another task."""
    if asked == "auto":
        return target.loss
    if LOSSES[asked].task != task:
        fitting = ", ".join(name for name, choice in LOSSES.items() if choice.task == task)
        raise InputError(f"--loss {asked} is for {LOSSES[asked].task}, and the task is {task}; give one of {fitting}")
    return asked
