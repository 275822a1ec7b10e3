"""Tensors against PyTorch: values, gradients, promotion, and the rules of ``.grad``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sklon
from sklon._base.errors import AutogradError, InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

torch = pytest.importorskip("torch")

EXPRESSIONS = {
    "add": lambda m, x, y: x + y,
    "radd": lambda m, x, y: 1.5 + x,
    "sub": lambda m, x, y: x - y,
    "rsub": lambda m, x, y: 3 - x,
    "mul": lambda m, x, y: x * y * 0.3,
    "div": lambda m, x, y: x / (y * y + 1),
    "rdiv": lambda m, x, y: 2.5 / (x * x + 1),
    "neg": lambda m, x, y: -x,
    "abs": lambda m, x, y: abs(x),
    "pow": lambda m, x, y: x**3 + y**2 + x**0,
    "matmul": lambda m, x, y: x @ y.T,
    "row": lambda m, x, y: x + y[0:1] if m is torch else x + F.take(y, sklon.tensor([0])),
    "exp": lambda m, x, y: (x * 0.5).exp(),
    "log": lambda m, x, y: (x * x + 0.1).log(),
    "sqrt": lambda m, x, y: (x * x + 0.1).sqrt(),
    "relu": lambda m, x, y: x.relu() * y,
    "sigmoid": lambda m, x, y: x.sigmoid(),
    "tanh": lambda m, x, y: x.tanh(),
    "sum": lambda m, x, y: x.sum(),
    "sum_dim": lambda m, x, y: x.sum(dim=1, keepdim=True) * y,
    "mean": lambda m, x, y: x.mean(),
    "mean_dim": lambda m, x, y: x.mean(dim=0) * y,
    "amax": lambda m, x, y: x.amax(dim=1),
    "permute": lambda m, x, y: x.permute(1, 0) @ y,
    "unsqueeze": lambda m, x, y: x.unsqueeze(1) * y.unsqueeze(0),
    "detach": lambda m, x, y: x.detach() * y,
    "where": lambda m, x, y: m.where(x < y, x, y * y),
    "maximum": lambda m, x, y: m.maximum(x, y),
    "double": lambda m, x, y: x.float().double() * y,
}


def _pair(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((4, 3)), rng.standard_normal((4, 3))]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_values_and_gradients_are_pytorch_s(name: str) -> None:
    arrays = _pair()
    ours = [sklon.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    mine, reference = EXPRESSIONS[name](sklon, *ours), EXPRESSIONS[name](torch, *theirs)
    np.testing.assert_allclose(mine.numpy(), reference.detach().numpy(), rtol=1e-12, atol=1e-14)
    mine.sum().backward()
    reference.sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if b.grad is not None:
            assert a.grad is not None
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12, atol=1e-14)


PROMOTIONS = [
    (1, 2.5),
    (np.float32(1), 2),
    (np.array([1, 2]), 2.5),
    (np.array([1, 2], np.int32), 3),
    (np.array([True, False]), 2),
    (np.array([1.0, 2.0], np.float32), np.array([1, 2])),
    (np.array([1.0, 2.0], np.float32), np.array([1.0, 2.0])),
    (np.array([1, 2], np.int32), np.array([1, 2])),
]


@pytest.mark.parametrize(("left", "right"), PROMOTIONS)
def test_types_are_promoted_as_in_pytorch(left: object, right: object) -> None:
    def result(make: object, x: object, y: object) -> str:
        x = make(x)  # type: ignore[operator]
        return str((x * (make(y) if isinstance(y, np.ndarray) else y)).dtype).split(".")[-1]  # type: ignore[operator]

    assert result(sklon.tensor, left, right) == result(torch.tensor, left, right)


def test_grad_adds_up_until_it_is_cleared() -> None:
    x = sklon.tensor([3.0], requires_grad=True)
    assert x.grad is None
    (x * x).backward(sklon.tensor([1.0]))
    (x * 2).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [8.0]
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0]


def test_equal_results_have_gradients_of_their_own() -> None:
    x = sklon.tensor([3.0], requires_grad=True)
    first, second = x * 2, x * 2
    (first * first + second).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2 * 2 * 6 + 2]


def test_a_second_backward_says_why_it_cannot_be() -> None:
    x = sklon.tensor([3.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(AutogradError, match="retain_graph=True"):
        loss.backward()
    assert loss.item() == 9
    with pytest.raises(AutogradError, match="retain_graph=True"):
        loss.backward()


def test_realised_results_can_still_be_differentiated() -> None:
    x = sklon.tensor([2.0], requires_grad=True)
    y = x * x
    assert y.item() == 4
    (y * x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [12.0]


def test_no_grad_and_detach_block_gradients() -> None:
    x = sklon.tensor([2.0], requires_grad=True)
    with sklon.no_grad():
        y = x * 3
    (x * y + x * x.detach()).sum().backward()
    assert not y.requires_grad
    assert x.grad is not None and x.grad.tolist() == [8.0]


ERRORS: dict[str, tuple[Callable[[], object], type[Exception] | tuple[type[Exception], ...], str]] = {
    "shapes": (lambda: sklon.zeros(2, 3) + sklon.zeros(2, 4), ShapeError, "axis -1 has sizes 3 and 4"),
    "matmul": (lambda: sklon.zeros(2, 3) @ sklon.zeros(2, 3), ShapeError, "n, k] and […, k, m]"),
    "ragged": (lambda: sklon.tensor([[1], [1, 2]]), (InputError, ValueError), "inhomogeneous|rectangular"),
    "item": (lambda: sklon.zeros(2).item(), InputError, "one element"),
    "integer gradient": (lambda: sklon.tensor([1], requires_grad=True), AutogradError, "floating"),
    "no history": (lambda: sklon.zeros(1).backward(), AutogradError, "does not require gradients"),
    "no seed": (lambda: (sklon.ones(2, requires_grad=True) * 2).backward(), AutogradError, "needs a gradient"),
    "axis": (lambda: sklon.zeros(2).sum(dim=3), ShapeError, "out of range"),
    "dtype": (lambda: sklon.tensor(np.zeros(2, np.complex64)), TypeError, "not supported"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_teach(name: str) -> None:
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words.replace("[", r"\[").replace("]", r"\]") if "[" in words else words):
        call()


def test_numpy_shares_no_memory() -> None:
    x = sklon.zeros(3)
    x.numpy()[0] = 7
    assert x.tolist() == [0, 0, 0]


def test_an_array_given_is_copied() -> None:
    array = np.zeros(3, np.float32)
    x = sklon.tensor(array)
    array[0] = 7
    assert x.tolist() == [0, 0, 0]


def test_repr_shows_values_type_and_gradient() -> None:
    assert repr(sklon.tensor([1.5, 2.0], requires_grad=True)) == "tensor([1.5, 2. ], requires_grad=True)"
    assert "float64" in repr(sklon.zeros(1, dtype="float64"))


def test_random_numbers_follow_the_seed_and_the_distribution() -> None:
    sklon.manual_seed(3)
    a, b = sklon.randn(20_000).numpy(), sklon.rand(20_000).numpy()
    sklon.manual_seed(3)
    np.testing.assert_array_equal(a, sklon.randn(20_000).numpy())
    assert abs(a.mean()) < 0.03 and abs(a.std() - 1) < 0.03
    assert b.min() >= 0 and b.max() < 1 and abs(b.mean() - 0.5) < 0.01


def test_deep_histories_work() -> None:
    x = sklon.tensor([1.0], requires_grad=True, dtype="float64")
    y: Tensor = x
    for _ in range(2000):
        y = y * 1.001 + 0.0
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [1.001**2000], rtol=1e-10)
