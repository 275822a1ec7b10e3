"""PyTorch's schedulers that move the momentum too: CyclicLR and OneCycleLR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from sklon._base.checks import check_whole
from sklon._base.errors import InputError

from ..optimizer import Optimizer
from ..schedules import Cyclic, OneCycle, with_momentum
from .base import check_optimizer, per_group
from .valued import NamedLR, give_back, held_by

Each = float | list[float]
Settings = dict[str, Any]


class CyclicLR(NamedLR):
    """Up and down between ``base_lr`` and ``max_lr``; see :class:`sklon.optim.schedules.Cyclic`.

    The rates and the momenta may be lists of one for each group. Raises InputError with ``cycle_momentum`` for an
    optimizer that has no momentum.
    """

    keys: ClassVar[Mapping[str, str]] = {
        "base_lr": "base_lrs",
        "max_lr": "max_lrs",
        "base_momentum": "base_momentums",
        "max_momentum": "max_momentums",
        "scale_fn": "_scale_fn_custom",
    }
    lists: ClassVar[frozenset[str]] = frozenset(("base_lr", "max_lr", "base_momentum", "max_momentum"))

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Each,
        max_lr: Each,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Each = 0.8,
        max_momentum: Each = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        bounds = _bounds(
            optimizer, base_lr=base_lr, max_lr=max_lr, base_momentum=base_momentum, max_momentum=max_momentum
        )
        sizes: Settings = {"step_size_up": step_size_up, "step_size_down": step_size_down}
        scale: Settings = {"mode": mode, "gamma": gamma, "scale_fn": scale_fn, "scale_mode": scale_mode}
        schedules = [Cyclic(**sizes, **scale, **one, cycle_momentum=cycle_momentum) for one in bounds]
        _remember_momenta(optimizer, bounds if cycle_momentum else [])
        if last_epoch == -1:
            for group, one in zip(optimizer.param_groups, bounds, strict=True):
                group["lr"] = one["base_lr"]
        super().__init__(optimizer, schedules, last_epoch)
        self.base_lrs = [one["base_lr"] for one in bounds]

    def _settings(self) -> Settings:
        return {**super()._settings(), "_scale_fn_custom": held_by(self._scale_fn())}

    def _loaded(self, index: int, state: Mapping[str, Any]) -> Settings:
        return {name: value for name, value in super()._loaded(index, state).items() if name != "scale_fn"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; a ``scale_fn`` is the one that this scheduler was made with."""
        super().load_state_dict(state_dict)
        give_back(self._scale_fn(), state_dict.get("_scale_fn_custom"))

    def _scale_fn(self) -> Callable[[float], float] | None:
        return cast(Cyclic, self.schedules[0]).scale_fn


class OneCycleLR(NamedLR):
    """One rise to ``max_lr`` and one fall to almost nothing; see :class:`sklon.optim.schedules.OneCycle`.

    The number of steps is ``total_steps``, or ``epochs`` times ``steps_per_epoch``. ``max_lr`` and the momenta may be
    lists of one for each group. The rate that the optimizer had plays no part: the base rate becomes
    max_lr/div_factor. Raises InputError with ``cycle_momentum`` for an optimizer that has no momentum.

    >>> import sklon
    >>> from sklon import optim
    >>> optimizer = optim.Adam([sklon.ones(1, requires_grad=True)])
    >>> scheduler = OneCycleLR(optimizer, max_lr=0.1, epochs=2, steps_per_epoch=5)
    >>> for _ in range(2):
    ...     scheduler.step()
    >>> scheduler.get_last_lr(), optimizer.param_groups[0]["betas"]
    ([0.1], (0.85, 0.999))
    """

    keys: ClassVar[Mapping[str, str]] = {"anneal_strategy": "_anneal_func_type"}
    lists: ClassVar[frozenset[str]] = frozenset(("max_lr", "base_momentum", "max_momentum"))

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Each,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Each = 0.85,
        max_momentum: Each = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        bounds = _bounds(optimizer, max_lr=max_lr, base_momentum=base_momentum, max_momentum=max_momentum)
        steps = _total(total_steps, epochs, steps_per_epoch)
        shape: Settings = {"pct_start": pct_start, "anneal_strategy": anneal_strategy, "three_phase": three_phase}
        ends: Settings = {"div_factor": div_factor, "final_div_factor": final_div_factor}
        schedules = [
            OneCycle(**one, total_steps=steps, **shape, **ends, cycle_momentum=cycle_momentum) for one in bounds
        ]
        _remember_momenta(optimizer, bounds if cycle_momentum else [])
        if last_epoch == -1:
            for group, one in zip(optimizer.param_groups, bounds, strict=True):
                start = one["max_lr"] / div_factor
                group.update(initial_lr=start, max_lr=one["max_lr"], min_lr=start / final_div_factor)
        super().__init__(optimizer, schedules, last_epoch)


def _bounds(optimizer: Optimizer, **given: Each) -> list[Settings]:
    """Bounds of rates and momenta, by name, for each group."""
    columns = {name: per_group(name, value, optimizer) for name, value in given.items()}
    return [{name: column[i] for name, column in columns.items()} for i in range(len(optimizer.param_groups))]


def _remember_momenta(optimizer: Optimizer, bounds: list[Settings]) -> None:
    """Put the bounds of the momentum into the groups, as PyTorch does; refuse an optimizer that has none."""
    for group, one in zip(optimizer.param_groups, bounds, strict=False):
        with_momentum(group, one["max_momentum"])
        group.update({name: one[name] for name in ("max_momentum", "base_momentum")})


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The number of steps, however it was given."""
    if total_steps is not None:
        check_whole(1, total_steps=total_steps)
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise InputError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
    check_whole(1, epochs=epochs, steps_per_epoch=steps_per_epoch)
    return epochs * steps_per_epoch
