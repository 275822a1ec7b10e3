"""What a loss takes must be what a model gives: a softmax before a loss that has its own is refused."""

from __future__ import annotations

from sklon._base.errors import InputError

from ..activation import Hardsigmoid, LogSigmoid, LogSoftmax, Sigmoid, Softmax, Softmax2d, Softmin
from ..container import Sequential
from ..module import Module

PROBABILITIES: tuple[type[Module], ...] = (Softmax, Softmax2d, Softmin, Sigmoid, Hardsigmoid)
#: last layers that do not fit what a loss takes, with the repair
MISFITS: dict[str, tuple[tuple[type[Module], ...], str]] = {
    "logits": ((*PROBABILITIES, LogSoftmax, LogSigmoid), "leave that layer out, and apply it to predictions"),
    "log-probabilities": (PROBABILITIES, "use LogSoftmax, or leave the layer out and use CrossEntropyLoss"),
}


def check_last_layer(model: Module, loss: Module) -> None:
    """Raise InputError where the last layer of a Sequential is no input of the loss."""
    last = model
    while isinstance(last, Sequential) and len(last):
        last = last[-1]
    takes = getattr(loss, "takes", "values")
    wrong, repair = MISFITS.get(takes, ((), ""))
    if isinstance(last, wrong):
        raise InputError(f"{type(loss).__name__} takes {takes}, but the model ends in {type(last).__name__}: {repair}")
