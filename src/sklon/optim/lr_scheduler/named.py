"""PyTorch's schedulers that are one schedule under another name; the formulas stand in ``sklon.optim.schedules``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import floor
from typing import Any, ClassVar, cast

from sklon._base.errors import InputError
from sklon.tensors.tracing import repeated

from ..optimizer import Optimizer
from ..schedules import (
    AnnealTo,
    ClosedForm,
    Constant,
    CosineAnnealing,
    CosineWarmRestarts,
    Exponential,
    Lambda,
    Linear,
    Multiplicative,
    MultiStep,
    Polynomial,
    Schedule,
    Step,
)
from .base import check_optimizer, per_group
from .valued import NamedLR, give_back, held_by

Function = Callable[[int], float]


class _Uniform(NamedLR):
    """The same schedule for all groups."""

    def __init__(self, optimizer: Optimizer, schedule: Schedule, last_epoch: int) -> None:
        check_optimizer(optimizer)
        super().__init__(optimizer, [schedule] * len(optimizer.param_groups), last_epoch)


class ConstantLR(_Uniform):
    """A share of the base rate for ``total_iters`` steps; see :class:`sklon.optim.schedules.Constant`."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, Constant(factor, total_iters), last_epoch)


class LinearLR(_Uniform):
    """A straight line between two shares of the base rate; see :class:`sklon.optim.schedules.Linear`."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, Linear(start_factor, end_factor, total_iters), last_epoch)


class PolynomialLR(_Uniform):
    """To zero along a power; see :class:`sklon.optim.schedules.Polynomial`."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        super().__init__(optimizer, Polynomial(total_iters, power), last_epoch)


class ExponentialLR(_Uniform):
    """The rate times ``gamma`` at every step; see :class:`sklon.optim.schedules.Exponential`."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, Exponential(gamma), last_epoch)


class StepLR(_Uniform):
    """The rate times ``gamma`` every ``step_size`` steps; see :class:`sklon.optim.schedules.Step`.

    >>> import sklon
    >>> from sklon import optim
    >>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.8)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(4):
    ...     print(scheduler.get_last_lr())
    ...     scheduler.step()
    [0.8]
    [0.8]
    [0.4]
    [0.4]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        super().__init__(optimizer, Step(step_size, gamma), last_epoch)


class MultiStepLR(_Uniform):
    """The rate times ``gamma`` at each of ``milestones``; see :class:`sklon.optim.schedules.MultiStep`."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, MultiStep(tuple(milestones), gamma), last_epoch)

    def _settings(self) -> dict[str, Any]:
        settings = super()._settings()
        return {**settings, "milestones": Counter(settings["milestones"])}

    def _loaded(self, index: int, state: Mapping[str, Any]) -> dict[str, Any]:
        found = super()._loaded(index, state)
        counts = found.get("milestones", {})
        return {**found, "milestones": [int(step) for step, count in counts.items() for _ in range(count)]}


class CosineAnnealingLR(_Uniform):
    """Along half a cosine to ``eta_min``; see :class:`sklon.optim.schedules.CosineAnnealing`."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max is None:
            raise InputError("CosineAnnealingLR needs T_max, its number of steps")
        super().__init__(optimizer, CosineAnnealing(T_max, eta_min), last_epoch)


class CosineAnnealingWarmRestarts(_Uniform):
    """Along cosines that start again; see :class:`sklon.optim.schedules.CosineWarmRestarts`."""

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, CosineWarmRestarts(T_0, T_mult, eta_min), last_epoch)

    @repeated
    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next step, or of any point in time: ``epoch`` may lie between two steps.

        Within an epoch of n batches, batch i is ``scheduler.step(epoch + i / n)``.
        """
        if epoch is None:
            return super().step()
        if not epoch >= 0:
            raise InputError(f"epoch must be at least 0, not {epoch}")
        self.last_epoch = floor(epoch)
        return self._set([cast(ClosedForm, s).at(epoch, base) for _, s, base in self._members()])

    def _settings(self) -> dict[str, Any]:
        since, length = cast(CosineWarmRestarts, self.schedules[0]).cycle(max(0, self.last_epoch))
        return {**super()._settings(), "T_cur": since, "T_i": length}


class SWALR(NamedLR):
    """From the rate that is there to ``swa_lr``; see :class:`sklon.optim.schedules.AnnealTo`.

    ``swa_lr`` may be a list of one for each group. PyTorch has it in ``torch.optim.swa_utils``.
    """

    keys: ClassVar[Mapping[str, str]] = {"lr": "swa_lr", "anneal_strategy": "_anneal_strategy"}
    lists: ClassVar[frozenset[str]] = frozenset(("lr",))

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        rates = per_group("swa_lr", swa_lr, optimizer)
        schedules = [AnnealTo(rate, anneal_epochs, anneal_strategy) for rate in rates]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        super().__init__(optimizer, schedules, last_epoch)


# ---- functions
class _OfFunctions(NamedLR):
    """A function of the step for each group. Of callable objects, what they hold is saved with the state."""

    def _settings(self) -> dict[str, Any]:
        return {"lr_lambdas": [held_by(function) for function in self._functions()]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; the functions are those that this scheduler was made with."""
        super().load_state_dict(state_dict)
        for function, held in zip(self._functions(), state_dict.get("lr_lambdas", ()), strict=False):
            give_back(function, held)

    def _functions(self) -> list[Function]:
        return [cast(Lambda | Multiplicative, s).lr_lambda for s in self.schedules]


class LambdaLR(_OfFunctions):
    """The base rate times a function of the step; see :class:`sklon.optim.schedules.Lambda`.

    ``lr_lambda`` may be a list of one for each group.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | list[Function], last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        super().__init__(optimizer, [Lambda(f) for f in per_group("lr_lambda", lr_lambda, optimizer)], last_epoch)


class MultiplicativeLR(_OfFunctions):
    """The rate times a function of the step, at every step; see :class:`sklon.optim.schedules.Multiplicative`.

    ``lr_lambda`` may be a list of one for each group.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | list[Function], last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        functions = per_group("lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, [Multiplicative(f) for f in functions], last_epoch)
