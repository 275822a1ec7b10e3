"""Floor 2: the primitives, by family. Importing this package registers all of them.

Each op is one frozen dataclass: type, meaning in NumPy, derivative, and for a point op its body over lanes.
"""

from . import (
    compare,
    contract,
    elementary,
    gather,
    integer,
    leaves,
    movement,
    point,
    random,
    reduce,
    special,
    standardize,
    windows,
)
from ._families import BUILD, Point
from .contract import Contract, ContractPlan
from .gather import Gather, ScatterAdd
from .leaves import Constant, Iota, Size
from .movement import Copy, Expand
from .reduce import Reduce
from .standardize import Standardize
from .windows import Flip, Pad, Reshape, Slice

__all__ = [
    "BUILD",
    "Constant",
    "Contract",
    "ContractPlan",
    "Copy",
    "Expand",
    "Flip",
    "Gather",
    "Iota",
    "Pad",
    "Point",
    "Reduce",
    "Reshape",
    "ScatterAdd",
    "Size",
    "Slice",
    "Standardize",
    "compare",
    "contract",
    "elementary",
    "gather",
    "integer",
    "leaves",
    "movement",
    "point",
    "random",
    "reduce",
    "special",
    "standardize",
    "windows",
]
