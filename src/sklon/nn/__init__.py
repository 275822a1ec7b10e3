"""Floor 7: layers and losses, with PyTorch's names, meanings and ``state_dict`` keys."""

from typing import Any

from . import functional, init
from .activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmax2d,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from .container import ModuleDict, ModuleList, Sequential
from .dropout import AlphaDropout, Dropout, Dropout1d, FeatureAlphaDropout
from .embeddings import LinearEmbeddings, PiecewiseLinearEmbeddings
from .ensemble import EnsembleView, LinearBatchEnsemble, LinearEnsemble
from .folding import fold_batch_norm
from .linear import Bilinear, Embedding, Flatten, Identity, Linear, Unflatten
from .loss import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    EnsembleLoss,
    FocalLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HingeLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    PinballLoss,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
)
from .module import Module, Parameter
from .normalization import BatchNorm1d, LayerNorm, RMSNorm
from .recalibration import recalibrate

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "AlphaDropout",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "Bilinear",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout1d",
    "Embedding",
    "EnsembleLoss",
    "EnsembleView",
    "FeatureAlphaDropout",
    "Flatten",
    "FocalLoss",
    "GaussianNLLLoss",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LinearBatchEnsemble",
    "LinearEmbeddings",
    "LinearEnsemble",
    "LogSigmoid",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "NLLLoss",
    "PReLU",
    "Parameter",
    "PiecewiseLinearEmbeddings",
    "PinballLoss",
    "PoissonNLLLoss",
    "RMSNorm",
    "RReLU",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Unflatten",
    "fold_batch_norm",
    "functional",
    "init",
    "recalibrate",
]

#: what PyTorch has and this package leaves out on purpose, with what to use
_INSTEAD = {
    "BCELoss": "it takes probabilities, which have no digits left near 0 and 1; use BCEWithLogitsLoss on logits",
}


def __getattr__(name: str) -> Any:
    """Say what to use where something is left out on purpose."""
    reason = f": {_INSTEAD[name]}" if name in _INSTEAD else ""
    raise AttributeError(f"sklon.nn has no {name!r}{reason}")
