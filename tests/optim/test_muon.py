"""Muon: what its steps do to singular values, what it refuses, and its steps inside compiled programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import MuonRule
from tests.optim.rows import Problem

RNG = np.random.default_rng(7)
SHAPES = [(4, 4), (6, 3), (3, 6), (1, 5), (5, 1), (64, 48)]
#: the cubic iteration 1.5x − 0.5x³, which converges to 1 from (0, √3); Muon's own stays between 0.7 and 1.2
CONVERGENT = (1.5, -0.5, 0.0)


def _step(grad: Any, **settings: Any) -> Any:
    """The first step on a zero matrix: −η·κ·O of the gradient alone."""
    p = sklon.tensor(np.zeros_like(grad), requires_grad=True)
    optimizer = optim.Muon([p], **{"lr": 1.0, "weight_decay": 0.0, **settings})
    p.grad = sklon.tensor(grad)
    optimizer.step()
    return p.detach().numpy()


# ---- the formula
@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_is_the_orthogonal_factor_of_the_gradient(shape: tuple[int, int]) -> None:
    """With an iteration that converges: UVᵀ of G = USVᵀ, from NumPy's decomposition, times −√max(1, rows/columns)."""
    grad = RNG.standard_normal(shape)
    u, _, vt = np.linalg.svd(grad, full_matrices=False)
    step = _step(grad, ns_coefficients=CONVERGENT, ns_steps=60)
    np.testing.assert_allclose(step, -(max(1, shape[0] / shape[1]) ** 0.5) * (u @ vt), atol=1e-10)


@pytest.mark.parametrize("shape", [(4, 4), (64, 48)])
def test_five_steps_of_its_own_iteration_bring_singular_values_near_one(shape: tuple[int, int]) -> None:
    u, _, vt = np.linalg.svd(RNG.standard_normal(shape), full_matrices=False)
    grad = (u * np.geomspace(1, 0.1, len(vt))) @ vt
    values = np.linalg.svd(_step(grad), compute_uv=False) / max(1, shape[0] / shape[1]) ** 0.5
    assert values.min() > 0.65 and values.max() < 1.25


def test_steps_of_adamws_size() -> None:
    """The root mean square of a step is 0.2 for any shape, where AdamW's is about that."""
    for shape in SHAPES:
        step = _step(
            RNG.standard_normal(shape), adjust_lr_fn="match_rms_adamw", ns_coefficients=CONVERGENT, ns_steps=60
        )
        assert np.sqrt(np.mean(step**2)) == pytest.approx(0.2, rel=1e-9)


def test_a_gradient_of_zeros_moves_nothing_and_one_that_is_no_number_shows() -> None:
    assert (_step(np.zeros((3, 2))) == 0).all()
    assert np.isnan(_step(np.array([[np.nan, 1.0], [1.0, 1.0]]))).all()


def test_pytorchs_own_precision_is_met() -> None:
    """Without the tests' change of type, PyTorch's steps in bfloat16 agree to two digits."""
    torch = pytest.importorskip("torch")
    ours, theirs = Problem(sklon, matrices=True), Problem(torch, matrices=True)
    ours.steps(optim.Muon(ours.params, lr=0.02), 10)
    theirs.steps(torch.optim.Muon(theirs.params, lr=0.02), 10)
    for a, b in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=0.01)
        assert not np.allclose(a, b, atol=1e-8)


#: variants that are found in other programs; each must differ from the rule
VARIANTS: dict[str, dict[str, Any]] = {
    "momentum without Nesterov": {"nesterov": False},
    "one iteration less": {"ns_steps": 4},
    "no adjustment to the shape": {"adjust_lr_fn": "match_rms_adamw"},
    "decay left out": {"weight_decay": 0.0},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_wrong_variant_is_caught(name: str) -> None:
    right, wrong = Problem(sklon, matrices=True), Problem(sklon, matrices=True)
    right.steps(optim.Muon(right.params, lr=0.02), 5)
    wrong.steps(optim.Muon(wrong.params, lr=0.02, **VARIANTS[name]), 5)
    assert not np.allclose(right.values()[0], wrong.values()[0], rtol=1e-6)


# ---- what is no matrix
@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_what_is_no_matrix_is_refused_in_one_line(shape: tuple[int, ...]) -> None:
    p = sklon.tensor(np.ones(shape), requires_grad=True)
    with pytest.raises(InputError, match=r"matrices only, and a parameter has the shape .*; pass others='adamw', or"):
        optim.Muon([p])
    optimizer = optim.Muon([sklon.ones(2, 2, requires_grad=True)])
    with pytest.raises(InputError, match="matrices only"):
        optimizer.add_param_group({"params": [p]})
    assert len(optimizer.param_groups) == 1


def test_the_trainer_refuses_it_before_anything_moves() -> None:
    model = nn.Linear(3, 2, dtype="float64")
    before = model.state_dict()
    with pytest.raises(InputError, match=r"matrices only, and a parameter has the shape \(2,\)"):
        Trainer(model, loss="mse", optimizer=MuonRule()).fit((np.ones((4, 3)), np.ones((4, 2))), epochs=1)
    assert all((before[k] == v).all() for k, v in model.state_dict().items())


def test_others_are_adamws() -> None:
    """The bias moves as AdamW moves it, with the same rate and decay."""
    settings = {"lr": 0.05, "weight_decay": 0.1}
    mixed, plain = sklon.tensor([1.0, -2.0], requires_grad=True), sklon.tensor([1.0, -2.0], requires_grad=True)
    for p, optimizer in (
        (mixed, optim.Muon([mixed], others="adamw", **settings)),
        (plain, optim.AdamW([plain], **settings)),
    ):
        for _ in range(5):
            optimizer.zero_grad()
            (p * p * p).sum().backward()
            optimizer.step()
    np.testing.assert_array_equal(mixed.numpy(), plain.numpy())


def test_a_state_goes_on_to_the_bit_with_others() -> None:
    whole, halves = Problem(sklon), Problem(sklon)
    whole.steps(optim.Muon(whole.params, lr=0.1, others="adamw"), 6)
    first = optim.Muon(halves.params, lr=0.1, others="adamw")
    halves.steps(first, 3)
    second = optim.Muon(halves.params, others="adamw")
    second.load_state_dict(first.state_dict())
    halves.steps(second, 3)
    for a, b in zip(whole.values(), halves.values(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- inside the Trainer
def test_the_compiled_step_is_the_eager_one_for_wide_layers() -> None:
    """Layers larger than a tile, tall and wide, in float64; three batches of 40 rows."""
    rule = MuonRule(lr=0.02, adjust_lr_fn="match_rms_adamw", others="adamw")
    x, y = RNG.standard_normal((40, 20)), RNG.standard_normal((40, 3))

    def model() -> nn.Sequential:
        sklon.manual_seed(2)
        return nn.Sequential(nn.Linear(20, 70, dtype="float64"), nn.Tanh(), nn.Linear(70, 3, dtype="float64"))

    compiled, eager = model(), model()
    Trainer(compiled, loss="mse", optimizer=rule).fit((x, y), epochs=3, batch_size="full")
    optimizer = optim.Muon(eager.parameters(), lr=0.02, adjust_lr_fn="match_rms_adamw", others="adamw")
    for _ in range(3):
        optimizer.zero_grad()
        nn.MSELoss()(eager(sklon.tensor(x)), sklon.tensor(y)).backward()
        optimizer.step()
    for a, b in zip(compiled.parameters(), eager.parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


def test_it_trains_a_network_in_float32() -> None:
    x = RNG.standard_normal((300, 5)).astype(np.float32)
    y = np.sin(x[:, :1] * 2) * x[:, 1:2]
    sklon.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    rule = MuonRule(lr=0.01, weight_decay=0.0, adjust_lr_fn="match_rms_adamw", others="adamw")
    losses = Trainer(model, loss="mse", optimizer=rule).fit((x, y), epochs=40, batch_size=30).curve("train_loss")
    assert losses[-1] < 0.1 * losses[0]


def test_the_rule_says_what_it_is() -> None:
    assert replace(MuonRule(), others="adamw").slots == {"momentum_buffer": 0.0, "exp_avg_sq": 0.0}
