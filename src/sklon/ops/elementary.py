"""Functions that the C library computes, lane by lane: right everywhere, and slower than the vector functions.

Each row is a function's name there, its meaning in NumPy and its derivative. What is used in inner loops has a
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

from ._families import Array, Floating, Lane, LaneBuilder

Gradients = Sequence[Node | None]
_erf = np.frompyfunc(math.erf, 1, 1)


@dataclass(frozen=True)
class _Library(Floating):
    """A function of the C library."""

    cost: ClassVar[int] = 200
    symbol: ClassVar[str]
    function: ClassVar[Any]

    def meaning(self, *inputs: Array) -> Array:
        return np.asarray(self.function(*inputs), np.asarray(inputs[0]).dtype)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.library(self.symbol, *lanes)


@primitive("sin")
@dataclass(frozen=True)
class Sin(_Library):
    """sin x."""

    symbol: ClassVar[str] = "sin"
    function: ClassVar[Any] = np.sin

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.cos(*node.inputs)),)


@primitive("cos")
@dataclass(frozen=True)
class Cos(_Library):
    """cos x."""

    symbol: ClassVar[str] = "cos"
    function: ClassVar[Any] = np.cos

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.neg(build.mul(g, build.sin(*node.inputs))),)


@primitive("tan")
@dataclass(frozen=True)
class Tan(_Library):
    """tan x."""

    symbol: ClassVar[str] = "tan"
    function: ClassVar[Any] = np.tan

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.add(build.full_like(1.0, node), build.mul(node, node))),)


@primitive("asin")
@dataclass(frozen=True)
class Asin(_Library):
    """arcsin x; NaN beyond ±1."""

    convention: ClassVar[str] = "the derivative at ±1 is ∞"
    symbol: ClassVar[str] = "asin"
    function: ClassVar[Any] = np.arcsin

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(g, build.sqrt(_one_minus_square(build, node.inputs[0]))),)


@primitive("acos")
@dataclass(frozen=True)
class Acos(_Library):
    """arccos x; NaN beyond ±1."""

    convention: ClassVar[str] = "the derivative at ±1 is −∞"
    symbol: ClassVar[str] = "acos"
    function: ClassVar[Any] = np.arccos

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.neg(build.div(g, build.sqrt(_one_minus_square(build, node.inputs[0])))),)


@primitive("atan")
@dataclass(frozen=True)
class Atan(_Library):
    """arctan x."""

    symbol: ClassVar[str] = "atan"
    function: ClassVar[Any] = np.arctan

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.add(build.full_like(1.0, x), build.mul(x, x))),)


@primitive("sinh")
@dataclass(frozen=True)
class Sinh(_Library):
    """sinh x."""

    symbol: ClassVar[str] = "sinh"
    function: ClassVar[Any] = np.sinh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.cosh(*node.inputs)),)


@primitive("cosh")
@dataclass(frozen=True)
class Cosh(_Library):
    """cosh x."""

    symbol: ClassVar[str] = "cosh"
    function: ClassVar[Any] = np.cosh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.sinh(*node.inputs)),)


@primitive("asinh")
@dataclass(frozen=True)
class Asinh(_Library):
    """arsinh x."""

    symbol: ClassVar[str] = "asinh"
    function: ClassVar[Any] = np.arcsinh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.sqrt(build.add(build.mul(x, x), build.full_like(1.0, x)))),)


@primitive("acosh")
@dataclass(frozen=True)
class Acosh(_Library):
    """arcosh x; NaN below 1."""

    convention: ClassVar[str] = "the derivative at 1 is ∞"
    symbol: ClassVar[str] = "acosh"
    function: ClassVar[Any] = np.arccosh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.sqrt(build.sub(build.mul(x, x), build.full_like(1.0, x)))),)


@primitive("atanh")
@dataclass(frozen=True)
class Atanh(_Library):
    """artanh x; ±∞ at ±1 and NaN beyond."""

    symbol: ClassVar[str] = "atanh"
    function: ClassVar[Any] = np.arctanh

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.div(g, _one_minus_square(build, node.inputs[0])),)


@primitive("expm1")
@dataclass(frozen=True)
class Expm1(_Library):
    """eˣ − 1, accurate near 0."""

    symbol: ClassVar[str] = "expm1"
    function: ClassVar[Any] = np.expm1

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.add(node, build.full_like(1.0, node))),)


@primitive("log1p")
@dataclass(frozen=True)
class Log1p(_Library):
    """ln(1 + x), accurate near 0; −∞ at −1 and NaN below."""

    symbol: ClassVar[str] = "log1p"
    function: ClassVar[Any] = np.log1p

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        return (build.div(g, build.add(x, build.full_like(1.0, x))),)


@primitive("erf")
@dataclass(frozen=True)
class Erf(_Library):
    """The error function 2/√π·∫₀ˣ e^(−t²) dt."""

    symbol: ClassVar[str] = "erf"
    function: ClassVar[Any] = _erf

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        (x,) = node.inputs
        bell = build.exp(build.neg(build.mul(x, x)))
        return (build.mul(g, build.mul(build.full_like(2 / math.sqrt(math.pi), x), bell)),)


@primitive("pow")
@dataclass(frozen=True)
class Pow(_Library):
    """xʸ, as the C library defines it: NaN for negative x and fractional y."""

    arity: ClassVar[int] = 2
    convention: ClassVar[str] = "∂/∂x at y = 0 is 0; ∂/∂y at x = 0, y ≥ 0 is 0"
    symbol: ClassVar[str] = "pow"
    function: ClassVar[Any] = np.power

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        x, y = node.inputs
        zero, one = build.full_like(0.0, x), build.full_like(1.0, x)
        slope = build.mul(y, build.pow(x, build.sub(y, one)))
        for_x = build.where(build.equal(y, zero), zero, build.mul(g, slope))
        flat = build.and_(build.equal(x, zero), build.not_(build.less(y, zero)))
        for_y = build.where(flat, zero, build.mul(g, build.mul(node, build.log(x))))
        return (for_x, for_y)


def _one_minus_square(build: Build, x: Node) -> Node:
    return build.sub(build.full_like(1.0, x), build.mul(x, x))
