"""Items with fresh numbers: small computations whose answer the engine finds, so that none can be learnt by heart."""

from .batches import LAST_BATCH, UPDATES
from .derivatives import ADDED_UP, GRADIENT
from .fresh import Fresh, Numbers, words
from .normalization import NORMALIZED, RUNNING_VARIANCE
from .steps import ADAM, MOMENTUM, SGD
from .stops import GENERALIZATION_LOSS, PATIENCE

#: in the order of the questions
ALL_FRESH: tuple[Fresh, ...] = (
    GRADIENT,
    UPDATES,
    LAST_BATCH,
    ADDED_UP,
    SGD,
    MOMENTUM,
    ADAM,
    NORMALIZED,
    RUNNING_VARIANCE,
    PATIENCE,
    GENERALIZATION_LOSS,
)

__all__ = ["ALL_FRESH", "Fresh", "Numbers", "words"]
