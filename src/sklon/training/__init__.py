"""Floor 8: training. One step as one graph, the loop around it, stopping rules, history.

Trainers are saved to folders and read again; tables and reports are the work of runs, one floor up.
"""

from .callbacks import Callback
from .checkpoints import Checkpoints
from .diagnosis import Fault
from .finders import MicroBatch, RangeTest
from .history import History
from .many import Fit, fit_many, side_by_side
from .showing import show_program
from .stopped import Stopped
from .stopping import Patience, StoppingRule
from .trainer import Trainer

__all__ = [
    "Callback",
    "Checkpoints",
    "Fault",
    "Fit",
    "History",
    "MicroBatch",
    "Patience",
    "RangeTest",
    "Stopped",
    "StoppingRule",
    "Trainer",
    "fit_many",
    "show_program",
    "side_by_side",
]
