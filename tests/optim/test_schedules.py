"""What every schedule promises, enumerated from the registry; lengths, combinations, refusals. No PyTorch is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sklon
from sklon._base.errors import InputError
from sklon.optim import AdamRule, AdamWRule, RpropRule, SGDRule
from sklon.optim.schedules import (
    SCHEDULES,
    AnnealTo,
    Chained,
    Constant,
    CosineAnnealing,
    CosineWarmRestarts,
    Cyclic,
    Exponential,
    InverseSqrt,
    Lambda,
    Linear,
    Multiplicative,
    MultiStep,
    OneCycle,
    Plateau,
    Polynomial,
    Schedule,
    Sequential,
    Step,
    Warmup,
    WarmupStableDecay,
    scheduled,
    with_momentum,
)
from tests.optim.schedule_rows import ALL, ROWS, Row, assert_same_trace, falling, trace, trace_of

EACH = pytest.mark.parametrize("row", ALL, ids=str)


# ---- all of them
def test_every_schedule_has_rows() -> None:
    assert ROWS.keys() == SCHEDULES.keys()
    assert all(row.value.name == name for name, rows in ROWS.items() for row in rows)


@EACH
def test_a_schedule_is_a_value(row: Row) -> None:
    value: Any = row.value
    assert value == replace(value) and hash(value) == hash(replace(value))
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, 1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_tells_its_equation_and_its_settings(name: str) -> None:
    text = SCHEDULES[name].__doc__ or ""
    settings = {f.name for f in fields(cast(Any, SCHEDULES[name]))}
    assert all(f"``{s}``" in text for s in settings) or name in ("sequential", "chained")
    assert ">>>" in text and ("ηₜ" in text or name in ("sequential", "chained", "plateau", "one_cycle"))
    assert "Source" in text or "PyTorch" in text or name in ("sequential", "chained")


@EACH
def test_the_scheduler_says_what_the_schedule_says(row: Row) -> None:
    assert_same_trace(trace(sklon, row.make), trace_of(row.value))


@EACH
def test_all_that_a_resumed_run_needs_is_the_step_and_the_rate(row: Row) -> None:
    whole = row.value.rates(0.1, 70)
    rest = row.value.rates(0.1, 43, start=27, lr=whole[26])
    assert whole[27:] == rest == row.value.rates(0.1, 43, start=27)


@EACH
def test_rates_are_numbers_that_an_optimizer_takes(row: Row) -> None:
    rates = row.value.rates(0.1, 70)
    assert all(isinstance(lr, float) and np.isfinite(lr) and lr >= 0 for lr in rates)


@EACH
def test_what_was_left_out_is_given_once(row: Row) -> None:
    assert row.value.complete
    if row.value.name not in ("sequential", "wsd"):
        assert row.value.over(50) == row.value


# ---- lengths
LEFT_OUT = [Linear(), Polynomial(), CosineAnnealing(), OneCycle(), WarmupStableDecay(), Warmup(0.25)]


@pytest.mark.parametrize("value", LEFT_OUT, ids=str)
def test_a_schedule_without_its_length_says_how_to_give_it(value: Schedule) -> None:
    assert not value.complete and value.over(40).complete
    with pytest.raises(InputError, match=r"over\(total_steps\)"):
        value.rates(0.1, 2)
    with pytest.raises(InputError, match="total_steps must be a whole number of at least 1"):
        value.over(0)


@pytest.mark.parametrize(
    ("value", "complete"),
    [
        (Warmup(0.1) >> CosineAnnealing(), Warmup(20) >> CosineAnnealing(180)),
        (Warmup(0.001) >> Linear(), Warmup(1) >> Linear(total_iters=199)),
        (Warmup(5) >> CosineAnnealing(50) >> Exponential(0.9), None),
        (Sequential([Linear(), OneCycle()], [50]), Sequential([Linear(total_iters=50), OneCycle(None, 150)], [50])),
        (CosineAnnealing() * Plateau(), CosineAnnealing(200) * Plateau()),
        (Warmup(0.5) * Polynomial(), Warmup(100) * Polynomial(200)),
        (WarmupStableDecay(), WarmupStableDecay(total_steps=200)),
        (Constant(0.5), None),
        (Warmup(500) >> Step(3), None),
        (Sequential([Exponential(0.9), Step(3)], [500]), None),
    ],
    ids=str,
)  # fmt: skip
def test_the_number_of_all_steps_completes(value: Schedule, complete: Schedule | None) -> None:
    assert value.over(200) == (complete or value)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (Warmup(5), 5),
        (Warmup(5) >> CosineAnnealing(50), 55),
        (Warmup(5) >> CosineAnnealing(), None),
        (Warmup(0.1) >> CosineAnnealing(50), None),
        (Sequential([Exponential(0.9), Linear(total_iters=7)], [10]), 17),
        (Sequential([Linear(total_iters=7)], []), 7),
        (Constant(0.5, 5) * Linear(total_iters=7), 7),
        (Constant(0.5, 5) * Linear(), None),
        (Step(3), None),
        (Constant(), None),
        (WarmupStableDecay(total_steps=30), 30),
    ],
    ids=str,
)
def test_lengths_add_up(value: Schedule, length: int | None) -> None:
    assert value.length == length


@pytest.mark.parametrize(
    "value",
    [
        Warmup(200) >> CosineAnnealing(),
        CosineAnnealing() >> Linear(),
        Sequential([Exponential(0.9), Linear()], [200]),
        Sequential([Exponential(0.9), Linear()], [300]),
    ],
    ids=str,
)
def test_a_sequence_without_room_is_refused(value: Schedule) -> None:
    with pytest.raises(InputError, match="nothing is left"):
        value.over(200)


# ---- combinations
@given(
    st.lists(
        st.sampled_from([Warmup(3), Linear(total_iters=4), Constant(0.5, 2), CosineAnnealing(5)]),
        min_size=3,
        max_size=5,
    )
)
def test_a_sequence_of_sequences_is_one(parts: list[Schedule]) -> None:  # fmt: skip
    left, right = parts[0] >> parts[1], parts[-2] >> parts[-1]
    for part in parts[2:]:
        left = left >> part
    for part in reversed(parts[:-2]):
        right = part >> right
    assert left == right == Sequential(parts)


@given(
    st.permutations(
        [Constant(0.5, 3), Exponential(0.9), Step(4), Warmup(5), InverseSqrt(7), WarmupStableDecay(2, 3, total_steps=9)]
    )
)
def test_factors_multiply_in_any_order(parts: list[Schedule]) -> None:  # fmt: skip
    product = np.prod([part.rates(1.0, 12) for part in parts], axis=0)
    np.testing.assert_allclose(Chained(parts).rates(0.1, 12), 0.1 * product, rtol=1e-12, atol=1e-17)


@pytest.mark.parametrize(
    "part",
    [OneCycle(), Cyclic(1.0), CosineWarmRestarts(3), Lambda(falling), AnnealTo(0.1), Warmup(1) >> Step(3)],
    ids=str,
)
def test_what_does_not_multiply_is_not_chained(part: Schedule) -> None:  # fmt: skip
    with pytest.raises(InputError, match="cannot be chained; use >>"):
        Exponential(0.9) * part


@pytest.mark.parametrize(
    "part", [Exponential(0.9), Constant(0.5), Plateau(), InverseSqrt(), Exponential(0.9) * Warmup(3)], ids=str
)
def test_nothing_follows_what_has_no_end(part: Schedule) -> None:  # fmt: skip
    with pytest.raises(InputError, match=r"has no end, so nothing can follow; use sequential"):
        part >> Step(3)


def test_only_schedules_combine() -> None:
    for wrong in (3, "cosine", None):
        with pytest.raises(TypeError):
            Warmup(3) >> wrong  # type: ignore[operator]
        with pytest.raises(TypeError):
            Warmup(3) * wrong  # type: ignore[operator]


def test_a_warm_up_goes_before_any_schedule() -> None:
    for row in ALL:
        value = Warmup(4) >> row.value
        np.testing.assert_allclose(value.rates(0.1, 4), [0.02, 0.04, 0.06, 0.08], rtol=1e-14)
        if row.value.name not in ("anneal_to", "multiplicative"):  # those go on from the rate that is there
            np.testing.assert_array_equal(value.rates(0.1, 74)[4:], row.value.rates(0.1, 70))


# ---- functions
@pytest.mark.parametrize("value", [Lambda, Multiplicative, lambda f: Cyclic(0.1, 1.0, scale_fn=f)])
def test_a_function_that_gives_no_number_is_named(value: Any) -> None:
    for result in (None, "fast"):
        with pytest.raises(InputError, match=f"returned {result!r} for [01]; it has to return a number"):
            value(lambda t, result=result: result).rates(0.1, 2)


# ---- momentum
def test_a_schedule_that_does_not_move_the_momentum_says_nothing_of_it() -> None:
    moving = {row.value.name for row in ALL if row.value.momentum(3) is not None}
    assert moving == {"cyclic", "one_cycle"}
    both = Warmup(4) >> OneCycle(0.1, 10, base_momentum=0.5)
    assert both.momentum(3) is None and both.momentum(4) == 0.95


def test_the_momentum_goes_under_the_name_that_a_rule_has_for_it() -> None:
    assert scheduled(AdamRule(eps=0.1), 0.5, 0.8) == AdamRule(0.5, (0.8, 0.999), 0.1)
    assert scheduled(AdamWRule(), 0.5) == AdamWRule(0.5)
    assert scheduled(SGDRule(nesterov=True, momentum=0.9), 0.5, 0.8) == SGDRule(0.5, 0.8, nesterov=True)
    assert scheduled(RpropRule(), 0.5) == RpropRule(0.5)
    assert with_momentum({"betas": (0.1, 0.2, 0.3)}, 0.7) == {"betas": (0.7, 0.2, 0.3)}
    with pytest.raises(InputError, match="cycle_momentum=False"):
        scheduled(RpropRule(), 0.5, 0.8)


# ---- edges
def test_one_cycle_has_an_end() -> None:
    """PyTorch's goes on along its curve at the step after the last, below zero on a line."""
    for value in (OneCycle(1.0, 10), OneCycle(1.0, 10, anneal_strategy="linear", three_phase=True)):
        rates = value.rates(0.1, 11)
        assert rates[10] == rates[9] == pytest.approx(1 / 25 / 1e4)
        assert value.momentum(10) == value.momentum(9) == pytest.approx(0.95)
        with pytest.raises(InputError, match="10 steps and was asked for step 11"):
            value.rates(0.1, 12)


@pytest.mark.parametrize(
    "value",
    [
        OneCycle(1.0, 10, pct_start=0.1),
        OneCycle(1.0, 1),
        OneCycle(1.0, 2, three_phase=True),
        OneCycle(1.0, 10, pct_start=1.0),
    ],
    ids=str,
)
def test_short_phases_divide_by_nothing(value: OneCycle) -> None:  # fmt: skip
    rates = value.rates(0.1, cast(int, value.total_steps))
    assert all(0 < lr <= 1 for lr in rates)


def test_a_line_to_zero_never_goes_below() -> None:
    """PyTorch's recurrence may end at −1e-18, which no optimizer takes."""
    for total in range(1, 60):
        for start in (1.0, 1 / 3, 0.7, 0.9):
            rates = Linear(start, 0.0, total).rates(0.1, total + 2)
            assert min(rates) >= 0 and rates[-1] == pytest.approx(0, abs=1e-15)


def test_many_cycles_do_not_overflow() -> None:
    """PyTorch's 1/2^(k − 1) fails in cycle 1026."""
    assert Cyclic(0.1, 1.0, step_size_up=1, mode="triangular2").at(2 * 2000 + 1, 0.1) == pytest.approx(0.1)


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 3000))
def test_restarts_are_where_cycles_end(first: int, factor: int, t: int) -> None:
    since, length = CosineWarmRestarts(first, factor).cycle(t)
    start, cycle = 0, first
    while start + cycle <= t:
        start, cycle = start + cycle, cycle * factor
    assert (since, length) == (t - start, cycle)


# ---- ranges
OUTSIDE: list[tuple[Callable[..., Schedule], dict[str, Any], str]] = [
    *((Constant, {"factor": f}, "factor must be") for f in (0, 1.1, -0.1, float("nan"), "0.5", True)),
    (Constant, {"total_iters": 0}, "total_iters must be a whole number of at least 1, not 0"),
    (Constant, {"total_iters": 2.5}, "total_iters"),
    (Linear, {"start_factor": 0}, "start_factor must be larger than 0"),
    (Linear, {"end_factor": -0.1}, "end_factor must be a number from 0 to 1, not -0.1"),
    (Linear, {"total_iters": -1}, "total_iters"),
    (Polynomial, {"total_iters": 0}, "total_iters"),
    (Polynomial, {"power": 0}, "power"),
    *((Exponential, {"gamma": g}, "gamma must be a number of at least 0") for g in (-0.1, float("inf"), None)),
    *((Step, {"step_size": n}, "step_size") for n in (0, 1.5, "30", None)),
    (Step, {"step_size": 3, "gamma": -1}, "gamma"),
    *((MultiStep, {"milestones": m}, "milestones must be a whole number") for m in ([0], [3, 1.5], 2.5, "ab")),
    (MultiStep, {"milestones": [3], "gamma": -1}, "gamma"),
    (CosineAnnealing, {"T_max": 0}, "T_max"),
    (CosineAnnealing, {"eta_min": -1}, "eta_min"),
    (CosineWarmRestarts, {"T_0": 0}, "T_0"),
    (CosineWarmRestarts, {"T_0": 3, "T_mult": 0.5}, "T_mult"),
    (CosineWarmRestarts, {"T_0": 3, "eta_min": "0"}, "eta_min"),
    (Cyclic, {}, "needs base_lr or max_lr"),
    (Cyclic, {"max_lr": -1}, "max_lr"),
    (Cyclic, {"max_lr": 1, "step_size_up": 0}, "step_size_up"),
    (Cyclic, {"max_lr": 1, "step_size_down": 0}, "step_size_down"),
    (Cyclic, {"max_lr": 1, "mode": "round"}, "mode must be 'triangular' or 'triangular2' or 'exp_range', not 'round'"),
    (Cyclic, {"max_lr": 1, "gamma": -1}, "gamma"),
    (Cyclic, {"max_lr": 1, "scale_fn": 3}, "scale_fn must be a function"),
    (Cyclic, {"max_lr": 1, "scale_mode": "step"}, "scale_mode"),
    (Cyclic, {"max_lr": 1, "cycle_momentum": 1}, "cycle_momentum must be True or False"),
    (Cyclic, {"max_lr": 1, "base_momentum": 1.5}, "base_momentum"),
    (OneCycle, {"max_lr": -1}, "max_lr"),
    (OneCycle, {"total_steps": 0}, "total_steps"),
    (OneCycle, {"pct_start": 1.1}, "pct_start must be a number from 0 to 1"),
    (OneCycle, {"pct_start": 0.6, "three_phase": True}, "pct_start must be a number from 0 to 0.5"),
    (OneCycle, {"anneal_strategy": "cosine"}, "anneal_strategy must be 'cos' or 'linear', not 'cosine'"),
    (OneCycle, {"cycle_momentum": None}, "cycle_momentum must be True or False"),
    (OneCycle, {"max_momentum": -1}, "max_momentum"),
    (OneCycle, {"div_factor": 0}, "div_factor"),
    (OneCycle, {"final_div_factor": 0}, "final_div_factor"),
    *((Warmup, {"steps": n}, "or a share of all steps, between 0 and 1") for n in (0, -0.1, 1.5, "10", True)),
    (InverseSqrt, {"timescale": 0}, "timescale"),
    (WarmupStableDecay, {"warmup": -1}, "warmup"),
    (WarmupStableDecay, {"decay": 0}, "decay"),
    (WarmupStableDecay, {"shape": "cubic"}, "shape"),
    (WarmupStableDecay, {"min_factor": 2}, "min_factor"),
    (WarmupStableDecay, {"total_steps": 0}, "total_steps"),
    (WarmupStableDecay, {"warmup": 5, "decay": 6, "total_steps": 10}, "more than 10 in all"),
    (AnnealTo, {"lr": -1}, "lr"),
    (AnnealTo, {"lr": 1, "anneal_epochs": -1}, "anneal_epochs"),
    (AnnealTo, {"lr": 1, "anneal_strategy": "up"}, "anneal_strategy"),
    (Lambda, {"lr_lambda": 0.5}, "lr_lambda must be a function"),
    (Multiplicative, {"lr_lambda": 0.5}, "lr_lambda must be a function"),
    (Plateau, {"patience": -1}, "patience"),
    (Plateau, {"factor": 1}, "factor must be below 1"),
    (Plateau, {"factor": 1.5}, "factor"),
    (Plateau, {"threshold": -1}, "threshold"),
    (Plateau, {"threshold_mode": "absolute"}, "threshold_mode"),
    (Plateau, {"cooldown": 0.5}, "cooldown"),
    (Plateau, {"min_lr": -1}, "min_lr"),
    (Plateau, {"eps": -1}, "eps"),
    (Plateau, {"mode": "low"}, "mode"),
    *((Sequential, {"parts": p}, "made of schedules") for p in ([], [3], Warmup(3), None)),
    (Sequential, {"parts": [Step(3), Step(3)], "milestones": [3, 4]}, "2 schedules need 1 milestones"),
    (Sequential, {"parts": [Step(3)] * 3, "milestones": [4, 4]}, r"milestones must increase; they are \[4, 4\]"),
    (Sequential, {"parts": [Step(3)] * 2, "milestones": [0]}, "milestones must be a whole number of at least 1"),
    (Chained, {"parts": [Step(3), "step(3)"]}, "made of schedules"),
]


@pytest.mark.parametrize(("make", "settings", "message"), OUTSIDE)
def test_settings_out_of_range_are_refused(
    make: Callable[..., Schedule], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make(**settings)


def test_every_setting_has_a_range() -> None:
    tried = {(cast(Any, make).name, name) for make, settings, _ in OUTSIDE for name in settings}
    settings = {(name, f.name) for name, kind in SCHEDULES.items() for f in fields(cast(Any, kind))}
    like_its_brother = {("cyclic", "base_lr"), ("cyclic", "max_momentum"), ("one_cycle", "base_momentum")}
    assert settings - tried == like_its_brother
