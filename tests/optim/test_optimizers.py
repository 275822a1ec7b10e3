"""Optimizers against PyTorch's trajectories: every configuration, 50 steps in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import optim
from sklon._base.errors import InputError
from sklon.optim import RULES

torch = pytest.importorskip("torch")

CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.05, "momentum": 0.9}),
    ("sgd", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    ("sgd", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("sgd", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    ("adam", {}),
    ("adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4}),
    ("adam", {"lr": 0.05, "weight_decay": 0.1}),
]
OURS = {"sgd": optim.SGD, "adam": optim.Adam}
THEIRS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def test_every_rule_has_a_configuration() -> None:
    assert {name for name, _ in CONFIGURATIONS} == set(RULES) == set(OURS)


@pytest.mark.parametrize(("name", "settings"), CONFIGURATIONS)
def test_fifty_steps_follow_pytorch(name: str, settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    start = [rng.standard_normal((4, 3)), rng.standard_normal(5)]
    scale = [rng.uniform(0.1, 2, a.shape) for a in start]
    ours = [sklon.tensor(a, requires_grad=True) for a in start]
    theirs = [torch.tensor(a, requires_grad=True) for a in start]
    mine, reference = OURS[name](ours, **settings), THEIRS[name](theirs, **{"lr": 1e-3, **settings})
    for _ in range(50):
        for optimizer, params, lib in ((mine, ours, sklon), (reference, theirs, torch)):
            optimizer.zero_grad()
            terms = [(p**4 * lib.tensor(s) + p**2 * 0.5).sum() for p, s in zip(params, scale, strict=True)]
            (terms[0] + terms[1]).backward()
            optimizer.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-14)


def test_groups_have_settings_of_their_own() -> None:
    a, b = sklon.ones(1, requires_grad=True), sklon.ones(1, requires_grad=True)
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    (a + b).sum().backward()
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.9, 0.5])


def test_a_parameter_without_gradient_stays() -> None:
    a, b = sklon.ones(1, requires_grad=True), sklon.ones(1, requires_grad=True)
    optimizer = optim.Adam([a, b], lr=0.1)
    (a * 2).sum().backward()
    optimizer.step()
    assert b.item() == 1 and a.item() < 1 and a.is_leaf


@pytest.mark.parametrize(
    "settings", [{"lr": -1.0}, {"betas": (1.0, 0.9)}, {"eps": -1e-8}, {"weight_decay": -0.1}, {"lr": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        optim.Adam([sklon.ones(1, requires_grad=True)], **settings)


def test_no_parameters_is_an_error() -> None:
    with pytest.raises(InputError, match="no parameters"):
        optim.Adam([])
