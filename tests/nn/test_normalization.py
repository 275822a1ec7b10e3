"""Normalising layers are PyTorch's: values, gradients, running estimates, inside the compiled step too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(4)

#: a layer as both libraries write it, and the shape of its input
CASES = {
    "BatchNorm1d(4)": (7, 4),
    "BatchNorm1d(4, momentum=None)": (7, 4),
    "BatchNorm1d(4, eps=0.1, momentum=0.5, affine=False)": (7, 4),
    "BatchNorm1d(4, track_running_stats=False)": (7, 4),
    "BatchNorm1d(4, 1e-3)": (3, 4, 5),
    "LayerNorm(4)": (7, 4),
    "LayerNorm(4, eps=0.1, elementwise_affine=False)": (7, 4),
    "LayerNorm((3, 4), bias=False)": (5, 3, 4),
    "RMSNorm(4)": (7, 4),
    "RMSNorm((3, 4), eps=0.1)": (5, 3, 4),
    "RMSNorm(4, elementwise_affine=False)": (7, 4),
}


def _pair(case: str) -> tuple[Any, Any]:
    theirs = eval(f"nn.{case}", {"nn": torch.nn}).double()
    ours = eval(f"nn.{case[:-1]}, dtype='float64')", {"nn": nn})
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("case", CASES)
def test_three_batches_then_evaluation(case: str) -> None:
    ours, theirs = _pair(case)
    for training in (True, True, True, False):
        given = RNG.standard_normal(CASES[case]) * 3 + 1
        x, reference = sklon.tensor(given, requires_grad=True), torch.tensor(given, requires_grad=True)
        mine, expected = ours.train(training)(x), theirs.train(training)(reference)
        np.testing.assert_allclose(mine.numpy(), expected.detach().numpy(), rtol=1e-10, atol=1e-12)
        seed = RNG.standard_normal(given.shape)
        ours.zero_grad()
        theirs.zero_grad()
        mine.backward(sklon.tensor(seed))
        expected.backward(torch.tensor(seed))
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), reference.grad.numpy(), rtol=1e-8, atol=1e-11)
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-11)
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    "norm", ["BatchNorm1d(5)", "BatchNorm1d(5, momentum=None)", "LayerNorm(5)", "RMSNorm(5, 1e-5)"]
)
def test_a_run_is_pytorch_s_with_running_statistics_as_state(norm: str) -> None:
    X = RNG.standard_normal((32, 3))
    y = (X[:, :1] > 0).astype(float)

    def make(library: Any, **settings: Any) -> Any:
        layer = eval(f"nn.{norm[:-1]}, **s)", {"nn": library, "s": settings})
        return library.Sequential(library.Linear(3, 5, **settings), layer, library.Linear(5, 1, **settings))

    model, theirs = make(nn, dtype="float64"), make(torch.nn).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    trainer = sklon.Trainer(model, loss="mse", optimizer="sgd", lr=0.1)
    history = trainer.fit((X, y), epochs=5, batch_size="full", validation=(X, y))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    given, target = torch.tensor(X), torch.tensor(y)
    best, state = float("inf"), {}
    for row in history:
        loss = torch.nn.functional.mse_loss(theirs.train()(given), target)
        assert row["train_loss"] == pytest.approx(loss.item(), rel=1e-9)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        value = torch.nn.functional.mse_loss(theirs.eval()(given), target).item()
        assert row["validation_loss"] == pytest.approx(value, rel=1e-9)
        if value < best:
            best, state = value, {k: v.clone() for k, v in theirs.state_dict().items()}
    for name, tensor in state.items():
        np.testing.assert_allclose(model.state_dict()[name], tensor.numpy(), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(trainer.predict(X), model.eval()(sklon.tensor(X)).numpy(), rtol=1e-10)


def test_short_last_batches_and_two_fits_carry_the_statistics_on() -> None:
    X = RNG.standard_normal((34, 3)).astype(np.float32)

    def trainer() -> sklon.Trainer:
        sklon.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        return sklon.Trainer(model, loss="mse", lr=0.01)

    one, two = trainer(), trainer()
    one.fit((X, X[:, :1]), epochs=4, batch_size=16)
    two.fit((X, X[:, :1]), epochs=1, batch_size=16)
    two.fit((X, X[:, :1]), epochs=3, batch_size=16)
    assert int(one.model.state_dict()["1.num_batches_tracked"]) == 12
    for name, value in one.model.state_dict().items():
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(value, two.model.state_dict()[name])


@pytest.mark.parametrize(
    ("rows", "settings", "words"),
    [
        (
            33,
            {"batch_size": 16},
            r"the last batch of an epoch has one row \(33 rows in batches of 16\).*drop_last=True",
        ),
        (8, {"batch_size": 1}, "pass more rows a batch"),
        (1, {}, "pass more rows a batch"),
        (33, {"batch_size": 40, "drop_last": True}, "make no full batch of 40"),
    ],
)
def test_a_batch_of_one_row_is_refused_before_training_starts(rows: int, settings: dict[str, Any], words: str) -> None:
    X = RNG.standard_normal((rows, 3)).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    before = model.state_dict()
    trainer = sklon.Trainer(model, loss="mse")
    with pytest.raises(InputError, match=words):
        trainer.fit((X, X[:, :1]), epochs=2, **settings)
    assert trainer.step == 0 and all((before[k] == v).all() for k, v in model.state_dict().items())


def test_without_the_short_last_batch_33_rows_train() -> None:
    X = RNG.standard_normal((33, 3)).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    trainer = sklon.Trainer(model, loss="mse")
    trainer.fit((X, X[:, :1]), epochs=3, batch_size=16, drop_last=True)
    assert trainer.step == 6 and int(model.state_dict()["1.num_batches_tracked"]) == 6


def test_a_recording_leaves_the_buffers_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    before = [b for b in model.buffers()]
    with pytest.raises(ShapeError):
        sklon.Trainer(model, loss="mse").fit((np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)), epochs=1)
    assert all(a is b for a, b in zip(before, model.buffers(), strict=True))
    assert model.state_dict()["1.running_var"].tolist() == [1, 1, 1, 1]
