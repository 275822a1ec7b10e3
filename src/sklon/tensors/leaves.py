"""Leaves: tensors that were not computed from what requires gradients, and how they take other values.

Nothing in memory is ever overwritten: an operation in place gives the handle another node. What was recorded before
keeps the values that it read, so a backward pass is right about the past, and no view changes unseen.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import ref

from sklon._base.errors import AutogradError, DtypeError, InputError, ShapeError
from sklon.graph.build import Build
from sklon.graph.node import Node

from . import functional, tracing, values
from .history import watch
from .hooks import AccumulatedHook, GradientHook, Handle, Hooks, of_results
from .modes import enable_grad, gradients_wanted
from .record import RANK
from .tensor import Tensor

AnyTensor = TypeVar("AnyTensor", bound=Tensor)


@dataclass(frozen=True, slots=True)
class GradFn:
    """What computed a tensor: the operation and the line of the user's code."""

    operation: str
    line: str

    def name(self) -> str:
        """The name of the operation."""
        return self.operation


# ---- becoming a leaf, and ceasing to be one
def require(tensor: Tensor, wanted: bool) -> None:
    """Ask for gradients of a leaf, or stop asking."""
    if not isinstance(wanted, bool):
        raise TypeError(f"requires_grad is True or False, not a {type(wanted).__name__}")
    if not tensor.is_leaf and not wanted:
        raise AutogradError("only leaves can stop requiring gradients; use detach() for the values of this result")
    if wanted and not tensor.dtype.is_floating:
        raise AutogradError(f"only floating tensors can require gradients, not {tensor.dtype!r}; use .float()")
    if wanted != tensor.requires_grad:
        tensor._requires_grad = wanted
        settle(tensor, depth=tensor._depth)


def settle(tensor: Tensor, node: Node | None = None, depth: int = 0) -> None:
    """Become a leaf with the value of ``node``, or with its own, under a node that nothing else stands on."""
    node = tensor._node if node is None else node
    take(tensor, _apart(node), depth)
    if node.op.kind == "slot":
        tensor._written = False


def take(tensor: Tensor, node: Node, depth: int = 0) -> None:
    """Become a leaf with the value of ``node``, which nobody else has and from which no history leads down."""
    tensor._adopt(node, depth)
    if tensor._requires_grad:
        tensor._written = not values.is_known(node)
        watch(tensor)


def _apart(node: Node) -> Node:
    """Another node of the same value that leads nowhere."""
    return values.leaf_like(node) if values.is_known(node) else Build(node.source).stop_gradient(node)


def detached(tensor: Tensor) -> Tensor:
    """The same values without a history. Writing to them writes to a leaf, as in PyTorch."""
    result = Tensor(_apart(tensor.node), depth=tensor._depth)
    result._shares = ref(tensor) if tensor.is_leaf else None
    return result


def cut(tensor: Tensor) -> None:
    """Forget the history, and stop requiring gradients."""
    if isinstance(tensor._shares, str):
        raise AutogradError(
            f"the result of {tensor._shares} is a view in PyTorch, which is not cut in place; use detach()"
        )
    tensor._requires_grad, tensor._hooks = False, None
    settle(tensor, depth=tensor._depth)


def twin(tensor: AnyTensor, memo: dict[int, Any]) -> AnyTensor:
    """A leaf with the same values and a copy of the gradient that nobody else holds."""
    if not tensor.is_leaf:
        raise AutogradError("only leaves can be copied by deepcopy; use detach() for the values of this result")
    new = memo[id(tensor)] = type(tensor).__new__(type(tensor))
    Tensor.__init__(new, _apart(tensor.node), requires_grad=tensor.requires_grad, depth=tensor._depth)
    if new.requires_grad:
        settle(new)
    new._grad = deepcopy(tensor._grad, memo)
    return new


def parts(tensor: Tensor) -> tuple[Any, ...]:
    """What a pickle of a leaf holds: its values, and whether it requires gradients."""
    if not tensor.is_leaf:
        raise AutogradError("only leaves can be pickled; use detach() for the values of this result")
    return _from_parts, (type(tensor), tensor.numpy(), tensor.requires_grad)


def _from_parts(kind: type[AnyTensor], array: Any, requires_grad: bool) -> AnyTensor:
    new = kind.__new__(kind)
    Tensor.__init__(new, values.leaf(array), requires_grad=requires_grad)
    if requires_grad:
        watch(new)
    return new


# ---- .grad, .data and hooks
def checked_gradient(tensor: Tensor, gradient: Any) -> Tensor | None:
    """What may stand in ``.grad``: None, or another tensor of the same shape and type."""
    if gradient is None:
        return None
    if not isinstance(gradient, Tensor):
        raise TypeError(f".grad is a Tensor or None, not a {type(gradient).__name__}")
    if gradient is tensor:
        raise AutogradError("a tensor cannot be its own gradient; assign a clone()")
    if gradient.shape != tensor.shape:
        raise ShapeError(f"a gradient of shape {gradient.shape} does not fit a tensor of shape {tensor.shape}")
    if gradient.dtype is not tensor.dtype:
        raise DtypeError(f"a gradient of type {gradient.dtype!r} does not fit a tensor of type {tensor.dtype!r}")
    return gradient


def replace_data(tensor: Tensor, data: Any) -> None:
    """Take over the values of another tensor, whatever their shape."""
    if not isinstance(data, Tensor):
        raise TypeError(f"data is a Tensor, not a {type(data).__name__}; use sklon.tensor(...)")
    if not tensor.is_leaf:
        raise AutogradError("only leaves take other data; a result is computed anew from its inputs")
    if tensor.requires_grad and not data.dtype.is_floating:
        raise DtypeError(f"a tensor that requires gradients holds floating numbers, not {data.dtype!r}; use .float()")
    settle(tensor, data.node, data._depth)


def hooks_of(tensor: Tensor) -> Hooks:
    """The hooks of a tensor, made when first asked for."""
    trace = tracing.current()
    if trace is not None:
        trace.touch(tensor)
    if tensor._hooks is None:
        tensor._hooks = Hooks()
        if not tensor.is_leaf:
            of_results[tensor._node] = tensor._hooks
    return tensor._hooks


def retain(tensor: Tensor) -> None:
    """Ask for ``.grad`` of a result."""
    if not tensor.requires_grad:
        raise AutogradError("a tensor that does not require gradients has none to retain")
    if not tensor.is_leaf:
        hooks_of(tensor).retained = ref(tensor)


def register(tensor: Tensor, hook: GradientHook) -> Handle:
    """Add a hook on the gradient."""
    if not tensor.requires_grad:
        raise AutogradError("a tensor that does not require gradients never gets one, so it takes no hook")
    return Handle(hooks_of(tensor).on_gradient, hook)


def register_accumulated(tensor: Tensor, hook: AccumulatedHook) -> Handle:
    """Add a hook that sees the leaf after its ``.grad`` was added to."""
    if not tensor.requires_grad or not tensor.is_leaf:
        raise AutogradError("only leaves that require gradients take this hook; use register_hook on a result")
    return Handle(hooks_of(tensor).on_accumulated, hook)


# ---- writing in place
def write(target: AnyTensor, result: Tensor) -> AnyTensor:
    """Give ``target`` the values of ``result``: the end of every operation in place.

    Raises AutogradError for a leaf that requires gradients outside ``no_grad``, InputError for the result of a
    function whose results are views in PyTorch, ShapeError and DtypeError where the values do not fit.
    """
    _check_writable(target)
    result = _fitted(target, result)
    if target.is_leaf and not result.requires_grad:
        _store(target, result)
        base = target._shares() if isinstance(target._shares, ref) else None
        if base is not None and base.is_leaf:
            _store(base, result)
        return target
    if not result.requires_grad:
        result = _keeping_history(target, result)
    target._adopt(result._node, result._depth)
    target._requires_grad, target._hooks = True, None
    return target


def _store(leaf: Tensor, result: Tensor) -> None:
    if leaf._requires_grad:
        settle(leaf, result._node, result._depth)
    else:
        leaf._adopt(result._node, result._depth)


def _check_writable(target: Tensor) -> None:
    if target.requires_grad and target.is_leaf and gradients_wanted():
        raise AutogradError(
            "a leaf that requires gradients cannot be written in place while recording; write to it inside "
            "`with sklon.no_grad():`"
        )
    if isinstance(target._shares, str):
        raise InputError(
            f"writing to the result of {target._shares} writes to the tensor behind it in PyTorch; here no two "
            "tensors share memory: write to that tensor itself, or to a clone()"
        )


def _fitted(target: Tensor, result: Tensor) -> Tensor:
    if result.shape != target.shape:
        raise ShapeError(
            f"an operation in place keeps the shape {target.shape}, but its result has the shape {result.shape}; "
            "leave the underscore out for a new tensor"
        )
    if RANK[result.dtype.kind] > RANK[target.dtype.kind]:
        raise DtypeError(
            f"an operation in place keeps the type {target.dtype!r}, which cannot hold a result of type "
            f"{result.dtype!r}; leave the underscore out for a new tensor"
        )
    return result if result.dtype is target.dtype else functional.astype(result, target.dtype)


def _keeping_history(target: Tensor, result: Tensor) -> Tensor:
    """``result`` as a value of ``target``: recorded, no gradient flows; under no_grad the history stays."""
    if gradients_wanted():
        return functional.where(functional.less(functional.multiply(result, 0), 0), target, result)
    with enable_grad():
        return functional.add(result, functional.subtract(target, detached(target)))
