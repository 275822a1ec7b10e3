"""Floor 9: the commands as functions: ``train`` a table into a ``Run``, ``load`` one, predict.

Reading and preparing tables is the work of ``data``, the loop that of ``train``, flags are those of ``cli``.
"""

from __future__ import annotations

from .predictions import Predictions
from .run import Run, load, load_table
from .training import train

__all__ = ["Predictions", "Run", "load", "load_table", "train"]
