"""Schedulers around the schedules: groups, states, programs, refusals. No PyTorch is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, cast

import numpy as np
import pytest

import sklon
from sklon import optim
from sklon._base.errors import InputError
from sklon.optim import lr_scheduler as lr
from sklon.optim.schedules import CosineAnnealing, Exponential, Lambda, Step, Warmup
from sklon.tensors.programs import counters
from tests.optim.rows import Problem
from tests.optim.schedule_rows import ALL, BASES, MOMENTUM, Row, assert_same_trace, falling, sgd, traced

EACH = pytest.mark.parametrize("row", ALL, ids=str)


# ---- programs
@EACH
def test_a_changing_rate_compiles_nothing(row: Row) -> None:
    problem = Problem(sklon)
    groups = [{"params": [p], "lr": base} for p, base in zip(problem.params, BASES, strict=True)]
    optimizer = optim.SGD(groups, lr=0.1, momentum=MOMENTUM)
    scheduler = row.make(lr, optimizer)
    problem.steps(optimizer, 2)
    before, seen = counters.compiled, []
    for _ in range(12):
        scheduler.step()
        problem.steps(optimizer, 1)
        seen.append(optimizer.param_groups[0]["lr"])
    assert counters.compiled == before
    np.testing.assert_allclose(seen, row.value.rates(BASES[0], 13)[1:], rtol=1e-12)


def test_a_moving_beta_keeps_few_products_of_momenta() -> None:
    from sklon.optim.rules import nadam

    w = sklon.ones(1, requires_grad=True)
    optimizer = optim.NAdam([w])
    scheduler = lr.OneCycleLR(optimizer, max_lr=0.01, total_steps=200)
    for _ in range(150):
        w.grad = sklon.ones(1)
        optimizer.step()
        scheduler.step()
    assert nadam._products.cache_info().currsize <= 64


# ---- groups
def test_the_base_rate_is_saved_with_the_optimizer() -> None:
    optimizer = sgd(sklon)
    lr.StepLR(optimizer, step_size=1)
    assert [g["initial_lr"] for g in optimizer.state_dict()["param_groups"]] == list(BASES)
    other = sgd(sklon, bases=(1.0, 1.0))
    other.load_state_dict(optimizer.state_dict())
    scheduler = lr.StepLR(other, step_size=1, last_epoch=4)
    assert scheduler.base_lrs == list(BASES) and scheduler.last_epoch == 5


def test_a_second_scheduler_keeps_the_base_rate_of_the_first() -> None:
    optimizer = sgd(sklon)
    for _ in range(2):
        scheduler = lr.ConstantLR(optimizer, factor=0.5)
    assert scheduler.base_lrs == list(BASES) and optimizer.param_groups[0]["lr"] == 0.025


def test_each_group_may_have_a_schedule_of_its_own() -> None:
    optimizer = sgd(sklon)
    scheduler = lr.ScheduleLR(optimizer, ["exponential(0.5)", Step(2, 0.1)])
    rates = traced(optimizer, scheduler, 4)[..., 0]
    assert rates[:, 0].tolist() == Exponential(0.5).rates(0.1, 4)
    assert rates[:, 1].tolist() == Step(2, 0.1).rates(0.003, 4)
    optimizer.add_param_group({"params": [sklon.ones(1, requires_grad=True)]})
    with pytest.raises(InputError, match="made for 2 groups, there are 3 now"):
        scheduler.step()


def test_the_last_rates_are_a_copy() -> None:
    scheduler = lr.StepLR(sgd(sklon), step_size=3)
    scheduler.get_last_lr()[0] = 7.0
    assert scheduler.get_last_lr() == list(BASES)


# ---- states
@EACH
def test_a_state_is_json_and_goes_on(row: Row) -> None:
    optimizer, other = sgd(sklon), sgd(sklon)
    scheduler, second = (row.make(lr, o) for o in (optimizer, other))
    traced(optimizer, scheduler, 20)
    second.load_state_dict(json.loads(json.dumps(scheduler.state_dict())))
    for group, old in zip(other.param_groups, optimizer.param_groups, strict=True):
        group.update({name: value for name, value in old.items() if name != "params"})
    assert second.last_epoch == 20 and second.get_last_lr() == scheduler.get_last_lr()
    assert_same_trace(traced(other, second, 30), traced(optimizer, scheduler, 30))


def test_a_state_is_a_copy() -> None:
    optimizer = sgd(sklon)
    scheduler = lr.StepLR(optimizer, step_size=1)
    state = scheduler.state_dict()
    before = json.dumps(state)
    scheduler.step()
    second = lr.StepLR(sgd(sklon), step_size=1)
    second.load_state_dict(state)
    second.step()
    assert json.dumps(state) == before


def test_a_state_brings_its_settings() -> None:
    saved = lr.MultiStepLR(sgd(sklon), [3, 5, 5], gamma=0.5).state_dict()
    scheduler = lr.MultiStepLR(sgd(sklon), [9])
    scheduler.load_state_dict(saved)
    assert [str(s) for s in scheduler.schedules] == ["multi_step([3, 5, 5], 0.5)"] * 2


def test_a_state_of_any_schedule_brings_its_text() -> None:
    saved = lr.ScheduleLR(sgd(sklon), ["warmup(3) >> plateau", Lambda(falling)]).state_dict()
    assert saved["schedules"] == ["warmup(3) >> plateau", None]
    scheduler = lr.ScheduleLR(sgd(sklon), "constant")
    scheduler.load_state_dict(saved)
    assert [str(s) for s in scheduler.schedules] == ["warmup(3) >> plateau", "constant"]


def test_what_callable_objects_hold_is_saved() -> None:
    class Half:
        """A function with a memory."""

        def __init__(self, factor: float) -> None:
            self.factor = factor

        def __call__(self, t: float) -> float:
            return self.factor

    for make in (
        lambda f: lr.LambdaLR(sgd(sklon), f),
        lambda f: lr.MultiplicativeLR(sgd(sklon), [f, f]),
        lambda f: lr.CyclicLR(sgd(sklon), 0.1, 1.0, scale_fn=f),
    ):
        one, other = Half(0.5), Half(0.1)
        make(other).load_state_dict(make(one).state_dict())
        assert other.factor == 0.5


def _sequence(optimizer: Any) -> lr.SequentialLR:
    parts: list[lr.LRScheduler] = [
        lr.StepLR(optimizer, 3),
        lr.ExponentialLR(optimizer, 0.5),
    ]
    return lr.SequentialLR(optimizer, parts, [3])


ONE_GROUP = lr.StepLR(sgd(sklon, bases=(0.1,)), 3).state_dict()
MISFITS: list[tuple[Any, dict[str, Any], str]] = [
    (lambda o: lr.StepLR(o, 3), {}, '"last_epoch"; pass what state_dict'),
    (lambda o: lr.StepLR(o, 3), ONE_GROUP, "for 1 groups of parameters, the optimizer has 2"),
    (lambda o: lr.StepLR(o, 3), {"last_epoch": 3, "gamma": -1}, "gamma"),
    (lambda o: lr.ScheduleLR(o, "step(3)"), {"last_epoch": 3, "schedules": ["stop(3)"] * 2}, "did you mean step"),
    (lambda o: lr.ScheduleLR(o, "step(3)"), {"last_epoch": 3, "schedules": ["step(3)"]}, "1 schedules for 2"),
    (_sequence, {}, "one of 0 schedulers, here are 2"),
    (_sequence, {"last_epoch": 3, "_schedulers": [{"last_epoch": 3}, {}]}, '"last_epoch"'),
    (_sequence, {"last_epoch": 3, "_schedulers": [{"last_epoch": 3}, ONE_GROUP]}, "for 1 groups"),
    (lambda o: lr.CyclicLR(o, 0.1, 1.0), {"last_epoch": 3, "max_lrs": [1.0]}, "1 max_lrs for 2 groups"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "state", "message"), MISFITS)
def test_a_state_that_does_not_fit_changes_nothing(make: Any, state: dict[str, Any], message: str) -> None:
    scheduler = make(sgd(sklon))
    before = json.dumps(scheduler.state_dict())
    with pytest.raises(InputError, match=message):
        scheduler.load_state_dict(state)
    assert json.dumps(scheduler.state_dict()) == before


# ---- refusals
def _step(optimizer: Any) -> lr.StepLR:
    return lr.StepLR(optimizer, 3)


class _Silent(lr.LRScheduler):
    """Says nothing."""


class _Short(lr.LRScheduler):
    """Says too little."""

    def get_lr(self) -> list[float]:
        return [0.1]


OVER_NOTHING: list[tuple[Any, tuple[Any, ...]]] = [
    (lr.StepLR, (3,)),
    (lr.ScheduleLR, ("step(3)",)),
    (lr.LambdaLR, (falling,)),
    (lr.MultiplicativeLR, (falling,)),
    (lr.SWALR, (0.1,)),
    (lr.CyclicLR, (0.1, 1.0)),
    (lr.OneCycleLR, (0.1, 9)),
    (lr.ReduceLROnPlateau, ()),
    (_Short, ()),
]


@pytest.mark.parametrize(("kind", "arguments"), OVER_NOTHING)
def test_a_scheduler_takes_an_optimizer(kind: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"takes an optimizer of sklon.optim, not a list"):
        kind([sklon.ones(1)], *arguments)


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda o: _Silent(o), NotImplementedError, "define get_lr"),
    (lambda o: _Short(o), InputError, "_Short gives 1 rates for 2 groups"),
    (lambda o: lr.StepLR(o, 3, last_epoch=2), InputError, "no 'initial_lr' to go on from"),
    (lambda o: lr.StepLR(o, 3, last_epoch=-2), InputError, "last_epoch must be a whole number"),
    (lambda o: lr.StepLR(o, 0), InputError, "step_size"),
    (lambda o: lr.CosineAnnealingLR(o, cast(Any, None)), InputError, "needs T_max"),
    (lambda o: lr.CosineAnnealingWarmRestarts(o, 3).step(-1), InputError, "epoch must be at least 0"),
    (lambda o: lr.LambdaLR(o, [falling]), InputError, "lr_lambda has 1 values for 2 groups"),
    (lambda o: lr.MultiplicativeLR(o, cast(Any, 0.5)), InputError, "lr_lambda must be a function"),
    (lambda o: lr.SWALR(o, [0.1] * 3), InputError, "swa_lr has 3 values for 2 groups"),
    (lambda o: lr.CyclicLR(o, 0.1, [1.0]), InputError, "max_lr has 1 values for 2 groups"),
    (lambda o: lr.CyclicLR(o, 0.1, 1.0, mode="round"), InputError, "mode must be"),
    (lambda o: lr.OneCycleLR(o, 0.1), InputError, "total_steps, or epochs and steps_per_epoch"),
    (lambda o: lr.OneCycleLR(o, 0.1, epochs=3), InputError, "total_steps, or epochs and steps_per_epoch"),
    (lambda o: lr.OneCycleLR(o, 0.1, total_steps=0), InputError, "total_steps must be a whole number"),
    (lambda o: lr.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=1), InputError, "epochs must be a whole"),
    (lambda o: lr.ReduceLROnPlateau(o, factor=1.0), InputError, "factor must be below 1"),
    (lambda o: lr.ReduceLROnPlateau(o, min_lr=[0.1]), InputError, "min_lr has 1 values for 2 groups"),
    (lambda o: lr.ScheduleLR(o, "cosin"), InputError, "did you mean cosine"),
    (lambda o: lr.ScheduleLR(o, "none"), InputError, "a schedule is a value of"),
    (lambda o: lr.ScheduleLR(o, cast(Any, -1)), InputError, "a schedule is a value of"),
    (lambda o: lr.ScheduleLR(o, "warmup(0.1) >> cosine"), InputError, "pass total_steps"),
    (lambda o: lr.ScheduleLR(o, ["step(3)"]), InputError, "schedule has 1 values for 2 groups"),
    (lambda o: lr.SequentialLR(o, [], []), InputError, "at least one scheduler"),
    (lambda o: lr.SequentialLR(o, [_step(o)], [3]), InputError, "1 schedulers need 0 milestones"),
    (lambda o: lr.SequentialLR(o, [_step(o)] * 3, [3, 3]), InputError, r"milestones that increase, not \[3, 3\]"),
    (lambda o: lr.SequentialLR(o, [_step(o)] * 2, [0]), InputError, "milestones must be a whole number"),
    (lambda o: lr.SequentialLR(o, [_step(o)] * 2, [3], last_epoch=3), InputError, "by load_state_dict"),
    (lambda o: lr.SequentialLR(o, [_step(o), cast(Any, Step(3))], [3]), TypeError, "takes schedulers, not a Step"),
    (lambda o: lr.SequentialLR(o, [_step(o), _step(sgd(sklon))], [3]), InputError, "another optimizer"),
    (lambda o: lr.ChainedScheduler([]), InputError, "at least one scheduler"),
    (lambda o: lr.ChainedScheduler([_step(o), lr.ReduceLROnPlateau(o)]), InputError, "takes a metric"),
    (lambda o: lr.ChainedScheduler([_step(o)], sgd(sklon)), InputError, "another optimizer"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_what_cannot_work_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(sgd(sklon))


def test_a_refused_scheduler_leaves_the_optimizer_as_it_was() -> None:
    optimizer = optim.Adagrad([sklon.ones(1, requires_grad=True)], lr=0.3)
    before = dict(optimizer.param_groups[0])
    for make in (
        lambda: lr.OneCycleLR(optimizer, max_lr=0.1, total_steps=9),
        lambda: lr.CyclicLR(optimizer, 0.1, 1.0),
    ):
        with pytest.raises(InputError, match="set cycle_momentum=False"):
            make()
    assert optimizer.param_groups[0] == before
    lr.OneCycleLR(optimizer, max_lr=0.1, total_steps=9, cycle_momentum=False)


def test_a_schedule_is_asked_for_no_step_after_its_end() -> None:
    optimizer = sgd(sklon)
    scheduler = lr.OneCycleLR(optimizer, max_lr=0.1, total_steps=3)
    traced(optimizer, scheduler, 3)
    with pytest.raises(InputError, match="3 steps and was asked for step 4"):
        scheduler.step()


# ---- the house
def test_schedules_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, sklon.optim; late = ('sklon.optim.schedules', 'sklon.optim.lr_scheduler');"
        "early = [m for m in sys.modules if m.startswith(late)];"
        "from sklon.optim import lr_scheduler; import sklon; print(early, sklon.optim.schedules.Step(3))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] step(3)"


def test_total_steps_completes_the_schedule() -> None:
    optimizer = sgd(sklon)
    scheduler = lr.ScheduleLR(optimizer, "warmup(0.1) >> cosine", total_steps=50)
    expected = (Warmup(5) >> CosineAnnealing(45)).rates(0.1, 50)
    assert traced(optimizer, scheduler, 50)[:, 0, 0].tolist() == expected
