"""A model with folded batch norms computes what it computed in evaluation, and what cannot be folded stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.errors import InputError
from sklon.nn.description import build, describe

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(9)
X = RNG.standard_normal((20, 3)) * 3


def _norm(features: int, **settings: Any) -> nn.BatchNorm1d:
    """A batch norm with values of its own everywhere."""
    norm = nn.BatchNorm1d(features, **settings)
    for name, part in norm._state().items():
        if name != "num_batches_tracked":
            nn.module.assign(part, RNG.uniform(0.5, 2, features))
    return norm


def _shared_linear() -> nn.Sequential:
    linear = nn.Linear(3, 3)
    return nn.Sequential(linear, _norm(3), nn.Tanh(), linear, _norm(3), nn.Linear(3, 2))


def _tied_weight() -> nn.Sequential:
    one, two = nn.Linear(3, 3), nn.Linear(3, 3)
    two.weight = one.weight
    return nn.Sequential(one, _norm(3), nn.Tanh(), two, nn.ReLU(), _norm(3), nn.Linear(3, 1))


def _hooked() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(3, 4), _norm(4), nn.Linear(4, 4), _norm(4))
    model[0].register_forward_hook(lambda m, inputs, output: output * 2)
    return model


def _hooked_inside() -> nn.Sequential:
    inner = nn.Sequential(nn.Linear(3, 4))
    inner.register_forward_hook(lambda m, inputs, output: output.relu())
    return nn.Sequential(inner, _norm(4), nn.Linear(4, 4))


class _Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.Sequential(nn.Linear(3, 3), _norm(3))

    def forward(self, x: sklon.Tensor) -> sklon.Tensor:
        return self.parts[0](x) + self.parts(x)  # type: ignore[no-any-return]


#: a model, and how many batch norms stay in it
CASES: dict[str, tuple[Callable[[], nn.Sequential], int]] = {
    "after a linear layer": (lambda: nn.Sequential(nn.Linear(3, 4), _norm(4), nn.ReLU()), 0),
    "without a bias": (lambda: nn.Sequential(nn.Linear(3, 4, bias=False), _norm(4)), 0),
    "before a linear layer": (lambda: nn.Sequential(_norm(3), nn.Linear(3, 4)), 0),
    "before one without a bias": (lambda: nn.Sequential(_norm(3), nn.Linear(3, 4, bias=False)), 0),
    "after an activation": (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), _norm(4), nn.Linear(4, 2)), 0),
    "dropout between": (
        lambda: nn.Sequential(
            _norm(3), nn.Dropout(), nn.Linear(3, 4), nn.SELU(), _norm(4), nn.AlphaDropout(), nn.Linear(4, 1)
        ),
        0,
    ),
    "no scale, no shift": (
        lambda: nn.Sequential(
            nn.Linear(3, 4), _norm(4, affine=False), nn.Tanh(), nn.Linear(4, 4), _norm(4, bias=False)
        ),
        0,
    ),
    "two in a row": (lambda: nn.Sequential(nn.Linear(3, 4), _norm(4), _norm(4, eps=0.5), nn.ReLU()), 0),
    "frozen": (lambda: nn.Sequential(nn.Linear(3, 4), _norm(4).freeze()), 0),
    "nested": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(3, 4), nn.Sequential(_norm(4))),
            nn.Sequential(nn.ReLU(), _norm(4)),
            nn.Sequential(nn.Sequential(nn.Linear(4, 4)), nn.ReLU()),
        ),
        0,
    ),
    "without neighbours": (lambda: nn.Sequential(nn.Linear(3, 4), _norm(4), nn.ReLU(), _norm(4), nn.ReLU()), 1),
    "without running estimates": (
        lambda: nn.Sequential(
            nn.Linear(3, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.ReLU(), nn.Linear(4, 4), _norm(4)
        ),
        1,
    ),
    "a shared linear layer": (_shared_linear, 1),
    "tied weights": (_tied_weight, 1),
    "hooks": (_hooked, 0),
    "in a class of one's own": (lambda: nn.Sequential(_Own(), nn.Linear(3, 4), _norm(4)), 1),
    "no batch norm": (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU()), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_folded_model_computes_the_same(name: str) -> None:
    make, staying = CASES[name]
    model = make().double()
    before, text = model.state_dict(), repr(model)
    folded = nn.fold_batch_norm(model)
    expected = model.eval()(sklon.tensor(X)).numpy()
    np.testing.assert_allclose(folded(sklon.tensor(X)).numpy(), expected, rtol=1e-12, atol=1e-12)
    assert sum(isinstance(m, nn.BatchNorm1d) for m in folded.modules()) == staying
    assert not any(m.training for m in folded.modules())
    assert repr(model) == text and all((model.state_dict()[k] == v).all() for k, v in before.items())
    paths = [path for path, m in model.named_modules() if not isinstance(m, nn.BatchNorm1d)]
    assert [p for p, m in folded.named_modules() if p in paths] == paths


def test_float32_stays_and_is_exact_to_rounding() -> None:
    model = nn.Sequential(nn.Linear(3, 50), _norm(50), nn.ReLU(), nn.Linear(50, 1)).eval()
    x = sklon.tensor(X.astype(np.float32))
    folded = nn.fold_batch_norm(model)
    assert {v.dtype.name for v in folded.state_dict().values()} == {"float32"}
    np.testing.assert_allclose(folded(x).numpy(), model(x).numpy(), rtol=3e-6, atol=3e-6)


def test_weights_are_pytorch_s() -> None:
    model = nn.Sequential(nn.Linear(3, 4), _norm(4)).double().eval()
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).double().eval()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    fused = torch.nn.utils.fusion.fuse_linear_bn_eval(*theirs)
    folded = nn.fold_batch_norm(model)
    np.testing.assert_allclose(folded[0].weight.numpy(), fused.weight.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(folded[0].bias.numpy(), fused.bias.detach().numpy(), rtol=1e-12)


def test_a_trained_model_folds_and_is_described() -> None:
    y = X[:, :1] - X[:, 1:2]
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1)).double()
    trainer = Trainer(model, loss="mse")
    trainer.fit((X, y), epochs=20, batch_size=10)
    folded = nn.fold_batch_norm(model)
    predicted = Trainer(folded, loss="mse").predict(X)
    np.testing.assert_allclose(predicted, trainer.predict(X), rtol=1e-11, atol=1e-11)
    again = build(json.loads(json.dumps(describe(folded))))
    again.load_state_dict(folded.state_dict())
    np.testing.assert_array_equal(again.eval()(sklon.tensor(X)).numpy(), folded(sklon.tensor(X)).numpy())


class _OwnNorm(nn.BatchNorm1d):
    """A class of one's own, which may compute anything."""


REFUSALS: dict[str, tuple[Callable[[], Any], str]] = {
    "no Sequential": (_Own, "a Sequential can be folded, not _Own"),
    "no neighbour": (lambda: nn.Sequential(nn.ReLU(), _norm(3)), "1: no Linear that could take it"),
    "other features": (lambda: nn.Sequential(nn.Linear(5, 4), _norm(3)), "1: no Linear that could take it"),
    "a class of one's own": (lambda: nn.Sequential(nn.Linear(3, 3), _OwnNorm(3)), "of a class of your own"),
    "no estimates": (
        lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False)),
        "no running estimates",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_folded_at_all_is_refused(name: str) -> None:
    make, words = REFUSALS[name]
    with pytest.raises(InputError, match=words):
        nn.fold_batch_norm(make())


def test_a_hook_on_an_inner_sequential_sees_what_it_saw() -> None:
    model = _hooked_inside().eval()
    x = sklon.tensor(X.astype(np.float32))
    folded = nn.fold_batch_norm(model)  # into the layer after it, beyond the hook's output
    np.testing.assert_allclose(folded(x).numpy(), model(x).numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(folded[0](x).numpy(), model[0](x).numpy())
