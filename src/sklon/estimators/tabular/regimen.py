"""How a network on a table is trained, as one value: the numbers of the recipe, and those that follow from the rows.

The numbers were chosen on validation rows of eleven data sets; ``benchmarks.tables`` says what they reach on others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sklon.nn import Module
from sklon.optim import EMA, AdamWRule, Penalties, WeightDecay
from sklon.training import Trainer

UPDATES = 2400
"""Steps that a fit is given where no limit of epochs is set; more buy little on tables of 10,000 rows."""
FEWEST_EPOCHS, MOST_EPOCHS = 24, 128
LARGEST_BATCH, SMALLEST_BATCH = 256, 16
STEPS_PER_EPOCH = 16
"""Small tables get smaller batches, so that an epoch has at least so many steps."""
DECAYED = ("layers*weight", "numbers.weight", "embedding_*")
"""Matrices, the slopes of the bins and the embeddings decay; biases, scales of members and plain slopes do not."""
BENT = "numbers.weight"
ROWS_TO_BEND, FASTEST_DECAY = 30_000, 5.0
"""Slopes of bins decay faster where fewer rows than these speak for a bend: at most so many times ``weight_decay``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """AdamW with warm-up and cosine, decay, dropout, and an average of the weights that is validated and kept.

    ``lr`` is that of the largest batch; smaller ones step by √(batch/256) as far. ``epochs`` and ``batch_size`` may be
    "auto". ``label_smoothing`` is for classes alone. ``patience`` is how many epochs without a better validation loss
    end the fit, as a share of all epochs.
    """

    hidden: tuple[int, ...] = (256, 256, 256)
    activation: str = "mish"
    d_embedding: int = 16
    dropout: float = 0.1
    lr: float = 6e-3
    weight_decay: float = 0.2
    label_smoothing: float = 0.05
    ema: float = 0.99
    warmup: float = 0.05
    batch_size: int | str = "auto"
    epochs: int | str = "auto"
    patience: float = 0.3

    def batch_rows(self, rows: int) -> int:
        """Rows of a batch."""
        return choose_batch_size(self.batch_size, rows)

    def epochs_for(self, rows: int) -> int:
        """Passes over so many rows.

        >>> Regimen().epochs_for(13_000), Regimen().epochs_for(1_000_000), Regimen(epochs=5).epochs_for(100)
        (48, 24, 5)
        """
        if isinstance(self.epochs, int):
            return self.epochs
        steps = -(-rows // self.batch_rows(rows))
        return min(MOST_EPOCHS, max(FEWEST_EPOCHS, -(-UPDATES // steps)))

    def stopping(self, epochs: int) -> str:
        """The rule that ends a fit early."""
        return f"patience({max(8, round(self.patience * epochs))})"

    def trainer(self, model: Module, loss: Any, rows: int, seed: int) -> Trainer:
        """A trainer for a network on so many rows."""
        steps = self.epochs_for(rows) * -(-rows // self.batch_rows(rows))
        step = self.lr * (self.batch_rows(rows) / LARGEST_BATCH) ** 0.5
        return Trainer(
            model,
            loss=loss,
            optimizer=AdamWRule(lr=step, weight_decay=0.0),
            schedule=f"warmup({self.warmup}) >> cosine" if steps > 1 else "cosine",
            penalties=self._penalties(model, rows) if self.weight_decay else (),
            average=EMA(self.ema, warmup=True) if self.ema else None,
            seed=seed,
        )

    def _penalties(self, model: Module, rows: int) -> list[Penalties]:
        """The decay of each parameter that has one."""
        faster = {BENT: decay_of_bins(rows)}
        return [Penalties((WeightDecay(faster.get(name, 1.0) * self.weight_decay),), name) for name in _decaying(model)]


def _decaying(model: Module) -> list[str]:
    """The names of the parameters that decay."""
    named = [name for name, parameter in model.named_parameters() if parameter.ndim > 1]
    return [name for name in named if any(fnmatchcase(name, pattern) for pattern in DECAYED)]


def decay_of_bins(rows: int) -> float:
    """How many times as fast as matrices the slopes of bins decay, towards the straight lines that they started as.

    >>> decay_of_bins(5_000), decay_of_bins(12_000), decay_of_bins(100_000)
    (5.0, 2.5, 1.0)
    """
    return min(FASTEST_DECAY, max(1.0, ROWS_TO_BEND / rows))


def choose_batch_size(asked: int | str, rows: int) -> int:
    """Rows per step: what was asked for, all, or a power of two that leaves enough steps in an epoch.

    >>> choose_batch_size("auto", 20_000), choose_batch_size("auto", 600), choose_batch_size("full", 600)
    (256, 32, 600)
    """
    if asked == "full":
        return rows
    if isinstance(asked, int):
        return min(asked, rows)
    fitting = 1 << max(0, (rows // STEPS_PER_EPOCH).bit_length() - 1)
    return min(rows, LARGEST_BATCH, max(SMALLEST_BATCH, fitting))
