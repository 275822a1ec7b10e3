"""The network that settings describe, its update rule and its penalties: what a session and a script both build.

::

    hidden = Dropout(activation(BatchNorm(Linear(x))))     once for each layer of depth; BatchNorm if asked for
    output = Linear(hidden)

Dropout layers are always there, so that dropout may begin while it trains; with probability 0 they are nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from sklon import nn
from sklon.nn.activation import ACTIVATIONS
from sklon.optim import L1, L2, Penalties, Rule, WeightDecay
from sklon.optim.named import rule_of
from sklon.optim.rules.rule import Diagonal
from sklon.optim.schedules import Schedule, parse
from sklon.optim.schedules.applied import momentum_of, with_momentum
from sklon.tensors import Tensor
from sklon.tensors.modes import seeded

from ..controls import Settings
from .datasets import Data

#: standard deviation of the first weights that are called small
SMALL = 0.01
#: how the weights of each linear layer are drawn anew, by the name of the initialisation
FILLS: dict[str, Callable[[Tensor], Any]] = {
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "normal_1": nn.init.normal_,
    "small": lambda weight: nn.init.normal_(weight, 0.0, SMALL),
    "zeros": nn.init.zeros_,
}
#: a momentum under which a program has one; it is never used as a number
SOME_MOMENTUM = 0.9


def network_of(settings: Settings, data: Data) -> nn.Sequential:
    """The network with its first weights, which follow from the seed."""
    layers: list[nn.Module] = []
    inputs, width = data.X.shape[1], settings["width"]
    with seeded(settings["seed"]):
        for _ in range(settings["depth"]):
            layers.append(nn.Linear(inputs, width))
            layers += [nn.BatchNorm1d(width)] if settings["batch_norm"] == "on" else []
            layers += [ACTIVATIONS[settings["activation"]](), nn.Dropout(settings["dropout"])]
            inputs = width
        layers.append(nn.Linear(inputs, data.outputs))
        model = nn.Sequential(*layers)
        fill = FILLS.get(settings["initialisation"])
        for layer in model if fill else ():
            if isinstance(layer, nn.Linear):
                assert fill is not None
                fill(layer.weight)
    return model


def set_dropout(model: nn.Module, p: float) -> None:
    """Give every dropout layer this probability."""
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = p


# ---- the update
def rule_for(settings: Settings) -> Rule:
    """The optimizer's rule with the settings' rate and momentum; decay is a penalty of its own.

    >>> from sklon.lab.playground.controls import DEFAULTS
    >>> rule_for({**DEFAULTS, "optimizer": "sgd", "momentum": 0.5})
    SGDRule(lr=0.03, momentum=0.5, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)
    """
    rule = rule_of(settings["optimizer"], settings["learning_rate"])
    names = {f.name for f in fields(rule)}  # type: ignore[arg-type]
    changed: dict[str, Any] = {"weight_decay": 0.0} if "weight_decay" in names else {}
    if names & {"betas", "momentum"}:
        own = {f.name: getattr(rule, f.name) for f in fields(rule)}  # type: ignore[arg-type]
        changed.update(with_momentum(own, settings["momentum"]))
    if settings["momentum"] == 0 and changed.get("momentum") == 0 and getattr(rule, "nesterov", False):
        changed["nesterov"] = False
    made: Rule = replace(rule, **changed)  # type: ignore[type-var]
    return made


def with_some_momentum(rule: Rule) -> Rule:
    """The rule whose program is compiled: one that has a momentum has a place for it, even while it is 0."""
    if not hasattr(rule, "momentum") or momentum_of(rule):
        return rule
    made: Rule = replace(rule, momentum=SOME_MOMENTUM)  # type: ignore[type-var]
    return made


def penalties_for(settings: Settings) -> tuple[Penalties, ...]:
    """L2, decay and L1, all of them even where they are 0, so that they can begin without another program."""
    return (
        Penalties((L2(settings["l2"]), WeightDecay(settings["weight_decay"]), L1(settings["l1"], how_l1(settings)))),
    )


def how_l1(settings: Settings) -> Any:
    """By proximal steps where the optimizer has a rate for each weight, else as a subgradient."""
    return "proximal" if isinstance(rule_for(settings), Diagonal) else "subgradient"


#: steps that every schedule of the playground can be laid over
FEWEST_STEPS = 2


def schedule_for(settings: Settings, steps: int) -> Schedule | None:
    """The schedule over so many steps; one that rises and falls needs two, of which a single step is the first."""
    schedule = parse(settings["schedule"])
    return None if schedule is None else schedule.over(max(steps, FEWEST_STEPS))


# ---- batches
def batch_rows(settings: Settings, rows: int) -> tuple[int, int, bool]:
    """Rows of a batch and of a part of it, and whether a last short batch is left out.

    Batch norm needs two rows: no batch and no part of one has a single row then.
    """
    normed = settings["batch_norm"] == "on" and settings["depth"] > 0
    asked = rows if settings["batch_size"] == "full" else int(settings["batch_size"])
    batch = min(max(asked, 2) if normed else asked, rows)
    part = -(-batch // min(settings["accumulation"], batch))
    if normed:
        part = max(part, 2)
        while batch % part == 1:
            part += 1
    last = rows % batch
    return batch, part, normed and last % part == 1
