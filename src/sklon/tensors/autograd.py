"""Gradients of tensors: ``backward`` and ``.grad``, with PyTorch's rules.

Only leaves get a ``.grad``; it adds up until cleared; None is not zero; a second backward over a history that was
given up is an error that says so.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

from sklon._base.errors import AutogradError, ShapeError
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Node, walk

from . import values
from .tensor import Tensor

_leaves: WeakKeyDictionary[Node, ref[Tensor]] = WeakKeyDictionary()
#: ops whose derivative reads neither inputs nor output: giving them up costs nothing, as in PyTorch
_KEEP_NOTHING = frozenset(("add", "sub", "neg", "expand", "cast", "copy", "slot"))


def watch(tensor: Tensor) -> None:
    """Remember that this leaf's node belongs to ``tensor``."""
    _leaves[tensor.node] = ref(tensor)


def leaves_of(node: Node) -> dict[Node, Tensor]:
    """The leaves below ``node`` that require gradients."""
    found: dict[Node, Tensor] = {}
    for n in walk((node,)):
        known = _leaves.get(n)
        tensor = known() if known is not None else None
        if tensor is not None and tensor.requires_grad:
            found[n] = tensor
    return found


def backward(result: Tensor, gradient: Tensor | None, retain_graph: bool) -> None:
    """Add the gradients of ``result`` to ``.grad`` of its leaves."""
    if not result.requires_grad:
        raise AutogradError("this tensor does not require gradients and has no history that does")
    leaves = leaves_of(result.node)
    _check_history(result.node)
    found = gradients({result.node: _seed(result, gradient)}, list(leaves))
    for (_, tensor), node in zip(leaves.items(), found, strict=True):
        if node is not None:
            _accumulate(tensor, node)
    if not retain_graph:
        for node in walk((result.node,)):
            if node.op.name not in _KEEP_NOTHING:
                values.free(node)


def _seed(result: Tensor, gradient: Tensor | None) -> Node:
    if gradient is not None:
        if gradient.shape != result.shape:
            raise ShapeError(f"the gradient has the shape {gradient.shape}, the tensor {result.shape}")
        return gradient.node
    if result.numel() != 1:
        raise AutogradError(
            f"backward() of a tensor of shape {result.shape} needs a gradient of that shape; or reduce it, "
            "for instance with .sum()"
        )
    return Build().full_like(1.0, result.node)


def _check_history(node: Node) -> None:
    if any(values.is_freed(n) for n in walk((node,))):
        raise AutogradError(
            "backward() ran over this history before and gave it up; pass retain_graph=True the first time"
        )


def _accumulate(tensor: Tensor, node: Node) -> None:
    if tensor.grad is None:
        tensor.grad = Tensor(node)
    else:
        tensor.grad = Tensor(Build().add(tensor.grad.node, node))


def saved_for_backward(result: Tensor) -> list[Node]:
    """The nodes of the history that a backward pass from ``result`` would read."""
    if not result.requires_grad or result.shape or values.is_freed(result.node):
        return []
    leaves = leaves_of(result.node)
    history = set(walk((result.node,)))
    found = gradients({result.node: Build().full_like(1.0, result.node)}, list(leaves))
    read: dict[Node, None] = {}
    for node in walk(n for n in found if n is not None):
        if node not in history:
            read.update((i, None) for i in node.inputs if i in history and i.op.kind in _WORTH_SAVING)
    return list(read)


#: kinds of ops whose values are kept for a backward pass; movements and constants are recorded again for free
_WORTH_SAVING = frozenset(("point", "reduce", "contract", "gather", "copy"))
