"""PyTorch's ReduceLROnPlateau: a scheduler that is told a metric at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import tracing

from ..optimizer import Optimizer
from ..schedules import Plateau, Watch
from .base import LRScheduler, check_optimizer, per_group

#: settings that are saved, all of them under their own names
SETTINGS = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps")


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when the metric has stopped to improve; see :class:`sklon.optim.schedules.Plateau`.

    ``min_lr`` may be a list of one for each group.

    >>> import sklon
    >>> from sklon import optim
    >>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.8)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.4]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.plateaus = [
            Plateau(patience, factor, threshold, threshold_mode, cooldown, least, eps, mode)
            for least in per_group("min_lr", min_lr, optimizer)
        ]
        self.watch: Watch = self.plateaus[0].start()
        self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Tell the metric of an epoch, a number or a tensor of one; the rates fall if it is time."""
        trace = tracing.current()
        if trace is not None:
            raise InputError(
                f"ReduceLROnPlateau looks at the value of its metric, and nothing is computed while {trace.name!r} is "
                "recorded by sklon.jit; return the metric, and call scheduler.step(metric) outside"
            )
        self.last_epoch += 1
        self.watch = self.plateaus[0].watch(self.watch, float(metrics))
        if self.watch.due:
            self._reduce()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        new = len(groups) - len(self.plateaus)
        if new < 0 or (new and any(p != self.plateaus[0] for p in self.plateaus)):
            raise InputError(f"the scheduler was made for {len(self.plateaus)} groups, there are {len(groups)} now")
        self.plateaus += self.plateaus[:1] * new
        for group, plateau in zip(groups, self.plateaus, strict=True):
            group["lr"] = plateau.reduced(group["lr"])

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on, under PyTorch's names; the rates themselves are in the optimizer's state."""
        return {
            **{name: getattr(self.plateaus[0], name) for name in SETTINGS},
            "min_lrs": [plateau.min_lr for plateau in self.plateaus],
            "best": self.watch.best,
            "num_bad_epochs": self.watch.bad_epochs,
            "cooldown_counter": self.watch.resting,
            "last_epoch": self.last_epoch,
            "_last_lr": list(self._last_lr),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, one of ours or one of PyTorch's; load the optimizer's, which has the rates, too."""
        needed = {*SETTINGS, "min_lrs", "best", "num_bad_epochs", "cooldown_counter", "last_epoch", "_last_lr"}
        if not needed <= state_dict.keys():
            missing = ", ".join(sorted(needed - state_dict.keys()))
            raise InputError(f"the state of a ReduceLROnPlateau has {missing} too; pass what state_dict() returned")
        if len(state_dict["min_lrs"]) != len(self.plateaus):
            raise InputError(f"the state is one for {len(state_dict['min_lrs'])} groups, here are {len(self.plateaus)}")
        settings = {name: state_dict[name] for name in SETTINGS}
        self.plateaus = [
            replace(p, **settings, min_lr=m) for p, m in zip(self.plateaus, state_dict["min_lrs"], strict=True)
        ]
        self.watch = Watch(state_dict["best"], state_dict["num_bad_epochs"], state_dict["cooldown_counter"])
        self.last_epoch, self._last_lr = state_dict["last_epoch"], list(state_dict["_last_lr"])
