"""Functions of functions: derivatives of all kinds, maps over samples, and derivatives that somebody states."""

from .custom import custom_jvp, custom_vjp, stop_gradient
from .forward import hvp, jvp
from .mapping import vmap
from .matrices import hessian, jacobian
from .modules import functional_call, per_sample_gradients
from .reverse import grad, value_and_grad, vjp

__all__ = [
    "custom_jvp",
    "custom_vjp",
    "functional_call",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "per_sample_gradients",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
