"""Floor 8: training. One step as one graph, the loop around it, stopping rules, history.

Trainers are saved to folders and read again; tables and reports are the work of runs, one floor up.
"""

from .history import History
from .stopping import Patience, StoppingRule
from .trainer import Stopped, Trainer

__all__ = ["History", "Patience", "Stopped", "StoppingRule", "Trainer"]
