"""PyTorch's schedulers: they set ``group["lr"]`` of an optimizer, step by step, and the momentum where it moves too.

The formulas are values, in ``sklon.optim.schedules``; ``ScheduleLR`` puts any of them, or its text, over an optimizer.

>>> import sklon
>>> from sklon import optim
>>> from sklon.optim import lr_scheduler
>>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.1)
>>> scheduler = lr_scheduler.ScheduleLR(optimizer, "warmup(0.2) >> cosine", total_steps=5)
>>> for _ in range(5):
...     print(round(optimizer.param_groups[0]["lr"], 3))
...     optimizer.step()
...     scheduler.step()
0.05
0.1
0.085
0.05
0.015
"""

from .base import LRScheduler
from .combined import ChainedScheduler, SequentialLR
from .cycles import CyclicLR, OneCycleLR
from .named import (
    SWALR,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .plateau import ReduceLROnPlateau
from .valued import ScheduleLR

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "ScheduleLR",
    "SequentialLR",
    "StepLR",
]
