"""Batch norm beyond PyTorch's layer: frozen, with a single row, recalibrated.

PyTorch with its modes set by hand judges. That the layer itself is PyTorch's is shown in test_normalization and
test_module_db.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.errors import InputError
from sklon.graph.node import Graph, walk
from sklon.nn.description import build, describe
from sklon.optim import RULES
from sklon.tensors.modes import seeded
from sklon.training.step import columns_of, record_training

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(8)
Array = np.ndarray[Any, Any]
X, Y = RNG.standard_normal((33, 3)) * 2 + 1, RNG.standard_normal((33, 2))


def _model(library: Any, **settings: Any) -> Any:
    wide = {"dtype": "float64" if library is nn else torch.float64}
    norm = library.BatchNorm1d(4, **settings, **wide)
    return library.Sequential(library.Linear(3, 4, **wide), norm, library.Tanh(), library.Linear(4, 2, **wide))


def _pair(momentum: float | None = 0.1, **settings: Any) -> tuple[Any, Any]:
    """Our model with settings and PyTorch's, with the same values, running estimates of two batches among them."""
    ours, theirs = _model(nn, momentum=momentum, **settings), _model(torch.nn, momentum=momentum)
    torch.nn.init.normal_(theirs[1].weight)
    theirs(torch.tensor(X)), theirs(torch.tensor(X[:20]))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _steps(theirs: Any, prepare: Callable[[int], None], batch: int, epochs: int) -> None:
    """PyTorch's loop over the rows in their order; ``prepare`` sets modes for a batch of so many rows."""
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(epochs):
        for start in range(0, len(X), batch):
            rows = slice(start, start + batch)
            theirs.train()
            prepare(len(X[rows]))
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(theirs(torch.tensor(X[rows])), torch.tensor(Y[rows])).backward()
            optimizer.step()


def _fit(ours: nn.Module, batch: int, epochs: int, **more: Any) -> Trainer:
    trainer = Trainer(ours, loss="mse", optimizer="sgd", lr=0.1)
    trainer.fit((X, Y), epochs=epochs, batch_size=batch, shuffle=False, **more)
    return trainer


def _assert_same(ours: nn.Module, theirs: Any) -> None:
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


# ---- frozen
@pytest.mark.parametrize("parameters", [True, False])
def test_a_frozen_layer_is_pytorch_s_in_evaluation_within_a_model_in_training(parameters: bool) -> None:
    ours, theirs = _pair()
    before = ours[1].state_dict()
    assert ours[1].freeze(parameters=parameters) is ours[1]
    ours.eval()
    ours.train()
    for parameter in theirs[1].parameters():
        parameter.requires_grad_(not parameters)
    np.testing.assert_allclose(ours(sklon.tensor(X)).numpy(), theirs.eval()(torch.tensor(X)).detach(), rtol=1e-10)
    _fit(ours, batch=11, epochs=3)
    _steps(theirs, lambda rows: theirs[1].eval(), batch=11, epochs=3)
    _assert_same(ours, theirs)
    after = ours[1].state_dict()
    assert all((after[k] == before[k]).all() == ("running" in k or "num" in k or parameters) for k in before)


def test_a_frozen_layer_learns_again_when_it_is_told_to() -> None:
    ours, theirs = _pair()
    layer = ours[1].freeze()
    assert layer.training and not layer.follows_batches and not any(p.requires_grad for p in layer.parameters())
    layer.unfreeze()
    assert layer.follows_batches and all(p.requires_grad for p in layer.parameters())
    _fit(ours, batch=11, epochs=2)
    _steps(theirs, lambda rows: None, batch=11, epochs=2)
    _assert_same(ours, theirs)


def test_freezing_one_layer_leaves_the_others() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm1d(3).freeze())
    model(sklon.tensor(X.astype(np.float32)))
    assert [int(m.num_batches_tracked.item()) for m in model] == [1, 0]


def test_it_shows_and_survives_copies_descriptions_and_saved_runs(tmp_path: Path) -> None:
    for parameters in (True, False):
        ours, _ = _pair(on_single_value="running")
        ours[1].freeze(parameters=parameters)
        text = (
            "BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True, frozen=True, "
            "on_single_value=running)"
        )
        assert repr(ours[1]) == text
        trainer = _fit(ours, batch=11, epochs=1)
        loaded = Trainer.load(trainer.save(tmp_path / f"{parameters}")).model
        found = describe(ours)
        assert found is not None
        for again in (copy.deepcopy(ours), build(json.loads(json.dumps(found))), loaded):
            assert repr(again[1]) == text and again[1].frozen  # type: ignore[index]
            assert [p.requires_grad for p in again[1].parameters()] == [not parameters] * 2  # type: ignore[index]
        np.testing.assert_array_equal(trainer.predict(X), Trainer(loaded, loss="mse").predict(X))


def test_descriptions_of_earlier_versions_are_built() -> None:
    settings = {"num_features": 3, "eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
    found = build({"layer": "BatchNorm1d", "settings": {**settings, "bias": True, "dtype": "float32"}, "frozen": []})
    assert repr(found) == repr(nn.BatchNorm1d(3)) and all(p.requires_grad for p in found.parameters())


@pytest.mark.parametrize(
    "settings", ["", "affine=False", "bias=False", "track_running_stats=False", "eps=0.1, momentum=None"]
)
def test_reprs_and_keys_are_pytorch_s(settings: str) -> None:
    ours, theirs = (eval(f"nn.BatchNorm1d(3, {settings})", {"nn": library}) for library in (nn, torch.nn))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)


# ---- a single row
@pytest.mark.parametrize("momentum", [0.1, None])
def test_a_last_batch_of_one_row_takes_the_running_estimates(momentum: float | None) -> None:
    ours, theirs = _pair(momentum, on_single_value="running")
    trainer = _fit(ours, batch=16, epochs=3)  # 33 rows: 16, 16, 1
    assert trainer.step == 9 and int(ours.state_dict()["1.num_batches_tracked"]) == 2 + 6
    _steps(theirs, lambda rows: theirs[1].train(rows > 1), batch=16, epochs=3)
    _assert_same(ours, theirs)


def test_batches_of_one_row_alone_train_on_the_running_estimates() -> None:
    ours, theirs = _pair(on_single_value="running")
    _fit(ours, batch=1, epochs=1)
    _steps(theirs, lambda rows: theirs[1].eval(), batch=1, epochs=1)
    _assert_same(ours, theirs)


def test_a_micro_batch_of_one_row_takes_them_too() -> None:
    ours, _ = _pair(on_single_value="running")
    _fit(ours, batch=9, epochs=1, micro_batch_size=4)  # 4, 4, 1 thrice, then 4, 2
    assert int(ours.state_dict()["1.num_batches_tracked"]) == 2 + 8
    assert all(np.isfinite(value).all() for value in ours.state_dict().values())


def test_outside_a_step_it_is_the_same_and_gradients_are_those_of_evaluation() -> None:
    ours, theirs = _pair(on_single_value="running")
    before = ours.state_dict()
    x = sklon.tensor(X[:1], requires_grad=True)
    reference = torch.tensor(X[:1], requires_grad=True)
    (ours(x) ** 2).sum().backward()
    (theirs.eval()(reference) ** 2).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), reference.grad.numpy(), rtol=1e-10)
    assert all((ours.state_dict()[k] == v).all() for k, v in before.items())
    assert ours(sklon.zeros(0, 3, dtype="float64")).shape == (0, 2)


def _step_graph(single: str, x: Array) -> Graph:
    with seeded(0):
        model = nn.Sequential(nn.BatchNorm1d(3, on_single_value=single), nn.Flatten(), nn.Linear(x[0].size, 1))
    rules = {name: ("", RULES["sgd"](lr=0.1)) for name, _ in model.named_parameters()}
    return record_training(model, nn.MSELoss(), rules, columns_of([x], Y[:, :1].astype(np.float32)))


@pytest.mark.parametrize(("shape", "is_chosen"), [((33, 3), True), ((33, 3, 1), True), ((33, 3, 2), False)])
def test_the_policy_costs_nothing_where_it_cannot_apply(shape: tuple[int, ...], is_chosen: bool) -> None:
    x = np.ones(shape, np.float32)
    counts = {single: Counter(n.op.name for n in walk(_step_graph(single, x).roots)) for single in ("raise", "running")}
    assert (counts["running"] != counts["raise"]) == is_chosen
    assert counts["running"]["where"] - counts["raise"]["where"] == 5 * is_chosen  # two used, three kept


def test_one_row_of_several_positions_has_statistics() -> None:
    layer, theirs = nn.BatchNorm1d(2, on_single_value="running"), torch.nn.BatchNorm1d(2)
    given = RNG.standard_normal((1, 2, 5)).astype(np.float32)
    np.testing.assert_allclose(
        layer(sklon.tensor(given)).numpy(), theirs(torch.tensor(given)).detach(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(layer.running_var.numpy(), theirs.running_var.numpy(), rtol=1e-6)


# ---- recalibrated
def _normed(library: Any) -> Any:
    wide = {"dtype": "float64" if library is nn else torch.float64}
    norms = [library.BatchNorm1d(4, momentum=m, **wide) for m in (0.1, 0.7)]
    return library.Sequential(library.Linear(3, 4, **wide), norms[0], library.ReLU(), norms[1])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("form", ["array", "tensor", "pair", "loader"])
def test_recalibration_is_pytorch_s_update_bn(form: str, training: bool) -> None:
    ours, theirs = _normed(nn), _normed(torch.nn)
    theirs(torch.tensor(X[:5]))
    ours.load_state_dict(theirs.state_dict())
    ours.train(training)
    ours[0].eval()
    cuts = [X[:16], X[16:32], X[29:]]
    batches: dict[str, Any] = {
        "array": cuts,
        "tensor": map(sklon.tensor, cuts),
        "pair": [(sklon.tensor(x), "a target") for x in cuts],
        "loader": sklon.data.DataLoader(sklon.data.TensorDataset(X[:32], Y[:32]), batch_size=16),
    }
    torch.optim.swa_utils.update_bn([torch.tensor(x) for x in (cuts[:2] if form == "loader" else cuts)], theirs)
    nn.recalibrate(ours, batches[form])
    _assert_same(ours, theirs)
    assert [m.training for m in ours] == [False, training, training, training]
    assert [ours[i].momentum for i in (1, 3)] == [0.1, 0.7] and all(p.grad is None for p in ours.parameters())


def test_recalibration_leaves_frozen_layers_and_those_that_no_batch_reaches() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frozen, self.used, self.idle = (nn.BatchNorm1d(3, dtype="float64") for _ in range(3))

        def forward(self, x: sklon.Tensor) -> sklon.Tensor:
            found: sklon.Tensor = self.used(self.frozen(x))
            return found

    net = Net()
    net.frozen(sklon.tensor(X))
    net.idle(sklon.tensor(X))
    net.frozen.freeze()
    before = net.state_dict()
    nn.recalibrate(net, [X])
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if (value != before[name]).any()}
    assert changed == {"used"}
    nn.recalibrate(nn.Sequential(nn.Linear(3, 1)), [])  # nothing to do


@pytest.mark.parametrize("batches", [[], [X, X[:1]], [X, X[:, :2]]])
def test_after_an_error_the_model_is_as_it_was(batches: list[Array]) -> None:
    ours, _ = _pair()
    before = ours.state_dict()
    with pytest.raises(InputError):
        nn.recalibrate(ours, batches)
    assert all((ours.state_dict()[k] == v).all() for k, v in before.items())
    assert ours[1].momentum == 0.1 and ours.training


def test_the_first_estimates_come_back() -> None:
    ours, _ = _pair()
    ours[1].reset_running_stats()
    fresh = nn.BatchNorm1d(4, dtype="float64").state_dict()
    state = ours[1].state_dict()
    assert all((state[k] == fresh[k]).all() and state[k].dtype == fresh[k].dtype for k in ours[1]._buffers)
    nn.BatchNorm1d(2, track_running_stats=False).reset_running_stats()


REFUSALS: dict[str, tuple[Callable[[], object], str]] = {
    "policy": (lambda: nn.BatchNorm1d(2, on_single_value="skip"), '"raise" or "running", not \'skip\''),
    "policy without estimates": (
        lambda: nn.BatchNorm1d(2, track_running_stats=False, on_single_value="running"),
        "leave track_running_stats on",
    ),
    "frozen without estimates": (
        lambda: nn.BatchNorm1d(2, track_running_stats=False, frozen=True),
        "no running estimates to freeze",
    ),
    "single row": (lambda: nn.BatchNorm1d(2)(sklon.ones(1, 2)), 'on_single_value="running"'),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_is_needed(name: str) -> None:
    call, words = REFUSALS[name]
    with pytest.raises(InputError, match=words):
        call()
