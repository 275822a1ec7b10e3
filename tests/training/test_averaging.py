"""Averages are PyTorch's: EMA, SWA, and batch norm's statistics for them, by update_bn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim.averaging import AVERAGES
from sklon.tensors.modes import seeded

torch = pytest.importorskip("torch")
swa_utils = pytest.importorskip("torch.optim.swa_utils")

ROWS, INPUTS, BATCH, EPOCHS = 24, 4, 10, 4
RNG = np.random.default_rng(1)
X, Y = RNG.standard_normal((ROWS, INPUTS)), RNG.standard_normal((ROWS, 1))


def network() -> Any:
    with seeded(2):
        layers = [nn.Linear(INPUTS, 6, dtype="float64"), nn.BatchNorm1d(6, dtype="float64"), nn.Tanh()]
        return nn.Sequential(*layers, nn.Linear(6, 1, dtype="float64"))


def fitted(average: Any, **more: Any) -> tuple[dict[str, Any], Trainer]:
    model = network()
    trainer = Trainer(model, loss="mse", optimizer="sgd", lr=0.1, average=average)
    trainer.fit((X, Y), **{"epochs": EPOCHS, "batch_size": BATCH, "shuffle": False, **more})
    return {k: np.asarray(v) for k, v in model.state_dict().items()}, trainer


def torch_fitted(averaged: Any, updates: Any) -> dict[str, Any]:
    """By PyTorch; ``averaged`` makes the AveragedModel, ``updates`` tells after which (epoch, step of it) it moves."""
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, 6), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 1)
    ).double()
    model.load_state_dict({k: torch.tensor(v) for k, v in network().state_dict().items()})
    average = averaged(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = [(torch.tensor(X[i : i + BATCH]), torch.tensor(Y[i : i + BATCH])) for i in range(0, ROWS, BATCH)]
    for epoch in range(1, EPOCHS + 1):
        for step, (x, y) in enumerate(batches, 1):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
            if updates(epoch, step == len(batches)):
                average.update_parameters(model)
    swa_utils.update_bn([x for x, _ in batches], average)
    return {k: v.numpy() for k, v in average.module.state_dict().items()}


def ema_from_the_start(model: Any) -> Any:
    """PyTorch's copies the parameters at its first update; ours begins with their first values."""
    average = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))
    average.n_averaged += 1
    return average


def test_an_ema_is_pytorchs_with_statistics_of_its_own() -> None:
    ours, _ = fitted(optim.EMA(0.9))
    _assert_same(ours, torch_fitted(ema_from_the_start, lambda epoch, last: True))


@pytest.mark.parametrize("start", [1, 2, 4])
def test_swa_is_pytorchs_with_statistics_of_its_own(start: int) -> None:
    ours, _ = fitted(optim.SWA(start))
    _assert_same(ours, torch_fitted(swa_utils.AveragedModel, lambda epoch, last: last and epoch >= start))


def _assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-9, atol=1e-11, err_msg=name)


def test_before_it_begins_an_average_is_the_parameter() -> None:
    late, _ = fitted(optim.SWA(EPOCHS + 1))
    plain, _ = fitted(None)
    for name in ("0.weight", "3.bias"):
        np.testing.assert_allclose(late[name], plain[name], rtol=1e-13)


def test_averages_are_what_is_validated_and_kept() -> None:
    held = X[:8], Y[:8]
    state, trainer = fitted(optim.EMA(0.8), validation=held)
    best = min(trainer.history.curve("validation_loss"))
    assert trainer.evaluate(*held) == pytest.approx(best, rel=1e-12)
    assert all(np.isfinite(v).all() for v in state.values())


def test_an_average_in_parts_is_that_of_the_batch() -> None:
    def weights(micro: int | None) -> Any:
        with seeded(2):
            model = nn.Linear(INPUTS, 1, dtype="float64")
        trainer = Trainer(model, loss="mse", optimizer="adam", average=optim.EMA(0.9, warmup=True))
        trainer.fit((X, Y), epochs=3, batch_size=BATCH, micro_batch_size=micro)
        return model.weight.detach().numpy()

    np.testing.assert_allclose(weights(3), weights(None), rtol=1e-11)


def test_shares_of_every_average() -> None:
    assert set(AVERAGES) == {"ema", "swa"}
    np.testing.assert_allclose(optim.EMA(0.75).shares(5, 2, 9), [0.25, 0.25])
    np.testing.assert_allclose(optim.EMA(0.5, warmup=True).shares(0, 10, 9)[[0, 8, 9]], [0.9, 0.5, 0.5])
    np.testing.assert_allclose(optim.SWA(2).shares(0, 7, 2), [1, 1, 1, 1, 0, 0.5, 0])
    np.testing.assert_allclose(optim.SWA(2).shares(3, 3, 2), [1, 0, 0.5])


@pytest.mark.parametrize("wrong", [lambda: optim.EMA(1.0), lambda: optim.EMA(-0.1), lambda: optim.SWA(0)])
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()


def test_schedule_free_hands_out_its_average_and_goes_on_from_its_point() -> None:
    """The Trainer's result is the eager optimizer's in evaluation, after one fit and after two."""
    rule = optim.RULES["adamw_schedule_free"](lr=0.05, warmup_steps=3, weight_decay=0.01)
    with seeded(2):
        model = nn.Linear(INPUTS, 1, dtype="float64")
    with seeded(2):
        eager = nn.Linear(INPUTS, 1, dtype="float64")
    trainer = Trainer(model, loss="mse", optimizer=rule)
    optimizer = optim.AdamWScheduleFree(eager.parameters(), lr=0.05, warmup_steps=3, weight_decay=0.01)
    loss_of = nn.MSELoss()
    for _ in range(2):
        trainer.fit((X, Y), epochs=2, batch_size="full", shuffle=False)
        optimizer.train()
        for _ in range(2):
            optimizer.zero_grad()
            loss_of(eager(sklon.tensor(X)), sklon.tensor(Y)).backward()
            optimizer.step()
        optimizer.eval()
        np.testing.assert_allclose(model.weight.detach().numpy(), eager.weight.detach().numpy(), rtol=1e-11)
