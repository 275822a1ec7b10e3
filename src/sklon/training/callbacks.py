"""Callbacks: empty hooks around the loop. Whoever wants to watch or to stop overrides what it needs.

The order is fixed: ``on_fit_start``; then for each epoch ``on_chunk_end`` every 50 ms of native work and
``on_epoch_end`` after the epoch's validation; ``on_fit_end``. Of several callbacks each is asked in the order in which
they were given, at the end of the fit in the reverse order. All are asked although one wants to stop, and the first
reason counts, before that of the early-stopping rule. An error ends the fit as a reason would: the model has its best
values, the other callbacks are told of the end, and the error goes on to whoever called ``fit``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from sklon._base.errors import InputError

from .history import Row
from .stopping import Reason

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """All hooks of a fit. What a callback changes in the model is no part of the fit.

    >>> import numpy as np
    >>> from sklon import Trainer, nn, stopping
    >>> class GoodEnough(Callback):
    ...     def on_epoch_end(self, trainer, row):
    ...         if row["train_loss"] < 1e-3:
    ...             return stopping.Reason("good_enough", "the training loss is below 0.001")
    >>> X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
    >>> trainer = Trainer(nn.Linear(1, 1), loss="mse", optimizer="sgd", lr=0.5)
    >>> _ = trainer.fit((X, 3 * X), epochs=1000, batch_size=16, callbacks=[GoodEnough()])
    >>> trainer.stopped.reason
    'good_enough'
    """

    #: whether on_epoch_end looks at the model, which is given the epoch's values first
    reads_model: ClassVar[bool] = True

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        """Before the first step; ``epochs`` is the most that will run."""

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        """After each piece of native work; ``share`` of the epoch's batches, in (0, 1], are done.

        How long a piece is follows the clock, so a reason to stop from here stops in another step every time.
        """
        return None

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        """After each epoch and its validation, also after one that was cut short; ``row`` is the history's last one.

        The model has the values that were validated: after this epoch, averaged where the trainer averages.
        """
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last step, also when interrupted: the model has its best values, ``trainer.stopped`` says why."""


class Callbacks:
    """Several callbacks as one."""

    def __init__(self, callbacks: Sequence[Callback] = ()) -> None:
        for one in callbacks:
            if not isinstance(one, Callback):
                hint = "; pass an object of it, not the class" if isinstance(one, type) else ""
                raise InputError(f"a callback is a sklon.training.Callback, not {_title(one)}{hint}")
        self.all = tuple(callbacks)

    @property
    def read_model(self) -> bool:
        """Whether somebody looks at the model after an epoch."""
        return any(one.reads_model and overrides(one, "on_epoch_end") for one in self.all)

    @contextmanager
    def around(self, trainer: Trainer, epochs: int) -> Iterator[None]:
        """Tell of the start, and at the end all that were told of the start."""
        with ExitStack() as told:
            for one in self.all:
                _ask(one, "on_fit_start", trainer, epochs)
                told.callback(_ask, one, "on_fit_end", trainer)
            yield

    def chunk_ended(self, trainer: Trainer, share: float) -> Reason | None:
        """The first reason to stop in the middle of an epoch."""
        return self._first("on_chunk_end", trainer, share)

    def epoch_ended(self, trainer: Trainer, row: Row) -> Reason | None:
        """The first reason to stop after an epoch."""
        return self._first("on_epoch_end", trainer, row)

    def _first(self, hook: str, *what: Any) -> Reason | None:
        reasons = [_ask(one, hook, *what) for one in self.all]
        return next((reason for reason in reasons if reason is not None), None)


def overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback does something in a hook."""
    return getattr(type(callback), hook) is not getattr(Callback, hook)


def _ask(callback: Callback, hook: str, *what: Any) -> Reason | None:
    """Call a hook; an error says which one it came from."""
    try:
        found = getattr(callback, hook)(*what)
    except Exception as error:
        error.add_note(f"raised by the callback {type(callback).__name__} in {hook}; the model keeps its best values")
        raise
    if found is None or isinstance(found, Reason):
        return found
    raise InputError(
        f"{hook} of {type(callback).__name__} returns a stopping.Reason to stop or None to go on, not {found!r}"
    )


def _title(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
