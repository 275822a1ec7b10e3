"""Callbacks: empty hooks around the loop. Whoever wants to watch or to stop overrides what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .history import Row
from .stopping import Reason

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """All hooks of a run. ``on_epoch_end`` may return a reason to stop."""

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        """Before the first step; ``epochs`` is the most that will run."""

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        """After each epoch and its validation."""
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last step, also when interrupted."""
