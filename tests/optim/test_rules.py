"""What every rule promises, enumerated from the registry: a rule without a row fails."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any, cast

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import L1, RULES, Rule, WeightDecay
from sklon.optim.penalties import PenalizedRule
from sklon.optim.schedules import scheduled, scheduled_for_steps
from tests.optim.rows import ROWS, Problem, Row, assert_same

EACH = pytest.mark.parametrize("name", RULES)


def test_every_rule_has_a_row_and_an_optimizer_of_its_own() -> None:
    assert ROWS.keys() == RULES.keys()
    assert all(ROWS[name].optimizer.rule is rule for name, rule in RULES.items())
    assert all(ROWS[name].name in optim.__all__ for name in RULES)


@EACH
def test_a_rule_is_a_value_that_tells_its_equation_and_source(name: str) -> None:
    rule: Any = RULES[name](**ROWS[name].settings)
    assert rule.name == name
    assert rule == replace(rule) and hash(rule) == hash(replace(rule))
    with pytest.raises(FrozenInstanceError):
        rule.lr = 1.0
    text = type(rule).__doc__ or ""
    assert "←" in text and "Source" in text
    settings = {f.name for f in fields(rule) if f.init}
    assert name == "adamw" or all(f"``{s}``" in text for s in settings)


@EACH
def test_settings_reach_the_formula_as_scalars_of_the_step(name: str) -> None:
    """A schedule changes numbers and no program: the same slots and the same names of scalars at every step."""
    slow, fast = (RULES[name](**{**ROWS[name].settings, "lr": lr}) for lr in (0.1, 0.2))
    assert slow.slots.keys() == fast.slots.keys()
    assert slow.scalars(1).keys() == fast.scalars(1000).keys()
    assert all(np.isfinite(list(fast.scalars(t).values())).all() for t in (1, 2, 10, 10**6))


def one_by_one(rules: Sequence[Rule], steps: Any) -> dict[str, Any]:
    rows = [rule.scalars(int(t)) for rule, t in zip(rules, steps, strict=True)]
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}


@EACH
def test_the_numbers_of_many_steps_are_those_of_each_to_the_bit(name: str) -> None:
    """At one rate, and at rates and momenta that a schedule moves in every step; with penalties around it too."""
    row, steps = ROWS[name], np.array([1, 2, 3, 7, 50, 999, 10**6])
    random = np.random.default_rng(0)
    lrs, momenta = random.uniform(1e-4, 0.5, 7), random.uniform(0.6, 0.99, 7)
    own: Any = RULES[name]
    for settings in (row.settings, {}):
        rule = own(**settings)
        cases = [(rule, [rule] * 7), (scheduled_for_steps(rule, lrs), [scheduled(rule, lr) for lr in lrs.tolist()])]
        if name != "adamw_schedule_free" and (hasattr(rule, "betas") or hasattr(rule, "momentum")):
            moving = [scheduled(rule, lr, m) for lr, m in zip(lrs.tolist(), momenta.tolist(), strict=True)]
            cases.append((scheduled_for_steps(rule, lrs, momenta), moving))
        for together, alone in cases:
            around = PenalizedRule(together, (WeightDecay(0.1), L1(0.2, "subgradient")), 0.3)
            each = [PenalizedRule(one, (WeightDecay(0.1), L1(0.2, "subgradient")), 0.3) for one in alone]
            for many, few in ((together, alone), (around, each)):
                found, expected = many.scalars(steps), one_by_one(few, steps)
                assert found.keys() == expected.keys()
                for key, values in expected.items():
                    assert (np.broadcast_to(found[key], 7) == values).all(), key


@EACH
def test_what_no_step_may_have_is_refused_in_many_steps_too(name: str) -> None:
    rule = RULES[name](**ROWS[name].settings)
    for bad in (-0.1, np.nan):
        with pytest.raises(InputError, match="lr must be at least 0"):
            scheduled_for_steps(rule, np.array([0.1, bad, 0.2]))


@EACH
def test_a_changed_learning_rate_compiles_nothing(name: str) -> None:
    from sklon.tensors.programs import counters

    problem, row = Problem(sklon), ROWS[name]
    optimizer = row.optimizer(problem.params, **row.settings)
    problem.steps(optimizer, 2)
    before = counters.compiled
    optimizer.param_groups[0]["lr"] = 0.01
    problem.steps(optimizer, 2)
    assert counters.compiled == before


class _Model(nn.Module):
    """The problem of the rows as a module."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.weight, self.bias = (nn.Parameter(p) for p in problem.params)

    def forward(self, x: sklon.Tensor) -> sklon.Tensor:
        return (x @ self.weight + self.bias).tanh()


@EACH
def test_the_compiled_step_is_the_eager_one(name: str) -> None:
    """Three full batches, and another fit with three more: slots start as the rule says, and last."""
    problem, row = Problem(sklon), ROWS[name]
    model = _Model(problem)
    trainer = Trainer(model, loss="mse", optimizer=row.optimizer(model.parameters(), **row.settings))
    data = problem.x.numpy(), problem.y.numpy()
    for _ in range(2):
        trainer.fit(data, epochs=3, batch_size="full")
    eager = row.optimizer(problem.params, **row.settings)
    for _ in range(6):
        eager.zero_grad()
        error = (problem.x @ problem.params[0] + problem.params[1]).tanh() - problem.y
        (error * error).mean().backward()
        eager.step()
    if isinstance(eager, optim.AdamWScheduleFree):
        eager.eval()  # where a fit ends
    for a, b in zip(model.parameters(), problem.params, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-11)


@EACH
def test_trainer_takes_the_name(name: str) -> None:
    problem = Problem(sklon)
    trainer = Trainer(nn.Linear(3, 2, bias=False), loss="mse", optimizer=name, lr=0.01)
    assert {rule.name for _, rule in trainer.rules.values()} == {name}
    data = problem.x.numpy().astype(np.float32), problem.y.numpy().astype(np.float32)
    losses = trainer.fit(data, epochs=5, batch_size="full").curve("train_loss")
    assert losses[-1] < losses[0]


@EACH
def test_climbing_is_descending_the_negative(name: str) -> None:
    up, down = sklon.tensor([0.5, -1.0], requires_grad=True), sklon.tensor([0.5, -1.0], requires_grad=True)
    climber = ROWS[name].optimizer([up], **ROWS[name].settings, maximize=True)
    descender = ROWS[name].optimizer([down], **ROWS[name].settings)
    for _ in range(3):
        for p, sign, optimizer in ((up, 1.0, climber), (down, -1.0, descender)):
            optimizer.zero_grad()
            (p.tanh() * sign).sum().backward()
            optimizer.step()
    np.testing.assert_allclose(up.numpy(), down.numpy(), rtol=1e-6)


@EACH
def test_a_gradient_that_is_not_a_number_shows(name: str) -> None:
    p = sklon.ones(2, requires_grad=True)
    optimizer = ROWS[name].optimizer([p], **ROWS[name].settings)
    p.grad = sklon.tensor([float("nan"), 1.0])
    optimizer.step()
    assert np.isnan(p.numpy()).tolist() == [True, ROWS[name].whole]


# ---- ranges
WITH_BETAS = [name for name, rule in RULES.items() if "betas" in inspect.signature(rule).parameters]
OUTSIDE: list[tuple[str, dict[str, Any]]] = [
    *((name, {"lr": lr}) for name in RULES for lr in (-1.0, float("nan"), "0.1")),
    *((name, {"weight_decay": -0.1}) for name in RULES if name != "rprop"),
    *((name, {"eps": -1e-8}) for name in RULES if name not in ("sgd", "rprop", "lion")),
    *((name, {"betas": b}) for name in WITH_BETAS for b in ((1.0, 0.9), (0.9, 1.0), (0.9,), 0.9)),
    ("sgd", {"momentum": -0.1}),
    ("sgd", {"nesterov": True}),
    ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("nadam", {"momentum_decay": -1.0}),
    ("rmsprop", {"alpha": -1.0}),
    ("rmsprop", {"momentum": -1.0}),
    ("adagrad", {"lr_decay": -1.0}),
    ("adagrad", {"initial_accumulator_value": -1.0}),
    ("adadelta", {"rho": 1.1}),
    ("rprop", {"etas": (0.5, 0.9)}),
    ("rprop", {"etas": 0.5}),
    ("rprop", {"step_sizes": (1.0, 0.1)}),
    ("muon", {"momentum": 1.1}),
    ("muon", {"eps": 0.0}),
    *(("muon", {"ns_steps": steps}) for steps in (-1, 100, 2.0, True)),
    *(("muon", {"ns_coefficients": c}) for c in ((1.0, 2.0), 1.0, (1.0, 2.0, "3"))),
    ("muon", {"adjust_lr_fn": "arbitrary"}),
    ("muon", {"others": "adam"}),
    ("adamw_schedule_free", {"betas": (0.0, 0.9)}),
    *(("adamw_schedule_free", {"warmup_steps": steps}) for steps in (-1, 2.5)),
    ("adamw_schedule_free", {"r": -1.0}),
    ("adamw_schedule_free", {"weight_lr_power": -1.0}),
]


@pytest.mark.parametrize(("name", "settings"), OUTSIDE)
def test_settings_out_of_range_are_refused(name: str, settings: dict[str, Any]) -> None:
    setting = next(iter(settings))
    with pytest.raises(InputError, match="Nesterov" if setting == "nesterov" else setting):
        RULES[name](**settings)


@EACH
def test_an_unknown_setting_is_named(name: str) -> None:
    row: Row = ROWS[name]
    with pytest.raises(TypeError, match=f"{row.name} has no setting 'learning_rate'; it has lr,"):
        cast(Any, row.optimizer)([sklon.ones(1, requires_grad=True)], learning_rate=0.1)


# ---- the test of the tests
class _Reads(dict[str, sklon.Tensor]):
    """Scalars that remember which of them a formula reads."""

    def __init__(self, scalars: dict[str, float]) -> None:
        super().__init__((name, sklon.tensor(value)) for name, value in scalars.items())
        self.read: list[str] = []

    def __getitem__(self, name: str) -> sklon.Tensor:
        self.read.append(name)
        return super().__getitem__(name)


def _scalars_read_by(rule: Rule) -> list[str]:
    scalars = _Reads(rule.scalars(1))
    for shape in ((1,), (1, 1)):
        ones = sklon.ones(*shape)
        rule.update(ones, ones, dict.fromkeys(rule.slots, ones), scalars)
    return list(dict.fromkeys(scalars.read))


@dataclass(frozen=True)
class _Faulty:
    """A rule with a fault in one scalar."""

    rule: Any
    scalar: str

    def scalars(self, t: int) -> dict[str, float]:
        numbers = dict(self.rule.scalars(t))
        numbers[self.scalar] = 1.01 * numbers[self.scalar] + 1e-4
        return numbers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rule, name)


FAULTS = [(n, s) for n, row in ROWS.items() for s in _scalars_read_by(RULES[n](**row.settings))]


@pytest.mark.parametrize(("name", "scalar"), FAULTS)
def test_a_fault_in_a_number_of_the_formula_is_caught(name: str, scalar: str) -> None:
    right, wrong = Problem(sklon), Problem(sklon)
    right.steps(ROWS[name].optimizer(right.params, **ROWS[name].settings), ROWS[name].steps)
    faulty: Any = ROWS[name].optimizer(wrong.params, **ROWS[name].settings)
    rule = faulty.rule_of(faulty.param_groups[0])
    faulty.rule_of = lambda group: _Faulty(rule, scalar)
    wrong.steps(faulty, ROWS[name].steps)
    with pytest.raises(AssertionError):
        assert_same(right, wrong)


def test_a_step_that_is_counted_wrongly_is_caught() -> None:
    """The bias corrections of a second step in the first."""
    right, wrong = Problem(sklon), Problem(sklon)
    right.steps(optim.Adam(right.params), 3)
    faulty = optim.Adam(wrong.params)
    faulty._steps = dict.fromkeys(wrong.params, 1)
    wrong.steps(faulty, 3)
    with pytest.raises(AssertionError):
        assert_same(right, wrong)
