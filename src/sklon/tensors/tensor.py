"""The Tensor: a handle on a node, with PyTorch's names. It computes nothing itself.

Arithmetic records nodes; ``item``, ``numpy`` and friends realise every pending tensor in one program. The module
holds the class and its dunder methods alone; what they do lives in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias, Union
from warnings import warn
from weakref import ref

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.errors import InputError
from sklon._base.shapes import Shape, is_symbolic
from sklon.graph.node import Node

from . import tracing, values
from .arrangement import Arrangement
from .devices import OnDevice
from .elements import Elements
from .history import leaf_of
from .hooks import AccumulatedHook, GradientHook, Handle, Hooks
from .inplace import InPlace
from .modes import gradients_wanted
from .operators import Operators
from .pending import pending
from .reducing import Reducing

if TYPE_CHECKING:
    from typing import Self

Array = np.ndarray[Any, Any]
Operand: TypeAlias = Union["Tensor", float, int, bool, Array]


class Tensor(Operators, Elements, Reducing, Arrangement, InPlace, OnDevice):
    """An n-dimensional array whose operations are recorded, differentiated and compiled.

    Create one with :func:`sklon.tensor`. ``grad`` holds ∂loss/∂self after ``loss.backward()`` for leaves that
    require gradients; it adds up until it is set to None.

    >>> import sklon
    >>> x = sklon.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [2.0, 4.0, 6.0]
    """

    __slots__ = ("__weakref__", "_depth", "_grad", "_hooks", "_node", "_requires_grad", "_shares", "_written")
    __array_priority__ = 1000

    def __init__(self, node: Node, *, requires_grad: bool = False, depth: int = 0) -> None:
        self._requires_grad = requires_grad
        self._grad: Tensor | None = None
        self._hooks: Hooks | None = None
        #: what PyTorch would write through to: a leaf, or the name of the function that made a view
        self._shares: ref[Tensor] | str | None = None
        trace = tracing.current()
        if trace is not None:
            trace.make(self)
        self._adopt(node, depth)

    def _adopt(self, node: Node, depth: int = 0) -> None:
        """Become the handle of another node, ``depth`` operations above what was known or begins a history."""
        trace = tracing.current()
        if trace is not None:
            trace.touch(self)
        self._node, self._depth = node, depth
        self._written = False  # whether this is a leaf that was written in place and not computed since
        if node.op.kind != "slot" and not values.is_known(node) and not is_symbolic(node.shape):
            pending.add(self)

    # ---- what it is
    @property
    def node(self) -> Node:
        """The node that this tensor stands for.

        A leaf that was written in place is computed when recording with gradients first reads it: so a loop with an
        update of its own runs one program for each step, and its history starts anew.
        """
        trace = tracing.current()
        if trace is not None:
            trace.touch(self)
        if self._written and gradients_wanted():
            realise.realise((self,))
        return self._node

    @property
    def shape(self) -> Shape:
        """The size along each axis."""
        return self._node.shape

    @property
    def dtype(self) -> Dtype:
        """The element type."""
        return self._node.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._node.shape)

    @property
    def is_leaf(self) -> bool:
        """Whether nothing that requires gradients was computed to get it."""
        return not self._requires_grad or leaf_of(self._node) is self

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size along one axis."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """The number of elements."""
        return prod(e if isinstance(e, int) else int(str(e)) for e in self._node.shape)

    # ---- values
    def numpy(self) -> Array:
        """A copy of the values as a NumPy array: it shares no memory with the tensor."""
        return realise.value(self).copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        array = realise.value(self)
        if array.size != 1:
            raise InputError(f"item() needs a tensor with one element, not one of shape {self.shape}; use tolist()")
        return array.reshape(()).item()

    def tolist(self) -> Any:
        """The values as nested lists."""
        return realise.value(self).tolist()

    def __format__(self, spec: str) -> str:
        return format(self.item() if spec and self.numel() == 1 else str(self), spec)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise InputError(
                f"a tensor of shape {self.shape} has no one truth value; reduce it to a single element first"
            )
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise InputError("a tensor without axes has no length")
        return int(str(self.shape[0]))

    def __repr__(self) -> str:
        if is_symbolic(self.shape) or tracing.current() is not None:
            return f"tensor(<recorded {self._node.type}>)"
        text = np.array2string(realise.value(self), separator=", ", precision=4, prefix="tensor(")
        extra = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype!r}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"tensor({text}{extra}{grad})"

    # ---- gradients
    @property
    def requires_grad(self) -> bool:
        """Whether a backward pass computes gradients of this tensor, or through it."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        leaves.require(self, wanted)

    @property
    def grad(self) -> Tensor | None:
        """∂loss/∂self, added up since it was None; of leaves, and of results that called ``retain_grad``."""
        trace = tracing.current()
        if trace is not None:
            trace.touch_grad(self, "read")
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            warn(
                "the .grad of a result of a computation stays None; call retain_grad() on it before backward()",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        trace = tracing.current()
        if trace is not None:
            trace.touch_grad(self, "set")
        self._grad = leaves.checked_gradient(self, gradient)

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def data(self) -> Tensor:
        """The values without a history; writing to them in place writes to a leaf, without PyTorch's checks."""
        return leaves.detached(self)

    @data.setter
    def data(self, data: Tensor) -> None:
        leaves.replace_data(self, data)

    @property
    def grad_fn(self) -> leaves.GradFn | None:
        """What computed this tensor, if gradients flow through it; None for leaves."""
        return None if self.is_leaf else leaves.GradFn(self._node.op.name, self._node.source)

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad`` was called on this result."""
        return self._hooks is not None and self._hooks.retained is not None

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add ∂self/∂leaf to ``.grad`` of every leaf that requires gradients, or of ``inputs`` alone.

        ``gradient`` seeds a result with more than one element. The history is given up unless ``retain_graph``, or
        ``create_graph``, which gives the gradients a history of their own.
        """
        autograd.backward([self], [gradient], retain_graph, create_graph, inputs)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of this leaf, or stop asking."""
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this result in ``.grad``; a leaf keeps it anyway."""
        leaves.retain(self)

    def register_hook(self, hook: GradientHook) -> Handle:
        """Call ``hook(gradient)`` when the gradient of this tensor is known; what it returns replaces it.

        >>> import sklon
        >>> x = sklon.tensor([1.0], requires_grad=True)
        >>> handle = x.register_hook(lambda gradient: gradient * 10)
        >>> (x * 2).sum().backward()
        >>> x.grad.tolist()
        [20.0]
        """
        return leaves.register(self, hook)

    def register_post_accumulate_grad_hook(self, hook: AccumulatedHook) -> Handle:
        """Call ``hook(self)`` each time a backward pass has added to ``.grad`` of this leaf."""
        return leaves.register_accumulated(self, hook)

    def detach(self) -> Tensor:
        """The same values, through which no gradient flows."""
        return leaves.detached(self)

    def detach_(self) -> Self:
        """Become a leaf with the same values and without a history."""
        leaves.cut(self)
        return self

    def clone(self) -> Tensor:
        """A copy, through which gradients flow."""
        return inplace.clone(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return leaves.twin(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return leaves.parts(self)


from . import (  # noqa: E402  the bodies of methods, which need the class
    autograd,
    inplace,
    leaves,
    realise,
)
