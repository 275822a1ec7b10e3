"""A batch in micro-batches is the batch: for every loss, weighting and optimizer, with dropout and ragged ends."""

from __future__ import annotations

from inspect import signature
from itertools import cycle
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.nn.loss import LOSSES
from sklon.optim import RULES
from sklon.tensors.modes import seeded
from sklon.training.feed import feed_of

ROWS, INPUTS, OUTPUTS = 10, 3, 4
RNG = np.random.default_rng(5)
X = RNG.standard_normal((ROWS, INPUTS))
REAL = RNG.standard_normal((ROWS, OUTPUTS))
BITS = RNG.integers(0, 2, (ROWS, OUTPUTS)).astype(np.float64)
CLASSES = RNG.integers(0, OUTPUTS, ROWS)
IGNORED = np.where(np.arange(ROWS) % 3 == 0, -100, CLASSES)
WEIGHT = [0.5, 2.0, 1.0, 3.0]
SOFT = RNG.dirichlet(np.ones(OUTPUTS), ROWS)

#: by the name in LOSSES: settings and targets; every weighting that a loss has
LOSS_CASES: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "mse": [({}, REAL)],
    "l1": [({}, REAL)],
    "huber": [({"delta": 0.5}, REAL)],
    "smooth_l1": [({"beta": 0.5}, REAL)],
    "pinball": [({}, REAL)],
    "poisson_nll": [({}, BITS)],
    "bce_with_logits": [({}, BITS), ({"pos_weight": WEIGHT, "weight": [1.0, 2.0, 0.0, 1.0]}, BITS)],
    "focal": [({}, BITS)],
    "hinge": [({}, BITS * 2 - 1)],
    "soft_margin": [({}, BITS * 2 - 1)],
    "hinge_embedding": [({}, BITS * 2 - 1)],
    "cross_entropy": [
        ({}, CLASSES), ({}, IGNORED), ({"weight": WEIGHT}, CLASSES), ({}, SOFT),
        ({"weight": WEIGHT, "label_smoothing": 0.1}, IGNORED),
    ],
    "nll": [({"weight": WEIGHT}, IGNORED)],
    "multi_margin": [({"weight": WEIGHT}, CLASSES)],
}  # fmt: skip
#: settings beside lr that a rule's case needs
SETTINGS: dict[str, dict[str, Any]] = {"muon": {"others": "adamw"}}
RULE_CASES = {
    name: rule(
        lr=0.05,
        **({"weight_decay": 0.1} if "weight_decay" in signature(rule).parameters else {}),
        **SETTINGS.get(name, {}),
    )
    for name, rule in RULES.items()
}
MICRO = (4, 3, 1)


class ByFeatures(nn.Module):
    """Drops whole features of two values each."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout1d(0.3)

    def forward(self, x: Any) -> Any:
        return self.drop(x.reshape((-1, 3, 2))).reshape((-1, 6))


DROPPED: dict[str, Any] = {
    "none": nn.Identity,
    "elements": lambda: nn.Dropout(0.3),
    "alpha": lambda: nn.AlphaDropout(0.3),
    "features": ByFeatures,
    "random slopes": nn.RReLU,
}


def trained(
    loss: Any,
    target: Any,
    rule: Any,
    micro: int | None,
    drop: str = "elements",
    weight: Any = None,
    trainer: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The values after two epochs over 10 rows in batches of 8."""
    with seeded(3):
        layers: list[nn.Module] = [nn.Linear(INPUTS, 6, dtype="float64"), nn.Tanh(), DROPPED[drop]()]
        model = nn.Sequential(*layers, nn.Linear(6, OUTPUTS, dtype="float64"))
    done = Trainer(model, loss=loss, optimizer=rule, seed=4, **(trainer or {}))
    rows = (X, target) if weight is None else (X, target, weight)
    done.fit(rows, **{"epochs": 2, "batch_size": 8, **more}, micro_batch_size=micro)
    values = {name: p.detach().numpy() for name, p in model.named_parameters()}
    return {**values, "loss": np.asarray(done.history.curve("train_loss")), "steps": done.step}


def assert_same(loss: Any, target: Any, rule: Any, micro: int, **more: Any) -> None:
    whole, parts = (trained(loss, target, rule, m, **more) for m in (None, micro))
    assert whole["steps"] == parts["steps"]
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, rtol=1e-11, atol=1e-13, err_msg=name)


def test_every_loss_and_every_rule_has_a_case() -> None:
    assert LOSS_CASES.keys() == LOSSES.keys()
    assert RULE_CASES.keys() == RULES.keys()


CASES = [
    pytest.param(name, settings, target, rule, micro, id=f"{name}-{i}-{rule}-{micro}")
    for (name, i, settings, target), rule, micro in zip(
        [(name, i, *case) for name, cases in LOSS_CASES.items() for i, case in enumerate(cases)],
        cycle(("sgd", "adamw", "rmsprop")),
        cycle(MICRO),
        strict=False,
    )
]


@pytest.mark.parametrize(("name", "settings", "target", "rule", "micro"), CASES)
def test_parts_are_the_batch_for_every_loss_and_weighting(
    name: str, settings: dict[str, Any], target: Any, rule: str, micro: int
) -> None:
    assert_same(LOSSES[name](**settings), target, RULE_CASES[rule], micro)


@pytest.mark.parametrize("rule", RULE_CASES)
def test_parts_are_the_batch_for_every_optimizer(rule: str) -> None:
    assert_same(nn.CrossEntropyLoss(weight=WEIGHT), IGNORED, RULE_CASES[rule], 3)


@pytest.mark.parametrize("seed", range(40))
def test_parts_are_the_batch_in_any_combination(seed: int) -> None:
    """Loss × weighting × weights of rows × optimizer × dropout × micro-batches × what else a step does, at random."""
    random = np.random.default_rng(seed)

    def one(of: Any) -> Any:
        return of[int(random.integers(len(of)))]

    name = one(sorted(LOSS_CASES))
    settings, target = one(LOSS_CASES[name])
    rule = one(sorted(RULE_CASES.keys() - {"rprop", "lion"}))  # whose steps are signs: rounding may turn one
    extras = [
        {"clip": optim.ClipNorm(0.5)}, {"clip": optim.ClipValue(0.1)}, {"l2": 0.1}, {"weight_decay": 0.1},
        {"schedule": "cosine"}, {"on_non_finite": "skip"},
        *([] if rule == "adamw_schedule_free" else [{"average": optim.EMA(0.5)}]),
    ]  # fmt: skip
    assert_same(
        LOSSES[name](**settings),
        target,
        RULE_CASES[rule],
        one((1, 2, 3, 4, 5, 7)),
        drop=one(sorted(DROPPED)),
        weight=one((None, random.uniform(0.5, 2.0, ROWS), (np.arange(ROWS) % 4 > 0).astype(float))),
        trainer=one(extras),
        batch_size=one((3, 7, 8, 10)),
    )


@pytest.mark.parametrize("more", [{"batch_size": "full"}, {"batch_size": 10}, {"drop_last": True}, {"shuffle": False}])
def test_parts_are_the_batch_however_an_epoch_is_cut(more: dict[str, Any]) -> None:
    assert_same("mse", REAL, RULE_CASES["sgd"], 4, **more)


def test_the_worked_case_of_ten_rows_by_hand() -> None:
    """Micro-batches of 4, two to a step: windows {4, 4} and {2}; the second takes the mean of its two rows."""
    w, lr = np.zeros((1, INPUTS)), 0.1
    y = REAL[:, :1]
    model = nn.Linear(INPUTS, 1, bias=False, dtype="float64")
    model.weight.data = sklon.zeros(1, INPUTS, dtype="float64")
    trainer = Trainer(model, loss="mse", optimizer=optim.RULES["sgd"](lr=lr))
    trainer.fit((X, y), epochs=1, batch_size=8, micro_batch_size=4, shuffle=False)
    for rows in (slice(0, 8), slice(8, 10)):
        w = w - lr * 2 * np.mean((X[rows] @ w.T - y[rows]) * X[rows], axis=0, keepdims=True)
    np.testing.assert_allclose(model.weight.detach().numpy(), w, rtol=1e-13)


def test_a_batch_that_counts_nothing_changes_nothing() -> None:
    ignored = np.full(ROWS, -100)
    with seeded(1):
        model = nn.Linear(INPUTS, OUTPUTS, dtype="float64")
    before = model.weight.detach().numpy().copy()
    Trainer(model, loss="cross_entropy", optimizer="sgd").fit((X, ignored), epochs=1, batch_size=8, micro_batch_size=3)
    assert (model.weight.detach().numpy() == before).all()


def test_batch_norm_takes_the_statistics_of_each_micro_batch() -> None:
    def running_mean(micro: int | None) -> Any:
        norm = nn.BatchNorm1d(INPUTS, momentum=None, dtype="float64")
        model = nn.Sequential(norm, nn.Linear(INPUTS, OUTPUTS, dtype="float64"))
        Trainer(model, loss="mse").fit((X, REAL), epochs=1, batch_size=10, micro_batch_size=micro, shuffle=False)
        mean, count = norm.get_buffer("running_mean"), norm.get_buffer("num_batches_tracked")
        assert mean is not None and count is not None
        return mean.numpy(), int(count.item())

    mean, count = running_mean(5)
    assert count == 2 and running_mean(None)[1] == 1
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-12)


def test_parts_of_an_epoch() -> None:
    feed, _ = feed_of((X, REAL), batch_size=8, micro_batch_size=3)
    parts = feed.parts
    assert parts.starts.tolist() == [0, 3, 6, 8]
    assert parts.rows.tolist() == [3, 3, 2, 2]
    assert parts.batch.tolist() == [0, 0, 0, 1]
    assert parts.offset.tolist() == [0, 3, 6, 0]
    assert parts.last.tolist() == [False, False, True, True]


@pytest.mark.parametrize("micro", [0, -1, 2.0, True, "auto"])
def test_a_size_of_parts_that_is_none_is_refused(micro: Any) -> None:
    with pytest.raises(InputError, match="micro_batch_size"):
        trained("mse", REAL, RULE_CASES["sgd"], micro)


def test_a_part_of_one_row_is_refused_where_the_model_needs_more() -> None:
    model = nn.Sequential(nn.BatchNorm1d(INPUTS), nn.Linear(INPUTS, OUTPUTS))
    with pytest.raises(InputError, match="a micro-batch has one row"):
        Trainer(model, loss="mse").fit((X.astype(np.float32), REAL), batch_size=9, micro_batch_size=4)


def test_memory_is_that_of_a_part() -> None:
    from sklon.compiler.executable import Executable
    from sklon.training.run import Run

    def scratch(batch: int, micro: int) -> int:
        model = nn.Sequential(nn.Linear(8, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
        data = np.zeros((4096, 8), np.float32), np.zeros((4096, 1), np.float32)
        feed, _ = feed_of(data, batch_size=batch, micro_batch_size=micro)
        code = Run(Trainer(model, loss="mse"), feed, None).program.code
        assert isinstance(code, Executable)
        return code.memory.scratch_bytes

    part, parts, whole = scratch(256, 256), scratch(4096, 256), scratch(4096, 4096)
    assert parts <= part + 4 * 2 * (8 * 256 + 256 * 256 + 3 * 256)  # the sums of the gradients beside it
    assert whole > 4 * parts
