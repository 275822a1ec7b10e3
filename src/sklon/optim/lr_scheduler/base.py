"""What every scheduler does: it sets the learning rates of an optimizer's groups, step by step, and can be saved.

The rates come from ``get_lr``; making a scheduler takes step 0. ``last_epoch`` is the number of the step whose rates
the groups have. A group remembers its base rate as ``initial_lr``, so that it is saved with the optimizer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.tensors import tracing
from sklon.tensors.tracing import repeated

from ..groups import Group
from ..optimizer import Optimizer


class LRScheduler:
    """Sets the rates of ``optimizer``; a class of your own says in ``get_lr`` which.

    ``get_lr`` returns one rate for each group, those of step ``last_epoch``; it may read ``base_lrs`` and the groups.
    Often a function is enough: see :class:`LambdaLR`. ``last_epoch`` ≥ 0 goes on with a run whose optimizer was loaded:
    the rates are those that its state brought back.

    >>> import sklon
    >>> from sklon import optim
    >>> class Halved(LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.4)
    >>> scheduler = Halved(optimizer)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.2]
    """

    #: attributes that are no part of the saved state
    unsaved: ClassVar[Collection[str]] = ("optimizer",)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        check_whole(-1, last_epoch=last_epoch)
        self.optimizer = optimizer
        self.base_lrs = [initial_rate(group, fresh=last_epoch < 0) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self._initial_step()

    def get_lr(self) -> list[float]:
        """The rates of step ``last_epoch``, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} does not say which rates it sets; define get_lr")

    @repeated
    def step(self) -> None:
        """Set the rates of the next step. Call it after ``optimizer.step()``."""
        self.last_epoch += 1
        self._set(self.get_lr())

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        trace = tracing.current()
        if trace is not None:
            trace.reads(self, "get_last_lr()", lambda: self._last_lr)
        return list(self._last_lr)

    # ---- saving
    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on, under PyTorch's names; the rates themselves are in the optimizer's state."""
        own = {name: copy(value) for name, value in vars(self).items() if name not in self.unsaved}
        return {**own, "_step_count": max(1, self.last_epoch + 1)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, one of ours or one of PyTorch's; load the optimizer's, which has the rates, too."""
        self._check_state(state_dict)
        own = vars(self).keys() - set(self.unsaved)
        vars(self).update({name: copy(value) for name, value in state_dict.items() if name in own})

    def _check_state(self, state: Mapping[str, Any]) -> None:
        """Refuse what is no state for these groups."""
        if "last_epoch" not in state:
            raise InputError('a state of a scheduler has "last_epoch"; pass what state_dict() returned')
        saved, own = len(state.get("base_lrs", self.base_lrs)), len(self.base_lrs)
        if saved != own:
            raise InputError(f"the state is one for {saved} groups of parameters, the optimizer has {own}")

    # ---- what combined schedulers ask for
    def _initial_step(self) -> None:
        """Set the rates of the first step."""
        self.step()

    def _begin(self) -> None:
        """Start again with step 0, from the rates that the groups have."""
        self.last_epoch = -1
        self._initial_step()

    def _switch(self) -> None:
        """Start with step 0 after another scheduler."""
        self.last_epoch = 0
        self._set(self.get_lr())

    def _set(self, rates: Sequence[float]) -> None:
        groups = self.optimizer.param_groups
        if len(rates) != len(groups):
            raise InputError(f"{type(self).__name__} gives {len(rates)} rates for {len(groups)} groups of parameters")
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = list(rates)


def check_optimizer(optimizer: Any) -> None:
    """Refuse what is no optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"a scheduler takes an optimizer of sklon.optim, not a {type(optimizer).__name__}")


def per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """A setting for each group: a list as it is, one value for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise InputError(f"{name} has {len(value)} values for {count} groups of parameters; give one for each")
    return list(value)


def initial_rate(group: Group, *, fresh: bool) -> float:
    """The base rate of a group, remembered in it."""
    if fresh:
        group.setdefault("initial_lr", group["lr"])
    elif "initial_lr" not in group:
        raise InputError("a group has no 'initial_lr' to go on from; load the optimizer's state before, or start anew")
    base: float = group["initial_lr"]
    return base
