"""Elementary functions of real numbers: exponentials and logarithms, angles, hyperbolic functions, distances."""

from __future__ import annotations

from math import factorial, pi
from math import log as ln

from ..functional import abs, add, divide, equal, greater, less, log, multiply, softplus, sqrt, subtract, where
from ..record import floating, point
from ..tensor import Operand, Tensor
from .logic import isinf, logical_and
from .operands import real, real_dtype

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "exp2",
    "expm1",
    "hypot",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logit",
    "rad2deg",
    "rsqrt",
    "sin",
    "sinc",
    "sinh",
    "tan",
]

#: sinc is its series where πx is less than this; the first term left out is 10⁻²⁰ there
SINC_SPLIT, SINC_TERMS = 0.3, 8


# ---- angles
def sin(x: Operand) -> Tensor:
    """sin x."""
    return point("sin", x, dtype=floating(x))


def cos(x: Operand) -> Tensor:
    """cos x."""
    return point("cos", x, dtype=floating(x))


def tan(x: Operand) -> Tensor:
    """tan x."""
    return point("tan", x, dtype=floating(x))


def asin(x: Operand) -> Tensor:
    """arcsin x; NaN beyond ±1."""
    return point("asin", x, dtype=floating(x))


def acos(x: Operand) -> Tensor:
    """arccos x; NaN beyond ±1."""
    return point("acos", x, dtype=floating(x))


def atan(x: Operand) -> Tensor:
    """arctan x."""
    return point("atan", x, dtype=floating(x))


def atan2(x1: Operand, x2: Operand) -> Tensor:
    """The angle of the point (x₂, x₁), between −π and π; the derivatives at the origin are 0."""
    return point("atan2", x1, x2, dtype=real_dtype(x1, x2))


def sinc(x: Operand) -> Tensor:
    """sin πx / πx, and 1 at 0, with all its derivatives there."""
    angle = multiply(x, pi)
    near = less(abs(angle), SINC_SPLIT)
    away = where(near, 1.0, angle)
    square = where(near, multiply(angle, angle), 0.0)
    series: Operand = 0.0
    for k in reversed(range(SINC_TERMS)):
        series = add(multiply(square, series), (-1) ** k / factorial(2 * k + 1))
    return where(near, series, divide(sin(away), away))


def deg2rad(x: Operand) -> Tensor:
    """Degrees to radians."""
    return multiply(x, pi / 180)


def rad2deg(x: Operand) -> Tensor:
    """Radians to degrees."""
    return multiply(x, 180 / pi)


# ---- hyperbolic functions
def sinh(x: Operand) -> Tensor:
    """sinh x."""
    return point("sinh", x, dtype=floating(x))


def cosh(x: Operand) -> Tensor:
    """cosh x."""
    return point("cosh", x, dtype=floating(x))


def asinh(x: Operand) -> Tensor:
    """arsinh x."""
    return point("asinh", x, dtype=floating(x))


def acosh(x: Operand) -> Tensor:
    """arcosh x; NaN below 1."""
    return point("acosh", x, dtype=floating(x))


def atanh(x: Operand) -> Tensor:
    """artanh x; ±∞ at ±1, NaN beyond."""
    return point("atanh", x, dtype=floating(x))


# ---- exponentials and logarithms
def expm1(x: Operand) -> Tensor:
    """eˣ − 1, accurate near 0."""
    return point("expm1", x, dtype=floating(x))


def exp2(x: Operand) -> Tensor:
    """2ˣ, exact for whole numbers."""
    return point("exp2", x, dtype=floating(x))


def log1p(x: Operand) -> Tensor:
    """ln(1 + x), accurate near 0."""
    return point("log1p", x, dtype=floating(x))


def log2(x: Operand) -> Tensor:
    """The logarithm to the base 2, exact for powers of 2."""
    return point("log2", x, dtype=floating(x))


def log10(x: Operand) -> Tensor:
    """The logarithm to the base 10, exact for powers of 10."""
    return point("log10", x, dtype=floating(x))


def logaddexp(x1: Operand, x2: Operand) -> Tensor:
    """ln(e^x₁ + e^x₂) = max + ln(1 + e^(min − max))."""
    x, y = real(x1, x2)
    larger = greater(x, y)
    same = logical_and(isinf(x), equal(x, y))  # ∞ − ∞ is none
    gap = where(same, 0.0, subtract(x, y))
    return where(larger, add(x, softplus(multiply(gap, -1))), add(y, softplus(gap)))


def logaddexp2(x1: Operand, x2: Operand) -> Tensor:
    """log₂(2^x₁ + 2^x₂)."""
    x, y = real(x1, x2)
    return divide(logaddexp(multiply(x, ln(2)), multiply(y, ln(2))), ln(2))


def logit(x: Operand, eps: float | None = None) -> Tensor:
    """ln(x / (1 − x)), the inverse of the sigmoid; ``eps`` first moves x into [ε, 1 − ε], with derivative 0."""
    (p,) = real(x)
    if eps is not None:
        p = where(less(p, eps), eps, p)
        p = where(greater(p, 1 - eps), 1 - eps, p)
    return log(divide(p, subtract(1, p)))


# ---- roots and distances
def rsqrt(x: Operand) -> Tensor:
    """1 / √x."""
    return divide(1, sqrt(x))


def hypot(x1: Operand, x2: Operand) -> Tensor:
    """√(x₁² + x₂²) without overflow; the derivatives at the origin are 0."""
    return point("hypot", x1, x2, dtype=real_dtype(x1, x2))
