"""Arithmetic and elementary functions on single elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon.graph.build import Build
from sklon.graph.node import Node, primitive

from ._families import Array, Floating, Lane, LaneBuilder, Numeric, Point

Gradients = Sequence[Node | None]


@primitive("add")
class Add(Point):
    """x + y; of booleans, whether one of them is true."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True

    def meaning(self, *inputs: Array) -> Array:
        return np.add(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.add(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (g, g)


@primitive("sub")
class Sub(Numeric):
    """x − y."""

    arity: ClassVar[int] = 2

    def meaning(self, *inputs: Array) -> Array:
        return np.subtract(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.sub(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (g, build.neg(g))


@primitive("mul")
class Mul(Point):
    """x·y."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True

    def meaning(self, *inputs: Array) -> Array:
        return np.multiply(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.mul(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        return (build.mul(g, y), build.mul(g, x))


@primitive("div")
class Div(Floating):
    """x / y. Division by zero gives ±∞ or NaN, as IEEE 754 says."""

    arity: ClassVar[int] = 2
    cost: ClassVar[int] = 5

    def meaning(self, *inputs: Array) -> Array:
        return np.divide(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.div(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        _, y = node.inputs
        for_x = build.div(g, y)
        return (for_x, build.neg(build.mul(for_x, node)))


@primitive("neg")
class Neg(Numeric):
    """−x."""

    def meaning(self, *inputs: Array) -> Array:
        return np.negative(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.neg(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.neg(g),)


@primitive("abs")
class Abs(Point):
    """|x|."""

    convention: ClassVar[str] = "the derivative at 0 is 0"

    def meaning(self, *inputs: Array) -> Array:
        return np.abs(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.abs(lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        zero = build.full_like(0.0, x)
        negative = build.where(build.less(x, zero), build.neg(g), zero)
        return (build.where(build.greater(x, zero), g, negative),)


@primitive("maximum")
class Maximum(Point):
    """The larger of x and y; NaN if one of them is NaN."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    cost: ClassVar[int] = 3
    convention: ClassVar[str] = "at ties each input gets half the gradient"

    def meaning(self, *inputs: Array) -> Array:
        return np.maximum(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        x, y = lanes
        larger = b.select(b.compare("gt", y, x), y, x)  # x where x is NaN
        return b.select(b.compare("unordered", y, y), y, larger)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        zero, half = build.full_like(0.0, g), build.mul(g, build.full_like(0.5, g))
        tie = build.where(build.equal(x, y), half, zero)
        return (
            build.where(build.greater(x, y), g, tie),
            build.where(build.greater(y, x), g, tie),
        )


@primitive("minimum")
class Minimum(Point):
    """The smaller of x and y; NaN if one of them is NaN."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    cost: ClassVar[int] = 3
    convention: ClassVar[str] = "at ties each input gets half the gradient"

    def meaning(self, *inputs: Array) -> Array:
        return np.minimum(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        x, y = lanes
        smaller = b.select(b.compare("lt", y, x), y, x)  # x where x is NaN
        return b.select(b.compare("unordered", y, y), y, smaller)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        zero, half = build.full_like(0.0, g), build.mul(g, build.full_like(0.5, g))
        tie = build.where(build.equal(x, y), half, zero)
        return (build.where(build.less(x, y), g, tie), build.where(build.less(y, x), g, tie))


@dataclass(frozen=True)
class _Rounding(Floating):
    """A step function: its derivative is 0 wherever it has one, and is taken to be 0 at the steps."""

    convention: ClassVar[str] = "the derivative is 0 everywhere"
    function: ClassVar[Any]

    def meaning(self, *inputs: Array) -> Array:
        return self.function(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.round(self.name, lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.full_like(0.0, g),)


@primitive("floor")
class Floor(_Rounding):
    """The largest integer that is at most x."""

    function: ClassVar[Any] = np.floor


@primitive("ceil")
class Ceil(_Rounding):
    """The smallest integer that is at least x."""

    function: ClassVar[Any] = np.ceil


@primitive("trunc")
class Trunc(_Rounding):
    """x without its fraction."""

    function: ClassVar[Any] = np.trunc


@primitive("round")
class Round(_Rounding):
    """The nearest integer, ties to even."""

    function: ClassVar[Any] = np.rint


@primitive("exp")
class Exp(Floating):
    """eˣ."""

    cost: ClassVar[int] = 14

    def meaning(self, *inputs: Array) -> Array:
        return np.exp(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.exp(lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, node),)


@primitive("log")
class Log(Floating):
    """ln x. −∞ at 0, NaN below."""

    cost: ClassVar[int] = 18

    def meaning(self, *inputs: Array) -> Array:
        return np.log(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.log(lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(g, node.inputs[0]),)


@primitive("sqrt")
class Sqrt(Floating):
    """√x. NaN below 0."""

    cost: ClassVar[int] = 5
    convention: ClassVar[str] = "the derivative at 0 is ∞"

    def meaning(self, *inputs: Array) -> Array:
        return np.sqrt(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.sqrt(lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(build.mul(g, build.full_like(0.5, g)), node),)


@primitive("relu")
class Relu(Floating):
    """max(x, 0). The gradient reads the output only."""

    convention: ClassVar[str] = "the derivative at 0 is 0; NaN stays NaN"

    def meaning(self, *inputs: Array) -> Array:
        (x,) = inputs
        return np.where(x < 0, np.zeros_like(x), x)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        (x,) = lanes
        zero = b.const(0.0, x)
        return b.select(b.compare("lt", x, zero), zero, x)

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        zero = build.full_like(0.0, node)
        return (build.where(build.greater(node, zero), g, zero),)


@primitive("sigmoid")
class Sigmoid(Floating):
    """1 / (1 + e⁻ˣ)."""

    cost: ClassVar[int] = 20

    def meaning(self, *inputs: Array) -> Array:
        (x,) = inputs
        small = np.exp(-np.abs(x))
        return np.where(x < 0, small, np.ones_like(x)) / (1 + small)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        (x,) = lanes
        one = b.const(1.0, x)
        return b.div(one, b.add(one, b.exp(b.neg(x))))

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.mul(node, build.sub(build.full_like(1.0, node), node))),)


@primitive("tanh")
class Tanh(Floating):
    """tanh x."""

    cost: ClassVar[int] = 30

    def meaning(self, *inputs: Array) -> Array:
        return np.tanh(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.tanh(lanes[0])

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.sub(build.full_like(1.0, node), build.mul(node, node))),)


@primitive("softplus")
class Softplus(Floating):
    """ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)."""

    cost: ClassVar[int] = 35

    def meaning(self, *inputs: Array) -> Array:
        (x,) = inputs
        return np.logaddexp(np.zeros_like(x), x)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        (x,) = lanes
        zero = b.const(0.0, x)
        positive = b.select(b.compare("lt", x, zero), zero, x)
        return b.add(positive, b.log1p_of_unit(b.exp(b.neg(b.abs(x)))))

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.sigmoid(node.inputs[0])),)


@primitive("stop_gradient")
class StopGradient(Point):
    """x, through which no gradient flows."""

    cost: ClassVar[int] = 0

    def meaning(self, *inputs: Array) -> Array:
        return inputs[0]

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return lanes[0]
