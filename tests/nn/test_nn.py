"""Modules and losses against PyTorch's, and the rules of registration and state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(0)

#: our layer, PyTorch's, and an input
LAYERS = {
    "Linear": (lambda: nn.Linear(4, 3), lambda: torch.nn.Linear(4, 3), RNG.standard_normal((5, 4))),
    "Linear without bias": (
        lambda: nn.Linear(4, 3, bias=False),
        lambda: torch.nn.Linear(4, 3, bias=False),
        RNG.standard_normal((5, 4)),
    ),
    "Embedding": (lambda: nn.Embedding(7, 3), lambda: torch.nn.Embedding(7, 3), RNG.integers(0, 7, 9)),
    "ReLU": (nn.ReLU, torch.nn.ReLU, RNG.standard_normal((5, 4))),
    "Sigmoid": (nn.Sigmoid, torch.nn.Sigmoid, RNG.standard_normal((5, 4))),
    "Tanh": (nn.Tanh, torch.nn.Tanh, RNG.standard_normal((5, 4))),
    "Softplus": (nn.Softplus, torch.nn.Softplus, RNG.standard_normal((5, 4))),
    "Identity": (nn.Identity, torch.nn.Identity, RNG.standard_normal((5, 4))),
    "Dropout in evaluation": (
        lambda: nn.Dropout(0.5).eval(),
        lambda: torch.nn.Dropout(0.5).eval(),
        RNG.standard_normal((5, 4)),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_pytorch_s(name: str) -> None:
    ours, theirs = LAYERS[name][0](), LAYERS[name][1]()
    given = LAYERS[name][2]
    given = given.astype(np.float32 if given.dtype.kind == "f" else np.int64)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    x, reference = sklon.tensor(given), torch.tensor(given)
    mine, expected = ours(x), theirs(reference)
    np.testing.assert_allclose(mine.numpy(), expected.detach().numpy(), rtol=2e-6, atol=1e-6)
    if not any(True for _ in ours.parameters()):
        return
    (mine * mine).sum().backward()
    (expected * expected).sum().backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert a.grad is not None
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_a_bilinear_layer_is_pytorch_s(bias: bool) -> None:
    ours, theirs = nn.Bilinear(3, 4, 2, bias, dtype="float64"), torch.nn.Bilinear(3, 4, 2, bias).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    given = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 4))
    mine, reference = [[make(x, requires_grad=True) for x in given] for make in (sklon.tensor, torch.tensor)]
    (ours(*mine) * ours(*mine)).sum().backward()
    (theirs(*reference) ** 2).sum().backward()
    for a, b in zip([*mine, *ours.parameters()], [*reference, *theirs.parameters()], strict=True):
        assert a.grad is not None
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-10)


def test_softmax_and_its_logarithm() -> None:
    x = RNG.standard_normal((3, 5)) * 500
    expected = torch.tensor(x)
    np.testing.assert_allclose(nn.functional.softmax(sklon.tensor(x)).numpy(), torch.softmax(expected, -1), atol=1e-15)
    ours = nn.functional.log_softmax(sklon.tensor(x)).numpy()
    np.testing.assert_allclose(ours, torch.log_softmax(expected, -1), rtol=1e-12)


def test_dropout_keeps_the_expectation_and_scales_gradients_like_values() -> None:
    sklon.manual_seed(0)
    x = sklon.ones(2000, 20, requires_grad=True)
    y = nn.Dropout(0.3)(x)
    kept = y.numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / 0.7)}
    assert abs(kept.mean() - 1) < 0.01
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), kept)


def test_parameters_are_registered_by_path_and_shared_ones_once() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(3, 3)
            self.again = self.first
            self.scale = nn.Parameter(sklon.ones(1))

        def forward(self, x: sklon.Tensor) -> Any:
            return self.again(self.first(x)) * self.scale

    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["scale", "first.weight", "first.bias"]
    assert list(net.state_dict()) == ["scale", "first.weight", "first.bias", "again.weight", "again.bias"]
    net(sklon.ones(2, 3)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_state_moves_both_ways_and_misfits_are_named() -> None:
    ours, theirs = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(ours.weight.numpy(), theirs.weight.detach().numpy())
    with pytest.raises(InputError, match="missing \\['bias'\\], unknown \\['b'\\]"):
        ours.load_state_dict({"weight": theirs.weight, "b": theirs.bias})
    with pytest.raises(ShapeError, match="weight has the shape"):
        ours.load_state_dict({"weight": np.zeros((2, 2)), "bias": np.zeros(2)})


REFUSALS = {
    "width": (lambda: nn.Linear(3, 2)(sklon.ones(4, 5)), ShapeError, "x of shape \\[N, 3\\]"),
    "no features": (lambda: nn.Linear(0, 2), InputError, "at least one feature"),
    "probability": (lambda: nn.Dropout(1.5), InputError, "between 0 and 1"),
    "targets": (lambda: nn.MSELoss()(sklon.ones(4, 1), sklon.ones(4)), ShapeError, "same shape"),
    "code": (lambda: nn.Embedding(3, 2)(sklon.tensor([0, 3])), InputError, "an index is 3, but there are 3 rows"),
    "class": (
        lambda: nn.CrossEntropyLoss()(sklon.ones(2, 3), sklon.tensor([0, -1])),
        InputError,
        "a class is -1, but there are 3 classes",
    ),
    "classes": (lambda: nn.CrossEntropyLoss()(sklon.ones(4, 2), sklon.ones(4)), ShapeError, "whole numbers"),
    "bilinear": (lambda: nn.Bilinear(2, 3, 1)(sklon.ones(4, 3), sklon.ones(4, 3)), ShapeError, r"x1 \[…, 2\]"),
    "one row": (lambda: nn.BatchNorm1d(2)(sklon.ones(1, 2)), InputError, "more than one value for each channel"),
    "channels": (lambda: nn.BatchNorm1d(2)(sklon.ones(4, 3)), ShapeError, "over 2 channels"),
    "last axis": (lambda: nn.LayerNorm(2)(sklon.ones(4, 3)), ShapeError, "last axes \\(2,\\)"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_is_needed(name: str) -> None:
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call()
