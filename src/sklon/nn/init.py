"""Initial values, drawn from the process-wide seed; names, arguments and distributions are PyTorch's.

A weight has the shape [out, in, …]: fan_in is in·…, fan_out is out·….
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors.creation import rand, randn

from .module import assign

Array = np.ndarray[Any, Any]
#: how much a nonlinearity shrinks a signal, undone by the gain of the weights before it
GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": sqrt(2.0),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The gain of a nonlinearity; for "leaky_relu" √(2/(1 + slope²)), the slope being ``param`` or 0.01."""
    if nonlinearity == "leaky_relu":
        return sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise InputError(f"there is no gain for {nonlinearity!r}; use one of {', '.join((*GAINS, 'leaky_relu'))}")
    return GAINS[nonlinearity]


# ---- plain values
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """U(a, b)."""
    assign(tensor, _affine(rand(*_shape(tensor), dtype=tensor.dtype), b - a, a))
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """N(mean, std²)."""
    assign(tensor, _affine(randn(*_shape(tensor), dtype=tensor.dtype), std, mean))
    return tensor


def _affine(drawn: Tensor, scale: float, offset: float) -> Array:
    """drawn·scale + offset by NumPy: no program is worth compiling for values that are drawn once."""
    number = drawn.dtype.numpy.type
    values: Array = drawn.numpy() * number(scale) + number(offset)
    return values


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """N(mean, std²) within [a, b]: values outside are drawn again."""
    if a >= b or mean + 8 * std < a or mean - 8 * std > b:
        raise InputError(f"no value of N({mean}, {std}²) can be expected between {a} and {b}")
    values = np.full(_shape(tensor), np.inf)
    while (outside := (values < a) | (values > b)).any():
        values[outside] = randn(int(outside.sum()), dtype="float64").numpy() * std + mean
    assign(tensor, values)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    assign(tensor, np.full(_shape(tensor), val))
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)


# ---- by the number of inputs and outputs
def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """U(−b, b), b = gain·√(6/(fan_in + fan_out)). Glorot and Bengio, 2010."""
    bound = gain * sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """N(0, gain²·2/(fan_in + fan_out)). Glorot and Bengio, 2010."""
    return normal_(tensor, 0.0, gain * sqrt(2.0 / sum(_fans(tensor))))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """U(−b, b), b = gain·√(3/fan); ``a`` is the slope of a leaky ReLU. He et al., *Delving deep*, 2015."""
    bound = calculate_gain(nonlinearity, a) * sqrt(3.0 / _fan(tensor, mode))
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """N(0, gain²/fan). He et al., *Delving deep*, 2015."""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode)))


def _fan(tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise InputError(f'the mode must be "fan_in" or "fan_out", not {mode!r}')
    fan_in, fan_out = _fans(tensor)
    return fan_in if mode == "fan_in" else fan_out


def _fans(tensor: Tensor) -> tuple[int, int]:
    shape = _shape(tensor)
    if len(shape) < 2:
        raise ShapeError(f"fan_in and fan_out need at least two axes, but the shape is {shape}")
    field = prod(shape[2:])
    return max(1, shape[1] * field), max(1, shape[0] * field)


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(e for e in tensor.shape if isinstance(e, int))
