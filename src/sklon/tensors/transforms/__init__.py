"""Functions of functions: derivatives of all kinds, maps over samples, and derivatives that somebody states."""

from .custom import custom_jvp, custom_vjp, stop_gradient
from .forward import hvp, jvp
from .reverse import grad, value_and_grad, vjp

__all__ = [
    "custom_jvp",
    "custom_vjp",
    "grad",
    "hvp",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
