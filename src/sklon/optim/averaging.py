"""Averages of weights beside the training: values that say by which share an average moves in each step.

a ← a + s_t·(w − a), where w is the parameter after step t. The averages are what is validated, kept and handed out; the
rule never sees them. Before an average begins, s = 1: it is the parameter itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from sklon._base.errors import InputError

from .rules.parts import check_number

Array = np.ndarray[Any, Any]


class Average(Protocol):
    """Shares by which averages move."""

    name: ClassVar[str]

    def shares(self, first: int, count: int, steps_an_epoch: int) -> Array:
        """s_t of the ``count`` steps after the ``first`` ones; an epoch has ``steps_an_epoch`` of them."""
        ...


@dataclass(frozen=True, slots=True)
class EMA:
    """The exponential moving average: s = 1 − ``decay`` in every step, from the parameter's first value on.

    ``warmup`` begins with the larger share 9/(10 + t), so that the first values are forgotten sooner; t counts steps
    from 0. Source: Polyak and Juditsky, *Acceleration of stochastic approximation by averaging*, 1992.
    """

    name: ClassVar[str] = "ema"
    decay: float = 0.999
    warmup: bool = False

    def __post_init__(self) -> None:
        check_number("decay", self.decay)
        if not 0 <= self.decay < 1:
            raise InputError(f"decay must lie in [0, 1), not {self.decay}")

    def shares(self, first: int, count: int, steps_an_epoch: int) -> Array:
        share = np.full(count, 1 - self.decay)
        return np.maximum(share, 9 / (10 + first + np.arange(count))) if self.warmup else share


@dataclass(frozen=True, slots=True)
class SWA:
    """Stochastic weight averaging: the plain mean of the parameters at the ends of epochs, from epoch ``start`` on.

    Epochs count from one. Source: Izmailov et al., *Averaging weights leads to wider optima and better generalization*,
    2018.
    """

    name: ClassVar[str] = "swa"
    start: int

    def __post_init__(self) -> None:
        if isinstance(self.start, bool) or not isinstance(self.start, int) or self.start < 1:
            raise InputError(f"start must be a whole number of at least 1, not {self.start!r}")

    def shares(self, first: int, count: int, steps_an_epoch: int) -> Array:
        done = first + 1 + np.arange(count)  # steps, this one included
        epoch, within = np.divmod(done, steps_an_epoch)
        averaged = epoch - self.start + 1  # values in the mean after this step
        return np.where(averaged < 1, 1.0, np.where(within == 0, 1 / np.maximum(averaged, 1), 0.0))


AVERAGES: dict[str, type[Any]] = {a.name: a for a in (EMA, SWA)}
