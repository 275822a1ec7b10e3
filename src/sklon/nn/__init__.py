"""Floor 7: layers and losses, with PyTorch's names, meanings and ``state_dict`` keys."""

from . import functional, init
from .activation import ReLU, Sigmoid, Softplus, Tanh
from .container import Sequential
from .dropout import Dropout
from .linear import Embedding, Identity, Linear
from .loss import BCEWithLogitsLoss, CrossEntropyLoss, Loss, MSELoss
from .module import Module, Parameter

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Identity",
    "Linear",
    "Loss",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "functional",
    "init",
]
