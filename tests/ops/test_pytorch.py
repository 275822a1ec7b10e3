"""The meaning and the derivative of every primitive, as PyTorch has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon.autodiff import gradients
from sklon.graph.interpret import evaluate
from sklon.graph.node import slot
from tests.executors import interpreted, named_slots

from .rows import AWKWARD, ORDINARY, ROWS, Array, Row, Sizes

torch: Any = pytest.importorskip("torch")
COMPARED = [row for row in ROWS if row.torch]
SMOOTH = [row for row in COMPARED if row.trial(ORDINARY).graph.results[0].dtype.is_floating]
CLOSE = 1e-12


def reference(row: Row, sizes: Sizes, arrays: list[Array]) -> tuple[Any, list[Any]]:
    """PyTorch's result, and the tensors that it was computed from."""
    tensors = [torch.tensor(a, requires_grad=a.dtype == np.float64) for a in arrays]
    assert row.torch
    return row.torch(torch, *tensors, sizes), tensors


@pytest.mark.parametrize("sizes", AWKWARD, ids=str)
@pytest.mark.parametrize("row", COMPARED, ids=str)
def test_the_meaning(row: Row, sizes: Sizes) -> None:
    found = interpreted(row.trial(sizes)).outputs[0]["y"]
    expected = reference(row, sizes, row.arrays(sizes))[0].detach().numpy()
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("sizes", AWKWARD, ids=str)
@pytest.mark.parametrize("row", SMOOTH, ids=str)
def test_the_gradient(row: Row, sizes: Sizes) -> None:
    result, tensors = reference(row, sizes, row.arrays(sizes))
    seed = np.random.default_rng(1).standard_normal(tuple(result.shape)).astype(result.detach().numpy().dtype)
    if result.requires_grad:
        result.backward(torch.tensor(seed))
    for tensor, found in zip(tensors, own_gradients(row, sizes, seed), strict=True):
        assert (found is None) == (tensor.grad is None)
        if found is not None:
            np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=CLOSE, atol=CLOSE)


def own_gradients(row: Row, sizes: Sizes, seed: Array) -> list[Array | None]:
    """The gradient of each input of a row, for the gradient ``seed`` of its result."""
    trial = row.trial(sizes)
    inputs = named_slots(trial.graph, "state")
    ((_, y),) = trial.graph.outputs
    g = slot("g", "state", y.shape, y.dtype)
    values = {node: trial.arrays[name] for name, node in inputs.items()} | {g: seed}
    order = [inputs[f"x{i}"] for i in range(len(inputs))]
    return [None if d is None else evaluate((d,), values, sizes.N)[d] for d in gradients({y: g}, order)]
