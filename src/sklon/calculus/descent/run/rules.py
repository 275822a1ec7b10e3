"""Which optimizer moves the point: one of ours by name, or whatever a function makes; and the rate of every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sklon._base.errors import InputError
from sklon.optim import LBFGS, Optimizer
from sklon.optim.named import OPTIMIZERS, settings_of
from sklon.optim.schedules import Schedule, parse, with_momentum
from sklon.tensors import Tensor

#: one of ours by name, or what makes one from its parameters: ``lambda parameters: optim.Adam(parameters, lr=0.1)``
Chosen: TypeAlias = str | Callable[[list[Tensor]], Optimizer]
#: L-BFGS where every step is one iteration: it searches along its line, and the path alone says when it ends
ONE_ITERATION: dict[str, Any] = {
    "max_iter": 1,
    "max_eval": 50,
    "tolerance_grad": 0.0,
    "tolerance_change": 0.0,
    "line_search_fn": "strong_wolfe",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to walk: an optimizer, the settings that its name does not say, and the schedule of its rate."""

    optimizer: Chosen
    lr: float | None = None
    schedule: Schedule | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def moving(self, leaf: Tensor) -> Optimizer:
        """The optimizer of a leaf."""
        if isinstance(self.optimizer, str):
            known = settings_of(self.optimizer, self.lr, OPTIMIZERS)
            own = ONE_ITERATION if self.optimizer == "lbfgs" else {}
            return OPTIMIZERS[self.optimizer]([leaf], **{**own, **known, **self.options})
        if self.lr is not None or self.options:
            raise InputError("the settings belong to the function that makes the optimizer; give them there")
        return _checked(self.optimizer([leaf]), leaf)


def way_of(
    optimizer: Chosen, lr: float | None, schedule: Schedule | str | None, options: Mapping[str, Any], steps: int
) -> Way:
    """A way of so many steps, with the schedule read and told its length. Raises InputError for what cannot be used."""
    if not (isinstance(optimizer, str) or callable(optimizer)):
        raise InputError(
            f"an optimizer is one of {', '.join(OPTIMIZERS)}, or a function that makes one from its parameters, "
            f"not a {type(optimizer).__name__}"
        )
    read = parse(schedule) if isinstance(schedule, str) else schedule
    full = read.over(steps) if read is not None and steps else read
    return Way(optimizer=optimizer, lr=lr, schedule=full, options=dict(options))


def label_of(way: Way, optimizer: Optimizer) -> str:
    """What a legend calls a way: the name of the optimizer, its rate and what was chosen besides.

    >>> from sklon import ones
    >>> way = way_of("sgd", 0.1, None, {"momentum": 0.9}, 10)
    >>> label_of(way, way.moving(ones(1, requires_grad=True)))
    'SGD, lr = 0.1, momentum = 0.9'
    """
    name = type(optimizer).__name__
    rate = {} if isinstance(optimizer, LBFGS) and way.lr is None else {"lr": optimizer.defaults["lr"]}
    chosen = {**rate, **way.options}
    if not isinstance(way.optimizer, str):
        chosen.update(_unlike_defaults(optimizer))
    parts = [
        f"{key} = {value:.4g}" if isinstance(value, float) else f"{key} = {value}" for key, value in chosen.items()
    ]
    return ", ".join([name, *parts, *([str(way.schedule)] if way.schedule is not None else [])])


class Rates:
    """The rate and the momentum that a schedule gives to each step; nothing changes without one."""

    def __init__(self, optimizer: Optimizer, schedule: Schedule | None) -> None:
        self.group, self.schedule = optimizer.param_groups[0], schedule
        self.base = self.last = float(self.group["lr"])

    def set(self, t: int, values: Sequence[float]) -> None:
        """Set those of step t = 0, 1, …, before which the function had these ``values``."""
        if self.schedule is None:
            return
        if t and self.schedule.reads_curve:
            self.last = self.schedule.observe(t, values, self.last)
        self.last = self.schedule.next(t, self.last, self.base) if t else self.schedule.first(self.last, self.base)
        self.group["lr"] = self.last
        momentum = self.schedule.momentum(t)
        if momentum is not None:
            self.group.update(with_momentum(self.group, momentum))


def _unlike_defaults(optimizer: Optimizer) -> dict[str, Any]:
    """The settings of an optimizer that are not those of its rule."""
    usual = type(optimizer)([Tensor(optimizer.param_groups[0]["params"][0].node)]).defaults
    return {name: value for name, value in optimizer.defaults.items() if value != usual[name] and name != "lr"}


def _checked(optimizer: Any, leaf: Tensor) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise InputError(
            f"the function that makes the optimizer gave a {type(optimizer).__name__}; "
            "write lambda parameters: optim.Adam(parameters, lr=0.1)"
        )
    if [id(p) for group in optimizer.param_groups for p in group["params"]] != [id(leaf)]:
        raise InputError("the optimizer moves other tensors; give it the parameters that the function is called with")
    return optimizer
