"""Functions that the C library computes, lane by lane: right everywhere, and slower than the vector functions.

Each is a function's name there, its meaning in NumPy and its derivative. What is used in inner loops has a
vector function of its own (exp, log, tanh, sigmoid, softplus in ``point``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon.graph.build import Build
from sklon.graph.node import Node, primitive

from ._families import Library

Gradients = Sequence[Node | None]


@primitive("sin")
class Sin(Library):
    """sin x."""

    symbol: ClassVar[str] = "sin"
    function: ClassVar[Any] = np.sin

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.cos(*node.inputs)),)


@primitive("cos")
class Cos(Library):
    """cos x."""

    symbol: ClassVar[str] = "cos"
    function: ClassVar[Any] = np.cos

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.neg(build.mul(g, build.sin(*node.inputs))),)


@primitive("tan")
class Tan(Library):
    """tan x."""

    symbol: ClassVar[str] = "tan"
    function: ClassVar[Any] = np.tan

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.add(build.full_like(1.0, node), build.mul(node, node))),)


@primitive("asin")
class Asin(Library):
    """arcsin x; NaN beyond ±1."""

    convention: ClassVar[str] = "the derivative at ±1 is ∞"
    symbol: ClassVar[str] = "asin"
    function: ClassVar[Any] = np.arcsin

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(g, build.sqrt(_one_minus_square(build, node.inputs[0]))),)


@primitive("acos")
class Acos(Library):
    """arccos x; NaN beyond ±1."""

    convention: ClassVar[str] = "the derivative at ±1 is −∞"
    symbol: ClassVar[str] = "acos"
    function: ClassVar[Any] = np.arccos

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.neg(build.div(g, build.sqrt(_one_minus_square(build, node.inputs[0])))),)


@primitive("atan")
class Atan(Library):
    """arctan x."""

    symbol: ClassVar[str] = "atan"
    function: ClassVar[Any] = np.arctan

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.add(build.full_like(1.0, x), build.mul(x, x))),)


@primitive("sinh")
class Sinh(Library):
    """sinh x."""

    symbol: ClassVar[str] = "sinh"
    function: ClassVar[Any] = np.sinh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.cosh(*node.inputs)),)


@primitive("cosh")
class Cosh(Library):
    """cosh x."""

    symbol: ClassVar[str] = "cosh"
    function: ClassVar[Any] = np.cosh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.sinh(*node.inputs)),)


@primitive("asinh")
class Asinh(Library):
    """arsinh x."""

    symbol: ClassVar[str] = "asinh"
    function: ClassVar[Any] = np.arcsinh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.sqrt(build.add(build.mul(x, x), build.full_like(1.0, x)))),)


@primitive("acosh")
class Acosh(Library):
    """arcosh x; NaN below 1."""

    convention: ClassVar[str] = "the derivative at 1 is ∞"
    symbol: ClassVar[str] = "acosh"
    function: ClassVar[Any] = np.arccosh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.sqrt(build.sub(build.mul(x, x), build.full_like(1.0, x)))),)


@primitive("atanh")
class Atanh(Library):
    """artanh x; ±∞ at ±1 and NaN beyond."""

    symbol: ClassVar[str] = "atanh"
    function: ClassVar[Any] = np.arctanh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(g, _one_minus_square(build, node.inputs[0])),)


@primitive("expm1")
class Expm1(Library):
    """eˣ − 1, accurate near 0."""

    symbol: ClassVar[str] = "expm1"
    function: ClassVar[Any] = np.expm1

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.add(node, build.full_like(1.0, node))),)


@primitive("log1p")
class Log1p(Library):
    """ln(1 + x), accurate near 0; −∞ at −1 and NaN below."""

    symbol: ClassVar[str] = "log1p"
    function: ClassVar[Any] = np.log1p

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.add(x, build.full_like(1.0, x))),)


@primitive("exp2")
class Exp2(Library):
    """2ˣ, exact for whole numbers."""

    symbol: ClassVar[str] = "exp2"
    function: ClassVar[Any] = np.exp2

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.mul(node, build.full_like(math.log(2), node))),)


@dataclass(frozen=True)
class _Logarithm(Library):
    """A logarithm to a fixed base: its derivative is 1 / (x·ln base)."""

    base: ClassVar[int]

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.mul(x, build.full_like(math.log(self.base), x))),)


@primitive("log2")
class Log2(_Logarithm):
    """The logarithm to the base 2, exact for powers of 2; −∞ at 0 and NaN below."""

    symbol: ClassVar[str] = "log2"
    base: ClassVar[int] = 2
    function: ClassVar[Any] = np.log2


@primitive("log10")
class Log10(_Logarithm):
    """The logarithm to the base 10, exact for powers of 10; −∞ at 0 and NaN below."""

    symbol: ClassVar[str] = "log10"
    base: ClassVar[int] = 10
    function: ClassVar[Any] = np.log10


@primitive("atan2")
class Atan2(Library):
    """The angle of the point (x, y) for the inputs y, x; between −π and π."""

    arity: ClassVar[int] = 2
    convention: ClassVar[str] = "the derivatives at the origin are 0"
    symbol: ClassVar[str] = "atan2"
    function: ClassVar[Any] = np.arctan2

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        y, x = node.inputs
        square = build.add(build.mul(x, x), build.mul(y, y))
        scaled = build.div(g, _one_for_zero(build, square))
        return (build.mul(scaled, x), build.neg(build.mul(scaled, y)))


@primitive("hypot")
class Hypot(Library):
    """√(x² + y²), which neither overflows nor vanishes on the way."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    convention: ClassVar[str] = "the derivatives at the origin are 0"
    symbol: ClassVar[str] = "hypot"
    function: ClassVar[Any] = np.hypot

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        length = _one_for_zero(build, node)
        return tuple(build.mul(g, build.div(x, length)) for x in node.inputs)


@primitive("fmod")
class Fmod(Library):
    """What is left of x after whole multiples of y, with the sign of x; exact. NaN for y = 0."""

    arity: ClassVar[int] = 2
    convention: ClassVar[str] = "the derivatives at the steps are those beside them"
    symbol: ClassVar[str] = "fmod"
    function: ClassVar[Any] = np.fmod

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        return (g, build.neg(build.mul(g, build.trunc(build.div(x, y)))))


@primitive("pow")
class Pow(Library):
    """xʸ, as the C library defines it: NaN for negative x and fractional y."""

    arity: ClassVar[int] = 2
    convention: ClassVar[str] = "∂/∂x at y = 0 is 0; ∂/∂y at x = 0, y ≥ 0 is 0"
    symbol: ClassVar[str] = "pow"
    function: ClassVar[Any] = np.power

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        zero, one = build.full_like(0.0, x), build.full_like(1.0, x)
        constant = build.equal(y, zero)
        slope = build.mul(y, build.pow(x, build.sub(build.where(constant, one, y), one)))
        for_x = build.where(constant, zero, build.mul(g, slope))
        flat = build.and_(build.equal(x, zero), build.not_(build.less(y, zero)))
        for_y = build.where(flat, zero, build.mul(g, build.mul(node, build.log(build.where(flat, one, x)))))
        return (for_x, for_y)


def _one_minus_square(build: Build, x: Node) -> Node:
    return build.sub(build.full_like(1.0, x), build.mul(x, x))


def _one_for_zero(build: Build, x: Node) -> Node:
    """A divisor that makes 0 / 0 zero."""
    return build.where(build.equal(x, build.full_like(0.0, x)), build.full_like(1.0, x), x)
