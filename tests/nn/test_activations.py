"""Every activation is PyTorch's: values, gradients, choices at kinks, far out, and inside a training step."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError
from sklon.nn import activation as activations

torch = pytest.importorskip("torch")

#: a layer with settings, as Python under both libraries
CASES = (
    "ReLU()", "ReLU(inplace=True)", "ReLU6()", "LeakyReLU()", "LeakyReLU(0.3)", "PReLU()", "PReLU(5, 0.4)",
    "RReLU().eval()", "RReLU(0.2, 0.4).eval()", "Threshold(0.5, -2.0)", "ELU()", "ELU(0.7)", "CELU()", "CELU(0.7)",
    "SELU()", "GELU()", "GELU('tanh')", "SiLU()", "Mish()", "Softplus()", "Softplus(2.0, 5.0)", "Sigmoid()",
    "LogSigmoid()", "Tanh()", "Softsign()", "Tanhshrink()", "Hardtanh()", "Hardtanh(-2.0, 0.5)", "Hardsigmoid()",
    "Hardswish()", "Hardshrink()", "Hardshrink(1.0)", "Softshrink()", "Softshrink(1.0)", "Softmax(1)",
    "Softmax(0)", "LogSoftmax(1)", "LogSoftmax(-1)", "Softmin(1)", "GLU()", "GLU(0)", "Softmax2d()",
)  # fmt: skip
RNG = np.random.default_rng(1)
#: kinks of some activation, and values far beyond any
SPECIAL = np.array([[0, -0.0, 1, -1, 0.5], [-0.5, 3, -3, 6, 20], [1000, -1000, 88, -88, 1e-30]])
INPUT = np.concatenate([RNG.standard_normal((4, 5)) * 3, SPECIAL])
#: inputs of layers that need another shape
INPUTS = {"GLU()": INPUT[:, :4], "GLU(0)": INPUT[:6], "Softmax2d()": INPUT.reshape(1, 7, 5, 1)}
#: where PyTorch itself rounds a constant (1/6, 1/α) to float32
ROUGH = ("Hardsigmoid()", "CELU(0.7)")


def _pair(case: str) -> tuple[nn.Module, Any]:
    return eval(f"nn.{case}", {"nn": nn}), eval(f"nn.{case}", {"nn": torch.nn}).double()


def test_every_activation_has_a_case() -> None:
    ours = {n for n, c in inspect.getmembers(activations, inspect.isclass) if issubclass(c, nn.Module)}
    public = {n for n in ours if not n.startswith("_")} - {"Activation", "Module"}
    assert public == {case.split("(")[0] for case in CASES}


def test_they_are_pytorch_s_28() -> None:
    listed = set(torch.nn.modules.activation.__all__) - {"MultiheadAttention"}
    assert listed == {case.split("(")[0] for case in CASES} and len(listed) == 28


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_pytorch_s(case: str) -> None:
    ours, theirs = _pair(case)
    given = INPUTS.get(case, INPUT)
    x, reference = sklon.tensor(given, requires_grad=True), torch.tensor(given, requires_grad=True)
    mine, expected = ours(x), theirs(reference if "inplace" not in case else reference * 1)
    np.testing.assert_allclose(mine.numpy(), expected.detach().numpy(), rtol=1e-10, atol=1e-14)
    seed = RNG.standard_normal(expected.shape)
    mine.backward(sklon.tensor(seed))
    expected.backward(torch.tensor(seed))
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), reference.grad.numpy(), rtol=1e-7 if case in ROUGH else 1e-9, atol=1e-12)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert a.grad is not None
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_nan_is_never_swallowed(case: str) -> None:
    given = np.full_like(INPUTS.get(case, INPUT), np.nan)
    assert np.isnan(_pair(case)[0](sklon.tensor(given)).numpy()).all()


def test_random_slopes_are_uniform_and_gradients_are_the_slopes() -> None:
    sklon.manual_seed(0)
    x = sklon.full((400, 50), -1.0).requires_grad_()
    y = nn.RReLU(0.2, 0.4)(x)
    slopes = -y.numpy()
    assert slopes.min() >= 0.2 and slopes.max() < 0.4 and abs(slopes.mean() - 0.3) < 2e-3
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), slopes)


@pytest.mark.parametrize("case", ["GELU()", "RReLU()", "PReLU(4)", "Softplus(2.0)", "Softmax(1)", "SELU()", "GLU()"])
def test_they_train_inside_the_compiled_step(case: str) -> None:
    X = RNG.standard_normal((50, 3)).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 4), eval(f"nn.{case}", {"nn": nn}), nn.Linear(2 if case == "GLU()" else 4, 1))
    history = sklon.Trainer(model, loss="mse", lr=0.01).fit((X, X[:, :1]), epochs=20, batch_size=16)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_settings_show_and_survive_copies() -> None:
    assert repr(nn.LeakyReLU(0.2)) == "LeakyReLU(negative_slope=0.2)" and repr(nn.ReLU(True)) == "ReLU()"
    assert copy.deepcopy(nn.ELU(0.5)).alpha == 0.5


REFUSALS = {
    "channels": (lambda: nn.PReLU(3)(sklon.ones(2, 5)), ShapeError, "needs one slope or 5"),
    "slopes": (lambda: nn.RReLU(0.5, 0.2)(sklon.ones(2)), InputError, "must not exceed"),
    "approximation": (lambda: nn.GELU("fast")(sklon.ones(2)), InputError, '"none" or "tanh"'),
    "alpha": (lambda: nn.CELU(0.0)(sklon.ones(2)), InputError, "must not be 0"),
    "interval": (lambda: nn.Hardtanh(1.0, -1.0)(sklon.ones(2)), InputError, "min_val ≤ max_val"),
    "lambda": (lambda: nn.Softshrink(-1.0)(sklon.ones(2)), InputError, "λ ≥ 0"),
    "halves": (lambda: nn.GLU()(sklon.ones(2, 3)), ShapeError, "even extent, not 3"),
    "no axis": (lambda: nn.GLU(2)(sklon.ones(2, 3)), ShapeError, "axis 2 is out of range"),
    "channels of pictures": (lambda: nn.Softmax2d()(sklon.ones(2, 3)), ShapeError, "use Softmax"),
    "axis": (lambda: nn.Softmax()(sklon.ones(2, 2, 2)), InputError, "dim=-1"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_is_needed(name: str) -> None:
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call()
