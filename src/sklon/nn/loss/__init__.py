"""Losses as modules, and the table of those that settings know by name."""

from .base import ElementwiseLoss, Loss
from .classes import ClassLoss, CrossEntropyLoss, MultiMarginLoss, NLLLoss
from .elementwise import (
    BCEWithLogitsLoss,
    FocalLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HingeLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    PinballLoss,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
)
from .ensemble import EnsembleLoss
from .function import FunctionLoss
from .links import check_last_layer

__all__ = [
    "LOSSES",
    "BCEWithLogitsLoss",
    "ClassLoss",
    "CrossEntropyLoss",
    "ElementwiseLoss",
    "EnsembleLoss",
    "FocalLoss",
    "FunctionLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "L1Loss",
    "Loss",
    "MSELoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PinballLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "check_last_layer",
]

#: losses by the names under which settings know them
LOSSES: dict[str, type[Loss]] = {
    "mse": MSELoss,
    "l1": L1Loss,
    "huber": HuberLoss,
    "smooth_l1": SmoothL1Loss,
    "pinball": PinballLoss,
    "poisson_nll": PoissonNLLLoss,
    "bce_with_logits": BCEWithLogitsLoss,
    "focal": FocalLoss,
    "soft_margin": SoftMarginLoss,
    "hinge": HingeLoss,
    "hinge_embedding": HingeEmbeddingLoss,
    "cross_entropy": CrossEntropyLoss,
    "nll": NLLLoss,
    "multi_margin": MultiMarginLoss,
}
