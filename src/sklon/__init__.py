"""sklon: the twelve topics of neural-network training, executable.

Ask, and the engine proves the answer; train, and the same engine does it fast on a CPU.
"""

from typing import TYPE_CHECKING, Any

from sklon import nn, optim
from sklon._base.dtypes import bool_, float32, float64, int32, int64
from sklon._base.settings import get_num_threads, set_num_threads
from sklon.tensors import Tensor
from sklon.tensors.creation import arange, full, ones, rand, randn, tensor, zeros
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
from sklon.tensors.modes import manual_seed, no_grad
from sklon.training import Trainer, stopping

if TYPE_CHECKING:
    from sklon.runs import load, train

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "Trainer",
    "abs",
    "arange",
    "bool_",
    "exp",
    "float32",
    "float64",
    "full",
    "get_num_threads",
    "int32",
    "int64",
    "load",
    "log",
    "manual_seed",
    "matmul",
    "maximum",
    "mean",
    "nn",
    "no_grad",
    "ones",
    "optim",
    "rand",
    "randn",
    "relu",
    "set_num_threads",
    "sigmoid",
    "softplus",
    "sqrt",
    "stopping",
    "sum",
    "tanh",
    "tensor",
    "train",
    "where",
    "zeros",
]


def __getattr__(name: str) -> Any:
    """The commands as functions, imported when first used: they read tables and draw."""
    if name in ("load", "train"):
        from sklon import runs

        return getattr(runs, name)
    raise AttributeError(f"module 'sklon' has no attribute {name!r}")
