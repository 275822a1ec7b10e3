"""L-BFGS against PyTorch's, step for step, and on problems whose solution is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError, ShapeError
from sklon.optim import line_search
from sklon.tensors.programs import counters

STARTS = np.array([-1.2, 1.0]), np.array([[0.5, 2.0]])
Losses = Callable[[Any, Any], Any]


# ---- problems of two parameters of different shapes, for two libraries of tensors
def rosenbrock(a: Any, b: Any) -> Any:
    """In four dimensions: its least value is 0 at (1, 1, 1, 1), and it has a second, local minimum near (−0.8, …)."""
    b = b.reshape(-1)
    return _valley(a[0], a[1]) + _valley(a[1], b[0]) + _valley(b[0], b[1])


def _valley(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def quadratic(a: Any, b: Any) -> Any:
    """Curvatures from 1 to 10⁶, off the axes; least at (1, 1, 1, 1)."""
    rest = [v - 1 for v in (a[0], a[1], b[0, 0], b[0, 1])]
    return sum(10.0 ** (2 * i) * (rest[i] + 0.5 * rest[(i + 1) % 4]) ** 2 for i in range(4))


def steep(a: Any, b: Any) -> Any:
    """A sum of exponentials: Newton's steps are far too long at first."""
    return ((a * 3).exp() + (-a * 2).exp()).sum() + ((b - 1) ** 4).sum() + (a.sum() * b.sum()) ** 2


def wavy(a: Any, b: Any) -> Any:
    """A bowl with ripples, where cubics lead astray."""
    return (a * a).sum() / 9 + (b * b).sum() / 4 + (a * 7).sin().sum() + (b.sum() * 5).cos() + (a.sum() * 3).sin()


class Run:
    """Steps of one library's optimizer on one of the problems."""

    def __init__(self, library: Any, optimizer: Any, loss: Losses, **settings: Any) -> None:
        self.params = [library.tensor(start, requires_grad=True) for start in STARTS]
        self.optimizer = optimizer(self.params, **settings)
        self.loss = loss

    def closure(self) -> Any:
        self.optimizer.zero_grad()
        loss = self.loss(*self.params)
        loss.backward()
        return loss

    def step(self, count: int = 1) -> Any:
        first = [self.optimizer.step(self.closure) for _ in range(count)]
        return first[-1]

    @property
    def values(self) -> Any:
        return np.concatenate([p.detach().numpy().reshape(-1) for p in self.params])


# ---- PyTorch
CASES: list[tuple[Losses, int, dict[str, Any]]] = [
    (rosenbrock, 12, {"lr": 1e-3}),
    (rosenbrock, 12, {"lr": 1e-3, "max_iter": 5, "history_size": 3}),
    (rosenbrock, 12, {"line_search_fn": "strong_wolfe"}),
    (rosenbrock, 40, {"line_search_fn": "strong_wolfe", "max_iter": 2, "history_size": 2}),
    (rosenbrock, 12, {"line_search_fn": "strong_wolfe", "max_eval": 3}),
    (rosenbrock, 12, {"line_search_fn": "strong_wolfe", "max_eval": 1}),
    (quadratic, 8, {}),
    (quadratic, 8, {"line_search_fn": "strong_wolfe", "lr": 0.5}),
    (quadratic, 8, {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2, "tolerance_change": 1e-4}),
    (steep, 8, {"lr": 0.1, "max_iter": 4}),
    (steep, 8, {"line_search_fn": "strong_wolfe", "lr": 3.0}),
    (wavy, 8, {"line_search_fn": "strong_wolfe"}),
    (wavy, 8, {"line_search_fn": "strong_wolfe", "lr": 5.0}),
    (wavy, 8, {"line_search_fn": "strong_wolfe", "lr": 20.0, "max_iter": 3}),
    (steep, 8, {"line_search_fn": "strong_wolfe", "lr": 0.01, "max_eval": 6}),
]
IDS = [f"{loss.__name__}-{i}" for i, (loss, *_) in enumerate(CASES)]


@pytest.mark.parametrize(("loss", "steps", "settings"), CASES, ids=IDS)
def test_every_step_is_pytorchs(loss: Losses, steps: int, settings: dict[str, Any]) -> None:
    """Parameters and returned losses to ten digits, and exactly as many iterations and evaluations."""
    torch = pytest.importorskip("torch")
    ours, theirs = Run(sklon, optim.LBFGS, loss, **settings), Run(torch, torch.optim.LBFGS, loss, **settings)
    for _ in range(steps):
        np.testing.assert_allclose(ours.step().item(), theirs.step().item(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-10, atol=1e-10)
        state = theirs.optimizer.state[theirs.params[0]]
        memory = ours.optimizer.memory
        assert (memory.n_iter, memory.func_evals) == (state["n_iter"], state["func_evals"])


def test_the_signature_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = (inspect.signature(o).parameters for o in (optim.LBFGS, torch.optim.LBFGS))
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_states_change_hands_with_pytorch(search: str | None) -> None:
    torch = pytest.importorskip("torch")
    settings = {"lr": 1.0 if search else 1e-3, "line_search_fn": search, "max_iter": 6}
    ours, theirs = (
        Run(sklon, optim.LBFGS, rosenbrock, **settings),
        Run(torch, torch.optim.LBFGS, rosenbrock, **settings),
    )
    theirs.step(3)
    ours.optimizer.load_state_dict(theirs.optimizer.state_dict())
    _put(ours, theirs.params, sklon)
    ours.step(2)
    theirs.step(2)
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-10)
    packed = ours.optimizer.state_dict()
    entry = {k: _as_torch(v, torch) for k, v in packed["state"][0].items()}
    theirs.optimizer.load_state_dict({"state": {0: entry}, "param_groups": packed["param_groups"]})
    _put(theirs, ours.params, torch)
    ours.step(2)
    theirs.step(2)
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-10)
    assert entry.keys() == theirs.optimizer.state[theirs.params[0]].keys() - {"al"}


def _as_torch(value: Any, torch: Any) -> Any:
    if isinstance(value, list):
        return [_as_torch(v, torch) for v in value]
    return torch.as_tensor(value) if isinstance(value, np.ndarray) else value


def _put(run: Run, others: list[Any], library: Any) -> None:
    with library.no_grad():
        for mine, other in zip(run.params, others, strict=True):
            mine.copy_(library.tensor(other.detach().numpy()))


# ---- solutions
def test_rosenbrocks_valley_is_followed_to_its_end() -> None:
    w = sklon.tensor([-1.2, 1.0], dtype="float64", requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=100, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure() -> sklon.Tensor:
        loss: sklon.Tensor = _valley(w[0], w[1])
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == pytest.approx(24.2)
    np.testing.assert_allclose(w.tolist(), [1, 1], atol=1e-8)
    assert optimizer.memory.func_evals < 60


def test_a_badly_scaled_quadratic_is_solved() -> None:
    run = Run(sklon, optim.LBFGS, quadratic, line_search_fn="strong_wolfe", tolerance_change=1e-14)
    run.step(3)
    np.testing.assert_allclose(run.values, 1, atol=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e9])
def test_the_units_of_the_loss_do_not_matter(unit: float) -> None:
    """Pairs of a tiny loss are remembered too: with PyTorch's yᵀs > 10⁻¹⁰ this one is steepest descent for 10⁻¹²."""
    tolerances = {"tolerance_grad": 0.0, "tolerance_change": 0.0}
    run = Run(
        sklon,
        optim.LBFGS,
        lambda a, b: quadratic(a, b) * unit,
        line_search_fn="strong_wolfe",
        max_iter=100,
        **tolerances,
    )
    run.step()
    np.testing.assert_allclose(run.values, 1, atol=1e-6)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_logistic_regression_is_scikit_learns(search: str | None) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5)) * [1, 1, 5, 0.2, 1]
    labels = (x @ [1, -2, 0.3, 0, 1] + rng.logistic(size=200) > 0.5).astype(int)
    model = nn.Linear(5, 1, dtype="float64")
    settings = {"tolerance_grad": 1e-11, "tolerance_change": 1e-16, "max_iter": 300}
    optimizer = optim.LBFGS(model.parameters(), lr=1.0, line_search_fn=search, **settings)
    inputs, targets = sklon.tensor(x), sklon.tensor(labels[:, None].astype(np.float64))

    def closure() -> sklon.Tensor:
        penalty = 0.5 * 0.05 * (model.weight * model.weight).sum()
        loss: sklon.Tensor = nn.BCEWithLogitsLoss()(model(inputs), targets) + penalty
        loss.backward()
        return loss

    optimizer.step(closure)
    peer = LogisticRegression(C=1 / (0.05 * 200), tol=1e-12, solver="newton-cholesky").fit(x, labels)
    np.testing.assert_allclose(model.weight.detach().numpy(), peer.coef_, atol=1e-8)
    np.testing.assert_allclose(model.bias.detach().numpy(), peer.intercept_, atol=1e-8)


def test_float32_parameters_reach_their_precision() -> None:
    w = sklon.tensor([5.0, -3.0], requires_grad=True)
    optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe")

    def closure() -> sklon.Tensor:
        loss = ((w - sklon.tensor([1.0, 2.0])) ** 2 * sklon.tensor([1.0, 1000.0])).sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert w.numpy().dtype == np.float32
    np.testing.assert_allclose(w.tolist(), [1, 2], rtol=1e-6)


def test_one_program_for_all_evaluations() -> None:
    run = Run(sklon, optim.LBFGS, rosenbrock, line_search_fn="strong_wolfe", max_iter=3)
    run.step(2)
    before = counters.compiled
    run.step(3)
    assert counters.compiled == before


# ---- the interface
def _stepped() -> Run:
    run = Run(sklon, optim.LBFGS, rosenbrock, line_search_fn="strong_wolfe", max_iter=3)
    run.step(2)
    return run


def test_a_state_goes_on_to_the_bit_and_is_a_copy() -> None:
    first = _stepped()
    saved = first.optimizer.state_dict()
    second = Run(sklon, optim.LBFGS, rosenbrock)
    second.optimizer.load_state_dict(saved)
    _put(second, first.params, sklon)
    first.step(2)
    second.step(2)
    np.testing.assert_array_equal(first.values, second.values)
    third = Run(sklon, optim.LBFGS, rosenbrock)
    third.optimizer.load_state_dict(saved)
    assert third.optimizer.memory.n_iter == saved["state"][0]["n_iter"] > 0


def test_a_fresh_state_goes_around() -> None:
    run = Run(sklon, optim.LBFGS, rosenbrock)
    assert run.optimizer.state_dict()["state"] == {}
    run.optimizer.load_state_dict(run.optimizer.state_dict())
    run.step()


def test_states_that_do_not_fit_change_nothing() -> None:
    run = _stepped()
    n_iter = run.optimizer.memory.n_iter
    other = optim.LBFGS([sklon.ones(3, requires_grad=True)])
    with pytest.raises(ShapeError, match="4 parameters, the optimizer has 3"):
        other.load_state_dict({**run.optimizer.state_dict(), "param_groups": other.state_dict()["param_groups"]})
    with pytest.raises(InputError, match="no 'func_evals'; was it saved by another"):
        run.optimizer.load_state_dict({**run.optimizer.state_dict(), "state": {0: {"exp_avg": STARTS[0]}}})
    with pytest.raises(InputError, match='"state" and "param_groups"'):
        run.optimizer.load_state_dict({})
    assert run.optimizer.memory.n_iter == n_iter and other.memory.n_iter == 0


def test_gradients_are_cleared_and_parameters_without_one_stay() -> None:
    a, b = (sklon.tensor([2.0], dtype="float64", requires_grad=True) for _ in range(2))
    optimizer = optim.LBFGS([a, b], line_search_fn="strong_wolfe")
    a.grad = sklon.tensor([1e6], dtype="float64")

    def closure() -> sklon.Tensor:
        loss = (a * a).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose([a.item(), b.item()], [0, 2], atol=1e-9)


def test_a_rate_of_a_schedule_counts() -> None:
    run = Run(sklon, optim.LBFGS, quadratic, max_iter=1)
    run.optimizer.param_groups[0]["lr"] = 0.0
    before = run.values
    run.step()
    np.testing.assert_array_equal(run.values, before)


# ---- refusals
@pytest.mark.parametrize(
    "settings",
    [
        {"lr": -1.0},
        {"max_iter": 0},
        {"max_iter": 2.5},
        {"max_eval": 0},
        {"tolerance_grad": -1.0},
        {"tolerance_change": float("nan")},
        {"history_size": 0},
        {"line_search_fn": "armijo"},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(settings))):
        optim.LBFGS([sklon.ones(1, requires_grad=True)], **settings)


def test_it_asks_for_one_group_and_a_closure() -> None:
    a, b = (sklon.ones(1, requires_grad=True) for _ in range(2))
    with pytest.raises(InputError, match="pass them as one group"):
        optim.LBFGS([{"params": [a]}, {"params": [b]}])
    with pytest.raises(InputError, match=r"pass a closure: optimizer.step\(closure\)"):
        optim.LBFGS([a]).step()
    with pytest.raises(InputError, match="returned None; let it return the loss"):
        optim.LBFGS([a]).step(lambda: None)
    with pytest.raises(TypeError, match="has no setting 'momentum'; it has lr, max_iter"):
        optim.LBFGS([a], momentum=0.9)


def test_a_trainer_refuses_it_with_the_repair() -> None:
    model = nn.Linear(2, 1)
    with pytest.raises(InputError, match=r"call optimizer.step\(closure\) in a loop of your own"):
        Trainer(model, loss="mse", optimizer=optim.LBFGS(model.parameters())).fit((np.ones((3, 2)), np.ones((3, 1))))


def _logarithm(start: float, **settings: Any) -> tuple[sklon.Tensor, optim.LBFGS, Callable[[], sklon.Tensor]]:
    """w − 2·√w, least at 1 and not a number below 0."""
    w = sklon.tensor([start], dtype="float64", requires_grad=True)
    optimizer = optim.LBFGS([w], **settings)

    def closure() -> sklon.Tensor:
        loss = (w - 2 * w.sqrt()).sum()
        loss.backward()
        return loss

    return w, optimizer, closure


def test_a_step_to_where_the_loss_is_not_finite_is_taken_back() -> None:
    w, optimizer, closure = _logarithm(4.0, lr=50.0)
    with pytest.raises(InputError, match='not finite; use line_search_fn="strong_wolfe" or less lr'):
        optimizer.step(closure)
    assert w.item() == 4.0
    optimizer.param_groups[0]["line_search_fn"] = "strong_wolfe"
    optimizer.param_groups[0]["max_iter"] = 100
    optimizer.step(closure)
    assert w.item() == pytest.approx(1.0, abs=1e-4)


def test_a_start_that_is_not_finite_is_refused() -> None:
    w, optimizer, closure = _logarithm(-4.0)
    with pytest.raises(InputError, match="not finite where the step begins: the loss is nan"):
        optimizer.step(closure)
    assert w.item() == -4.0 and optimizer.memory.n_iter == 0


# ---- the test of the test: faults of the loop differ from PyTorch
def _wrong_scale(self: Any, q: Any) -> Any:
    return RIGHT(replace(self, H_diag=1.0), q)


def _wrong_order(self: Any, q: Any) -> Any:
    turned = replace(self, old_dirs=self.old_dirs[::-1], old_stps=self.old_stps[::-1], ro=self.ro[::-1])
    return RIGHT(turned, q)


RIGHT = optim.lbfgs.Memory._two_loops


@pytest.mark.parametrize("fault", [_wrong_scale, _wrong_order])
def test_a_fault_in_the_direction_is_caught(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optim.lbfgs.Memory, "_two_loops", fault)
    pytest.importorskip("torch")
    with pytest.raises((AssertionError, InputError)):
        test_every_step_is_pytorchs(*CASES[2])


@pytest.mark.parametrize("constant", ["DECREASE", "FLATTENING", "MARGIN", "MOST_GROWTH", "LEAST_GROWTH"])
def test_a_fault_in_the_search_is_caught(constant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(line_search, constant, 0.3)
    with pytest.raises(AssertionError):
        for case in CASES:
            test_every_step_is_pytorchs(*case)
