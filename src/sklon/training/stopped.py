"""How a fit ended: a record and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .diagnosis import Fault
from .stopping import Reason

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a run ended. ``best_epoch`` is the one whose weights the model has; epochs count from one."""

    reason: str
    sentence: str
    epoch: int
    best_epoch: int
    fault: Fault | None = None  # where numbers stopped being finite, if they did


def stopped_by(reason: Reason, epoch: int, run: Run) -> Stopped:
    """The record of a fit that a reason ended after so many finished epochs."""
    within = run.current is not None and run.current.done > 0
    last = epoch + within
    is_last = run.best is None or run.best_epoch == last
    kept = "" if is_last else f"; the weights are those of epoch {run.best_epoch}, the best one"
    sentence = f"Stopped {'within' if within else 'after'} epoch {last}: {reason.sentence}{kept}."
    return Stopped(reason.name, sentence, epoch, run.best_epoch, run.fault)
