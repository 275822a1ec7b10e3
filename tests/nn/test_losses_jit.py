"""Every loss can be a part of a jitted function, and gives the bits that it gives eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor
from sklon._base.errors import InputError
from sklon.nn import CrossEntropyLoss
from sklon.nn import functional as F
from sklon.nn.loss import LOSSES

from .test_losses import CASES

RNG = np.random.default_rng(0)
#: settings, output and target of losses that PyTorch does not have
OTHERS: dict[str, list[tuple[dict[str, Any], Any, Any]]] = {
    name: [({}, RNG.standard_normal((6, 2)).astype(np.float32), RNG.integers(0, 2, (6, 2)).astype(np.float32))]
    for name in sorted(LOSSES.keys() - CASES.keys())
}
KNOWN = {**CASES, **OTHERS}
ROWS = [(name, i) for name, cases in KNOWN.items() for i in range(len(cases))]


def _tensor(given: Any) -> Tensor:
    return given if isinstance(given, Tensor) else sklon.tensor(given)


def _gradients(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any, Any], tuple[Tensor, Any]]:
    def step(output: Any, target: Any) -> tuple[Tensor, Any]:
        scores = _tensor(output).detach().requires_grad_()
        value = loss(scores, _tensor(target)).sum()
        return value, sklon.autograd.grad(value, scores)[0]

    return step


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_jitted_loss_has_the_bits_of_the_eager_one(name: str, row: int, reduction: str) -> None:
    settings, output, target = KNOWN[name][row]
    step = _gradients(LOSSES[name](**settings, reduction=reduction))
    jitted = sklon.jit(step)
    expected = [found.numpy() for found in step(np.asarray(output), np.asarray(target))]
    for _ in range(2):
        ours = [found.numpy() for found in jitted(np.asarray(output), np.asarray(target))]
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, expected, strict=True))
    assert jitted.recordings == 1


LABELS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": F.cross_entropy,
    "smoothed": lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
    "weighted": lambda x, y: F.cross_entropy(x, y, weight=sklon.tensor([1.0, 2.0, 3.0])),
    "as a module": CrossEntropyLoss(),
    "likelihood": lambda x, y: F.nll_loss(F.log_softmax(x, 1), y),
    "margin": F.multi_margin_loss,
    "computed labels": lambda x, y: F.cross_entropy(x, (y + 1) - 1),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_checked_at_each_call(name: str) -> None:
    x = sklon.tensor(RNG.standard_normal((8, 3)).astype(np.float32))
    labels = np.arange(8) % 3
    total = sklon.zeros(1)

    @sklon.jit
    def step(x: Tensor, y: Any) -> Tensor:
        loss = LABELS[name](x, y)
        total.add_(loss)
        return loss

    for ignored in (False, True):
        given = np.where((np.arange(8) == 5) & ignored & (name != "margin"), -100, labels)
        assert step(x, given).item() == LABELS[name](x, sklon.tensor(given)).item()
    before = total.item()
    for wrong in (3, -1):
        with pytest.raises(InputError, match=f"a class is {wrong}, but there are 3 classes"):
            step(x, np.where(np.arange(8) == 5, wrong, labels))
    assert total.item() == before
    assert step.recordings == (1 if name in ("margin", "computed labels") else 2)  # with and without ignored rows
