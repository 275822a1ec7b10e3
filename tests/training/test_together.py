"""Epochs that run together compute what epochs one by one compute, to the bit, and are counted and stopped alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon.training import evaluation, run, together

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(150, 4)).astype(np.float32)
Y = (X[:, :1] * X[:, 1:2] + 0.1 * RANDOM.normal(size=(150, 1))).astype(np.float32)
WEIGHTS = RANDOM.random(150)

#: by name: settings of the trainer, and of the fit
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {"batch_size": 64}),
    "one batch": ({}, {"batch_size": "full", "early_stopping": "no_progress(3, 1e-3)"}),
    "penalties": ({"l2": 1e-3, "l1": 1e-4, "weight_decay": 1e-2}, {"batch_size": 40}),
    "validation": ({}, {"validation": 0.2, "batch_size": 32, "early_stopping": "patience(3)"}),
    "two rules": ({}, {"validation": 0.3, "early_stopping": "patience(4) & no_progress(5, 1e-2)"}),
    "a schedule": ({"schedule": "warmup(0.2) >> cosine", "optimizer": "sgd", "lr": 0.1}, {"batch_size": 50}),
    "averages": ({"average": optim.EMA(0.9)}, {"validation": 0.2, "batch_size": 32}),
    "averages of epochs": ({"average": optim.SWA(4)}, {"batch_size": 32}),
    "micro-batches": ({"clip": optim.ClipNorm(0.5)}, {"batch_size": 60, "micro_batch_size": 25}),
    "weights": ({}, {"batch_size": 70, "drop_last": True}),
    "in order": ({}, {"shuffle": False, "batch_size": 33}),
}


def _trainer(**settings: Any) -> Trainer:
    sklon.manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))
    return Trainer(model, **{"loss": "mse", "optimizer": "adam", "seed": 3, **settings})


def _fitted(settings: dict[str, Any], fit: dict[str, Any], epochs: int = 23, data: Any = None) -> Trainer:
    trainer = _trainer(**settings)
    trainer.fit((X, Y) if data is None else data, epochs=epochs, **fit)
    return trainer


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A switch to epochs one by one."""
    return lambda: monkeypatch.setattr(run, "epochs_ahead", lambda *arguments: 1)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many epochs ran together, each time; time is no bound."""
    found: list[int] = []

    def counting(fit: Any, count: int, rule: Any) -> Any:
        found.append(count)
        return together.run_together(fit, count, rule)

    monkeypatch.setattr(run, "run_together", counting)
    monkeypatch.setattr(run, "CHUNK_SECONDS", 1e6)
    return found


def _rows(trainer: Trainer) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in trainer.history]


def _same(one: Trainer, other: Trainer) -> None:
    assert _rows(one) == _rows(other)
    assert one.stopped is not None and other.stopped is not None
    assert one.stopped.sentence == other.stopped.sentence and one.stopped.best_epoch == other.stopped.best_epoch
    assert (one.epoch, one.step) == (other.epoch, other.step)
    for name, value in one.model.state_dict().items():
        assert value.tobytes() == other.model.state_dict()[name].tobytes(), name
    for label, array in one.updates.slots.items():
        assert array.tobytes() == other.updates.slots[label].tobytes(), label


@pytest.mark.parametrize("name", CASES)
def test_together_is_one_by_one(name: str, counted: list[int], one_by_one: Callable[[], None]) -> None:
    settings, fit = CASES[name]
    data = (X, Y, WEIGHTS) if name == "weights" else None
    found = _fitted(settings, fit, data=data)
    assert max(counted) > 1
    one_by_one()
    _same(found, _fitted(settings, fit, data=data))


def test_a_second_fit_goes_on_from_there(counted: list[int], one_by_one: Callable[[], None]) -> None:
    def twice() -> Trainer:
        trainer = _fitted({"l2": 1e-3}, {"batch_size": 64}, epochs=7)
        trainer.fit((X, Y), epochs=9, batch_size=64)
        return trainer

    found = twice()
    assert max(counted) > 1
    one_by_one()
    _same(found, twice())


def test_numbers_that_stop_being_finite_are_found_where_they_began(
    counted: list[int], one_by_one: Callable[[], None]
) -> None:
    settings, fit = {"optimizer": "sgd", "lr": 30.0, "l2": 1e-3}, {"batch_size": 64, "validation": 0.2}
    found = _fitted(settings, fit, epochs=60)
    assert counted and found.stopped is not None and found.stopped.reason == "non_finite"
    one_by_one()
    alone = _fitted(settings, fit, epochs=60)
    _same(found, alone)
    assert alone.stopped is not None and found.stopped.fault == alone.stopped.fault


def test_a_callback_sees_every_epoch(counted: list[int]) -> None:
    class Seen(sklon.training.Callback):
        rows = 0

        def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
            self.rows += 1

    seen = Seen()
    _fitted({}, {"callbacks": [seen]}, epochs=9)
    assert seen.rows == 9 and not counted


def test_a_rule_is_asked_before_it_could_stop(counted: list[int]) -> None:
    trainer = _fitted({}, {"early_stopping": "no_progress(4, 1000)", "batch_size": 150}, epochs=50)
    assert len(trainer.history) == 5 and trainer.stopped is not None and trainer.stopped.reason == "no_progress"


def test_validation_counts_for_how_long_epochs_run_together(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    clock = SimpleNamespace(perf_counter=lambda: 1e-6 * next(ticks))
    monkeypatch.setattr(run, "time", clock)
    monkeypatch.setattr(together, "time", clock)
    mean_of, found = evaluation.Evaluation.mean_of, list[int]()

    def slow(self: evaluation.Evaluation, results: Any) -> float:
        for _ in range(10_000):  # a hundredth of a second
            next(ticks)
        return mean_of(self, results)

    def counting(fit: Any, epochs: int, rule: Any) -> Any:
        found.append(epochs)
        return together.run_together(fit, epochs, rule)

    monkeypatch.setattr(evaluation.Evaluation, "mean_of", slow)
    monkeypatch.setattr(run, "run_together", counting)
    _fitted({}, {"validation": 0.2}, epochs=100)
    assert found and max(found) <= 5


def test_rows_of_validation_bound_how_many_epochs_run_together(
    counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MOST_NUMBERS", 1200)
    held_out = np.tile(X, (4, 1)), np.tile(Y, (4, 1))
    _fitted({}, {"validation": held_out, "batch_size": 150}, epochs=9)
    assert max(counted) == 2


@dataclass(frozen=True)
class Cubes:
    """A penalty of one's own, which knows what one value of a parameter pays."""

    name: ClassVar[str] = "cubes"
    proximal: ClassVar[bool] = False
    strength: float

    def scalars(self, lr: Any, base_lr: float) -> dict[str, Any]:
        return {"strength": self.strength}

    def coupled(self, param: Any, grad: Any, scalars: Any) -> Any:
        return grad + 3.0 * scalars["strength"] * param * param * param.sign()

    def decoupled(self, new: Any, old: Any, scalars: Any, rates: Any) -> Any:
        return new

    def value(self, param: Any) -> float:
        return self.strength * float((np.abs(param) ** 3).sum())


class Halved(optim.L2):
    """Pays what it says itself, not what it is derived from."""

    def value(self, param: Any) -> float:
        return 0.5 * super().value(param)


@pytest.mark.parametrize("penalty", [Cubes(1e-2), Halved(1e-2)], ids=str)
def test_a_penalty_of_ones_own_says_what_it_costs(
    penalty: Any, counted: list[int], one_by_one: Callable[[], None]
) -> None:
    settings = {"penalties": [optim.Penalties((penalty,))]}
    found = _fitted(settings, {"batch_size": 64})
    assert max(counted) > 1
    weights = [p.numpy() for _, p in found.model.named_parameters() if p.ndim > 1]
    assert found.history[-1]["penalty"] == sum(penalty.value(weight) for weight in weights) > 0
    one_by_one()
    _same(found, _fitted(settings, {"batch_size": 64}))


def test_numbers_that_are_taken_back_warn_of_nothing(counted: list[int]) -> None:
    trainer = Trainer(nn.Linear(4, 1, dtype="float64"), loss="mse", optimizer="sgd", lr=3.0, l2=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit((X.astype(np.float64), Y.astype(np.float64)), epochs=400, batch_size=50)
    assert counted and trainer.stopped is not None and trainer.stopped.reason == "non_finite"


def test_an_error_on_the_way_leaves_weights_that_belong_to_the_counters(counted: list[int]) -> None:
    class Broken(Cubes):
        calls: ClassVar[list[int]] = []

        def value(self, param: Any) -> float:
            self.calls.append(1)
            if len(self.calls) > 2 * 5:
                raise ZeroDivisionError("no longer")
            return super().value(param)

    trainer = _trainer(penalties=[optim.Penalties((Broken(1e-2),))])
    with pytest.raises(ZeroDivisionError):
        trainer.fit((X, Y), epochs=20, batch_size=64)
    assert counted and trainer.stopped is not None and trainer.stopped.reason == "error"
    alone = _fitted({"penalties": [optim.Penalties((Cubes(1e-2),))]}, {"batch_size": 64}, epochs=trainer.epoch)
    assert trainer.epoch == len(trainer.history) and trainer.step == 3 * trainer.epoch
    for name, value in alone.model.state_dict().items():
        assert value.tobytes() == trainer.model.state_dict()[name].tobytes(), name
