"""What a jitted function refuses, and that a refusal leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import numpy as np
import pytest

import sklon
from sklon import Tensor, nn, optim
from sklon._base.errors import InputError
from sklon.nn import functional as F

from .jitted import FEATURES, Net, equal


# ---- errors
def _untouched(function: Callable[[Any], Any]) -> Callable[[], None]:
    """A check that ``function`` of a model and its optimizer fails and leaves everything as it was."""
    sklon.manual_seed(0)
    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    before = model.state_dict()

    def check() -> None:
        assert equal(model.state_dict(), before)
        assert all(p.grad is None and p.is_leaf and p.requires_grad for p in model.parameters())
        assert optimizer.state_dict()["state"] == {}
        assert sklon.rand(1).item() == drawn

    sklon.manual_seed(8)
    drawn = sklon.rand(1).item()
    sklon.manual_seed(8)
    with pytest.raises((InputError, ZeroDivisionError)):
        function((model, optimizer))
    return check


def test_an_error_inside_leaves_everything_as_it_was() -> None:
    @sklon.jit
    def broken(pair: tuple[Net, optim.Optimizer]) -> None:
        model, optimizer = pair
        model(sklon.ones(4, FEATURES)).sum().backward()
        optimizer.step()
        raise ZeroDivisionError

    _untouched(broken)()


ASKED: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.sum().item(),
    "if": lambda x: 1 if x.sum() > 0 else 2,
    "numpy": lambda x: x.numpy(),
    "mask": lambda x: x[x > 0],
    "number of a row": lambda x: sklon.ones(3)[int(x.sum())],
}


@pytest.mark.parametrize("name", ASKED)
def test_a_value_that_is_asked_for_inside_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is recorded by sklon"):
        sklon.jit(ASKED[name])(sklon.ones(2))


def test_a_tensor_from_outside_has_no_value_inside_either() -> None:
    w = sklon.ones(1)
    with pytest.raises(InputError, match="return the tensor and ask for its value outside"):
        sklon.jit(lambda: w.item())()
    assert w.item() == 1.0


def test_a_constant_has_a_value_inside() -> None:
    assert sklon.jit(lambda x: x * sklon.tensor(3.0).item())(sklon.ones(1)).item() == 3.0


def test_printing_shows_a_type(capsys: pytest.CaptureFixture[str]) -> None:
    sklon.jit(lambda x: print(x + 1))(sklon.ones(2, 3))
    assert capsys.readouterr().out == "tensor(<recorded f32[2,3]>)\n"


def test_indices_are_checked_at_each_call() -> None:
    table = sklon.tensor(np.arange(6.0, dtype=np.float32).reshape(3, 2))
    rows = sklon.jit(lambda index: F.embedding(index, table))
    assert rows(sklon.tensor([[2, 0]])).tolist() == [[[4.0, 5.0], [0.0, 1.0]]]
    with pytest.raises(InputError, match="an index is 3, but there are 3 rows"):
        rows(sklon.tensor([[3, 0]]))
    drawn = sklon.jit(lambda: F.embedding(sklon.randint(9, size=(40,)), table))
    with pytest.raises(InputError, match="but there are 3 rows"):
        drawn()
    computed = sklon.jit(lambda index: F.embedding(index + 1, table))
    assert computed(sklon.tensor([1, -1])).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    for wrong in (2, -2):
        with pytest.raises(InputError, match=f"an index is {wrong + 1}"):
            computed(sklon.tensor([1, wrong]))
    with pytest.raises(InputError, match="an index is 7"):
        sklon.jit(lambda: F.embedding(sklon.tensor([7]), table))()
    divided = sklon.jit(lambda x, y: x // y)
    assert divided(sklon.tensor([7]), sklon.tensor([2])).tolist() == [3]
    with pytest.raises(InputError, match="divided by 0"):
        divided(sklon.tensor([7]), sklon.tensor([0]))


def test_a_history_does_not_enter() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    y = w * 2
    for function, args in ((sklon.jit(lambda x: x + 1), (y,)), (sklon.jit(lambda: y + 1), ())):
        with pytest.raises(InputError, match="compute it inside, or detach"):
            function(*args)
    assert y.requires_grad and y.item() == 2.0


def test_what_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(InputError, match="what can be hashed"):
        sklon.jit(lambda x, y: x)(sklon.ones(1), {1, 2})
    with pytest.raises(TypeError, match="takes a function"):
        sklon.jit(3)  # type: ignore[arg-type]


def test_a_tensor_that_escaped_says_so() -> None:
    escaped: list[Tensor] = []
    with pytest.raises(InputError, match="changed the variable 'escaped'"):
        sklon.jit(lambda x: escaped.append(x * 2))(sklon.ones(2))
    with pytest.raises(InputError, match=r"a function that sklon\.jit has recorded"):
        escaped[0].numpy()
    assert sklon.ones(2).sum().item() == 2.0  # it does not stand in the way of others


def test_other_than_its_variables_python_runs_while_recording_only() -> None:
    class Counter:
        calls: ClassVar[list[int]] = []

    @sklon.jit
    def counted(x: Tensor) -> Tensor:
        Counter.calls.append(1)
        return x

    for _ in range(3):
        counted(sklon.ones(1))
    assert len(Counter.calls) == counted.recordings == 1


def test_old_values_stay_what_they_were() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)

    @sklon.jit
    def step() -> None:
        w.sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    before, doubled = w.detach(), w.detach() * 2  # the second one is not computed yet
    step()
    step()
    assert (before.item(), doubled.item(), w.item()) == (0.0, 0.0, -2.0)


def test_in_the_trainer_a_jitted_loss_is_a_part_of_the_step() -> None:
    sklon.manual_seed(0)
    model = nn.Linear(FEATURES, 1)
    inner = sklon.jit(lambda x: x.tanh())

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Tensor) -> Tensor:
            return cast(Tensor, inner(self.model(x)))

    X = np.ones((20, FEATURES), np.float32)
    history = sklon.Trainer(Wrapped(), loss="mse", optimizer="sgd").fit((X, X[:, :1]), epochs=2)
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert inner.recordings == 0
