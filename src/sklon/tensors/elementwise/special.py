"""Special functions: the error function, ln Γ and its derivatives, x·ln y where x may be 0."""

from __future__ import annotations

from math import sqrt

from sklon._base.errors import InputError
from sklon.autodiff import gradients
from sklon.ops.special import digamma as _digamma

from ..functional import equal, greater, less, log, multiply, negative, where
from ..record import build, floating, point, wrap
from ..tensor import Operand, Tensor
from .elementary import log1p
from .logic import isfinite, isnan, logical_and, logical_not, logical_or
from .operands import real

__all__ = ["digamma", "entr", "erf", "erfc", "lgamma", "ndtr", "polygamma", "xlog1py", "xlogy"]


def erf(x: Operand) -> Tensor:
    """The error function."""
    return point("erf", x, dtype=floating(x))


def erfc(x: Operand) -> Tensor:
    """1 − erf x, accurate where it is small."""
    return point("erfc", x, dtype=floating(x))


def ndtr(x: Operand) -> Tensor:
    """Φ(x), the probability that a standard normal variable is at most x."""
    return multiply(erfc(multiply(x, -sqrt(0.5))), 0.5)


def lgamma(x: Operand) -> Tensor:
    """ln |Γ(x)|; ∞ at 0, −1, −2, …."""
    return point("lgamma", x, dtype=floating(x))


def digamma(x: Operand) -> Tensor:
    """ψ(x), the derivative of ln Γ; ∓∞ at ±0, NaN at −1, −2, …."""
    return polygamma(0, x)


def polygamma(n: int, x: Operand) -> Tensor:
    """The n-th derivative of ψ."""
    if n < 0:
        raise InputError(f"polygamma(n, x) is the n-th derivative of digamma: n must be at least 0, not {n}")
    (number,) = real(x)
    b = build()
    node = _digamma(b, number.node)
    for _ in range(n):
        (derivative,) = gradients({node: b.full_like(1.0, node)}, [number.node])
        assert derivative is not None
        node = derivative
    return wrap(node, number)


def xlogy(x1: Operand, x2: Operand) -> Tensor:
    """x·ln y; 0 where x = 0, unless y is NaN."""
    x, y = real(x1, x2)
    positive = logical_and(greater(y, 0), isfinite(y))
    void = logical_and(equal(x, 0), logical_not(logical_or(positive, isnan(y))))
    return multiply(x, log(where(void, 1.0, y)))


def xlog1py(x1: Operand, x2: Operand) -> Tensor:
    """x·ln(1 + y); 0 where x = 0, unless y is NaN."""
    x, y = real(x1, x2)
    positive = logical_and(greater(y, -1), isfinite(y))
    void = logical_and(equal(x, 0), logical_not(logical_or(positive, isnan(y))))
    return multiply(x, log1p(where(void, 0.0, y)))


def entr(x: Operand) -> Tensor:
    """−x·ln x, a term of the entropy; 0 at 0, −∞ below."""
    (p,) = real(x)
    return where(less(p, 0), -float("inf"), negative(xlogy(p, p)))
