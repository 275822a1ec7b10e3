"""Elementwise functions against PyTorch: values and gradients in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.dtypes import int64
from sklon._base.errors import DtypeError, InputError
from sklon._base.shapes import N
from sklon.autodiff import gradients
from sklon.graph.interpret import evaluate
from sklon.graph.node import slot
from sklon.tensors import Tensor, elementwise, programs

torch: Any = pytest.importorskip("torch")
RNG = np.random.default_rng(0)
INSIDE = RNG.uniform(-0.9, 0.9, (4, 5))  # within (−1, 1)
OTHER = RNG.uniform(-0.9, 0.9, (4, 5))
ABOVE = INSIDE + 2  # above 1
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -1.5, 2.0, 2.5])
TRUE = np.array([True, True, False, False])
MIXED = np.array([True, False, True, False])

PLAIN = "sin cos tan asin acos atan sinh cosh asinh atanh expm1 log1p erf exp2 square reciprocal"
ONE = dict.fromkeys(PLAIN.split(), (INSIDE,))
STEPS = dict.fromkeys(("floor", "ceil", "trunc", "round", "sign"), (INSIDE * 3,))
CASES: dict[str, tuple[np.ndarray, ...]] = {
    **ONE,
    **STEPS,
    **dict.fromkeys(["acosh", "log2", "log10"], (ABOVE,)),
    "pow": (ABOVE, OTHER),
    "minimum": (INSIDE, np.where(OTHER > 0, OTHER, INSIDE)),
    **dict.fromkeys(["less_equal", "greater_equal", "not_equal"], (SPECIAL, np.zeros(7))),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor"], (TRUE, MIXED)),
    "logical_not": (TRUE,),
    **dict.fromkeys(["isnan", "isinf", "isfinite"], (SPECIAL,)),
}
#: functions that the array API and PyTorch call differently
THEIRS = {
    "less_equal": torch.le,
    "greater_equal": torch.ge,
    "not_equal": torch.ne,
    "erf": torch.special.erf,
}


#: the element-wise functions of the Python array API standard, 2023.12, without those of complex numbers
STANDARD = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
    bitwise_right_shift bitwise_xor ceil clip copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative not_equal positive pow remainder round sign signbit sin
    sinh square sqrt subtract tan tanh trunc
"""


def test_the_standard_s_functions_are_there() -> None:
    assert set(STANDARD.split()) <= set(sklon.__all__)


@pytest.mark.parametrize("name", CASES)
def test_functions_are_pytorch_s(name: str) -> None:
    arrays = CASES[name]
    floating = arrays[0].dtype == np.float64
    ours = [sklon.tensor(a, requires_grad=floating) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=floating) for a in arrays]
    mine = getattr(elementwise, name)(*ours)
    function: Any = THEIRS.get(name) or getattr(torch, name)
    reference = function(*theirs)
    np.testing.assert_allclose(mine.numpy(), reference.detach().numpy(), rtol=1e-13, atol=1e-15)
    if reference.dtype != torch.float64:
        return
    (mine * mine).sum().backward()
    (reference * reference).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        found = np.zeros(b.shape) if a.grad is None else a.grad.numpy()
        np.testing.assert_allclose(found, b.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (None, 0.5), (-0.5, None)])
def test_clip_passes_gradients_inside(bounds: tuple[float | None, float | None]) -> None:
    ours, theirs = sklon.tensor(SPECIAL[3:], requires_grad=True), torch.tensor(SPECIAL[3:], requires_grad=True)
    mine, reference = elementwise.clip(ours, *bounds), torch.clip(theirs, *bounds)
    np.testing.assert_array_equal(mine.numpy(), reference.detach().numpy())
    mine.sum().backward()
    reference.sum().backward()
    assert ours.grad is not None
    np.testing.assert_array_equal(ours.grad.numpy(), theirs.grad.numpy())


def test_the_ends_of_pow() -> None:
    base = np.array([0.0, 0.0, 0.0, -8.0, -2.0, 2.0])
    exponent = np.array([0.0, 2.0, -1.0, 1 / 3, 3.0, 0.0])
    ours = [sklon.tensor(a, requires_grad=True) for a in (base, exponent)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (base, exponent)]
    mine, reference = elementwise.pow(*ours), torch.pow(*theirs)
    np.testing.assert_allclose(mine.numpy(), reference.detach().numpy())
    mine.sum().backward()
    reference.sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad is not None
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy())


def test_logic_takes_what_is_not_zero_as_true() -> None:
    numbers = [-1.0, 0.0, -0.0, np.nan]
    assert elementwise.logical_not(sklon.tensor(numbers)).tolist() == torch.logical_not(torch.tensor(numbers)).tolist()
    assert elementwise.logical_and(sklon.tensor([1, 0]), 0.3).tolist() == [True, False]


# ---- powers
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 2.0, -1, -2, 0.5, -0.5, 0.3, -1.7, 65, 100.0])
def test_powers_with_numbers_are_pytorch_s(exponent: float) -> None:
    ours, theirs = sklon.tensor(ABOVE, requires_grad=True), torch.tensor(ABOVE, requires_grad=True)
    mine, reference = elementwise.pow(ours, exponent), theirs**exponent
    np.testing.assert_allclose(mine.numpy(), reference.detach().numpy(), rtol=1e-13)
    mine.sum().backward()
    reference.sum().backward()
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)


def test_a_square_is_a_product() -> None:
    assert elementwise.pow(sklon.tensor([3.0]), 2).node.op.name == "mul"
    assert elementwise.pow(sklon.tensor([3.0]), 0.5).node.op.name == "sqrt"
    assert elementwise.pow(2, sklon.tensor([3.0])).node.op.name == "exp2"


@pytest.mark.parametrize(("base", "exponent"), [([2, -3, 0], 3), ([2, -3, 0], 0), (2, [0, 3, 31]), ([2, -1], [5, -3])])
def test_powers_of_integers_are_pytorch_s(base: int | list[int], exponent: int | list[int]) -> None:
    ours = [sklon.tensor(v, dtype=sklon.int32) if isinstance(v, list) else v for v in (base, exponent)]
    theirs = [torch.tensor(v, dtype=torch.int32) if isinstance(v, list) else v for v in (base, exponent)]
    mine, reference = elementwise.pow(*ours), torch.pow(*theirs)
    assert mine.dtype is sklon.int32 and reference.dtype is torch.int32
    assert mine.tolist() == reference.tolist()


def test_a_negative_power_of_integers_is_refused() -> None:
    with pytest.raises(InputError, match=r"use floats, as x.float\(\) \*\* -1"):
        elementwise.pow(sklon.tensor([2]), -1)
    assert elementwise.pow(sklon.tensor([2]), -1.0).tolist() == [0.5]
    with pytest.raises(DtypeError, match="takes whole numbers, not sklon"):
        elementwise.pow(sklon.tensor([True]), sklon.tensor([True]))


# ---- division of integers
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_integers_divided_by_zero_are_refused(name: str) -> None:
    function = getattr(elementwise, name)
    with pytest.raises(InputError, match=r"divided by 0 at \(1,\)"):
        function(sklon.tensor([1, 2]), sklon.tensor([3, 0]))
    with pytest.raises(InputError, match="divided by 0"):
        function(sklon.tensor([1, 2]), 0)
    assert np.isnan(elementwise.remainder(sklon.tensor([1.0]), 0).item())


def test_a_divisor_of_rows_to_come_gives_zero() -> None:
    """In a step there are no values to look at: ⌊x / 0⌋ = 0, and x is what is left."""
    x, y = (Tensor(slot(name, "state", (N,), int64)) for name in "xy")
    nodes = (elementwise.floor_divide(x, y).node, elementwise.remainder(x, y).node)
    found = evaluate(nodes, {x.node: np.array([7, -7]), y.node: np.array([0, 2])}, 2)
    assert [found[n].tolist() for n in nodes] == [[0, -4], [7, 1]]


def test_dividing_by_a_number_computes_nothing_yet() -> None:
    before = programs.counters.runs
    kept = [elementwise.floor_divide(sklon.tensor([7]), 2), elementwise.fmod(sklon.tensor([-7]), 2)]
    assert programs.counters.runs == before
    assert [k.item() for k in kept] == [3, -1]


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_division_has_pytorch_s_signs(name: str) -> None:
    left, right = np.meshgrid([-7, -6, -1, 0, 1, 6, 7], [-3, -1, 1, 3])
    for dtype in (np.int32, np.int64, np.float64):
        x, y = left.astype(dtype), right.astype(dtype)
        mine = getattr(elementwise, name)(sklon.tensor(x), sklon.tensor(y))
        reference = getattr(torch, name)(torch.tensor(x), torch.tensor(y))
        assert mine.numpy().dtype == reference.numpy().dtype
        np.testing.assert_array_equal(mine.numpy(), reference.numpy())


# ---- special points
def test_sinc_is_smooth_at_zero() -> None:
    x = sklon.tensor(np.array([0.0, 0.05, 0.0954, 0.0956, 0.5, 1.0]), requires_grad=True)
    y = elementwise.sinc(x)
    np.testing.assert_allclose(y.numpy(), np.sinc(x.numpy()), rtol=1e-15, atol=1e-16)
    first = gradients({y.node: sklon.ones(6, dtype=sklon.float64).node}, [x.node])[0]
    assert first is not None
    second = gradients({first: sklon.ones(6, dtype=sklon.float64).node}, [x.node])[0]
    assert second is not None
    assert Tensor(second).numpy()[0] == pytest.approx(-(np.pi**2) / 3, rel=1e-15)


def test_infinities_of_logaddexp() -> None:
    values = np.array([-np.inf, -1.0, 0.0, 2.0, np.inf])
    left, right = np.meshgrid(values, values)
    mine = elementwise.logaddexp(sklon.tensor(left), sklon.tensor(right))
    np.testing.assert_allclose(mine.numpy(), np.logaddexp(left, right), rtol=1e-15)


def test_copysign_sees_the_sign_of_zero() -> None:
    signs = sklon.tensor([0.0, -0.0, 3.0, -3.0])
    assert elementwise.copysign(2.0, signs).tolist() == [2.0, -2.0, 2.0, -2.0]
    assert elementwise.signbit(signs).tolist() == [False, True, False, True]


@pytest.mark.parametrize("name", ["positive", "clip", "nan_to_num", "floor", "ceil", "trunc", "round", "fmax"])
def test_a_result_is_never_the_argument(name: str) -> None:
    """Handles can be written to."""
    x = sklon.tensor([1, 2])
    y = getattr(elementwise, name)(*(x,) * (2 if name == "fmax" else 1))
    assert y is not x and y.tolist() == [1, 2]
    assert elementwise.pow(x, 1) is not x


def test_zero_and_minus_zero_are_two_programs() -> None:
    """Multiplied by one or the other, 1 becomes a zero of another sign, also where the first is known already."""
    for turn in range(2):
        x = sklon.tensor([1.0])
        found = [float((1 / (x * zero)).numpy()[0]) for zero in (0.0, -0.0)]
        assert found == [np.inf, -np.inf], turn
    x = sklon.tensor([1.0])
    both = (1 / (x * 0.0)) - (1 / (x * -0.0))  # in one program
    assert float(both.numpy()[0]) == np.inf
