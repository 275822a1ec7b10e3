"""A loss of logits has its own sigmoid or softmax inside: a second one before it is refused."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.graph.node import Node
from sklon.tensors import Tensor

#: ops that only carry values on
CARRIERS = ("reshape", "slice", "expand", "copy", "stop_gradient")


def check_logits(output: Tensor, loss: str) -> None:
    """Raise InputError for outputs that a sigmoid or a softmax has just made."""
    node = output.node
    while node.op.name in CARRIERS:
        (node,) = node.inputs
    made = "sigmoid" if node.op.name == "sigmoid" else ""
    if node.op.name == "div" and node.inputs[0].op.name == "exp" and _sums(node.inputs[1], node.inputs[0]):
        made = "softmax"
    if made:
        raise InputError(f"{loss} takes logits, but its input is the result of a {made}: leave the {made} out")


def _sums(node: Node, of: Node) -> bool:
    """Whether a node is the sum of another one, spread again."""
    while node is not of and node.op.name in ("expand", "reduce", "reshape"):
        (node,) = node.inputs
    return node is of
