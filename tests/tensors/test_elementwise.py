"""Elementwise functions against PyTorch: values and gradients in double precision."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import sklon
from sklon.tensors import elementwise

torch = pytest.importorskip("torch")
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


def test_every_function_has_a_case() -> None:
    public = {n for n, f in inspect.getmembers(elementwise, inspect.isfunction) if f.__module__ == elementwise.__name__}
    assert {n for n in public if not n.startswith("_")} == CASES.keys() | {"clip"}


@pytest.mark.parametrize("name", CASES)
def test_functions_are_pytorch_s(name: str) -> None:
    arrays = CASES[name]
    floating = arrays[0].dtype == np.float64
    ours = [sklon.tensor(a, requires_grad=floating) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=floating) for a in arrays]
    mine = getattr(elementwise, name)(*ours)
    reference = THEIRS.get(name, getattr(torch, name, None))(*theirs)
    np.testing.assert_allclose(mine.numpy(), reference.detach().numpy(), rtol=1e-13, atol=1e-15)
    if reference.dtype != torch.float64:
        return
    (mine * mine).sum().backward()
    (reference * reference).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        found = np.zeros(a.shape) if a.grad is None else a.grad.numpy()
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


def test_logic_of_numbers_is_refused() -> None:
    with pytest.raises(sklon._base.errors.DtypeError, match="compare first"):
        elementwise.logical_not(sklon.ones(2))
