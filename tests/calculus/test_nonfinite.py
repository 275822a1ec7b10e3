"""NaN and infinity are followed to the op that makes them, the element, the user's line, and a repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError
from sklon.calculus import find_nonfinite
from sklon.nn import functional as F
from sklon.tensors import Tensor

#: a function of x, x, and what is found: phase, op, value, index, and words of the reason or of the repair
CASES: dict[str, tuple[Callable[[Tensor], Any], list[float], tuple[str, str, str, tuple[int, ...], str]]] = {
    "log of 0": (lambda x: x.log(), [1, 0, 2], ("forward", "log", "-inf", (1,), "ln 0 is −∞")),
    "log below 0": (lambda x: x.log(), [1, 2, -1], ("forward", "log", "nan", (2,), "no real number")),
    "0/0": (lambda x: x / x, [1, 0], ("forward", "div", "nan", (1,), "0/0 is no number")),
    "1/0": (lambda x: 1 / x, [0, 1], ("forward", "div", "inf", (0,), "the divisor is 0")),
    "root below 0": (lambda x: x.sqrt(), [-4, 1], ("forward", "sqrt", "nan", (0,), "Clip the argument at 0")),
    "root at 0": (lambda x: x.sqrt(), [1, 0], ("backward", "sqrt", "inf", (1,), "the slope of √x at 0 is ∞")),
    "exp": (lambda x: x.exp(), [0, 100], ("forward", "exp", "inf", (1,), "overflows")),
    "softmax by hand": (lambda x: x.exp() / x.exp().sum(), [1000, 0], ("forward", "exp", "inf", (0,), "log_softmax")),
    "where over log": (
        lambda x: sklon.where(x > 0, x.log(), 0.0),
        [1, 0],
        ("backward", "log", "nan", (1,), "log(where(ok, x, 1))"),
    ),
    "where over exp": (
        lambda x: sklon.where(x < 10, x.exp(), 0.0),
        [1, 100],
        ("forward", "exp", "inf", (1,), "0·∞ is NaN"),
    ),
    "power": (lambda x: x**-1.5, [1, 0], ("forward", "pow", "inf", (1,), "0 to a negative power")),
    "arcsin": (sklon.asin, [0, 2], ("forward", "asin", "nan", (1,), "−1 ≤ x ≤ 1")),
    "arcsin at 1": (sklon.asin, [0, 1], ("backward", "asin", "inf", (1,), "slope of arcsin")),
    "overflow": (lambda x: x * 1e30 * 1e30, [0, 1], ("forward", "mul", "inf", (1,), "outgrow their type")),
    "a sum": (lambda x: (x * 1e38).sum(), [3, 3], ("forward", "sum", "inf", (), "outgrow their type")),
    "given": (lambda x: x * 2, [1, np.nan], ("forward", "", "nan", (1,), "a number that was given")),
    "∞ − ∞": (lambda x: x - x, [1, np.inf], ("forward", "sub", "nan", (1,), "")),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_op_is_found(case: str) -> None:
    function, x, (phase, op, value, index, words) = CASES[case]
    given = sklon.tensor(np.array(x, np.float32), requires_grad=True)
    found = find_nonfinite(function(given).sum())
    assert found is not None
    assert (found.phase, found.op, found.value, found.index) == (phase, op, value, index)
    assert words in str(found)
    assert not op or found.line.startswith("test_nonfinite.py:")


FINE: dict[str, tuple[Callable[[Tensor], Any], list[float]]] = {
    "finite": (lambda x: x.exp(), [1, 2]),
    "softmax": (lambda x: F.softmax(x, 0), [1000, 0]),
    "where with a harmless argument": (lambda x: sklon.where(x > 0, sklon.where(x > 0, x, 1.0).log(), 0.0), [1, 0]),
    "a mask of −∞": (lambda x: F.softmax(x + sklon.tensor([0.0, -np.inf]), 0), [1, 2]),
    "the norm of zeros": (sklon.vector_norm, [0, 0]),
}


@pytest.mark.parametrize("case", FINE)
def test_nothing_is_found_where_all_is_finite(case: str) -> None:
    function, x = FINE[case]
    given = sklon.tensor(np.array(x, np.float32), requires_grad=True)
    assert find_nonfinite(function(given).sum()) is None


def test_backward_can_be_left_out() -> None:
    x = sklon.tensor([0.0], requires_grad=True)
    root = x.sqrt().sum()
    assert find_nonfinite(root, backward=False) is None
    assert find_nonfinite(root) is not None


def test_a_leaf_that_nobody_holds_is_differentiated_too() -> None:
    found = find_nonfinite(sklon.tensor([1.0, 0.0], requires_grad=True).sqrt().sum())
    assert found is not None and (found.phase, found.op, found.index) == ("backward", "sqrt", (1,))


def test_what_is_no_tensor_is_refused() -> None:
    other: Any
    for other in (3.0, np.ones(2), None):
        with pytest.raises(InputError, match="looks at a tensor, not"):
            find_nonfinite(other)


def test_elements_and_inputs_are_told() -> None:
    found = find_nonfinite((sklon.tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True) / 0).sum())
    assert found is not None and (found.bad, found.size, found.index, found.inputs) == (4, 4, (0, 0), (1.0, 0.0))
    assert found.sentence.startswith("div(1, 0) (test_nonfinite.py:")
    assert "gave inf for 4 of 4 elements, first at [0, 0]: the divisor is 0. Keep the divisor away" in found.sentence


def test_subnormal_numbers_are_zero_as_in_compiled_code() -> None:
    found = find_nonfinite(sklon.tensor([1e-40], requires_grad=True).log().sum())
    assert found is not None and found.op == "log"


def test_looking_changes_nothing() -> None:
    x = sklon.tensor([1.0, 0.0], requires_grad=True)
    loss = x.sqrt().sum()
    find_nonfinite(loss)
    loss.backward()
    assert x.grad is not None and x.grad.tolist() == [0.5, float("inf")]


def test_a_result_without_a_history_is_refused() -> None:
    x = sklon.tensor([1.0], requires_grad=True)
    loss = x.log().sum()
    loss.backward()
    loss.item()
    with pytest.raises(InputError, match="look before backward"):
        find_nonfinite(loss)


def test_in_a_model_of_layers() -> None:
    class Log(nn.Module):
        def forward(self, *inputs: Any) -> Any:
            return inputs[0].log()

    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), Log(), nn.Linear(3, 1))
    model[0].load_state_dict({"weight": -np.ones((3, 2)), "bias": np.zeros(3)})
    found = find_nonfinite(model(sklon.ones(4, 2)).mean())
    assert found is not None and (found.op, found.bad, found.inputs) == ("log", 12, (0.0,))
