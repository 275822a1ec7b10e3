"""Losses are PyTorch's: values and gradients, each reduction, at ±1000; a loss is a sum and a count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError
from sklon.nn.loss import LOSSES

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(2)
N, K, C = 6, 3, 4

REAL = RNG.standard_normal((N, K)) * 2
FAR = RNG.standard_normal((N, K)) * 1000
BITS = RNG.integers(0, 2, (N, K)).astype(float)
SIGNS = BITS * 2 - 1
COUNTS = RNG.integers(0, 7, (N, K)).astype(float)
SCORES = RNG.standard_normal((N, C))
FAR_SCORES = SCORES * 1000
CLASSES = np.array([0, 3, 1, 1, 2, 0])
IGNORED = np.array([0, 3, -100, 1, 2, -100])
SOFT = RNG.dirichlet(np.ones(C), N)
WEIGHT = [0.5, 2.0, 1.0, 3.0]
LOG_P = np.log(RNG.dirichlet(np.ones(C), N))

#: by the name in LOSSES: settings, outputs and targets that PyTorch is asked about under the same class name
CASES: dict[str, list[tuple[dict[str, Any], Any, Any]]] = {
    "mse": [({}, REAL, BITS), ({}, FAR, REAL)],
    "l1": [({}, REAL, BITS), ({}, REAL, REAL.copy())],
    "huber": [({}, REAL, BITS), ({"delta": 0.3}, FAR, REAL)],
    "smooth_l1": [({}, REAL, BITS), ({"beta": 0.3}, FAR, REAL), ({"beta": 0.0}, REAL, BITS)],
    "poisson_nll": [
        ({}, REAL, COUNTS), ({"full": True}, REAL, COUNTS), ({"log_input": False, "eps": 1e-3}, np.exp(REAL), COUNTS),
    ],
    "bce_with_logits": [
        ({}, REAL, BITS), ({}, FAR, BITS), ({"pos_weight": [0.5, 2.0, 3.0]}, REAL, BITS),
        ({"pos_weight": [0.5, 2.0, 3.0], "weight": [1.0, 2.0, 0.0]}, FAR, BITS), ({}, REAL, BITS * 0.8 + 0.1),
    ],
    "soft_margin": [({}, REAL, SIGNS), ({}, REAL * 100, SIGNS)],
    "hinge_embedding": [({}, np.abs(REAL), SIGNS), ({"margin": 2.5}, np.abs(REAL), SIGNS)],
    "cross_entropy": [
        ({}, SCORES, CLASSES), ({}, FAR_SCORES, CLASSES), ({}, SCORES, IGNORED), ({}, SCORES, SOFT),
        ({"weight": WEIGHT}, SCORES, CLASSES), ({"weight": WEIGHT}, FAR_SCORES, IGNORED),
        ({"weight": WEIGHT}, SCORES, SOFT), ({"label_smoothing": 0.2}, SCORES, CLASSES),
        ({"label_smoothing": 0.2, "weight": WEIGHT}, FAR_SCORES, IGNORED),
        ({"label_smoothing": 0.2, "weight": WEIGHT}, SCORES, SOFT), ({"ignore_index": 1}, SCORES, CLASSES),
    ],
    "nll": [({}, LOG_P, CLASSES), ({"weight": WEIGHT}, LOG_P, IGNORED), ({"ignore_index": 0}, LOG_P, CLASSES)],
    "multi_margin": [
        ({}, SCORES, CLASSES), ({"p": 2, "margin": 0.5}, FAR_SCORES, CLASSES), ({"weight": WEIGHT}, SCORES, CLASSES),
    ],
}  # fmt: skip
#: losses that PyTorch does not have, with their formula in NumPy
OWN = ("pinball", "focal", "hinge")
ROWS = [(name, i) for name, cases in CASES.items() for i in range(len(cases))]


def test_every_loss_has_a_case() -> None:
    assert CASES.keys() | set(OWN) == LOSSES.keys()


def _theirs(name: str, settings: dict[str, Any], reduction: str) -> Any:
    tensors = {k: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for k, v in settings.items()}
    return getattr(torch.nn, LOSSES[name].__name__)(**tensors, reduction=reduction)


def _agree(mine: nn.Module, theirs: Any, output: Any, *others: Any) -> None:
    x, reference = sklon.tensor(output, requires_grad=True), torch.tensor(output, requires_grad=True)
    value = mine(x, *(sklon.tensor(o) for o in others))
    expected = theirs(reference, *(torch.tensor(o) for o in others))
    assert value.shape == tuple(expected.shape)
    np.testing.assert_allclose(value.numpy(), expected.detach().numpy(), rtol=1e-11, atol=1e-13)
    value.sum().backward()
    expected.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), reference.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "row"), ROWS)
def test_values_and_gradients_are_pytorch_s(name: str, row: int, reduction: str) -> None:
    settings, output, target = CASES[name][row]
    _agree(LOSSES[name](**settings, reduction=reduction), _theirs(name, settings, reduction), output, target)


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_loss_is_a_sum_and_a_count(name: str, row: int) -> None:
    settings, output, target = CASES[name][row]
    loss = LOSSES[name](**settings)
    values = loss.per_sample(sklon.tensor(output), sklon.tensor(target))
    weights = loss.weights(sklon.tensor(output), sklon.tensor(target))
    assert values.shape == (N,)
    mean = values.numpy().sum() / (N if weights is None else weights.numpy().sum())
    expected = _theirs(name, settings, "mean")(torch.tensor(output), torch.tensor(target)).item()
    assert mean == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("settings", [{}, {"full": True, "eps": 0.5}])
def test_the_gaussian_loss_is_pytorch_s(settings: dict[str, Any], reduction: str) -> None:
    mine = nn.GaussianNLLLoss(**settings, reduction=reduction)
    theirs = torch.nn.GaussianNLLLoss(**settings, reduction=reduction)
    for variance in (np.exp(REAL), np.exp(REAL[:, :1])):
        _agree(mine, theirs, REAL, BITS, variance)


def test_the_pinball_loss_is_least_at_the_quantile_and_half_of_l1_at_the_median() -> None:
    samples = sklon.tensor(RNG.standard_exponential(2001))
    values = [nn.PinballLoss(0.9)(samples * 0 + q, samples).item() for q in np.linspace(0, 5, 501)]
    assert np.linspace(0, 5, 501)[np.argmin(values)] == pytest.approx(np.quantile(samples.numpy(), 0.9), abs=0.01)
    half = nn.PinballLoss(0.5)(sklon.tensor(REAL), sklon.tensor(BITS)).item()
    assert half == pytest.approx(np.abs(REAL - BITS).mean() / 2)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, None), (2.0, 0.25), (1.5, 0.7), (0.0, None)])
def test_the_focal_loss_is_its_formula(gamma: float, alpha: float | None) -> None:
    def formula(z: Any, t: Any) -> Any:
        bce = torch.nn.functional.binary_cross_entropy_with_logits(z, t, reduction="none")
        p = torch.sigmoid(z) * t + torch.sigmoid(-z) * (1 - t)
        weight = 1.0 if alpha is None else alpha * t + (1 - alpha) * (1 - t)
        return (weight * (1 - p) ** gamma * bce).mean()

    _agree(nn.FocalLoss(gamma, alpha), formula, REAL, BITS)
    far = sklon.tensor(FAR, requires_grad=True)
    value = nn.FocalLoss(gamma, alpha)(far, sklon.tensor(BITS))
    value.backward()
    assert far.grad is not None and np.isfinite(value.item()) and np.isfinite(far.grad.numpy()).all()


@pytest.mark.parametrize("margin", [1.0, 0.3])
def test_the_hinge_loss_is_its_formula(margin: float) -> None:
    for scores in (REAL, FAR):
        _agree(nn.HingeLoss(margin), lambda z, t: (margin - t * z).clamp(min=0).mean(), scores, SIGNS)


SETTINGS: dict[str, dict[str, Any]] = {
    "bce_with_logits": {"pos_weight": [3.0]},
    "cross_entropy": {"weight": WEIGHT, "label_smoothing": 0.1},
    "nll": {"weight": WEIGHT},
}


@pytest.mark.parametrize("name", ["bce_with_logits", "cross_entropy", "nll", "multi_margin", "huber", "pinball"])
def test_the_trainer_makes_pytorch_s_steps_with_weights_and_ignored_rows(name: str) -> None:
    X = RNG.standard_normal((23, 3))
    y: Any = RNG.integers(0, C, 23) if name in ("cross_entropy", "nll", "multi_margin") else X[:, :1] > 0
    if name in ("cross_entropy", "nll"):
        y[[2, 5, 11]] = -100
    y = y if y.ndim == 1 else y.astype(float)
    outputs = C if y.ndim == 1 else 1
    model = nn.Linear(3, outputs, dtype="float64")
    reference = torch.nn.Linear(3, outputs).double()
    reference.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    loss = LOSSES[name](**SETTINGS.get(name, {}))
    trainer = sklon.Trainer(model, loss=loss, optimizer="sgd", lr=0.1)
    history = trainer.fit((X, y), epochs=4, batch_size="full", validation=(X, y))
    given, target = torch.tensor(X), torch.tensor(y)
    if name == "pinball":
        theirs: Any = lambda a, b: (a - b).abs().mean() / 2  # noqa: E731
    else:
        theirs = _theirs(name, SETTINGS.get(name, {}), "mean")
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.1)
    for row in history:
        value = theirs(reference(given), target)
        assert row["train_loss"] == pytest.approx(value.item(), rel=1e-9)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        assert row["validation_loss"] == pytest.approx(theirs(reference(given), target).item(), rel=1e-9)
    assert trainer.evaluate(X, y) == pytest.approx(history[-1]["validation_loss"], rel=1e-12)


def test_a_mean_over_no_row_is_nan_and_moves_nothing() -> None:
    """As PyTorch's: 0/0 is no number, and its gradient is 0."""
    for loss in (nn.CrossEntropyLoss(), nn.NLLLoss()):
        scores = sklon.tensor(SCORES, requires_grad=True)
        value = loss(scores, sklon.tensor(np.full(N, -100)))
        value.backward()
        assert np.isnan(value.item()) and scores.grad is not None and not scores.grad.numpy().any()


def test_a_batch_in_which_no_row_counts_moves_nothing() -> None:
    model = nn.Linear(2, 3)
    before = model.state_dict()
    X, y = RNG.standard_normal((8, 2)).astype(np.float32), np.full(8, -100)
    sklon.Trainer(model, loss="cross_entropy", optimizer="sgd", lr=1.0).fit((X, y), epochs=1, batch_size=4)
    np.testing.assert_array_equal(model.state_dict()["weight"], before["weight"])


REFUSALS = {
    "reduction": (lambda: nn.MSELoss("average"), InputError, '"mean", "sum" or "none"'),
    "quantile": (lambda: nn.PinballLoss(1.0), InputError, "between 0 and 1"),
    "delta": (lambda: nn.HuberLoss(delta=0.0), InputError, "above 0"),
    "beta": (lambda: nn.SmoothL1Loss(beta=-1.0), InputError, "at least 0"),
    "smoothing": (lambda: nn.CrossEntropyLoss(label_smoothing=2.0), InputError, "between 0 and 1"),
    "focal": (lambda: nn.FocalLoss(-1.0), InputError, "γ ≥ 0"),
    "weights": (lambda: nn.CrossEntropyLoss([1.0, -1.0]), InputError, "at least 0"),
    "power": (lambda: nn.MultiMarginLoss(3)(sklon.ones(2, 3), sklon.tensor([0, 1])), InputError, "1 or 2"),
    "broadcast": (lambda: nn.HuberLoss()(sklon.ones(4, 1), sklon.ones(4)), ShapeError, "same shape"),
    "variance": (lambda: nn.GaussianNLLLoss()(sklon.ones(4), sklon.ones(4)), InputError, "mean, target, variance"),
    "sigmoid": (
        lambda: nn.BCEWithLogitsLoss()(sklon.sigmoid(sklon.ones(2, 1)), sklon.ones(2, 1)), InputError,
        "takes logits.*leave the sigmoid out",
    ),
    "hidden sigmoid": (
        lambda: nn.functional.binary_cross_entropy_with_logits(
            nn.Flatten()(sklon.sigmoid(sklon.ones(2, 1, 3))), sklon.ones(2, 3)
        ), InputError, "takes logits.*leave the sigmoid out",
    ),
    "sigmoid before a margin": (
        lambda: nn.functional.soft_margin_loss(sklon.sigmoid(sklon.ones(2)), sklon.ones(2)), InputError,
        "takes logits.*leave the sigmoid out",
    ),
    "functional softmax": (
        lambda: nn.functional.cross_entropy(nn.functional.softmax(sklon.ones(2, 3)), sklon.tensor([0, 1])),
        InputError, "takes logits.*leave the softmax out",
    ),
    "softmax": (
        lambda: nn.CrossEntropyLoss()(nn.Softmax(1)(sklon.ones(2, 3)), sklon.tensor([0, 1])), InputError,
        "takes logits.*leave the softmax out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_is_needed(name: str) -> None:
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call()


class _Hides(nn.Module):
    """A model that ends in probabilities, and says so nowhere but in its forward."""

    def forward(self, *inputs: Any) -> Any:
        return nn.functional.softmax(inputs[0], 1)


def test_the_trainer_sees_probabilities_that_a_forward_makes() -> None:
    model = nn.Sequential(nn.Linear(2, 3), _Hides(), nn.Identity())
    X, y = RNG.standard_normal((8, 2)).astype(np.float32), np.zeros(8, np.int64)
    with pytest.raises(InputError, match=r"takes logits.*leave the softmax out"):
        sklon.Trainer(model, loss="cross_entropy").fit((X, y), epochs=1)


@pytest.mark.parametrize(
    ("last", "loss", "words"),
    [
        (nn.Softmax(1), "cross_entropy", "ends in Softmax: leave that layer out"),
        (nn.LogSoftmax(1), "cross_entropy", "ends in LogSoftmax: leave"),
        (nn.Sigmoid(), "bce_with_logits", "ends in Sigmoid: leave"),
        (nn.Sequential(nn.Sigmoid()), "focal", "ends in Sigmoid: leave"),
        (nn.Softmax(1), "nll", "ends in Softmax: use LogSoftmax"),
        (nn.Softmin(1), "cross_entropy", "ends in Softmin: leave"),
        (nn.Hardsigmoid(), "bce_with_logits", "ends in Hardsigmoid: leave"),
    ],
)
def test_the_trainer_refuses_a_last_layer_that_the_loss_contains(last: nn.Module, loss: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        sklon.Trainer(nn.Sequential(nn.Linear(2, 3), last), loss=loss)
    sklon.Trainer(nn.Sequential(nn.Linear(2, 3), last), loss="mse")


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_for_targets_leaves_the_loss_as_it_was(name: str) -> None:
    for loss in (LOSSES[name](), nn.EnsembleLoss(LOSSES[name]())):
        before = loss.fingerprint()
        twin = loss.for_target(CLASSES)
        assert all(part is before[key] or part == before[key] for key, part in loss.fingerprint().items())
        if twin is not loss:
            twin.register_buffer("more", sklon.tensor([1.0]))
            twin.inner = nn.MSELoss()
            assert "more" not in dict(loss.named_buffers()) and "inner" not in dict(loss.named_modules())
