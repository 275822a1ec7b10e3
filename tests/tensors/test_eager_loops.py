"""Loops as people write them: one structure for each place where a value is asked for, nothing computed twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sklon
from sklon import nn, optim
from sklon.tensors.programs import counters

torch = pytest.importorskip("torch")
STEPS = 21


def _data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((STEPS, 16, 5)), rng.integers(0, 2, (STEPS, 16, 1)).astype(float)


def _model(p: float = 0.0) -> nn.Sequential:
    sklon.manual_seed(1)
    layers = [nn.Linear(5, 8, dtype="float64"), nn.Tanh(), nn.Dropout(p), nn.Linear(8, 1, dtype="float64")]
    return nn.Sequential(*layers)


def _loop(ask: Callable[[int, str], bool], lr: Callable[[int], float] = lambda i: 0.05, p: float = 0.0) -> _Result:
    """Train; ``ask(i, where)`` says whether iteration i asks for the loss before or after backward, or after step."""
    model, result = _model(p), _Result()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for i, (X, y) in enumerate(zip(*_data(), strict=True)):
        before = (counters.compiled, counters.nodes)
        optimizer.param_groups[0]["lr"] = lr(i)
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(sklon.tensor(X)), sklon.tensor(y))
        if ask(i, "before"):
            result.losses[i] = loss.item()
        loss.backward()
        if ask(i, "after"):
            result.losses[i] = loss.item()
        optimizer.step()
        if ask(i, "end"):
            result.losses[i] = loss.item()
        result.compiled.append(counters.compiled - before[0])
        result.nodes.append(counters.nodes - before[1])
    result.weights = [parameter.numpy() for parameter in model.parameters()]
    return result


class _Result:
    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.compiled: list[int] = []
        self.nodes: list[int] = []
        self.weights: list[np.ndarray] = []


def _reference(lr: Callable[[int], float] = lambda i: 0.05) -> tuple[list[float], list[np.ndarray]]:
    """The same loop in PyTorch."""
    layers = [torch.nn.Linear(5, 8).double(), torch.nn.Tanh(), torch.nn.Dropout(0), torch.nn.Linear(8, 1).double()]
    model = torch.nn.Sequential(*layers)
    model.load_state_dict({k: torch.tensor(v) for k, v in _model().state_dict().items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for i, (X, y) in enumerate(zip(*_data(), strict=True)):
        optimizer.param_groups[0]["lr"] = lr(i)
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(torch.tensor(X)), torch.tensor(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach().numpy() for p in model.parameters()]


LOOPS: dict[str, Callable[[int, str], bool]] = {
    "item before backward": lambda i, where: where == "before",
    "item after backward": lambda i, where: where == "after",
    "item every tenth step": lambda i, where: where == "end" and i % 10 == 0,
    "no item": lambda i, where: False,
}


@pytest.mark.parametrize("name", LOOPS)
def test_the_loop_is_pytorch_s_and_compiles_once(name: str) -> None:
    result = _loop(LOOPS[name])
    losses, weights = _reference()
    for ours, theirs in zip(result.weights, weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    for i, loss in result.losses.items():
        assert loss == pytest.approx(losses[i], rel=1e-10)
    assert not any(result.compiled[2:])
    assert result.compiled[0] <= (2 if "backward" in name else 1)


def test_nothing_is_computed_twice_wherever_the_loss_is_asked_for() -> None:
    whole = _loop(LOOPS["no item"]).nodes[-1]
    for name in ("item before backward", "item after backward"):
        # what differs are constants' expansions, which cost nothing and belong to no value
        assert abs(_loop(LOOPS[name]).nodes[-1] - whole) <= 12


def test_a_changing_learning_rate_changes_no_program() -> None:
    def rate(i: int) -> float:
        return 0.05 / (1 + i)

    result = _loop(LOOPS["no item"], lr=rate)
    for ours, theirs in zip(result.weights, _reference(rate)[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    assert not any(result.compiled[1:])


def test_dropout_draws_new_masks_without_new_programs() -> None:
    result = _loop(LOOPS["item before backward"], p=0.4)
    assert not any(result.compiled[2:])
    model = _model(0.5)
    x = sklon.ones(64, 5, dtype="float64")
    first, second = model(x).numpy(), model(x).numpy()
    assert not np.array_equal(first, second)
    model.eval()
    np.testing.assert_array_equal(model(x).numpy(), model(x).numpy())


def test_a_running_total_neither_grows_nor_recompiles() -> None:
    x = sklon.tensor([1.0, 2.0], requires_grad=True)
    total = sklon.tensor(0.0)
    sizes = []
    for i in range(300):
        total = total + (x * (i + 0.25)).sum().detach()
        total.item()
        sizes.append(counters.compiled)
    assert total.item() == pytest.approx(3 * sum(i + 0.25 for i in range(300)), rel=1e-5)
    assert sizes[2] == sizes[-1]
    assert total.node.op.name == "slot"
