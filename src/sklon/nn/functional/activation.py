"""Activation functions, element by element, with PyTorch's names, defaults and choices at kinks.

Every branch that is not taken gets a harmless argument, so that no gradient becomes 0·∞.
"""

from __future__ import annotations

from math import pi, sqrt

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor, manipulation
from sklon.tensors import functional as F
from sklon.tensors.elementwise import erf, expm1, less_equal
from sklon.tensors.elementwise import greater_equal as at_least
from sklon.tensors.functional import relu, sigmoid, tanh

from .axes import along_channels
from .dropout import unit_interval

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]

#: the fixed point of mean 0 and variance 1 (Klambauer et al., *Self-normalizing neural networks*, 2017)
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


# ---- rectifiers
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(x, 0.0, 6.0)


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x above 0, ``negative_slope``·x below; at 0 the derivative is that of below."""
    return F.where(F.greater(x, 0), x, x * negative_slope)


def prelu(x: Tensor, weight: Tensor) -> Tensor:
    """x above 0, w·x below, with one w or one for each channel. Shapes: x [N, C, …], weight [1] or [C]."""
    if weight.shape == (1,):
        weight = manipulation.squeeze(weight, 0)
    else:
        channels = x.shape[min(1, x.ndim - 1)] if x.ndim else 1
        if weight.shape != (channels,):
            raise ShapeError(f"prelu of x {x.shape} needs one slope or {channels}, not a weight of {weight.shape}")
        weight = along_channels(weight, x.ndim)
    return F.where(F.greater(x, 0), x, x * weight)


def rrelu(x: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """A leaky ReLU whose slope is drawn from U(lower, upper) for each element, and is their mean in evaluation."""
    if lower > upper:
        raise InputError(f"rrelu draws slopes between lower and upper, so lower {lower} must not exceed {upper}")
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    return F.where(F.greater(x, 0), x, x * (unit_interval(x.shape, x.dtype) * (upper - lower) + lower))


def threshold(x: Tensor, threshold: float, value: float) -> Tensor:
    """x above ``threshold``, ``value`` elsewhere."""
    return F.where(less_equal(x, threshold), value, x)


# ---- exponential units
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, α·(eˣ − 1) below."""
    positive = F.greater(x, 0)
    return F.where(positive, x, expm1(F.where(positive, 0.0, x)) * alpha)


def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, α·(e^(x/α) − 1) below: ELU with a derivative that is continuous for every α."""
    if alpha == 0:
        raise InputError("celu divides by alpha, which must not be 0")
    positive = F.greater(x, 0)
    return F.where(positive, x, expm1(F.where(positive, 0.0, x) / alpha) * alpha)


def selu(x: Tensor) -> Tensor:
    """λ·elu(x, α) with the λ and α that keep mean 0 and variance 1."""
    return elu(x, SELU_ALPHA) * SELU_SCALE


# ---- smooth gates
def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """x·Φ(x), Φ the normal distribution; ``approximate="tanh"``: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))."""
    if approximate == "none":
        return x * 0.5 * (erf(x * sqrt(0.5)) + 1)
    if approximate == "tanh":
        return x * 0.5 * (tanh((x + x * x * x * 0.044715) * sqrt(2 / pi)) + 1)
    raise InputError(f'gelu takes approximate="none" or "tanh", not {approximate!r}')


def silu(x: Tensor) -> Tensor:
    """x·σ(x)."""
    return x * sigmoid(x)


def mish(x: Tensor) -> Tensor:
    """x·tanh(ln(1 + eˣ))."""
    return x * tanh(F.softplus(x))


def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """ln(1 + e^(βx)) / β, and x itself where βx exceeds ``threshold``."""
    scaled = x if beta == 1 else x * beta
    soft = F.softplus(scaled)
    return F.where(F.greater(scaled, threshold), x, soft if beta == 1 else soft / beta)


def logsigmoid(x: Tensor) -> Tensor:
    """ln σ(x) = −ln(1 + e⁻ˣ)."""
    return -F.softplus(-x)


def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return x / (F.abs(x) + 1)


def tanhshrink(x: Tensor) -> Tensor:
    """x − tanh x."""
    return x - tanh(x)


# ---- pieces of lines
def hardtanh(x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x within [min_val, max_val]; the derivative at both ends is 0."""
    if min_val > max_val:
        raise InputError(f"hardtanh needs min_val ≤ max_val, not {min_val} and {max_val}")
    return F.where(less_equal(x, min_val), min_val, F.where(at_least(x, max_val), max_val, x))


def hardsigmoid(x: Tensor) -> Tensor:
    """min(max(x/6 + ½, 0), 1)."""
    return F.where(less_equal(x, -3), 0.0, F.where(at_least(x, 3), 1.0, x / 6 + 0.5))


def hardswish(x: Tensor) -> Tensor:
    """x·min(max(x + 3, 0), 6) / 6."""
    return F.where(less_equal(x, -3), 0.0, F.where(at_least(x, 3), x, x * (x + 3) / 6))


def hardshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > λ, 0 elsewhere."""
    return F.where(less_equal(F.abs(x), lambd), 0.0, x)


def softshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by λ, and 0 within λ of it."""
    if lambd < 0:
        raise InputError(f"softshrink needs λ ≥ 0, not {lambd}")
    towards_zero = F.where(F.greater(x, 0), x - lambd, x + lambd)
    return F.where(less_equal(F.abs(x), lambd), 0.0, towards_zero)


# ---- gates
def glu(x: Tensor, dim: int = -1) -> Tensor:
    """a·σ(b), a and b the halves of x along ``dim``. Dauphin et al., *Language modeling with gated convolutions*, 2017.

    Shapes: [N, 2·C] → [N, C] along 1. Raises ShapeError for an odd extent, or the axis of a step's rows.
    """
    extent = x.shape[manipulation.axis_of(dim, x.ndim)]
    if not isinstance(extent, int) or extent % 2:
        raise ShapeError(f"glu halves an axis of even extent, not {extent} as in {x.shape} along {dim}; pass dim")
    a, b = manipulation.split(x, extent // 2, dim) if extent else (x, x)
    return a * sigmoid(b)
