"""Embeddings of numbers: against their definition in PyTorch, forward and backward, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError
from sklon.nn.description import build, describe

RANDOM = np.random.default_rng(0)
ROWS, SIZE = 90, 6
X = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
Y = RANDOM.normal(size=(ROWS, 1)).astype(np.float32)
#: of three features: many bins, one, and two of different width
BINS = [np.linspace(-1.5, 1.5, 10).tolist(), [-1.0, 2.0], [-2.0, 0.0, 0.5]]


def _layer() -> nn.PiecewiseLinearEmbeddings:
    sklon.manual_seed(3)
    layer = nn.PiecewiseLinearEmbeddings(BINS, SIZE)
    layer.weight.assign(RANDOM.normal(size=(3, 9, SIZE)).astype(np.float32))
    return layer


def _encoded(torch: Any, x: Any, count: int) -> Any:
    """The definition: 1 for bins below the value, the share of its own, 0 above; the outer bins go on."""
    rows = []
    for f, edges in enumerate(BINS):
        e, used = torch.tensor(edges, dtype=x.dtype), len(edges) - 1
        share = (x[:, f, None] - e[:-1]) / (e[1:] - e[:-1])
        low, high = torch.zeros(used, dtype=x.dtype), torch.ones(used, dtype=x.dtype)
        low[0], high[-1] = -torch.inf, torch.inf
        kept = torch.minimum(torch.maximum(share, low), high)
        rows.append(torch.nn.functional.pad(kept, (0, count - used)))
    return torch.stack(rows, 1)


def _reference(torch: Any, values: dict[str, Any], x: Any) -> Any:
    share = _encoded(torch, x, values["weight"].shape[1])
    linear = x[:, :, None] * values["linear0.weight"] + values["linear0.bias"]
    return linear + torch.einsum("nft,ftd->nfd", share, values["weight"])


def test_values_and_gradients_are_those_of_the_definition() -> None:
    torch = pytest.importorskip("torch")
    layer = _layer()
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in layer.state_dict().items()}
    x, seed = sklon.tensor(X, requires_grad=True), RANDOM.normal(size=(ROWS, 3, SIZE)).astype(np.float32)
    reference = torch.tensor(X, requires_grad=True)
    expected = _reference(torch, theirs, reference)
    found = layer(x)
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    (found * sklon.tensor(seed)).sum().backward()
    (expected * torch.tensor(seed)).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), reference.grad.numpy(), rtol=1e-4, atol=1e-4)
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad.numpy(), theirs[name].grad.numpy(), rtol=1e-4, atol=2e-5)


def test_three_epochs_in_the_compiled_step_give_pytorch_s_parameters() -> None:
    torch = pytest.importorskip("torch")
    layer = _layer()
    model = nn.Sequential(layer, nn.Flatten(), nn.Linear(3 * SIZE, 1))
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in layer.state_dict().items()}
    last = {name: torch.tensor(value, requires_grad=True) for name, value in model[2].state_dict().items()}
    optimizer = torch.optim.SGD([*theirs.values(), *last.values()], lr=0.01)
    for _ in range(3):
        for first in range(0, ROWS, 40):
            some = slice(first, first + 40)
            y = _reference(torch, theirs, torch.tensor(X[some])).flatten(1) @ last["weight"].T + last["bias"]
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(y, torch.tensor(Y[some])).backward()
            optimizer.step()
    sklon.Trainer(model, loss="mse", optimizer="sgd", lr=0.01).fit((X, Y), epochs=3, batch_size=40, shuffle=False)
    for name, value in theirs.items():
        np.testing.assert_allclose(layer.state_dict()[name], value.detach().numpy(), rtol=5e-5, atol=5e-6)


def test_values_at_and_beyond_edges() -> None:
    layer = _layer()
    edges = np.array([[e, e, e] for e in (-5.0, -2.0, -1.0, 0.0, 0.5, 2.0, 9.0)], np.float32)
    below, at, above = (layer(sklon.tensor(edges + d)).numpy() for d in (-1e-4, 0.0, 1e-4))
    np.testing.assert_allclose((below + above) / 2, at, atol=1e-2)  # no step anywhere, only bends


def test_one_bin_for_all_features_is_a_second_linear_embedding() -> None:
    layer = nn.PiecewiseLinearEmbeddings([[0.0, 2.0]], 4)
    layer.weight.assign(np.ones((1, 1, 4), np.float32))
    x = np.array([[-1.0], [1.0], [4.0]], np.float32)
    more = layer(sklon.tensor(x)).numpy() - layer.linear0(sklon.tensor(x)).numpy()
    np.testing.assert_allclose(more[:, 0, 0], [-0.5, 0.5, 2.0], atol=1e-6)


def test_it_begins_as_linear_embeddings() -> None:
    layer = nn.PiecewiseLinearEmbeddings(BINS, SIZE)
    np.testing.assert_array_equal(layer(sklon.tensor(X)).numpy(), layer.linear0(sklon.tensor(X)).numpy())


@pytest.mark.parametrize("bins", [[], [[1.0]], [[0.0, 1.0], [0.0, 2.0, 2.0]], [[1.0, 0.0]], [[0.0, float("nan")]]])
def test_edges_that_do_not_ascend_are_refused(bins: Any) -> None:
    with pytest.raises(InputError, match=r"edges of bins must|at least one feature"):
        nn.PiecewiseLinearEmbeddings(bins, 4)


def test_another_number_of_features_is_refused() -> None:
    for layer in (_layer(), nn.LinearEmbeddings(3, 4)):
        with pytest.raises(ShapeError, match="embeddings of 3 features"):
            layer(sklon.ones(5, 4))
    with pytest.raises(InputError, match="of at least 1, not 0 and 4"):
        nn.LinearEmbeddings(0, 4)


def test_it_is_described_and_built_again() -> None:
    layer = _layer()
    found = describe(layer)
    assert found is not None
    built = build(found)
    assert isinstance(built, nn.PiecewiseLinearEmbeddings) and built.bins == layer.bins
