"""A progress line on standard error: epoch, losses, steps a second, and the time that is left.

A terminal has one line with a bar, by rich; a notebook one line that is written over, without widgets; a log, in which
nothing can be written over, a line every ten seconds, so that a short fit leaves none.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .callbacks import Callback
from .history import Row
from .stopping import Reason

if TYPE_CHECKING:
    from .trainer import Trainer

#: seconds between two lines
TERMINAL, NOTEBOOK, LOG = 0.1, 0.2, 10.0


class Line(Protocol):
    """Where the line is shown. ``every`` is the least time between two lines, in seconds."""

    every: ClassVar[float]

    def show(self, text: str, done: float) -> None:
        """Show a text; ``done`` is the share of the fit."""

    def close(self, text: str) -> None:
        """Leave things tidy after the last line."""


class Progress(Callback):
    """Shows how far a fit is: ``fit(…, progress=True)``."""

    reads_model = False

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        self._line = line_for(sys.stderr)
        self._first, self._last = trainer.epoch, trainer.epoch + epochs
        self._step, self._start = trainer.step, time.monotonic()
        self._losses, self._shown = "", self._start

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        if self._is_due():
            within = trainer.epoch + (share if share < 1 else 0.0)
            self._show(trainer, within - self._first)
        return None

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        self._losses = "".join(f"  {k.replace('_', ' ')} {v:.4g}" for k, v in row.items() if k.endswith("loss"))
        if self._is_due():
            self._show(trainer, trainer.epoch - self._first)
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        self._line.close(self._text(trainer, trainer.epoch - self._first))

    def _is_due(self) -> bool:
        return time.monotonic() - self._shown >= self._line.every

    def _show(self, trainer: Trainer, epochs: float) -> None:
        self._shown = time.monotonic()
        self._line.show(self._text(trainer, epochs), epochs / max(1, self._last - self._first))

    def _text(self, trainer: Trainer, epochs: float) -> str:
        """The line after so many epochs of this fit, a part of one included."""
        seconds = time.monotonic() - self._start
        rate = (trainer.step - self._step) / seconds if seconds > 0 else 0.0
        speed = f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
        left = (self._last - self._first - epochs) * seconds / epochs if epochs > 0 else float("inf")
        percent = f" ({100 * (epochs % 1):.0f} %)" if epochs % 1 else ""
        under_way = min(self._last, self._first + int(epochs) + bool(epochs % 1))
        return f"epoch {under_way}/{self._last}{percent}{self._losses}  {speed} steps/s  {clock(left)} left"


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some.

    >>> clock(75.2), clock(7384), clock(float("inf"))
    ('1:15', '2:03:04', '-:--')
    """
    if seconds == float("inf"):
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def line_for(stream: Any) -> Line:
    """The line that a stream can show."""
    if stream.isatty():
        return Terminal()
    return Notebook(stream) if type(stream).__module__.startswith("ipykernel") else Log(stream)


class Terminal:
    """A bar with the text, which goes away at the end."""

    every: ClassVar[float] = TERMINAL

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (BarColumn(bar_width=20), TextColumn("{task.description}", markup=False))
        console = Console(stderr=True, force_jupyter=False)
        self._bar: Any = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def show(self, text: str, done: float) -> None:
        self._bar.update(self._task, completed=done, description=text)

    def close(self, text: str) -> None:
        self._bar.stop()


class Notebook:
    """One line that is written over; the last one stays."""

    every: ClassVar[float] = NOTEBOOK

    def __init__(self, stream: Any) -> None:
        self._stream, self._width = stream, 0

    def show(self, text: str, done: float) -> None:
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text)

    def close(self, text: str) -> None:
        self.show(text, 1.0)
        self._stream.write("\n")


class Log:
    """A line now and then; the last one too if there was another."""

    every: ClassVar[float] = LOG

    def __init__(self, stream: Any) -> None:
        self._stream, self._is_used = stream, False

    def show(self, text: str, done: float) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._is_used = True

    def close(self, text: str) -> None:
        if self._is_used:
            self.show(text, 1.0)
