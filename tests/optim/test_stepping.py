"""An optimizer's step is recorded once for its formula, and rules that have more in it are recorded each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pytest

import sklon
from sklon.optim import RULES, Optimizer, SGDRule
from sklon.optim.rules.parts import moved
from sklon.optim.stepping import Stepped, formula, numbers_of, recorded
from sklon.tensors.programs import counters
from tests.optim.rows import ROWS


def _stepped(rule: Any, shapes: tuple[tuple[int, ...], ...] = ((3, 2), (2,))) -> list[Stepped]:
    ones = [sklon.ones(*shape) for shape in shapes]
    return [Stepped(one, one, {name: sklon.ones_like(one) for name in rule.slots}, 1) for one in ones]


def _graph(rule: Any) -> Any:
    """What a rule records for a matrix and a vector; for numbers of its own only that they are there."""
    shapes = ((3, 2),) if rule.name == "muon" else ((3, 2), (2,))
    stepped = _stepped(rule, shapes)
    fragment = recorded(rule, stepped, numbers_of(rule, stepped))
    return fragment.steps, fragment.results, [n.op for n in fragment.captured]


def _with_all_floats(rule: Any, change: Callable[[float], float]) -> Any:
    """The rule with every float among its settings changed, pairs of floats too."""
    settings: dict[str, Any] = {}
    for f in fields(rule):
        value = getattr(rule, f.name)
        if isinstance(value, float):
            settings[f.name] = change(value)
        elif isinstance(value, tuple) and all(isinstance(v, float) for v in value):
            settings[f.name] = tuple(map(change, value))
    return moved(rule, **settings)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_asks_of_its_numbers_only_whether_they_are_zero(name: str) -> None:
    """This is what makes one recording enough: see ``formula``."""
    for settings in ({}, ROWS[name].settings):
        rule: Any = RULES[name](**settings)
        other = _with_all_floats(rule, lambda value: value * 0.875)
        assert other != rule
        assert formula(other) == formula(rule)
        assert _graph(other) == _graph(rule)


def test_what_chooses_another_formula_is_another_recording() -> None:
    plain = SGDRule(lr=0.1)
    for other in (SGDRule(momentum=0.9), SGDRule(momentum=0.9, nesterov=True), SGDRule(maximize=True)):
        assert formula(other) != formula(plain)
        assert _graph(other) != _graph(plain)


@dataclass(frozen=True, slots=True)
class Shrinking:
    """A rule with a number of its own in its formula, against the advice: p ← (1 − s)·p − η·g."""

    name: ClassVar[str] = "shrinking"
    lr: float = 0.5
    share: float = 0.25

    @property
    def slots(self) -> dict[str, float]:
        return {}

    def scalars(self, t: Any) -> dict[str, Any]:
        return {"lr": self.lr}

    def update(self, param: Any, grad: Any, slots: Any, scalars: Any) -> Any:
        return param * (1 - self.share) - scalars["lr"] * grad, {}


class _Shrinking(Optimizer):
    rule = Shrinking


def test_a_number_in_the_formula_is_seen_when_it_changes() -> None:
    w = sklon.tensor([8.0], requires_grad=True)
    optimizer = _Shrinking([w])
    found = []
    for share in (0.25, 0.75):
        optimizer.param_groups[0]["share"] = share
        optimizer.zero_grad()
        (w * 2).sum().backward()
        optimizer.step()
        found.append(w.item())
    assert found == [8 * 0.75 - 1, (8 * 0.75 - 1) * 0.25 - 1]


def test_slots_that_a_formula_no_longer_moves_stay() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    optimizer = sklon.optim.Adam([w], amsgrad=True)
    for amsgrad in (True, False):
        optimizer.param_groups[0]["amsgrad"] = amsgrad
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    state = optimizer.state[w]
    assert state.keys() == {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
    assert state["max_exp_avg_sq"].item() < state["exp_avg_sq"].item()


def test_parameters_at_different_steps_have_numbers_of_their_own() -> None:
    values = []
    for together in (True, False):
        a, b = (sklon.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        optimizers = [sklon.optim.Adam([a, b], lr=0.1)] if together else [sklon.optim.Adam([p], lr=0.1) for p in (a, b)]
        for step in range(4):
            (a * a).sum().backward()
            if step > 1:
                (b * b).sum().backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        values.append([a.tolist(), b.tolist()])
    assert values[0] == values[1]
    assert not np.array_equal(*values[0])


def test_the_same_formula_at_rate_zero_is_the_same_program() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    optimizer, before = sklon.optim.SGD([w], lr=0.1), 0
    for step in range(4):
        optimizer.param_groups[0]["lr"] = 0.0 if step == 3 else 0.1
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        before = before if step > 1 else counters.compiled
    assert counters.compiled == before
