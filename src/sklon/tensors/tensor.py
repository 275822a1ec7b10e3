"""The Tensor: a handle on a node, with PyTorch's names. It computes nothing itself.

Arithmetic records nodes; ``item``, ``numpy`` and friends realise every pending tensor in one program. The module
holds the class and its dunder methods alone; what they do lives in the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, Union
from weakref import WeakValueDictionary

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.errors import AutogradError, InputError
from sklon._base.shapes import Shape, Symbol
from sklon.graph.node import Node

from . import values
from .methods import Methods

if TYPE_CHECKING:
    from typing import Self

Array = np.ndarray[Any, Any]
Operand: TypeAlias = Union["Tensor", float, int, bool, Array]

#: tensors that somebody holds and nobody has computed, by identity: == compares elements
pending: WeakValueDictionary[int, Tensor] = WeakValueDictionary()


class Tensor(Methods):
    """An n-dimensional array whose operations are recorded, differentiated and compiled.

    Create one with :func:`sklon.tensor`. ``grad`` holds ∂loss/∂self after ``loss.backward()`` for leaves that
    require gradients; it adds up until it is set to None.

    >>> import sklon
    >>> x = sklon.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [2.0, 4.0, 6.0]
    """

    __slots__ = ("__weakref__", "_node", "grad", "requires_grad")
    __array_priority__ = 1000

    def __init__(self, node: Node, *, requires_grad: bool = False) -> None:
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self._node = node
        self._adopt(node)

    def _adopt(self, node: Node) -> None:
        """Become the handle of another node."""
        self._node = node
        symbolic = any(isinstance(e, Symbol) for e in node.shape)
        if not values.is_known(node) and not symbolic and node.op.name != "slot":
            pending[id(self)] = self

    # ---- what it is
    @property
    def node(self) -> Node:
        """The node that this tensor stands for."""
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
        return not self.requires_grad or self._node.op.name == "slot"

    @property
    def T(self) -> Tensor:
        """The matrix with its axes exchanged."""
        return functional.transpose(self)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size along one axis."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """The number of elements."""
        return int(np.prod([int(str(e)) for e in self.shape], dtype=np.int64))

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

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise InputError("a tensor without axes has no length")
        return int(str(self.shape[0]))

    def __repr__(self) -> str:
        if any(isinstance(e, Symbol) for e in self.shape):
            return f"tensor(<recorded {self._node.type}>)"
        text = np.array2string(realise.value(self), separator=", ", precision=4, prefix="tensor(")
        extra = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype!r}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"tensor({text}{extra}{grad})"

    # ---- gradients
    def backward(self, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
        """Add ∂self/∂leaf to ``.grad`` of every leaf that requires gradients.

        ``gradient`` seeds a result with more than one element. The history is given up unless ``retain_graph``.
        """
        autograd.backward(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of this leaf, or stop asking."""
        if not self.is_leaf:
            raise AutogradError("only leaves can change requires_grad; use detach() to get one")
        if requires_grad and not self.dtype.is_floating:
            raise AutogradError(f"only floating tensors can require gradients, not {self.dtype!r}")
        self.requires_grad = requires_grad
        if requires_grad:
            autograd.watch(self)
        return self

    def detach(self) -> Tensor:
        """The same values, through which no gradient flows."""
        return functional.detach(self)


from . import autograd, functional, realise  # noqa: E402  the methods' bodies, which need the class
