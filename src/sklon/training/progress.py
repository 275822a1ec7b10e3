"""A progress line on standard error, by rich; silent where standard error is no terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .callbacks import Callback
from .history import Row
from .stopping import Reason

if TYPE_CHECKING:
    from .trainer import Trainer


class Progress(Callback):
    """Shows epoch, losses and the time that is left."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("epoch {task.completed}/{task.total}"),
            BarColumn(),
            TextColumn("{task.description}"),
        )
        self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=epochs)
        self._bar.start()

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        if self._bar is not None:
            losses = "  ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in row.items() if k.endswith("loss"))
            self._bar.update(self._task, advance=1, description=losses)
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
