"""Rules that PyTorch lacks follow other people's programs: twenty steps of optax and of ``schedulefree``.

``trajectories.json`` has, for each configuration, the loss after every step and the parameters after the last, and the
averaged ones for schedule-free AdamW. It was made in double precision by optax 0.2.8 under JAX 0.10.2
(``optax.lion``, ``optax.lamb``, ``optax.contrib.schedule_free_adamw`` with ``schedule_free_eval_params``) and by the
authors' package schedulefree 1.4.1 under PyTorch 2.13.0 (``AdamWScheduleFree``, ``foreach=False``). In essence:

    tx = optax.lamb(0.05, weight_decay=0.1); state = tx.init(p)
    for _ in range(20):
        updates, state = tx.update(jax.grad(loss)(p), state, p); p = optax.apply_updates(p, updates)
        losses.append(float(loss(p)))

with the loss and the starts of :class:`Steps`: a matrix, a vector that starts at 0, a scalar and an array of three
axes. optax's own default weight decay of Lion is 0.001; the settings name ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon.optim import RULES, LAMBRule, LionRule, Optimizer
from sklon.optim.rules import Tensors, Update, lamb
from sklon.optim.rules.schedule_free import AdamWScheduleFreeRule
from tests.optim.rows import ROWS

Row = dict[str, Any]
TABLE: list[Row] = json.loads(Path(__file__).with_name("trajectories.json").read_text())
IDS = [f"{row['rule']}-{i}-{row['source'].split()[0]}" for i, row in enumerate(TABLE)]


class Steps:
    """The problem of the table, and twenty steps of it."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.x, self.y = sklon.tensor(rng.normal(size=(6, 3))), sklon.tensor(rng.normal(size=(6, 2)))
        starts = [rng.normal(size=shape) for shape in ((3, 2), (2,), (), (2, 1, 2))]
        starts = [starts[0], 0 * starts[1], starts[2], 0.1 * starts[3]]
        self.params = [sklon.tensor(np.asarray(s), requires_grad=True) for s in starts]
        self.losses: list[float] = []

    def loss(self) -> sklon.Tensor:
        a, b, c, d = self.params
        error = (self.x @ a + b).tanh() * c + (d * d).sum() - self.y
        return (error * error).sum()

    def take(self, optimizer: Optimizer) -> None:
        for _ in range(20):
            optimizer.zero_grad()
            self.loss().backward()
            optimizer.step()
            self.losses.append(self.loss().item())

    def check(self, row: Row, params: str = "params") -> None:
        np.testing.assert_allclose(self.losses, row["losses"], rtol=1e-10)
        for ours, theirs in zip(self.params, row[params], strict=True):
            np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-10, atol=1e-12)


def _settings(row: Row) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in row["settings"].items()}


def test_every_rule_that_pytorch_lacks_is_in_the_table() -> None:
    assert {row["rule"] for row in TABLE} == {name for name, row in ROWS.items() if row.ours is None}


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_twenty_steps_follow(row: Row) -> None:
    steps = Steps()
    optimizer: Any = ROWS[row["rule"]].optimizer(steps.params, **_settings(row))
    steps.take(optimizer)
    steps.check(row)
    if "averaged" in row:
        optimizer.eval()
        steps.check(row, "averaged")


# ---- the test of the test: variants that are found in other programs
class _LionOfOneBeta(LionRule):
    """m moves by β₁ as the step does."""

    def scalars(self, t: int) -> dict[str, float]:
        numbers = LionRule.scalars(self, t)
        return {**numbers, "beta2": numbers["beta1"], "fresh2": numbers["fresh1"]}


class _LionThatDecaysFully(LionRule):
    """The decay is not scaled by η."""

    def scalars(self, t: int) -> dict[str, float]:
        return {**LionRule.scalars(self, t), "kept": 1 - self.weight_decay}


class _LAMBWithoutCorrection(LAMBRule):
    """Step 1 has moments near 0."""

    def scalars(self, t: int) -> dict[str, float]:
        return {**LAMBRule.scalars(self, t), "correction": 1.0, "root_correction": 1.0}


class _LAMBWithoutRatio(LAMBRule):
    """Adam with its decay in the step."""

    def update(self, param: Any, grad: Any, slots: Tensors, scalars: Tensors) -> Update:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lamb, "_trust_ratio", lambda p, u: 1.0)
            return LAMBRule.update(self, param, grad, slots, scalars)


class _LAMBThatDecaysApart(LAMBRule):
    """The decay is beside the step, where the ratio does not see it."""

    def update(self, param: Any, grad: Any, slots: Tensors, scalars: Tensors) -> Update:
        plain = {**scalars, "weight_decay": 0.0 * scalars["weight_decay"]}
        new, kept = LAMBRule.update(self, param, grad, slots, plain)
        return new - scalars["lr"] * scalars["weight_decay"] * param, kept


class _AverageOfOneLate(AdamWScheduleFreeRule):
    """c₁ = ½: the starting point is a part of the average."""

    def share(self, t: int) -> float:
        return 1 / (t + 1)


class _AverageWithoutCorrection(AdamWScheduleFreeRule):
    """v without the correction of its start at 0."""

    def scalars(self, t: int) -> dict[str, float]:
        return {**AdamWScheduleFreeRule.scalars(self, t), "root_correction": 1.0}


class _AverageOfEqualWeights(AdamWScheduleFreeRule):
    """The steps of the warm-up count as much as others."""

    def share(self, t: int) -> float:
        return 1 / t


class _AverageIsTheParameter(AdamWScheduleFreeRule):
    """y is taken for x."""

    def averaged(self, param: Any, slots: Any) -> Any:
        return param


@dataclass(frozen=True)
class Variant:
    """A wrong rule, and settings of a row that tells it from the right one."""

    rule: type[Any]
    needs: str | None = None


VARIANTS = [
    Variant(_LionOfOneBeta),
    Variant(_LionThatDecaysFully, "weight_decay"),
    Variant(_LAMBWithoutCorrection),
    Variant(_LAMBWithoutRatio),
    Variant(_LAMBThatDecaysApart, "weight_decay"),
    Variant(_AverageOfOneLate),
    Variant(_AverageWithoutCorrection),
    Variant(_AverageOfEqualWeights, "warmup_steps"),
    Variant(_AverageIsTheParameter),
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.rule.__name__)
def test_a_wrong_variant_is_caught(variant: Variant) -> None:
    rows = [r for r in TABLE if r["rule"] == variant.rule.name and (variant.needs or "lr") in r["settings"]]
    assert rows and issubclass(variant.rule, RULES[variant.rule.name])  # type: ignore[arg-type]
    for row in rows:
        steps = Steps()
        optimizer: Any = ROWS[row["rule"]].optimizer(steps.params, **_settings(row))
        optimizer.rule_of = lambda group, row=row: variant.rule(**_settings(row))
        steps.take(optimizer)
        with pytest.raises(AssertionError):
            steps.check(row)
            optimizer.eval()
            steps.check(row, "averaged")
