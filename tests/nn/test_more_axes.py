"""Layers and losses on more axes than rows and features train inside the compiled step as they do in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError

torch = pytest.importorskip("torch")

ROWS, PLACES, CLASSES = 7, 3, 5
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(ROWS, PLACES, 4)).astype(np.float32)
WORDS = RANDOM.integers(0, 6, size=(ROWS, PLACES))
VALUES = RANDOM.normal(size=(ROWS, PLACES, 2)).astype(np.float32)
LABELS = np.where(RANDOM.random((ROWS, PLACES)) < 0.2, -100, RANDOM.integers(0, CLASSES, size=(ROWS, PLACES)))
WEIGHTS = np.array([1, 2, 0.5, 1, 3], np.float32)


def _weights(library: Any) -> Any:
    return WEIGHTS if library is nn else torch.tensor(WEIGHTS)


def _scores(library: Any) -> Any:
    """[N, words] → [N, C, words], by way of a table with padding."""
    flat = library.Linear(PLACES * 4, CLASSES * PLACES)
    return library.Sequential(
        library.Embedding(6, 4, 0), library.Flatten(), flat, library.Unflatten(1, (CLASSES, PLACES))
    )


#: by name: inputs, targets, the model, the loss
CASES: dict[str, tuple[Any, Any, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "a linear layer at each place": (
        NUMBERS, VALUES,
        lambda of: of.Sequential(of.Linear(4, 8), of.Tanh(), of.Linear(8, 2)), lambda of: of.MSELoss(),
    ),
    "a table with padding": (
        WORDS, VALUES,
        lambda of: of.Sequential(of.Embedding(6, 3, padding_idx=-6), of.Linear(3, 2)), lambda of: of.MSELoss(),
    ),
    "samples normalised over two axes": (
        NUMBERS, NUMBERS,
        lambda of: of.Sequential(of.Linear(4, 8), of.LayerNorm((3, 8)), of.GLU()), lambda of: of.L1Loss(),
    ),
    "channels along positions": (
        NUMBERS, NUMBERS,
        lambda of: of.Sequential(of.BatchNorm1d(3), of.Linear(4, 4)), lambda of: of.SmoothL1Loss(),
    ),
    "a class at each place": (
        WORDS, LABELS, _scores, lambda of: of.CrossEntropyLoss(_weights(of), label_smoothing=0.1),
    ),
    "classes that all count one": (WORDS, np.abs(LABELS) % CLASSES, _scores, lambda of: of.CrossEntropyLoss()),
    "log-probabilities at each place": (
        WORDS, LABELS, lambda of: of.Sequential(_scores(of), of.LogSoftmax(1)), lambda of: of.NLLLoss(_weights(of)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_three_steps_give_pytorch_s_parameters(name: str) -> None:
    inputs, targets, model, loss = CASES[name]
    torch.manual_seed(0)
    theirs, ours = model(torch.nn), model(nn)
    ours.load_state_dict(theirs.state_dict())
    optimizer, criterion = torch.optim.SGD(theirs.parameters(), lr=0.1), loss(torch.nn)
    for _ in range(3):
        optimizer.zero_grad()
        criterion(theirs(torch.tensor(inputs)), torch.tensor(targets)).backward()
        optimizer.step()
    trainer = sklon.Trainer(ours, loss=loss(nn), optimizer="sgd", lr=0.1)
    trainer.fit((inputs, targets), epochs=3, batch_size="full")
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value.numpy(), rtol=2e-5, atol=2e-6)


def test_each_column_of_codes_may_have_a_table_of_its_own() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.small, self.large = nn.Embedding(2, 3), nn.Embedding(9, 3)

        def forward(self, codes: sklon.Tensor) -> Any:
            return self.small(codes[:, 0]) + self.large(codes[:, 1])

    codes = np.array([[0, 8], [1, 3], [0, 0]])
    sklon.Trainer(Net(), loss="mse").fit((codes, VALUES[:3, 0, :1] * np.ones(3, np.float32)), epochs=1)
    with pytest.raises(InputError, match="holds 8, but the table that it indexes has rows 0 to 1"):
        sklon.Trainer(Net(), loss="mse").fit((codes[:, ::-1].copy(), VALUES[:3]), epochs=1)


def test_codes_beyond_the_table_are_refused_before_training() -> None:
    model = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(2 * PLACES, 1))
    with pytest.raises(InputError, match="has rows 0 to 4"):
        sklon.Trainer(model, loss="mse").fit((WORDS, VALUES[:, 0, :1]), epochs=1)


def test_padding_starts_as_zeros_and_is_a_row() -> None:
    layer = nn.Embedding(4, 2, padding_idx=-1)
    assert layer.padding_idx == 3 and layer.weight.tolist()[3] == [0, 0] and repr(layer).endswith("padding_idx=3)")
    with pytest.raises(ShapeError, match="from -4 to 3, not 4"):
        nn.Embedding(4, 2, padding_idx=4)


@pytest.mark.parametrize(("dim", "sizes"), [(1, (2, 3)), (1, (-1, 3)), (-1, (3, 2)), (0, (5, 1))])
def test_unflatten_is_pytorch_s(dim: int, sizes: tuple[int, ...]) -> None:
    x = RANDOM.normal(size=(5, 6)).astype(np.float32)
    expected = torch.nn.Unflatten(dim, sizes)(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(nn.Unflatten(dim, sizes)(sklon.tensor(x)).numpy(), expected)


def test_unflatten_is_described_and_refuses_what_does_not_fit() -> None:
    layer = nn.Unflatten(1, [2, 3])
    assert repr(layer) == "Unflatten(dim=1, unflattened_size=(2, 3))"
    with pytest.raises(ShapeError, match="cannot take the shape"):
        layer(sklon.ones(2, 5))
