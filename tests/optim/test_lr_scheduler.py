"""PyTorch's schedulers as the judge: every row over 70 steps, alone, in sequences, in chains; states change hands."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import optim
from sklon._base.errors import InputError
from sklon.optim import lr_scheduler, schedules
from tests.optim.rows import ROWS as RULE_ROWS
from tests.optim.rows import Problem, assert_same
from tests.optim.schedule_rows import (
    ALL,
    BASES,
    ROWS,
    SINGLE,
    STEPS,
    Make,
    Row,
    Trace,
    assert_same_trace,
    at_once,
    by,
    falling,
    in_sequence,
    schedulers_of,
    sgd,
    trace,
    trace_of,
    traced,
)

torch = pytest.importorskip("torch")
EACH = pytest.mark.parametrize("row", ALL, ids=str)
EACH_SINGLE = pytest.mark.parametrize("row", SINGLE, ids=str)
THEIRS = schedulers_of(torch)


@cache
def reference(make: Make) -> Trace:
    """PyTorch's trace, computed once."""
    return trace(torch, make)


# ---- values
@EACH
def test_a_scheduler_follows_pytorch(row: Row) -> None:
    assert_same_trace(trace(sklon, row.make), reference(row.make))


@EACH
def test_a_schedule_follows_pytorch(row: Row) -> None:
    assert_same_trace(trace_of(row.value), reference(row.make))


@EACH
def test_a_schedule_over_an_optimizer_is_the_same(row: Row) -> None:
    optimizer = sgd(sklon)
    assert_same_trace(traced(optimizer, lr_scheduler.ScheduleLR(optimizer, row.value)), reference(row.make))


@EACH_SINGLE
def test_in_a_sequence_a_scheduler_follows_pytorch(row: Row) -> None:
    make = _in_the_middle(row.make)
    ours, theirs = trace(sklon, make), trace(torch, make)
    assert_same_trace(ours, theirs)
    if row.value.name == "one_cycle":
        return  # PyTorch's changes the base rate of the parts before it
    parts = [schedules.Constant(0.5, 3), row.value, schedules.Exponential(0.9)]
    assert_same_trace(trace_of(schedules.Sequential(parts, [4, 60]))[..., 0], theirs[..., 0])


@EACH_SINGLE
def test_in_a_chain_a_scheduler_follows_pytorch(row: Row) -> None:
    before, after = by("ConstantLR", factor=0.5, total_iters=10), by("ExponentialLR", gamma=0.98)
    make = at_once(before, row.make, after)
    ours, theirs = trace(sklon, make), trace(torch, make)
    first = 1 if row.value.name == "cyclic" else 0  # PyTorch's begins with the base rate that another one has noted
    assert_same_trace(ours[first:], theirs[first:])
    if row.value.chainable:
        chain = trace_of(schedules.Constant(0.5, 10) * row.value * schedules.Exponential(0.98))
        parts = [trace(torch, part)[..., 0] for part in (before, row.make, after)] if row.by_formula else []
        expected = np.prod(parts, axis=0) / np.square(BASES) if parts else theirs[..., 0]
        assert_same_trace(chain[..., 0], expected)


def _in_the_middle(make: Make) -> Make:
    return in_sequence([4, 60], by("ConstantLR", factor=0.5, total_iters=3), make, by("ExponentialLR", gamma=0.9))


@EACH_SINGLE
def test_a_sequence_may_hold_what_is_combined(row: Row) -> None:
    """PyTorch refuses to: a combined scheduler there has no first step. The values are the judge."""
    if row.value.name == "one_cycle":
        return
    chain = at_once(by("StepLR", step_size=5, gamma=0.5), by("ExponentialLR", gamma=0.9))
    inner = in_sequence([6], by("ConstantLR", factor=0.5, total_iters=4), row.make)
    inside = schedules.Sequential([schedules.Constant(0.5, 4), row.value], [6])
    value = schedules.Sequential([inside, schedules.Step(5, 0.5) * schedules.Exponential(0.9), inside], [10, 25])
    ours = trace(sklon, in_sequence([10, 25], inner, chain, inner))
    assert_same_trace(ours[..., 0], trace_of(value)[..., 0])


def test_points_in_time_between_two_steps_follow_pytorch() -> None:
    traces = []
    for library in (sklon, torch):
        optimizer = sgd(library)
        scheduler = schedulers_of(library).CosineAnnealingWarmRestarts(optimizer, T_0=3, T_mult=2)
        for i in range(80):
            scheduler.step(i / 4)
            traces.append([group["lr"] for group in optimizer.param_groups])
    ours, theirs = np.array(traces[:80]), np.array(traces[80:])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_class_of_ones_own_follows_pytorch() -> None:
    """What is written for PyTorch, a ``get_lr`` over ``base_lrs`` and ``last_epoch``, works here as it stands."""

    def make(library: Any, optimizer: Any) -> Any:
        class Own(library.LRScheduler):  # type: ignore[misc]
            def get_lr(self) -> list[float]:
                pairs = zip(self.base_lrs, self.optimizer.param_groups, strict=True)
                return [base * falling(self.last_epoch) + 0.01 * group["lr"] for base, group in pairs]

        return Own(optimizer)

    assert_same_trace(trace(sklon, make), trace(torch, make))
    assert_same_trace(trace(sklon, _in_the_middle(make)), trace(torch, _in_the_middle(make)))


ADDED = [
    by("ExponentialLR", gamma=0.9),
    by("StepLR", step_size=3),
    by("MultiStepLR", milestones=[9]),
    by("LinearLR"),
    by("PolynomialLR", total_iters=30),
]


@pytest.mark.parametrize("make", ADDED)
def test_a_group_that_is_added_later_follows_pytorch(make: Make) -> None:
    found = []
    for library in (sklon, torch):
        optimizer = sgd(library, bases=(0.1,))
        scheduler = make(schedulers_of(library), optimizer)
        traced(optimizer, scheduler, 2)
        optimizer.add_param_group({"params": [library.tensor([1.0], requires_grad=True)], "lr": 0.3})
        found.append(traced(optimizer, scheduler, 20))
    assert_same_trace(*found)


# ---- what a fault would do
WORDS = {"linear": "cos", "cycle": "iterations", "iterations": "cycle", "triangular": "exp_range"}


def _fault(old: Any) -> Any:
    """A setting that is a little wrong."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return old + 1
    if isinstance(old, float):
        return old * 0.99 if old else 0.01
    if isinstance(old, tuple):
        return (old[0] + 1, *old[1:]) if isinstance(old[0], int) else old[::-1]
    return (lambda t: 1.01 * old(t)) if callable(old) else WORDS.get(old, "triangular" if "tri" in old else "linear")


def _is_caught(row: Row, name: str) -> bool:
    old = getattr(row.value, name)
    if old is None:
        return False
    try:
        faulty = replace(row.value, **{name: _fault(old)})  # type: ignore[type-var]
    except InputError:
        return False  # a fault that is refused shows nothing
    try:
        assert_same_trace(trace_of(faulty), reference(row.make))
    except AssertionError:
        return True
    return False


#: not those of plateau, which no rate shows without a curve, nor the order of factors, which does not matter
FAULTS = sorted({(n, f.name) for n, rows in ROWS.items() for f in fields(rows[0].value)})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "setting"), [(n, f) for n, f in FAULTS if n not in ("plateau", "chained")])
def test_a_fault_in_any_setting_is_caught(name: str, setting: str) -> None:
    assert any(_is_caught(row, setting) for row in ROWS[name])


@EACH
def test_a_step_that_is_counted_wrongly_is_caught(row: Row) -> None:
    right = reference(row.make)
    if np.ptp(right, axis=0).max() == 0:
        return  # it never moves
    with pytest.raises(AssertionError):
        assert_same_trace(trace_of(row.value, STEPS + 1)[1:], right)


# ---- states
HANDS = [(sklon, sklon), (torch, sklon), (sklon, torch)]


def _state(library: Any, make: Make, steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    optimizer = sgd(library)
    scheduler = make(schedulers_of(library), optimizer)
    traced(optimizer, scheduler, steps)
    return optimizer.state_dict(), scheduler.state_dict()


def _resumed(library: Any, make: Make, states: tuple[dict[str, Any], dict[str, Any]], steps: int) -> Trace:
    optimizer = sgd(library)
    scheduler = make(schedulers_of(library), optimizer)
    scheduler.load_state_dict(states[1])
    for group, saved in zip(optimizer.param_groups, states[0]["param_groups"], strict=True):
        group.update({name: value for name, value in saved.items() if name != "params"})
    return traced(optimizer, scheduler, steps)


@EACH
@pytest.mark.parametrize(("giver", "taker"), HANDS, ids=["own", "from PyTorch", "to PyTorch"])
def test_a_state_goes_on_in_the_middle(row: Row, giver: Any, taker: Any) -> None:
    states = pickle.loads(pickle.dumps(_state(giver, row.make, 27)))
    assert_same_trace(_resumed(taker, row.make, states, STEPS - 27), reference(row.make)[27:])


@EACH
def test_a_schedule_over_an_optimizer_goes_on_in_the_middle(row: Row) -> None:
    def make(library: Any, optimizer: Any) -> Any:
        return library.ScheduleLR(optimizer, row.value)

    states = _state(sklon, make, 27)
    assert_same_trace(_resumed(sklon, make, states, STEPS - 27), reference(row.make)[27:])


#: what PyTorch only computes with
INNER = {"_get_lr_called_within_step", "_is_initial", "_schedule_phases", "use_beta1", "total_size", "step_ratio"}


@EACH_SINGLE
def test_the_keys_of_a_state_are_pytorchs(row: Row) -> None:
    ours, theirs = (_state(library, row.make, 3)[1] for library in (sklon, torch))
    assert theirs.keys() - INNER <= ours.keys()


@EACH_SINGLE
def test_a_run_goes_on_from_the_optimizers_state_and_the_number_of_the_step(row: Row) -> None:
    if row.value.name == "anneal_to":
        return  # it counts its own steps, from where it is made
    optimizer = sgd(sklon)
    saved = _state(sklon, row.make, 27)[0]["param_groups"]
    for group, old in zip(optimizer.param_groups, saved, strict=True):
        group.update({name: value for name, value in old.items() if name != "params"})
    scheduler = row.make(lr_scheduler, optimizer, last_epoch=26)
    assert scheduler.last_epoch == 27
    assert_same_trace(traced(optimizer, scheduler, STEPS - 27), reference(row.make)[27:])


# ---- loops
LOOPS = {
    "steps": by("StepLR", step_size=4, gamma=0.5),
    "warm-up and cosine": in_sequence([5], by("LinearLR", total_iters=5), by("CosineAnnealingLR", T_max=25)),
    "one cycle": by("OneCycleLR", max_lr=[0.05, 0.03], total_steps=40),
    "cycles": by("CyclicLR", base_lr=0.001, max_lr=0.05, step_size_up=5),
}


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "radam", "adamax", "rmsprop"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_trajectory_follows_pytorch(name: str, loop: str) -> None:
    ours, theirs = Problem(sklon), Problem(torch)
    for problem, library in ((ours, sklon), (theirs, torch)):
        groups = [{"params": [p], "lr": base} for p, base in zip(problem.params, BASES, strict=True)]
        optimizer = getattr(library.optim, RULE_ROWS[name].name)(groups)
        scheduler = LOOPS[loop](schedulers_of(library), optimizer)
        for _ in range(30):
            problem.steps(optimizer, 1)
            scheduler.step()
    assert_same(ours, theirs)


# ---- names
def test_everything_is_there() -> None:
    assert set(torch.optim.lr_scheduler.__all__) | {"SWALR", "ScheduleLR"} == set(lr_scheduler.__all__)


@pytest.mark.parametrize("name", sorted(set(lr_scheduler.__all__) - {"ScheduleLR"}))
def test_signatures_are_pytorchs(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(library, name)).parameters for library in (lr_scheduler, THEIRS))
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


def test_momentum_needs_an_optimizer_that_has_one() -> None:
    for library, error in ((sklon, ValueError), (torch, ValueError)):
        optimizer = library.optim.Adagrad([library.tensor([1.0], requires_grad=True)])
        with pytest.raises(error, match="momentum"):
            schedulers_of(library).OneCycleLR(optimizer, max_lr=0.1, total_steps=9)
    with pytest.raises(InputError, match="cycle_momentum=False"):
        lr_scheduler.ScheduleLR(optim.Adagrad([sklon.ones(1, requires_grad=True)]), "one_cycle(total_steps=9)")
