"""Special functions: the error function, the logarithm of the Γ function, and their relatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from sklon.graph.build import Build
from sklon.graph.node import Node, primitive

from ._families import Library

Gradients = Sequence[Node | None]

#: B₂ₙ / 2n, the coefficients of ψ's asymptotic series, by the Bernoulli numbers
_PSI_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
#: how far ψ is shifted: the first term that is left out is 5·10⁻¹⁷ there
_PSI_SHIFT = 10


def _scalar_lgamma(x: float) -> float:
    """ln |Γ(x)| as C defines it at poles and infinities."""
    if math.isinf(x) or (x <= 0 and x == math.floor(x)):
        return math.inf
    return math.lgamma(x)


_erf, _erfc, _lgamma = (np.frompyfunc(f, 1, 1) for f in (math.erf, math.erfc, _scalar_lgamma))


def _bell(build: Build, x: Node, factor: float) -> Node:
    """factor·2/√π·e^(−x²)."""
    return build.mul(build.full_like(factor * 2 / math.sqrt(math.pi), x), build.exp(build.neg(build.mul(x, x))))


@primitive("erf")
class Erf(Library):
    """The error function 2/√π·∫₀ˣ e^(−t²) dt."""

    symbol: ClassVar[str] = "erf"
    function: ClassVar[Any] = _erf

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, _bell(build, node.inputs[0], 1.0)),)


@primitive("erfc")
class Erfc(Library):
    """1 − erf x, accurate where it is small."""

    symbol: ClassVar[str] = "erfc"
    function: ClassVar[Any] = _erfc

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, _bell(build, node.inputs[0], -1.0)),)


@primitive("lgamma")
class Lgamma(Library):
    """ln |Γ(x)|."""

    convention: ClassVar[str] = "∞ at 0, −1, −2, …; the derivative there is ψ's: ∓∞ at ±0, NaN at the others"
    symbol: ClassVar[str] = "lgamma"
    function: ClassVar[Any] = _lgamma

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, digamma(build, node.inputs[0])),)


def digamma(build: Build, x: Node) -> Node:
    """ψ(x) = d ln Γ / dx, as a composition, so that it has all derivatives.

    ψ(x) = ψ(x + 10) − Σ 1/(x + k), k < 10; ψ(w) ≈ ln w − 1/2w − Σ B₂ₙ/2n·w⁻²ⁿ; ψ(x) = ψ(1 − x) − π/tan πx for x < 0.
    """
    full: Callable[[float], Node] = lambda value: build.full_like(value, x)  # noqa: E731
    negative = build.less(x, full(0.0))
    z = build.where(negative, build.sub(full(1.0), x), x)
    below = build.div(full(1.0), z)
    for k in range(1, _PSI_SHIFT):
        below = build.add(below, build.div(full(1.0), build.add(z, full(k))))
    w = build.add(z, full(_PSI_SHIFT))
    inverse = build.div(full(1.0), w)
    square = build.mul(inverse, inverse)
    series = full(_PSI_SERIES[-1])
    for c in reversed(_PSI_SERIES[:-1]):
        series = build.add(build.mul(series, square), full(c))
    smooth = build.sub(build.log(w), build.add(build.mul(full(0.5), inverse), build.mul(series, square)))
    return build.sub(build.sub(smooth, below), _reflection(build, x, negative))


def _reflection(build: Build, x: Node, negative: Node) -> Node:
    """π/tan πx for x < 0, NaN at the poles; 0 elsewhere."""
    full: Callable[[float], Node] = lambda value: build.full_like(value, x)  # noqa: E731
    offset = build.sub(x, build.round(x))  # tan has the period π
    pole = build.and_(negative, build.equal(offset, full(0.0)))
    regular = build.and_(negative, build.not_(pole))
    tangent = build.tan(build.mul(full(math.pi), build.where(regular, offset, full(0.25))))
    return build.where(regular, build.div(full(math.pi), tangent), build.where(pole, full(math.nan), full(0.0)))
