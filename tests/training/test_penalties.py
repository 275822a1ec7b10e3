"""Penalties reach scikit-learn's solutions with the same zeros, keep bounds exactly, and stand apart from the loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import L1, L2, GroupLasso, MaxNorm, NonNegative, Penalties, WeightDecay, elastic_net
from sklon.optim.conversions import CONVERSIONS, convert
from sklon.optim.penalties import PENALTIES, values_of
from sklon.optim.proximal import shrunk_units, soft

ROWS, COLUMNS = 200, 12
RNG = np.random.default_rng(0)
X = RNG.standard_normal((ROWS, COLUMNS)) * RNG.uniform(0.5, 2.0, COLUMNS)
TRUE = np.where(np.arange(COLUMNS) % 3 == 0, RNG.standard_normal(COLUMNS), 0.0)
Y = X @ TRUE + 0.5 + 0.3 * RNG.standard_normal(ROWS)
LABELS = (X @ TRUE + RNG.logistic(size=ROWS) > 0).astype(np.float64)
#: a step below 1/L for the mean squared error
STEP = 0.9 / (2 * np.linalg.eigvalsh(X.T @ X / ROWS)[-1])


def fitted(
    loss: str, target: Any, lr: float | None, epochs: int = 4000, rule: Any = "sgd", **penalties: Any
) -> tuple[Any, float]:
    """The weights and the intercept that full-batch descent with a penalty ends at."""
    model = nn.Linear(COLUMNS, 1, dtype="float64")
    trainer = Trainer(model, loss=loss, optimizer=rule, lr=lr, **penalties)
    trainer.fit((X, target[:, None]), epochs=epochs, batch_size="full", shuffle=False)
    return model.weight.detach().numpy()[0], float(model.bias.detach().numpy()[0])


@pytest.mark.parametrize("strength", [0.05, 0.3, 1.0])
def test_proximal_steps_reach_the_lasso_with_the_same_zeros(strength: float) -> None:
    weights, bias = fitted("mse", Y, STEP, l1=strength)
    peer = Lasso(alpha=convert("l1", strength, "sklearn Lasso alpha"), tol=1e-14, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(weights, peer.coef_, atol=1e-9)
    assert ((weights == 0) == (peer.coef_ == 0)).all() and (weights == 0).any()
    assert bias == pytest.approx(peer.intercept_, abs=1e-9)


#: rates that end, along a cosine, in 1,500 full batches
ADAPTIVE: dict[str, Any] = {
    "momentum": optim.SGDRule(lr=STEP / 40, momentum=0.9),
    "nesterov": optim.SGDRule(lr=STEP / 40, momentum=0.9, nesterov=True),
    "adam": optim.AdamRule(lr=0.05),
    "amsgrad": optim.AdamRule(lr=0.05, amsgrad=True),
    "adamw": optim.AdamWRule(lr=0.05, weight_decay=0.0),
    "nadam": optim.NAdamRule(lr=0.05),
    "radam": optim.RAdamRule(lr=0.05),
    "adamax": optim.AdamaxRule(lr=0.05),
    "rmsprop": optim.RMSpropRule(lr=0.01),
    "rmsprop with momentum": optim.RMSpropRule(lr=0.005, momentum=0.9),
    "centered rmsprop": optim.RMSpropRule(lr=0.01, centered=True),
    "adagrad": optim.AdagradRule(lr=0.3),
    "adadelta": optim.AdadeltaRule(lr=1.0),
}


@pytest.mark.parametrize("name", ADAPTIVE)
def test_every_rule_with_rates_reaches_the_lasso_with_the_same_zeros(name: str) -> None:
    """The threshold of a weight is λ times its own rate: any other would minimise something else."""
    weights, _ = fitted("mse", Y, None, 1500, rule=ADAPTIVE[name], l1=0.3, schedule="cosine")
    peer = Lasso(alpha=convert("l1", 0.3, "sklearn Lasso alpha"), tol=1e-14, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(
        weights, peer.coef_, atol={"adadelta": 2e-4, "rmsprop with momentum": 1e-6}.get(name, 1e-8)
    )
    assert ((weights == 0) == (peer.coef_ == 0)).all() and (weights == 0).any()


def test_a_group_lasso_under_adam_has_the_minimum_of_plain_descent() -> None:
    targets = np.stack([Y, 0.1 * RNG.standard_normal(ROWS), X[:, 3] - Y], axis=1)

    def weights(rule: Any) -> Any:
        model = nn.Linear(COLUMNS, 3, dtype="float64")
        paid = [Penalties((GroupLasso(0.1),))]
        trainer = Trainer(model, loss="mse", optimizer=rule, penalties=paid, schedule="cosine")
        trainer.fit((X, targets), epochs=4000, batch_size="full", shuffle=False)
        return model.weight.detach().numpy()

    exact, adaptive = weights(optim.SGDRule(lr=STEP)), weights(optim.AdamRule(lr=0.05))
    np.testing.assert_allclose(adaptive, exact, atol=1e-8)
    assert (adaptive[1] == 0).all() and (adaptive[[0, 2]] != 0).all()


@pytest.mark.parametrize("rows", [1, 4])
def test_units_are_shrunk_to_the_root_of_their_equation(rows: int) -> None:
    random = np.random.default_rng(3)
    u, pull = random.standard_normal((200, rows, 5)), random.uniform(1e-3, 2.0, (200, rows, 5))
    for one, d in zip(u, pull, strict=True):
        w = shrunk_units(sklon.tensor(one), sklon.tensor(d)).numpy()
        norms = np.linalg.norm(w, axis=1, keepdims=True)
        dead = ((one / d) ** 2).sum(axis=1) <= 1
        assert (w[dead] == 0).all()
        residual = (w + d * w / np.where(norms > 0, norms, 1.0) - one)[~dead]
        assert np.abs(residual).max(initial=0.0) < 1e-10


@pytest.mark.parametrize("rule", ["lion", "rprop", "muon", "adamw_schedule_free"])
def test_proximal_steps_need_rates(rule: str) -> None:
    with pytest.raises(InputError, match=f"{rule} has no rate for each weight, which the proximal step of l1 needs"):
        Trainer(nn.Linear(2, 1), loss="mse", optimizer=rule, l1=0.1)
    Trainer(nn.Linear(2, 1), loss="mse", optimizer=rule, penalties=[Penalties((L1(0.1, "subgradient"),))])


def test_a_subgradient_gives_no_zeros() -> None:
    weights, _ = fitted("mse", Y, STEP, penalties=[Penalties((L1(0.3, "subgradient"),))])
    assert (weights != 0).all()
    exact, _ = fitted("mse", Y, STEP, l1=0.3)
    np.testing.assert_allclose(weights, exact, atol=2 * STEP * 0.3)


@pytest.mark.parametrize("strength", [0.02, 0.5])
def test_l2_reaches_ridge(strength: float) -> None:
    weights, bias = fitted("mse", Y, STEP / 2, l2=strength)
    peer = Ridge(alpha=convert("l2", strength, "sklearn Ridge alpha", rows=ROWS), tol=1e-14).fit(X, Y)
    np.testing.assert_allclose(weights, peer.coef_, rtol=1e-9)
    assert bias == pytest.approx(peer.intercept_, abs=1e-9)


def test_l2_reaches_logistic_regression() -> None:
    weights, bias = fitted("bce_with_logits", LABELS, 1.0, l2=0.05)
    c = convert("l2", 0.05, "sklearn LogisticRegression C", rows=ROWS)
    peer = LogisticRegression(C=c, tol=1e-12, max_iter=10_000).fit(X, LABELS)
    np.testing.assert_allclose(weights, peer.coef_[0], atol=2e-6)
    assert bias == pytest.approx(peer.intercept_[0], abs=2e-6)


def one_step(penalty: Any, weight: Any, *, lr: float = 0.1, gradient: float = 0.0, rule: str = "sgd") -> Any:
    """A weight matrix after one step with a given constant gradient and one penalty."""
    weight = np.asarray(weight, np.float64)
    model = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype="float64")
    model.weight.data = sklon.tensor(weight)
    trainer = Trainer(
        model,
        loss=lambda out, target: sklon.sum(out * target, axis=1),
        optimizer=optim.RULES[rule](lr=lr),
        penalties=[Penalties((penalty,))],
    )
    inputs = np.ones((1, weight.shape[1]))
    trainer.fit((inputs, np.full((1, weight.shape[0]), gradient)), epochs=1, batch_size=1)
    return model.weight.detach().numpy()


W = [[0.3, -0.05, 0.0], [3.0, 4.0, 0.0]]
#: a penalty, and a weight matrix after one step of length 0.1 without a gradient
MOVES = [
    (L1(1.0), [[0.2, 0.0, 0.0], [2.9, 3.9, 0.0]]),
    (L1(1.0, "subgradient"), [[0.2, 0.05, 0.0], [2.9, 3.9, 0.0]]),
    (L2(1.0), [[0.27, -0.045, 0.0], [2.7, 3.6, 0.0]]),
    (WeightDecay(1.0), [[0.27, -0.045, 0.0], [2.7, 3.6, 0.0]]),
    (WeightDecay(0.1, independent=True), [[0.27, -0.045, 0.0], [2.7, 3.6, 0.0]]),
    # ‖(3, 4, 0)‖ = 5, √3 weights: the row loses 0.1·2·√3 of its length, the shorter one all of it
    (GroupLasso(2.0), [[0.0, 0.0, 0.0], [3 * (1 - 0.2 * 3**0.5 / 5), 4 * (1 - 0.2 * 3**0.5 / 5), 0.0]]),
    (MaxNorm(1.0), [[0.3, -0.05, 0.0], [0.6, 0.8, 0.0]]),
    (NonNegative(), [[0.3, 0.0, 0.0], [3.0, 4.0, 0.0]]),
]


@pytest.mark.parametrize(("penalty", "after"), MOVES, ids=lambda v: v.name if hasattr(v, "name") else "")
def test_one_step_by_hand(penalty: Any, after: Any) -> None:
    np.testing.assert_allclose(one_step(penalty, W), after, rtol=1e-14, atol=1e-16)


def test_every_penalty_has_a_move() -> None:
    assert {type(penalty) for penalty, _ in MOVES} == set(PENALTIES.values())


@pytest.mark.parametrize("strength", [1e-4, 1e-2, 1.0])
def test_under_adam_l2_is_a_step_of_its_own_size_and_decay_is_not(strength: float) -> None:
    """Without a gradient the step of coupled L2 is about η whatever λ is; decoupled decay takes ηλ of the weight."""
    coupled = (np.array([[2.0]]) - one_step(L2(strength), [[2.0]], lr=0.01, rule="adam")) / 0.01
    decoupled = 1 - one_step(WeightDecay(strength), [[2.0]], lr=0.01, rule="adam") / 2.0
    assert 0.98 <= coupled[0, 0] <= 1.0
    assert decoupled[0, 0] == pytest.approx(0.01 * strength, rel=1e-8)


def test_decoupled_decay_is_adamws() -> None:
    def weights(rule: Any, **more: Any) -> Any:
        with sklon.tensors.modes.seeded(1):
            model = nn.Linear(COLUMNS, 1, bias=False, dtype="float64")
        Trainer(model, loss="mse", optimizer=rule, **more).fit((X, Y[:, None]), epochs=3, batch_size=32)
        return model.weight.detach().numpy()

    adamw = weights(optim.AdamWRule(lr=0.01, weight_decay=0.3))
    np.testing.assert_allclose(weights(optim.AdamRule(lr=0.01), weight_decay=0.3), adamw, rtol=1e-13)


def test_biases_and_norms_are_left_out_and_patterns_choose() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    before = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    zero = lambda out, target: sklon.sum(out * 0.0, axis=1)  # noqa: E731
    data = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
    Trainer(model, loss=zero, optimizer="sgd", lr=0.1, l2=0.5).fit(data, epochs=1, batch_size=4)
    moved = {n for n, p in model.named_parameters() if (p.detach().numpy() != before[n]).any()}
    assert moved == {"0.weight", "2.weight"}
    chosen = [Penalties((MaxNorm(0.01),), "2.*")]
    Trainer(model, loss=zero, optimizer="sgd", lr=0.1, penalties=chosen).fit(data, epochs=1, batch_size=4)
    values = {n: p.detach().numpy() for n, p in model.named_parameters()}
    assert np.linalg.norm(values["2.weight"], axis=1) == pytest.approx(0.01, rel=1e-6)
    assert abs(values["2.bias"]).max() <= 0.01 + 1e-8
    assert np.linalg.norm(values["0.weight"]) > 0.02


def test_what_is_paid_stands_apart_from_the_loss() -> None:
    model = nn.Linear(COLUMNS, 1, dtype="float64")
    trainer = Trainer(model, loss="mse", optimizer="sgd", lr=STEP, l1=0.1, l2=0.2)
    history = trainer.fit((X, Y[:, None]), epochs=3, batch_size="full", validation=(X, Y[:, None]))
    w = model.weight.detach().numpy()
    last = history[-1]
    assert last["penalty"] == pytest.approx(0.1 * np.abs(w).sum() + 0.1 * (w**2).sum(), rel=1e-12)
    assert last["validation_loss"] == pytest.approx(trainer.evaluate(X, Y[:, None]), rel=1e-12)
    bare = Trainer(nn.Linear(COLUMNS, 1, dtype="float64"), loss="mse")
    assert "penalty" not in bare.fit((X, Y[:, None]), epochs=1)[-1]


def test_an_elastic_net_is_both() -> None:
    assert elastic_net(0.5, 0.25) == (L1(0.125), L2(0.375))
    with pytest.raises(InputError, match="l1_ratio"):
        elastic_net(0.1, 1.5)


def test_penalties_in_parts_are_those_of_the_batch() -> None:
    def weights(micro: int | None) -> Any:
        with sklon.tensors.modes.seeded(1):
            model = nn.Linear(COLUMNS, 1, dtype="float64")
        trainer = Trainer(model, loss="mse", optimizer="adam", l1=0.01, l2=0.1, weight_decay=0.1)
        trainer.fit((X, Y[:, None]), epochs=2, batch_size=64, micro_batch_size=micro)
        return model.weight.detach().numpy()

    np.testing.assert_allclose(weights(24), weights(None), rtol=1e-11)


def test_penalties_are_saved_and_go_on(tmp_path: Path) -> None:
    def trainer() -> Trainer:
        with sklon.tensors.modes.seeded(1):
            model = nn.Sequential(nn.Linear(COLUMNS, 4, dtype="float64"), nn.ReLU(), nn.Linear(4, 1, dtype="float64"))
        more = [Penalties((MaxNorm(0.7),), "2.*")]
        return Trainer(model, loss="mse", optimizer="adam", l1=0.01, weight_decay=0.1, penalties=more)

    data = (X, Y[:, None])
    through, half = trainer(), trainer()
    through.fit(data, epochs=2)
    through.fit(data, epochs=2)
    half.fit(data, epochs=2)
    half.save(tmp_path / "run")
    again = sklon.load(tmp_path / "run")
    again.fit(data, epochs=2)
    for one, other in zip(through.model.parameters(), again.model.parameters(), strict=True):
        assert (one.detach().numpy() == other.detach().numpy()).all()
    assert again.history[-1]["penalty"] == through.history[-1]["penalty"]


@pytest.mark.parametrize(
    "wrong",
    [lambda: L1(-1.0), lambda: L2(float("nan")), lambda: L1(0.1, "magic"),  # type: ignore[arg-type]
     lambda: MaxNorm(0.0), lambda: Trainer(nn.Linear(1, 1), loss="mse", l1=-0.1),
     lambda: Trainer(nn.Linear(1, 1), loss="mse", penalties=[L1(1.0)]),  # type: ignore[list-item]
     lambda: convert("l2", 0.1, "sklearn Ridge alpha"), lambda: convert("l1", 0.1, "nothing")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()


def test_every_conversion_is_what_it_says() -> None:
    """λ = 0.5 of 10 rows; scikit-learn's and Keras' objectives divide by what PyTorch's does not."""
    expected = {
        ("l2", "torch.optim weight_decay"): 0.5,
        ("l2", "keras.regularizers.L2"): 0.25,
        ("l2", "sklearn MLPClassifier alpha"): 5.0,
        ("l2", "sklearn Ridge alpha"): 2.5,
        ("l2", "sklearn LogisticRegression C"): 0.2,
        ("l2", "sklearn ElasticNet alpha*(1-l1_ratio)"): 0.25,
        ("l1", "keras.regularizers.L1"): 0.5,
        ("l1", "sklearn Lasso alpha"): 0.25,
        ("l1", "sklearn ElasticNet alpha*l1_ratio"): 0.25,
        ("l1", "sklearn LogisticRegression C"): 0.2,
    }
    assert expected.keys() == CONVERSIONS.keys()
    for (penalty, to), value in expected.items():
        assert convert(penalty, 0.5, to, rows=10) == value  # type: ignore[arg-type]
        assert convert(penalty, 0.0, to, rows=10) in (0.0, np.inf)  # type: ignore[arg-type]


def test_an_elastic_net_reaches_scikit_learns() -> None:
    net = elastic_net(0.4, 0.25)
    weights, bias = fitted("mse", Y, STEP, penalties=[Penalties(net)])
    l1 = convert("l1", net[0].strength, "sklearn ElasticNet alpha*l1_ratio")  # type: ignore[attr-defined]
    l2 = convert("l2", net[1].strength, "sklearn ElasticNet alpha*(1-l1_ratio)")  # type: ignore[attr-defined]
    peer = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-14, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(weights, peer.coef_, atol=1e-9)
    assert ((weights == 0) == (peer.coef_ == 0)).all() and bias == pytest.approx(peer.intercept_, abs=1e-9)


def test_l1_reaches_sparse_logistic_regression() -> None:
    weights, _ = fitted("bce_with_logits", LABELS, 4 * STEP, l1=0.02)
    C = convert("l1", 0.02, "sklearn LogisticRegression C", rows=ROWS)
    peer = LogisticRegression(C=C, l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=100_000).fit(X, LABELS)
    np.testing.assert_allclose(weights, peer.coef_[0], atol=1e-5)
    assert ((weights == 0) == (peer.coef_[0] == 0)).all() and (weights == 0).any()


def test_a_pattern_that_fits_no_parameter_is_refused() -> None:
    with pytest.raises(InputError, match="no parameter is called 'head"):
        Trainer(nn.Linear(1, 1), loss="mse", penalties=[Penalties((L1(1.0),), "head.*")])


def test_the_soft_threshold() -> None:
    x = sklon.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], dtype="float64")
    assert soft(x, 0.5).tolist() == [-1.5, 0.0, 0.0, 0.0, 1.5]


@pytest.mark.parametrize("name", PENALTIES)
def test_many_values_pay_what_each_pays(name: str) -> None:
    """To the bit, also of values that lie apart in memory."""
    kind: Any = PENALTIES[name]
    penalty = kind(*([] if name == "non_negative" else [0.3]))
    params = np.random.default_rng(1).standard_normal((5, 2 * 130, 77)).astype(np.float32)[:, ::2]
    assert values_of(penalty, params) == [penalty.value(np.ascontiguousarray(param)) for param in params]


def test_l2_is_half_the_squares() -> None:
    params = np.random.default_rng(2).standard_normal((3, 4, 5))
    np.testing.assert_allclose(values_of(L2(0.3), params), 0.15 * (params**2).sum(axis=(1, 2)), rtol=1e-14)
