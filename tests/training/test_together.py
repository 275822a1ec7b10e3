"""Epochs that run together compute what epochs one by one compute, to the bit, and are counted and stopped alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon.training import run, together

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
