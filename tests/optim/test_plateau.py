"""Plateaus: against PyTorch on random curves, in steps and as a value; what a fault in any setting would do."""

from __future__ import annotations

from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import sklon
from sklon._base.errors import InputError
from sklon.optim import lr_scheduler
from sklon.optim.schedules import Constant, Exponential, Plateau, Warmup
from tests.optim.schedule_rows import BASES, schedulers_of, sgd

VALUES = st.one_of(st.integers(-4, 8).map(float), st.floats(-10, 10), st.sampled_from([nan, inf, -inf]))
CURVES = st.lists(VALUES, min_size=1, max_size=60)
SETTINGS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.sampled_from([0.0, 0.1, 0.5, 0.9]),
        "patience": st.integers(0, 4),
        "threshold": st.sampled_from([0.0, 1e-4, 0.3]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 3),
        "min_lr": st.sampled_from([0.0, 1e-3, 0.05]),
        "eps": st.sampled_from([1e-8, 0.004]),
    }
)
RISES = ([3.0, 2.0, 2.5, 1.9, 1.9, 1.95, 1.9, 2.0, 1.2, 1.3, 1.4, 1.3, 1.3, 1.3], {"patience": 1, "factor": 0.5})


def _stepped(library: Any, curve: list[float], settings: dict[str, Any]) -> list[list[float]]:
    optimizer = sgd(library)
    scheduler = schedulers_of(library).ReduceLROnPlateau(optimizer, **settings)
    found = []
    for value in curve:
        scheduler.step(value)
        found.append([group["lr"] for group in optimizer.param_groups])
        assert scheduler.get_last_lr() == found[-1]
    return found


@given(CURVES, SETTINGS)
@example(*RISES)
def test_a_plateau_follows_pytorch(curve: list[float], settings: dict[str, Any]) -> None:
    theirs = _stepped(pytest.importorskip("torch"), curve, settings)
    assert _stepped(sklon, curve, settings) == theirs
    rule = Plateau(**settings)
    for base, column in zip(BASES, zip(*theirs, strict=True), strict=True):
        lr = base
        for epoch, expected in enumerate(column, 1):
            lr = rule.observe(7, curve[:epoch], lr)
            assert lr == expected


@given(CURVES, SETTINGS)
def test_over_an_optimizer_the_value_does_what_the_scheduler_does(curve: list[float], settings: dict[str, Any]) -> None:
    optimizer = sgd(sklon)
    scheduler = lr_scheduler.ScheduleLR(optimizer, Plateau(**settings))
    found = []
    for value in curve:
        scheduler.observe(sklon.tensor(value, dtype="float64"))
        found.append(scheduler.get_last_lr())
        scheduler.step()
    assert found == _stepped(sklon, curve, settings)


@given(CURVES, SETTINGS, st.integers(0, 20), st.sampled_from(["own", "from PyTorch", "to PyTorch"]))
def test_a_state_goes_on_in_the_middle(curve: list[float], settings: dict[str, Any], after: int, way: str) -> None:
    torch = pytest.importorskip("torch")
    giver, taker = (torch if way == "from PyTorch" else sklon), (torch if way == "to PyTorch" else sklon)
    whole = _stepped(giver, curve, settings)
    first, second = (sgd(library) for library in (giver, taker))
    before = schedulers_of(giver).ReduceLROnPlateau(first, **settings)
    for value in curve[:after]:
        before.step(value)
    scheduler = schedulers_of(taker).ReduceLROnPlateau(second)
    scheduler.load_state_dict(before.state_dict())
    for new, old in zip(second.param_groups, first.param_groups, strict=True):
        new["lr"] = old["lr"]
    for value, expected in zip(curve[after:], whole[after:], strict=True):
        scheduler.step(value)
        assert scheduler.get_last_lr() == expected


def test_each_group_has_a_least_rate_of_its_own() -> None:
    optimizer = sgd(sklon)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.05, 0.001])
    for _ in range(9):
        scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.05, 0.001]
    assert scheduler.state_dict()["min_lrs"] == [0.05, 0.001]
    optimizer.add_param_group({"params": [sklon.ones(1, requires_grad=True)]})
    with pytest.raises(InputError, match="made for 2 groups, there are 3 now"):
        scheduler.step(1.0)


def test_a_group_that_is_added_later_follows_the_others() -> None:
    optimizer = sgd(sklon)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    scheduler.step(1.0)
    optimizer.add_param_group({"params": [sklon.ones(1, requires_grad=True)], "lr": 0.8})
    scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.05, 0.0015, 0.4]


def test_a_plateau_stands_with_other_schedules() -> None:
    """In a sequence it is asked only when it is its turn; in a chain the others go on from the lower rate."""
    sequence = Warmup(4) >> Plateau(0, factor=0.5)
    assert sequence.observe(3, [1.0, 1.0], 0.1) == 0.1
    assert sequence.observe(4, [1.0, 1.0], 0.1) == 0.05
    assert sequence.reads_curve and not Warmup(4).reads_curve
    chain = Exponential(0.5) * Constant(0.5, 9) * Plateau(0, factor=0.1)
    assert chain.observe(3, [1.0, 1.0], 0.8) == pytest.approx(0.08)
    assert chain.next(4, 0.08, 0.8) == 0.04


# ---- what a fault would do
CASES: list[tuple[Plateau, list[float]]] = [
    (Plateau(1, 0.5, cooldown=2), [1.0] * 12),
    (Plateau(0, 0.5, threshold=0.1), [10.0, 9.5, 8.8, 7.5, 6.7, 6.1, 5.45]),
    (Plateau(0, 0.5, threshold=0.1, threshold_mode="abs"), [10.0, 9.95, 9.85, 9.7, 9.59, 9.485]),
    (Plateau(0, 0.5, min_lr=0.03), [1.0] * 5),
    (Plateau(0, 0.5, eps=0.02), [1.0] * 5),
]
FAULTS: dict[str, Any] = {
    "patience": 1,
    "factor": 0.01,
    "threshold": 0.01,
    "cooldown": 1,
    "min_lr": 0.001,
    "eps": 0.006,
}
WORDS = {"mode": "max", "threshold_mode": "abs"}


def _rates(rule: Plateau, curve: list[float]) -> list[float]:
    rates = [0.1]
    for epoch in range(1, len(curve) + 1):
        rates.append(rule.observe(0, curve[:epoch], rates[-1]))
    return rates


@pytest.mark.parametrize("setting", [f.name for f in fields(Plateau)])
def test_a_fault_in_any_setting_is_seen(setting: str) -> None:
    seen = []
    for rule, curve in CASES:
        new: Any = WORDS[setting] if setting in WORDS else getattr(rule, setting) + FAULTS[setting]
        seen.append(_rates(replace(rule, **{setting: new}), curve) != _rates(rule, curve))
    assert any(seen)


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({}, "has _last_lr, best, cooldown, .* too; pass what state_dict"),
    (lr_scheduler.ReduceLROnPlateau(sgd(sklon, bases=(0.1,))).state_dict(), "one for 1 groups, here are 2"),
]


@pytest.mark.parametrize(("state", "message"), MISFITS)
def test_a_state_that_does_not_fit_is_refused(state: dict[str, Any], message: str) -> None:
    scheduler = lr_scheduler.ReduceLROnPlateau(sgd(sklon))
    before = scheduler.state_dict()
    with pytest.raises(InputError, match=message):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before
