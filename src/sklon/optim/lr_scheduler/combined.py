"""Several schedulers over one optimizer: one after another, or all at once.

They drive the schedulers that they are given, whose states stand in theirs. As values, the same are ``a >> b`` and
``a * b`` of ``sklon.optim.schedules``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.tensors.tracing import repeated

from ..optimizer import Optimizer
from .base import LRScheduler, check_optimizer
from .plateau import ReduceLROnPlateau


class CombinedLR(LRScheduler):
    """What both have in common: the parts, the rates that were set last, the state."""

    unsaved = ("optimizer", "base_lrs")

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler]) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self._schedulers = _parts(schedulers, optimizer)
        self.base_lrs = self._schedulers[0].base_lrs

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on: the states of the parts, in ``_schedulers``."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; load the optimizer's, which has the rates, too."""
        before = self.state_dict()
        try:
            self._load(state_dict)
        except Exception:
            self._load(before)
            raise

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        states = state_dict.get("_schedulers", ())
        if len(states) != len(self._schedulers):
            raise InputError(f"the state is one of {len(states)} schedulers, here are {len(self._schedulers)}")
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(CombinedLR):
    """One scheduler after another: the next one takes over at each of ``milestones``, from the base rate.

    ``milestones`` are steps ≥ 1 and increase, one fewer than ``schedulers``. As in PyTorch, but schedulers that are
    combined themselves may stand in it.

    >>> import sklon
    >>> from sklon import optim
    >>> from sklon.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.8)
    >>> parts = [ConstantLR(optimizer, factor=0.25), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> for _ in range(4):
    ...     print(scheduler.get_last_lr())
    ...     scheduler.step()
    [0.2]
    [0.2]
    [0.8]
    [0.4]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, schedulers)
        if last_epoch != -1:
            raise InputError("a sequence goes on by load_state_dict, not by last_epoch")
        for milestone in milestones:
            check_whole(1, milestones=milestone)
        if list(milestones) != sorted(set(milestones)) or len(milestones) != len(self._schedulers) - 1:
            raise InputError(
                f"{len(self._schedulers)} schedulers need {len(self._schedulers) - 1} milestones that increase, "
                f"not {list(milestones)}"
            )
        self._milestones = list(milestones)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:
            scheduler.last_epoch = -1
        self._begin()

    @repeated
    def step(self) -> None:
        """Set the rates of the next step. Call it after ``optimizer.step()``."""
        self.last_epoch += 1
        part = self._schedulers[bisect_right(self._milestones, self.last_epoch)]
        if self.last_epoch in self._milestones:
            part._switch()
        else:
            part.step()
        self._last_lr = part.get_last_lr()

    def _begin(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._begin()
        self._last_lr = self._schedulers[0].get_last_lr()

    def _switch(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._switch()
        self._last_lr = self._schedulers[0].get_last_lr()


class ChainedScheduler(CombinedLR):
    """Several schedulers at once: each takes the rate that the one before it set.

    Useful for those that multiply the rate; one that sets it from the step alone hides those before it.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise InputError("a combined scheduler needs at least one scheduler")
        super().__init__(optimizer or schedulers[0].optimizer, schedulers)
        self._done()

    @repeated
    def step(self) -> None:
        """Set the rates of the next step. Call it after ``optimizer.step()``."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._done()

    def _begin(self) -> None:
        for scheduler in self._schedulers:
            scheduler._begin()
        self._done()

    def _switch(self) -> None:
        self._schedulers[0]._switch()
        for scheduler in self._schedulers[1:]:
            scheduler._begin()
        self._done()

    def _done(self) -> None:
        self.last_epoch = self._schedulers[0].last_epoch
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _check_state(self, state: Mapping[str, Any]) -> None:
        """PyTorch saves no number of the step here; it follows from the parts."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; load the optimizer's, which has the rates, too."""
        super().load_state_dict(state_dict)
        self.last_epoch = self._schedulers[0].last_epoch


def _parts(schedulers: Sequence[LRScheduler], optimizer: Optimizer) -> list[LRScheduler]:
    """Schedulers over one optimizer that step without being told anything."""
    if not schedulers:
        raise InputError("a combined scheduler needs at least one scheduler")
    for scheduler in schedulers:
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(f"a combined scheduler takes schedulers, not a {type(scheduler).__name__}")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise InputError('ReduceLROnPlateau takes a metric; combine ScheduleLR(optimizer, "… >> plateau") instead')
        if scheduler.optimizer is not optimizer:
            raise InputError(f"{type(scheduler).__name__} belongs to another optimizer; make all over the same one")
    return list(schedulers)
