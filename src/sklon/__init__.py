"""sklon: the twelve topics of neural-network training, executable.

Ask, and the engine proves the answer; train, and the same engine does it fast on a CPU.
"""

from typing import TYPE_CHECKING, Any

from sklon import nn, optim
from sklon._base.dtypes import bool_, float32, float64, int32, int64
from sklon._base.settings import get_num_threads, set_num_threads
from sklon.tensors import Tensor, autograd
from sklon.tensors.creation import arange, full, ones, rand, randn, tensor, zeros
from sklon.tensors.elementwise import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    ceil,
    clip,
    cos,
    cosh,
    erf,
    exp2,
    expm1,
    floor,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less_equal,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    minimum,
    not_equal,
    pow,
    reciprocal,
    round,
    sign,
    sin,
    sinh,
    square,
    tan,
    trunc,
)
from sklon.tensors.functional import (
    abs,
    exp,
    log,
    matmul,
    maximum,
    mean,
    relu,
    sigmoid,
    softplus,
    sqrt,
    sum,
    tanh,
    where,
)
from sklon.tensors.modes import enable_grad, manual_seed, no_grad, set_grad_enabled
from sklon.tensors.modes import gradients_wanted as is_grad_enabled
from sklon.training import Trainer, stopping

if TYPE_CHECKING:
    from sklon.runs import load, train

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "Trainer",
    "abs",
    "acos",
    "acosh",
    "arange",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "autograd",
    "bool_",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "enable_grad",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "float32",
    "float64",
    "floor",
    "full",
    "get_num_threads",
    "greater_equal",
    "int32",
    "int64",
    "is_grad_enabled",
    "isfinite",
    "isinf",
    "isnan",
    "less_equal",
    "load",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "manual_seed",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "nn",
    "no_grad",
    "not_equal",
    "ones",
    "optim",
    "pow",
    "rand",
    "randn",
    "reciprocal",
    "relu",
    "round",
    "set_grad_enabled",
    "set_num_threads",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "stopping",
    "sum",
    "tan",
    "tanh",
    "tensor",
    "train",
    "trunc",
    "where",
    "zeros",
]


def __getattr__(name: str) -> Any:
    """The commands as functions, imported when first used: they read tables and draw."""
    if name in ("load", "train"):
        from sklon import runs

        return getattr(runs, name)
    raise AttributeError(f"module 'sklon' has no attribute {name!r}")
