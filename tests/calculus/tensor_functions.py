"""Smooth functions of tensors with points for them, and functions whose derivatives are wrong in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

import sklon
from sklon._base.source import source_line
from sklon.graph.build import Build
from sklon.graph.node import Node, apply
from sklon.nn import functional as F
from sklon.ops._families import Floating
from sklon.tensors import Tensor
from sklon.tensors.record import wrap

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
rng = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    """Numbers that keep away from kinks at 0."""
    x = np.asarray(rng.standard_normal(shape))
    return x + np.copysign(0.1, x)


def positive(*shape: int) -> Array:
    """Numbers between a half and two."""
    return np.asarray(rng.uniform(0.5, 2.0, shape))


CLASSES = sklon.tensor(np.array([0, 2, 1, 2]))
ROWS = sklon.tensor(np.array([2, 0, 2]))
TARGET = sklon.tensor(normal(4, 3))

#: by name: a function, and arrays at which it is smooth
SMOOTH: dict[str, tuple[Function, tuple[Array, ...]]] = {
    "sin": (sklon.sin, (normal(5),)),
    "tanh": (sklon.tanh, (normal(2, 3),)),
    "exp": (sklon.exp, (normal(4),)),
    "log": (sklon.log, (positive(4),)),
    "sqrt": (sklon.sqrt, (positive(4),)),
    "erf": (sklon.erf, (normal(4),)),
    "abs": (abs, (normal(5),)),
    "power": (lambda x, y: x**y, (positive(3), normal(3))),
    "quotient": (lambda x, y: x / y, (normal(2, 3), positive(3))),
    "atan2": (sklon.atan2, (normal(4), positive(4))),
    "maximum": (sklon.maximum, (normal(4), normal(4))),
    "where": (lambda x, y: sklon.where(x > 0, x * y, y.exp()), (normal(5), normal(5))),
    "relu": (sklon.relu, (normal(6),)),
    "gelu": (F.gelu, (normal(5),)),
    "silu": (F.silu, (normal(5),)),
    "softplus": (sklon.softplus, (normal(5),)),
    "elu": (F.elu, (normal(5),)),
    "softmax": (lambda x: F.softmax(x, 1), (normal(3, 4),)),
    "log_softmax": (lambda x: F.log_softmax(x, 1), (normal(3, 4),)),
    "matrix product": (lambda a, b: a @ b, (normal(3, 4), normal(4, 2))),
    "einsum": (lambda a, b: sklon.einsum("bij,bjk->ik", a, b), (normal(2, 2, 3), normal(2, 3, 2))),
    "linear": (F.linear, (normal(4, 3), normal(2, 3), normal(2))),
    "outer": (sklon.outer, (normal(3), normal(2))),
    "sum": (lambda x: x.sum(0), (normal(3, 2),)),
    "mean": (lambda x: (x * x).mean(), (normal(3, 2),)),
    "variance": (lambda x: x.var(1), (normal(3, 4),)),
    "largest": (lambda x: x.amax(1), (normal(3, 4),)),
    "logsumexp": (lambda x: sklon.logsumexp(x, 1), (normal(3, 4),)),
    "cumulative product": (lambda x: sklon.cumulative_prod(x, axis=0), (positive(4),)),
    "norm": (sklon.vector_norm, (normal(5),)),
    "layer norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), (normal(3, 4), normal(4), normal(4))),
    "mse": (lambda x: F.mse_loss(x, TARGET), (normal(4, 3),)),
    "huber": (lambda x: F.huber_loss(x, TARGET), (normal(4, 3),)),
    "cross-entropy": (lambda x: F.cross_entropy(x, CLASSES), (normal(4, 3),)),
    "logits": (lambda x: F.binary_cross_entropy_with_logits(x, (TARGET > 0).double()), (normal(4, 3),)),
    "reshape": (lambda x: x.reshape(3, 2) ** 3, (normal(2, 3),)),
    "part": (lambda x: x[1:, ::2].sin(), (normal(3, 4),)),
    "rows": (lambda x: sklon.index_select(x, 0, ROWS) ** 2, (normal(3, 2),)),
    "join": (lambda x, y: sklon.concat((x, y), 1).cos(), (normal(2, 2), normal(2, 1))),
    "several results": (lambda x, y: (x * y, {"s": (x + y).sin()}), (normal(3), normal(3))),
}


# ---- wrong in one way
class _Square(Floating):
    """x², whose derivative is ``rule``."""

    name: ClassVar[str] = "square"
    rule: ClassVar[Callable[[Build, Node, Node], Node | None]]

    def meaning(self, *inputs: Array) -> Array:
        return np.square(*inputs)

    def body(self, b: Any, *lanes: Any) -> Any:
        return b.mul(lanes[0], lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> tuple[Node | None]:
        return (type(self).rule(build, node, g),)


def _right(build: Build, node: Node, g: Node) -> Node:
    (x,) = node.inputs
    return build.mul(g, build.add(x, x))


RULES: dict[str, Callable[[Build, Node, Node], Node | None]] = {
    "a missing factor": lambda build, node, g: build.mul(g, node.inputs[0]),
    "the wrong sign": lambda build, node, g: build.neg(_right(build, node, g)),
    "ignores what comes": lambda build, node, g: build.add(node.inputs[0], node.inputs[0]),
    "one part in a thousand": lambda build, node, g: build.mul(_right(build, node, g), build.full_like(1.001, g)),
}  # fmt: skip
#: right to first order only
CUT_OFF: Callable[[Build, Node, Node], Node | None] = lambda build, node, g: build.mul(  # noqa: E731
    g, build.stop_gradient(build.add(node.inputs[0], node.inputs[0]))
)


def square(rule: Callable[[Build, Node, Node], Node | None] = _right) -> Callable[[Tensor], Tensor]:
    """A square of tensors with this rule."""
    op = type("Square", (_Square,), {"rule": staticmethod(rule)})()
    return lambda x: wrap(apply(op, x.node, source=source_line()), x)
