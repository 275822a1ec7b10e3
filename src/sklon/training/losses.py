"""The loss of a run: by name, as a loss, or as a function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklon._base.errors import InputError
from sklon.nn import Loss
from sklon.nn.loss import LOSSES, FunctionLoss

from .arrays import Samples
from .streams import Rows


def loss_of(loss: str | Loss | Callable[..., Any], reduction: str | None) -> Loss:
    """A loss, the one of this name, or a function; ``reduction`` says what a function returns."""
    if callable(loss) and not isinstance(loss, Loss):
        return FunctionLoss(loss, "none" if reduction is None else reduction)
    if reduction is not None:
        raise InputError("reduction says what a function of your own returns; leave it out for losses of sklon")
    if isinstance(loss, Loss):
        return _checked(loss)
    if loss not in LOSSES:
        raise InputError(f"there is no loss called {loss!r}; use one of {', '.join(LOSSES)}")
    return LOSSES[loss]()


def loss_for(loss: Loss, rows: Rows) -> Loss:
    """The loss for the targets of these rows; for those of blocks, which nobody has seen yet, as it is."""
    return loss.for_target(rows.target) if isinstance(rows, Samples) and rows.target is not None else loss


def _checked(loss: Loss) -> Loss:
    """The Trainer divides by the rows: a sum would silently be a mean."""
    if loss.reduction == "sum":
        raise InputError(
            f'the Trainer follows the mean over rows, but {type(loss).__name__} has reduction="sum"; '
            "leave the reduction out, and multiply lr by the rows of a batch if you want the sum"
        )
    return loss
