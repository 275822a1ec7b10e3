"""Floor 8: training. One step as one graph, the loop around it, stopping rules, history.

Nothing here reads files or draws: runs do that, one floor up.
"""

from .history import History
from .stopping import Patience, StoppingRule
from .trainer import Stopped, Trainer

__all__ = ["History", "Patience", "Stopped", "StoppingRule", "Trainer"]
