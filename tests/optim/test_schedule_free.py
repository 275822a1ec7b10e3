"""Schedule-free AdamW's two points: the average of the iterates, and how parameters go there and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import AdamWScheduleFreeRule
from tests.optim.rows import Problem

SETTINGS: dict[str, Any] = {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1}


def _stepped(steps: int = 5) -> tuple[Problem, optim.AdamWScheduleFree]:
    problem = Problem(sklon)
    optimizer = optim.AdamWScheduleFree(problem.params, **SETTINGS)
    problem.steps(optimizer, steps)
    return problem, optimizer


# ---- the average
@pytest.mark.parametrize(("warmup", "r"), [(0, 0.0), (4, 0.0), (0, 2.0), (4, 0.5)])
def test_the_result_is_the_weighted_mean_of_the_iterates(warmup: int, r: float) -> None:
    """x = Σ wₜzₜ / Σ wₜ of the points z = y + δ after steps 1 to t, with wₜ = tʳ·min(1, t/w)²."""
    problem = Problem(sklon)
    optimizer = optim.AdamWScheduleFree(problem.params, **SETTINGS, warmup_steps=warmup, r=r)
    points, weights = [], []
    for t in range(1, 13):
        problem.steps(optimizer, 1)
        points.append(problem.values()[0] + optimizer.state[problem.params[0]]["lead"].numpy())
        weights.append(t**r * min(1.0, t / max(warmup, 1)) ** 2)
    optimizer.eval()
    np.testing.assert_allclose(problem.values()[0], np.average(points, axis=0, weights=weights), rtol=1e-12)


@pytest.mark.parametrize(("warmup", "r"), [(0, 0.0), (10, 0.0), (10, 1.5)])
def test_shares_far_out_and_backwards_are_those_of_the_sum(warmup: int, r: float) -> None:
    rule = AdamWScheduleFreeRule(warmup_steps=warmup, r=r)
    for t in (1, 5000, 11, 3):
        weights = [k**r * min(1.0, k / max(warmup, 1)) ** 2 for k in range(1, t + 1)]
        assert rule.share(t) == pytest.approx(weights[-1] / sum(weights), rel=1e-11)


# ---- there and back
def test_eval_and_train_give_the_very_bits_back() -> None:
    problem, optimizer = _stepped()
    trained = problem.values()
    optimizer.train()
    optimizer.eval()
    averaged = problem.values()
    optimizer.eval()
    for once, again in zip(averaged, problem.values(), strict=True):
        np.testing.assert_array_equal(once, again)
    assert not np.allclose(averaged[0], trained[0], rtol=1e-3)
    optimizer.train()
    for before, after in zip(trained, problem.values(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_evaluations_between_steps_change_nothing() -> None:
    watched, optimizer = _stepped(0)
    for _ in range(6):
        watched.steps(optimizer, 1)
        optimizer.eval()
        optimizer.train()
    plain, _ = _stepped(6)
    for a, b in zip(watched.values(), plain.values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_averages_that_somebody_changed_are_where_training_goes_on() -> None:
    problem, optimizer = _stepped()
    optimizer.eval()
    new = sklon.tensor(np.ones((3, 2)))
    with sklon.no_grad():
        problem.params[0].copy_(new)
    optimizer.train()
    lead = optimizer.state[problem.params[0]]["lead"].numpy()
    np.testing.assert_allclose(problem.values()[0], 1 + (1 / 0.8 - 1) * lead, rtol=1e-12)


def test_before_the_first_step_the_points_are_one() -> None:
    problem, optimizer = _stepped(0)
    before = problem.values()
    optimizer.eval()
    np.testing.assert_array_equal(problem.values()[0], before[0])
    optimizer.train()
    problem.steps(optimizer, 1)


def test_no_step_starts_from_averages() -> None:
    problem, optimizer = _stepped()
    optimizer.eval()
    with pytest.raises(InputError, match=r"averages now.*call optimizer.train\(\) first"):
        problem.steps(optimizer, 1)
    with pytest.raises(InputError, match=r"call optimizer.train\(\) first"):
        optimizer.add_param_group({"params": [sklon.ones(1, requires_grad=True)]})
    optimizer.train()
    problem.steps(optimizer, 1)


def test_a_state_that_was_saved_at_the_averages_goes_on() -> None:
    """Saved after eval(), as the authors advise, with the parameters: train() finds y again to rounding."""
    whole, _ = _stepped(6)
    problem, first = _stepped(3)
    first.eval()
    saved = first.state_dict()
    assert saved["param_groups"][0]["train_mode"] is False
    other = Problem(sklon)
    other.params = [sklon.tensor(v, requires_grad=True) for v in problem.values()]
    second = optim.AdamWScheduleFree(other.params)
    second.load_state_dict(saved)
    with pytest.raises(InputError, match="averages now"):
        other.steps(second, 1)
    second.train()
    other.steps(second, 3)
    for a, b in zip(whole.values(), other.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# ---- with a Trainer
def _model() -> nn.Sequential:
    sklon.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4, dtype="float64"), nn.Tanh(), nn.Linear(4, 2, dtype="float64"))


def test_fits_end_with_the_average_and_go_on_from_the_trained_point() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    fitted, eager = _model(), _model()
    optimizers = [optim.AdamWScheduleFree(m.parameters(), **SETTINGS) for m in (fitted, eager)]
    trainer = Trainer(fitted, loss="mse", optimizer=optimizers[0])
    for turned_back in (False, True, False):
        if turned_back:  # by hand; without that the next fit does it
            optimizers[0].train()
        trainer.fit((x, y), epochs=4, batch_size="full", shuffle=False)
        optimizers[1].train()
        for _ in range(4):
            optimizers[1].zero_grad()
            nn.MSELoss()(eager(sklon.tensor(x)), sklon.tensor(y)).backward()
            optimizers[1].step()
        for optimizer in optimizers:
            optimizer.eval()
        for a, b in zip(fitted.parameters(), eager.parameters(), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10)


def test_a_frozen_layer_stays_where_it_is_in_a_fit() -> None:
    rng = np.random.default_rng(0)
    model = _model()
    frozen = model[0].weight
    frozen.requires_grad_(False)
    before = frozen.numpy().copy()
    trainer = Trainer(model, loss="mse", optimizer="adamw_schedule_free")
    trainer.fit((rng.standard_normal((20, 3)), rng.standard_normal((20, 2))), epochs=2)
    np.testing.assert_array_equal(frozen.numpy(), before)


def test_the_first_beta_may_not_move() -> None:
    data = np.ones((4, 3)), np.ones((4, 2))
    schedule = optim.schedules.OneCycle(0.1)
    model = _model()
    by_hand = optim.AdamWScheduleFree(model.parameters())
    for optimizer in ("adamw_schedule_free", by_hand):
        with pytest.raises(InputError, match="averages need it constant; set cycle_momentum=False"):
            Trainer(model, loss="mse", optimizer=optimizer, schedule=schedule).fit(data, epochs=2)
    with pytest.raises(InputError, match="averages need it constant"):
        optim.lr_scheduler.OneCycleLR(by_hand, max_lr=0.1, total_steps=4)
    kept = optim.schedules.OneCycle(0.1, cycle_momentum=False)
    Trainer(_model(), loss="mse", optimizer="adamw_schedule_free", schedule=kept).fit(data, epochs=2)


def test_no_second_average_on_top() -> None:
    with pytest.raises(InputError, match="averages the weights itself; leave out average"):
        Trainer(_model(), loss="mse", optimizer="adamw_schedule_free", average=optim.EMA(0.9))


def test_the_average_is_better_than_the_iterates_on_noisy_gradients() -> None:
    """f(p) = ‖p‖²/2 with noise of 1: y keeps jumping about, x settles."""
    rng = np.random.default_rng(3)
    p = sklon.tensor(np.full(50, 3.0), requires_grad=True)
    optimizer = optim.AdamWScheduleFree([p], lr=0.1)
    for _ in range(400):
        p.grad = sklon.tensor(p.detach().numpy() + rng.standard_normal(50))
        optimizer.step()
    of_lead = np.linalg.norm(p.detach().numpy() + optimizer.state[p]["lead"].numpy())
    optimizer.eval()
    assert np.linalg.norm(p.detach().numpy()) < 0.5 * of_lead


def test_both_points_of_arrays_and_tensors() -> None:
    rule = AdamWScheduleFreeRule(betas=(0.5, 0.9))
    slots = {"lead": np.array([2.0])}
    assert rule.averaged(np.array([1.0]), slots).tolist() == [-1.0]
    assert rule.trained(np.array([-1.0]), slots).tolist() == [1.0]
    assert rule.averaged(sklon.tensor([1.0]), {"lead": sklon.tensor([2.0])}).tolist() == [-1.0]


def test_settings_go_through_json() -> None:
    _, optimizer = _stepped()
    json.dumps(optimizer.state_dict()["param_groups"])
