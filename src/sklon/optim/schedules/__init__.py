"""Learning-rate schedules as values: a rate for each step, from the rate of the step before. They know no optimizer.

``a >> b`` runs b after a, ``a * b`` runs both; ``parse`` reads the same as text. What needs the number of all steps may
leave it out and get it by ``over``. ``sklon.optim.lr_scheduler`` puts them over an optimizer under PyTorch's names.

>>> from sklon.optim.schedules import CosineAnnealing, Warmup, parse
>>> schedule = Warmup(0.2) >> CosineAnnealing()
>>> [round(lr, 3) for lr in schedule.over(5).rates(base=0.1, count=5)]
[0.05, 0.1, 0.085, 0.05, 0.015]
>>> parse(str(schedule)) == schedule
True
"""

from .anneal import AnnealTo
from .applied import momentum_of, scheduled, scheduled_for_steps, with_momentum
from .cosine import CosineAnnealing, CosineWarmRestarts
from .cycles import Cyclic, OneCycle
from .decays import Exponential, MultiStep, Step
from .functions import Lambda, Multiplicative
from .plateau import Plateau, Watch
from .ramps import Constant, Linear, Polynomial
from .schedule import Chained, ClosedForm, Factor, Schedule, Sequential
from .text import SCHEDULES, parse
from .warmup import InverseSqrt, Warmup, WarmupStableDecay

__all__ = [
    "SCHEDULES",
    "AnnealTo",
    "Chained",
    "ClosedForm",
    "Constant",
    "CosineAnnealing",
    "CosineWarmRestarts",
    "Cyclic",
    "Exponential",
    "Factor",
    "InverseSqrt",
    "Lambda",
    "Linear",
    "MultiStep",
    "Multiplicative",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Sequential",
    "Step",
    "Warmup",
    "WarmupStableDecay",
    "Watch",
    "momentum_of",
    "parse",
    "scheduled",
    "scheduled_for_steps",
    "with_momentum",
]
