"""What a loss takes must be what a model gives: a softmax before a loss that has its own is refused."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.graph.node import Node
from sklon.tensors import Tensor

from ..activation import LogSoftmax, Sigmoid, Softmax
from ..container import Sequential
from ..module import Module

#: last layers that do not fit what a loss takes, with the repair
MISFITS: dict[str, tuple[tuple[type[Module], ...], str]] = {
    "logits": ((Softmax, LogSoftmax, Sigmoid), "leave that layer out, and apply it to predictions"),
    "log-probabilities": ((Softmax, Sigmoid), "use LogSoftmax, or leave the layer out and use CrossEntropyLoss"),
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


def check_logits(output: Tensor, loss: str) -> None:
    """Raise InputError for outputs that a sigmoid or a softmax has just made."""
    node = output.node
    made = "sigmoid" if node.op.name == "sigmoid" else ""
    if node.op.name == "div" and node.inputs[0].op.name == "exp" and _sums(node.inputs[1], node.inputs[0]):
        made = "softmax"
    if made:
        raise InputError(f"{loss} takes logits, but its input is the result of a {made}: leave the {made} out")


def _sums(node: Node, of: Node) -> bool:
    """Whether a node is the sum of another one, spread again."""
    while node is not of and node.op.name in ("expand", "reduce"):
        (node,) = node.inputs
    return node is of
