"""A jitted function does what the function does, bit for bit, and is recorded once for each structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

import sklon
from sklon import Tensor, nn, optim
from sklon.nn import functional as F
from sklon.tensors.programs import counters

from .jitted import FEATURES, ROWS, STEPS, Net, batches, equal


@dataclass(frozen=True, slots=True)
class Run:
    """What a loop leaves behind."""

    losses: list[float]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    drawn: list[float]
    recordings: int


def _train(
    optimizer: Callable[[Any], optim.Optimizer],
    wrapped: Callable[[Any], Any],
    schedule: Callable[[optim.Optimizer], Any] | None = None,
    sizes: tuple[int, ...] = (ROWS,),
) -> Run:
    sklon.manual_seed(5)
    model = Net()
    stepper = optimizer(model.parameters())
    scheduler = schedule(stepper) if schedule else None

    def step(x: Tensor, y: Tensor) -> Tensor:
        stepper.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        stepper.step()
        return loss

    function = wrapped(step)
    losses = []
    for x, y in batches(sizes):
        losses.append(function(x, y).item())
        if scheduler is not None:
            scheduler.step()
    drawn = sklon.rand(3).tolist()  # the generator stands where it should
    return Run(losses, model.state_dict(), stepper.state_dict(), drawn, getattr(function, "recordings", 0))


def _same(ours: Run, theirs: Run) -> bool:
    return all(equal(getattr(ours, f), getattr(theirs, f)) for f in ("losses", "model", "optimizer", "drawn"))


OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True, maximize=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
    "lamb": lambda p: optim.LAMB(p, lr=0.01),
    "lion": lambda p: optim.Lion(p, lr=0.001),
    "muon": lambda p: optim.Muon(p, lr=0.01, others="adamw"),
    "schedule-free": lambda p: optim.AdamWScheduleFree(p, lr=0.01),
    "two groups": lambda p: _two_groups(list(p)),
}


def _two_groups(parameters: list[Tensor]) -> optim.Optimizer:
    return optim.Adam([{"params": parameters[:3], "lr": 0.02}, {"params": parameters[3:], "lr": 0.01}])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_have_the_bits_of_the_eager_loop(name: str) -> None:
    ours, theirs = _train(OPTIMIZERS[name], sklon.jit), _train(OPTIMIZERS[name], lambda f: f)
    assert _same(ours, theirs)
    assert ours.recordings == 1


SCHEDULES: dict[str, Callable[[optim.Optimizer], Any]] = {
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, STEPS),
    "one cycle": lambda o: optim.lr_scheduler.OneCycleLR(o, 0.05, total_steps=STEPS + 1),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_records_nothing_again(name: str) -> None:
    runs = [_train(OPTIMIZERS["adam"], wrapped, SCHEDULES[name]) for wrapped in (sklon.jit, lambda f: f)]
    assert _same(*runs)
    assert runs[0].recordings == 1


def test_each_batch_size_is_recorded_once() -> None:
    sizes = (ROWS, ROWS, 7, ROWS, 1 + ROWS)
    runs = [_train(OPTIMIZERS["adam"], wrapped, sizes=sizes) for wrapped in (sklon.jit, lambda f: f)]
    assert _same(*runs)
    assert runs[0].recordings == 3


# ---- when it is recorded anew
def _inference() -> tuple[Net, Any]:
    sklon.manual_seed(5)
    model = Net()
    return model, sklon.jit(model)


def test_training_and_evaluation_are_two_recordings_that_both_stay() -> None:
    model, predict = _inference()
    x, _ = next(batches())
    for _ in range(3):
        for mode in (True, False):
            model.train(mode)
            predict(x)
    assert predict.recordings == 2
    assert np.array_equal(predict(x).numpy(), model(x).numpy())


CHANGES: dict[str, Callable[[Net], Any]] = {
    "the p of dropout": lambda model: setattr(model.body[3], "p", 0.9),
    "the momentum of batch norm": lambda model: setattr(model.body[1], "momentum", 0.5),
    "another layer": lambda model: setattr(model, "body", nn.Sequential(nn.Linear(FEATURES, 8))),
    "another parameter": lambda model: setattr(model.heads[0], "weight", nn.Parameter(np.ones((1, 8), np.float32))),
    "a frozen parameter": lambda model: model.heads[0].requires_grad_(False),
    "a hook": lambda model: model.heads[0].register_forward_hook(lambda module, inputs, output: output * 2),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_is_seen(name: str) -> None:
    results = []
    for jitted in (True, False):
        model, predict = _inference()
        x, _ = next(batches())
        function = predict if jitted else model
        function(x)
        CHANGES[name](model)
        sklon.manual_seed(1)
        results.append(function(x).numpy())
        if jitted:
            function(x)
            assert predict.recordings == 2
    assert np.array_equal(*results)


def test_python_arguments_are_compared() -> None:
    @sklon.jit
    def scaled(x: Tensor, factor: float, *, more: dict[str, Any]) -> Tensor:
        return cast(Tensor, x * factor + more["offset"])

    x = sklon.ones(2)
    calls = ((2.0, 1, 1), (2.0, 1, 1), (3.0, 1, 2), (3, 1, 3), (2.0, x * 3, 4), (2.0, x * 5, 4))
    for factor, offset, recordings in calls:
        expected = factor + (offset.numpy() if isinstance(offset, Tensor) else offset)
        assert np.array_equal(scaled(x, factor, more={"offset": offset}).numpy(), np.ones(2, np.float32) * expected)
        assert scaled.recordings == recordings


def test_another_number_compiles_nothing_again() -> None:
    scaled = sklon.jit(lambda x, factor: x.exp() * factor)
    scaled(sklon.ones(5), 0.1)
    before = counters.compiled
    assert scaled(sklon.ones(5), 0.3).tolist() == (sklon.ones(5).exp() * 0.3).tolist()
    assert counters.compiled <= before + 1  # the eager one
    assert scaled.recordings == 2
