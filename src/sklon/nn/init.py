"""Initial values, drawn from the process-wide seed."""

from __future__ import annotations

from math import sqrt

from sklon.tensors.creation import rand, randn

from .module import Parameter


def uniform_(parameter: Parameter, low: float = 0.0, high: float = 1.0) -> Parameter:
    """U(low, high)."""
    parameter.assign((rand(*_shape(parameter), dtype=parameter.dtype) * (high - low) + low).numpy())
    return parameter


def normal_(parameter: Parameter, mean: float = 0.0, std: float = 1.0) -> Parameter:
    """N(mean, std²)."""
    parameter.assign((randn(*_shape(parameter), dtype=parameter.dtype) * std + mean).numpy())
    return parameter


def kaiming_uniform_(parameter: Parameter, gain: float = sqrt(2.0)) -> Parameter:
    """U(−b, b) with b = gain·√(3 / fan_in). He et al., *Delving deep into rectifiers*, 2015.

    ``gain`` is √2 for ReLU; Linear's default is √(1/3), which gives b = 1/√fan_in as in PyTorch.
    """
    bound = gain * sqrt(3.0 / _fan_in(parameter))
    return uniform_(parameter, -bound, bound)


def _fan_in(parameter: Parameter) -> int:
    return max(1, _shape(parameter)[-1])


def _shape(parameter: Parameter) -> tuple[int, ...]:
    return tuple(e for e in parameter.shape if isinstance(e, int))
