"""What a jitted function reads and writes besides its arguments: all of it is as in an eager loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor, nn, optim
from sklon._base.errors import AutogradError, InputError
from sklon.nn import functional as F

from .jitted import FEATURES, batches, equal


# ---- what users do in between
def _both(change: Callable[[nn.Module, optim.Optimizer], object], recordings: int = 1) -> None:
    """A change between steps has the effect that it has in an eager loop."""
    found = []
    for wrapped in (sklon.jit, lambda f: f):
        sklon.manual_seed(0)
        model = nn.Sequential(nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, 1))
        optimizer = optim.Adam(model.parameters(), lr=0.05)

        def step(x: Tensor, y: Tensor, model: Any = model, optimizer: Any = optimizer) -> Tensor:
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        function = wrapped(step)
        losses = []
        for i, (x, y) in enumerate(batches()):
            if i in (4, 9):
                change(model, optimizer)
            losses.append(function(x, y).item())
        found.append((losses, model.state_dict(), optimizer.state_dict()))
        if wrapped is sklon.jit:
            assert function.recordings == recordings
    assert equal(list(found[0]), list(found[1]))


def _write(model: nn.Module, optimizer: optim.Optimizer) -> None:
    for parameter in model.parameters():
        parameter.data.copy_(parameter.data * 0.5)


def _load(model: nn.Module, optimizer: optim.Optimizer) -> None:
    model.load_state_dict({name: array + 1 for name, array in model.state_dict().items()})


def _reload(model: nn.Module, optimizer: optim.Optimizer) -> None:
    state = optimizer.state_dict()
    for entry in state["state"].values():
        entry["exp_avg"] = entry["exp_avg"] * 0
        entry["step"] = 3
    optimizer.load_state_dict(state)


def _eager_step(model: nn.Module, optimizer: optim.Optimizer) -> None:
    model(sklon.ones(2, FEATURES)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def _left_gradients(model: nn.Module, optimizer: optim.Optimizer) -> None:
    model(sklon.ones(2, FEATURES)).sum().backward()


def _set_rate(model: nn.Module, optimizer: optim.Optimizer) -> None:
    optimizer.param_groups[0]["lr"] *= 0.3
    optimizer.param_groups[0]["betas"] = (0.5, 0.9)


def _decay(model: nn.Module, optimizer: optim.Optimizer) -> None:
    optimizer.param_groups[0]["weight_decay"] = 0.1


def _freeze(model: nn.Module, optimizer: optim.Optimizer) -> None:
    next(iter(model.parameters())).requires_grad_(False)


def _one_parameter_is_ahead(model: nn.Module, optimizer: optim.Optimizer) -> None:
    parameter = next(iter(model.parameters()))
    parameter.sum().backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize(
    ("change", "recordings"),
    [
        (_write, 1),
        (_load, 1),
        (_reload, 3),
        (_eager_step, 1),
        (_left_gradients, 2),
        (_set_rate, 1),
        (_decay, 2),
        (_freeze, 2),
        (_one_parameter_is_ahead, 2),
    ],
)
def test_what_happens_between_steps_counts(change: Callable[..., object], recordings: int) -> None:
    _both(change, recordings)


def test_gradients_add_up_over_calls() -> None:
    found = []
    for wrapped in (sklon.jit, lambda f: f):
        sklon.manual_seed(0)
        model = nn.Linear(FEATURES, 1)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        micro = wrapped(lambda x, y, model=model: F.mse_loss(model(x), y).backward())
        update = wrapped(lambda optimizer=optimizer: (optimizer.step(), optimizer.zero_grad())[0])
        for i, (x, y) in enumerate(batches()):
            assert micro(x, y) is None
            if i == 1:
                kept = model.weight.grad
            if i == 2:
                assert kept is model.weight.grad  # as in PyTorch: the same tensor, with more in it
            if i % 4 == 3:
                update()
                assert model.weight.grad is None
        found.append([model.state_dict(), optimizer.state_dict()])
        if wrapped is sklon.jit:
            assert micro.recordings == 2  # the first one adds to nothing
            assert update.recordings == 1
    assert equal(*found)


def test_gradients_that_are_left_behind_can_be_read() -> None:
    w = sklon.tensor([1.0, 2.0], requires_grad=True)
    sklon.jit(lambda x: (w * x).sum().backward())(sklon.tensor([3.0, 4.0]))
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 4.0]
    assert w.is_leaf and w.requires_grad


# ---- random numbers, schedulers, tensors from outside
def test_random_words_go_on_from_call_to_call() -> None:
    def noisy(x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, stream=3) + sklon.rand(4) * sklon.randn(4) + sklon.randint(9, size=(4,))

    found = []
    for function in (sklon.jit(noisy), noisy):
        sklon.manual_seed(2)
        found.append([function(sklon.ones(4)).tolist() for _ in range(5)] + [sklon.rand(1).tolist()])
    assert found[0] == found[1]
    assert len({str(row) for row in found[0]}) == 6


def test_a_scheduler_inside_steps_at_each_call() -> None:
    rates = []
    for wrapped in (sklon.jit, lambda f: f):
        w = sklon.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([w], lr=1.0)
        first = optim.lr_scheduler.LinearLR(optimizer, total_iters=3)
        last = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        scheduler = optim.lr_scheduler.SequentialLR(optimizer, [first, last], [3])

        def step(w: Tensor = w, optimizer: Any = optimizer, scheduler: Any = scheduler) -> None:
            (w * w).sum().backward()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()

        function = wrapped(step)
        for _ in range(6):
            function()
            rates.append((optimizer.param_groups[0]["lr"], w.item()))
    assert rates[:6] == rates[6:]


def test_tensors_from_outside_are_read_and_written() -> None:
    total, scale = sklon.tensor(0.0), sklon.tensor(2.0)

    @sklon.jit
    def add(x: Tensor) -> Tensor:
        nonlocal total
        total += (x * scale).sum()
        return total

    assert add(sklon.ones(3)) is total
    assert total.item() == 6.0
    scale.fill_(10.0)
    assert add(sklon.ones(3)).item() == 36.0
    pending = scale * 0.5  # nobody has computed it
    scale.copy_(pending)
    assert add(sklon.ones(3)).item() == 51.0
    assert add.recordings == 1


def test_a_buffer_that_is_assigned_is_state() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", sklon.tensor(0.0))

        def forward(self, x: Tensor) -> Tensor:
            self.count = self._buffers["count"] + 1  # type: ignore[operator]
            return x * self.count

    counter = Counter()
    count, jitted = counter.count, sklon.jit(counter)
    assert [jitted(sklon.ones(1)).item() for _ in range(4)] == [1.0, 2.0, 3.0, 4.0]
    assert counter.count is count
    assert counter.state_dict()["count"] == 4.0


def test_arguments_can_be_written_in_place() -> None:
    def double(x: Tensor) -> Tensor:
        x *= 2
        return x

    x = sklon.ones(2)
    assert sklon.jit(double)(x) is x
    assert x.tolist() == [2.0, 2.0]


def test_what_is_made_inside_and_kept_is_state_and_else_a_constant() -> None:
    kept: list[Tensor] = []

    @sklon.jit
    def step(x: Tensor) -> Tensor:
        if not kept:
            kept.append(sklon.zeros(2))
        fresh = sklon.ones(2)
        fresh += x
        kept[0] += fresh
        return fresh

    assert [step(sklon.ones(2)).tolist() for _ in range(3)] == [[2.0, 2.0]] * 3
    assert kept[0].tolist() == [6.0, 6.0]


def test_trees_come_and_go() -> None:
    @sklon.jit
    def swapped(pair: tuple[Tensor, list[Tensor]], name: str) -> dict[str, Any]:
        a, (b,) = pair
        return {name: (b, a + b), "list": [a * 2, None, 7]}

    a, b = sklon.ones(2), sklon.full((2,), 3.0)
    found = swapped((a, [b]), "x")
    assert found["x"][0] is b
    assert found["x"][1].tolist() == [4.0, 4.0]
    assert found["list"][0].tolist() == [2.0, 2.0]
    assert found["list"][1:] == [None, 7]


def test_arrays_are_given_as_tensors() -> None:
    assert sklon.jit(lambda x: x.sum())(np.arange(4.0)).dtype is sklon.float64


def test_methods_and_functions_inside_functions() -> None:
    class Model:
        def __init__(self, factor: float) -> None:
            self.factor = sklon.tensor(factor)

        @sklon.jit
        def scaled(self, x: Tensor) -> Tensor:
            return x * self.factor

    outer = sklon.jit(lambda model, x: model.scaled(x) + 1)
    for factor in (2.0, 5.0):
        model = Model(factor)
        assert model.scaled(sklon.ones(1)).item() == factor
        assert outer(model, sklon.ones(1)).item() == factor + 1


def test_gradients_of_arguments_are_returned() -> None:
    slope = sklon.jit(lambda x: sklon.autograd.grad((x**3).sum(), x)[0])
    x = sklon.tensor([1.0, 2.0], requires_grad=True)
    found = slope(x)
    assert found is not None
    assert found.tolist() == [3.0, 12.0]
    assert x.grad is None
    with pytest.raises(InputError, match=r"gives an argument a \.grad"):
        sklon.jit(lambda x: x.sum().backward())(x)


def test_results_have_no_history() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    result = sklon.jit(lambda: w * 2)()
    assert not result.requires_grad
    with pytest.raises(AutogradError, match="does not require gradients"):
        result.sum().backward()


def test_recording_with_and_without_gradients_are_two() -> None:
    w = sklon.tensor([2.0], requires_grad=True)
    function = sklon.jit(lambda: (w * w).requires_grad)
    with sklon.no_grad():
        assert function() is False
    assert function() is True
    assert function.recordings == 2


def test_several_threads_may_call_it() -> None:
    weight = sklon.tensor(np.arange(12.0).reshape(3, 4))
    function = sklon.jit(lambda x: (x @ weight).tanh().sum())
    expected = [(sklon.full((2, 3), float(i), dtype="float64") @ weight).tanh().sum().item() for i in range(8)]

    def many(number: int) -> list[float]:
        return [function(sklon.full((2, 3), float(i), dtype="float64")).item() for i in range(8) for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(many, range(4)):
            assert found == [value for value in expected for _ in range(20)]
    assert function.recordings == 1
