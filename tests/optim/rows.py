"""One row for each update rule; a rule without a row fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklon import optim
from sklon.optim import Optimizer

#: PyTorch's options that say how to execute, not what to compute
EXECUTION = frozenset(("foreach", "fused", "capturable", "differentiable"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """The optimizer of a rule, and settings that use every part of its formula.

    ``ours``: settings that PyTorch's optimizer lacks; None where PyTorch has no such optimizer, and
    ``trajectories.json`` has its steps. ``matrices``: PyTorch's takes matrices alone. ``whole``: an element's step
    depends on the whole parameter. ``steps``: after so many a fault of one percent shows.
    """

    optimizer: type[Optimizer]
    settings: dict[str, Any] = field(default_factory=dict)
    ours: tuple[str, ...] | None = ()
    matrices: bool = False
    whole: bool = False
    steps: int = 12

    @property
    def name(self) -> str:
        """The name of the class, here and in PyTorch."""
        return self.optimizer.__name__

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that PyTorch has too."""
        return {name: value for name, value in self.settings.items() if name not in (self.ours or ())}


ROWS: dict[str, Row] = {
    "sgd": Row(optimizer=optim.SGD, settings={"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    "adam": Row(optimizer=optim.Adam, settings={"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    "adamw": Row(optimizer=optim.AdamW, settings={"lr": 0.1, "weight_decay": 0.2}),
    "nadam": Row(optimizer=optim.NAdam, settings={"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": Row(optimizer=optim.RAdam, settings={"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1}),
    "adamax": Row(optimizer=optim.Adamax, settings={"lr": 0.1, "weight_decay": 0.1}),
    "rmsprop": Row(optimizer=optim.RMSprop, settings={"lr": 0.05, "centered": True, "momentum": 0.5}),
    "adagrad": Row(optimizer=optim.Adagrad, settings={"lr": 0.3, "lr_decay": 0.1, "initial_accumulator_value": 0.2}),
    "adadelta": Row(optimizer=optim.Adadelta, settings={"lr": 0.9, "rho": 0.8, "weight_decay": 0.1}),
    "rprop": Row(optimizer=optim.Rprop, settings={"lr": 0.3, "etas": (0.4, 1.5), "step_sizes": (0.05, 0.6)}),
    "lion": Row(
        optimizer=optim.Lion, settings={"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}, ours=None, steps=60
    ),
    "lamb": Row(optimizer=optim.LAMB, settings={"lr": 0.05, "weight_decay": 0.1}, ours=None, whole=True),
    "muon": Row(
        optimizer=optim.Muon,
        settings={"lr": 0.02, "eps": 4.0, "adjust_lr_fn": "match_rms_adamw", "others": "adamw"},
        ours=("others", "maximize"),
        matrices=True,
    ),
    "adamw_schedule_free": Row(
        optimizer=optim.AdamWScheduleFree,
        settings={"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1, "warmup_steps": 3, "r": 0.5},
        ours=None,
    ),
}


class Problem:
    """A small regression in double precision, ‖tanh(x·w + b) − y‖², for one of two libraries of tensors.

    With ``matrices`` b has two axes as well.
    """

    def __init__(self, library: Any, matrices: bool = False) -> None:
        rng = np.random.default_rng(0)
        self.x, self.y = library.tensor(rng.normal(size=(6, 3))), library.tensor(rng.normal(size=(6, 2)))
        starts = rng.normal(size=(3, 2)), rng.normal(size=(1, 2) if matrices else 2)
        self.params = [library.tensor(start, requires_grad=True) for start in starts]

    def steps(self, optimizer: Any, count: int) -> None:
        """Take steps with an optimizer over ``params``."""
        for _ in range(count):
            optimizer.zero_grad()
            error = (self.x @ self.params[0] + self.params[1]).tanh() - self.y
            (error * error).sum().backward()
            optimizer.step()

    def values(self) -> list[np.ndarray[Any, Any]]:
        """The parameters."""
        return [p.detach().numpy() for p in self.params]


def assert_same(ours: Problem, theirs: Problem) -> None:
    """The parameters agree to ten digits."""
    for a, b in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
