"""What this engine returns where there is no derivative, written down as a table before it is asked.

The numbers are those that the ops declare as their ``convention`` and the functions in their docstrings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan

import numpy as np

import sklon
from sklon import Tensor
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, apply
from sklon.lab.apparatus import Array, gradient
from sklon.nn import functional as F
from sklon.ops.point import Abs, Relu
from sklon.tensors.record import wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinked:
    """The two functions with the best-known kinks."""

    relu: Callable[[Tensor], Tensor] = F.relu
    absolute: Callable[[Tensor], Tensor] = sklon.abs


@dataclass(frozen=True, slots=True)
class Convention:
    """At a point of a function: the gradient that automatic differentiation returns.

    ``sides`` are the slopes from the left and from the right, where a function of one variable has a kink.
    """

    name: str
    function: Callable[[Kinked, Tensor], Tensor]
    at: tuple[float, ...]
    returns: tuple[float, ...]
    sides: tuple[float, float] | None = None

    def found(self, kinked: Kinked) -> Array:
        """What the engine returns."""
        return gradient(lambda x: self.function(kinked, x).sum(), self.at)

    def holds(self, kinked: Kinked) -> bool:
        """Whether it is what the table says, to the bit."""
        return bool(np.array_equal(self.found(kinked), np.array(self.returns), equal_nan=True))


CONVENTIONS: tuple[Convention, ...] = (
    Convention("relu", lambda k, x: k.relu(x), (0.0,), (0.0,), (0.0, 1.0)),
    Convention("|x|", lambda k, x: k.absolute(x), (0.0,), (0.0,), (-1.0, 1.0)),
    Convention("max(x, 0)", lambda k, x: sklon.maximum(x, 0.0), (0.0,), (0.5,), (0.0, 1.0)),
    Convention("min(x, 0)", lambda k, x: sklon.minimum(x, 0.0), (0.0,), (0.5,), (1.0, 0.0)),
    Convention("where", lambda k, x: sklon.where(sklon.greater(x, 0.0), x, 0.0), (0.0,), (0.0,)),
    Convention("clip", lambda k, x: sklon.clip(x, 0.0, 1.0), (0.0,), (1.0,), (0.0, 1.0)),
    Convention("hardtanh", lambda k, x: F.hardtanh(x, 0.0, 1.0), (0.0,), (0.0,), (0.0, 1.0)),
    Convention("relu6", lambda k, x: F.relu6(x), (0.0,), (0.0,), (0.0, 1.0)),
    Convention("leaky relu", lambda k, x: F.leaky_relu(x), (0.0,), (0.01,), (0.01, 1.0)),
    Convention("relu(x) − relu(−x)", lambda k, x: k.relu(x) - k.relu(-x), (0.0,), (0.0,)),
    Convention("√x", lambda k, x: sklon.sqrt(x), (0.0,), (inf,)),
    Convention("√(x²)", lambda k, x: sklon.sqrt(x * x), (0.0,), (nan,)),
    Convention("floor", lambda k, x: sklon.floor(x), (2.0,), (0.0,)),
    Convention("sign", lambda k, x: sklon.sign(x), (0.0,), (0.0,)),
    Convention("largest of three", lambda k, x: sklon.amax(x), (1.0, 1.0, 0.0), (0.5, 0.5, 0.0)),
    Convention("length", lambda k, x: sklon.vector_norm(x), (0.0, 0.0), (0.0, 0.0)),
)
#: half-width of a kink that is rounded
ROUNDING = 2.0**-4


# ---- other choices, which this engine does not make
@dataclass(frozen=True)
class _ReluOfOne(Relu):
    """max(x, 0) whose derivative at 0 is 1."""

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node]:
        (x,) = node.inputs
        zero = build.full_like(0.0, x)
        return (build.where(build.less(x, zero), zero, g),)


@dataclass(frozen=True)
class _AbsOfOne(Abs):
    """|x| whose derivative at 0 is 1."""

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node]:
        (x,) = node.inputs
        return (build.where(build.less(x, build.full_like(0.0, x)), build.neg(g), g),)


def _recorded(op: Op) -> Callable[[Tensor], Tensor]:
    """The function that applies an op to a tensor."""
    return lambda x: wrap(apply(op, x.node), x)


RELU_OF_ONE = Kinked(relu=_recorded(_ReluOfOne()))
ABS_OF_ONE = Kinked(absolute=_recorded(_AbsOfOne()))
ROUNDED = Kinked(absolute=lambda x: sklon.sqrt(x * x + ROUNDING**2))
