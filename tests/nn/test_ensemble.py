"""Ensembles in one network: what they compute, their gradients against PyTorch, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError
from sklon.data import PerMember
from sklon.nn.description import build, describe

RANDOM = np.random.default_rng(0)
ROWS, FEATURES, MEMBERS, CLASSES = 70, 5, 3, 4
X = RANDOM.normal(size=(ROWS, FEATURES)).astype(np.float32)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
VALUES = RANDOM.normal(size=(ROWS, 1)).astype(np.float32)


def _network(out: int, **head: Any) -> nn.Sequential:
    sklon.manual_seed(1)
    k = MEMBERS
    return nn.Sequential(
        nn.EnsembleView(k),
        nn.LinearBatchEnsemble(FEATURES, 17, k=k, scaling_init=("random-signs", "normal")),
        nn.ReLU(),
        nn.LinearBatchEnsemble(17, 33, k=k, scaling_init="normal"),
        nn.ReLU(),
        nn.LinearEnsemble(33, out, k=k, **head),
    )


def _reference(torch: Any, values: dict[str, Any], x: Any) -> Any:
    h = x[:, None].expand(-1, MEMBERS, -1)
    for i in (1, 3):
        y = (h * values[f"{i}.r"]) @ values[f"{i}.weight"].T * values[f"{i}.s"] + values[f"{i}.bias"]
        h = torch.relu(y)
    return torch.einsum("nki,kio->nko", h, values["5.weight"]) + values["5.bias"]


@pytest.mark.parametrize("task", ["classes", "probabilities", "values"])
def test_three_epochs_give_pytorch_s_parameters(task: str) -> None:
    torch = pytest.importorskip("torch")
    out = 1 if task == "values" else CLASSES
    model = _network(out)
    target: Any = {"classes": LABELS, "values": VALUES, "probabilities": np.eye(CLASSES, dtype=np.float32)[LABELS]}[
        task
    ]
    inner = nn.MSELoss() if task == "values" else nn.CrossEntropyLoss()
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(theirs.values(), lr=0.1)
    for _ in range(3):
        for first in range(0, ROWS, 32):
            y = _reference(torch, theirs, torch.tensor(X[first : first + 32]))
            t = torch.tensor(target[first : first + 32])
            each = [
                torch.nn.functional.mse_loss(y[:, j], t)
                if task == "values"
                else torch.nn.functional.cross_entropy(y[:, j], t)
                for j in range(MEMBERS)
            ]
            optimizer.zero_grad()
            (sum(each) / MEMBERS).backward()
            optimizer.step()
    trainer = sklon.Trainer(model, loss=nn.EnsembleLoss(inner), optimizer="sgd", lr=0.1)
    trainer.fit((X, target), epochs=3, batch_size=32, shuffle=False)
    for name, value in theirs.items():
        np.testing.assert_allclose(model.state_dict()[name], value.detach().numpy(), rtol=2e-5, atol=2e-6)


def test_members_are_what_each_would_be_alone() -> None:
    model = _network(2)
    state = model.state_dict()
    together = model(sklon.tensor(X)).numpy()
    for j in range(MEMBERS):
        h = X
        for i in (1, 3):
            h = np.maximum(
                (h * state[f"{i}.r"][j]) @ state[f"{i}.weight"].T * state[f"{i}.s"][j] + state[f"{i}.bias"][j], 0
            )
        np.testing.assert_allclose(together[:, j], h @ state["5.weight"][j] + state["5.bias"][j], rtol=2e-5, atol=2e-5)


def test_a_shared_matrix_is_multiplied_by_the_rows_of_all_members_at_once() -> None:
    """The program multiplies matrices, one product for all members; nothing wider than a member is summed."""
    from sklon.compiler import native
    from sklon.compiler.pipeline import Settings, compile_program
    from sklon.optim.named import rule_of
    from sklon.program.verify import verify_program
    from sklon.training.step import columns_of, record_training

    model, loss = _network(1), nn.EnsembleLoss(nn.MSELoss())
    rules = {name: ("g", rule_of("sgd", 0.1)) for name, _ in model.named_parameters()}
    program = compile_program(record_training(model, loss, rules, columns_of([X], VALUES)), Settings(64, native.host()))
    verify_program(program)
    products = [loop for loop in program.loops() if loop.kind == "contract"]
    assert len(products) == 7  # three forward, two for weights, two backwards; those of the only output are sums
    most = max(len(loop.outer) + len(loop.inner) for loop in program.loops() if loop.kind == "reduce")
    assert most <= 4


def test_the_biases_of_members_start_alike_and_scales_as_asked() -> None:
    layer = nn.LinearBatchEnsemble(40, 3, k=4, scaling_init=("random-signs", "ones"))
    assert (layer.bias.numpy() == layer.bias.numpy()[0]).all()
    assert set(np.unique(layer.r.numpy())) == {-1.0, 1.0} and (layer.s.numpy() == 1).all()
    assert np.unique(nn.LinearBatchEnsemble(9, 3, k=4, scaling_init="normal").r.numpy()).size == 36


def test_targets_of_members_own_are_taken_as_they_are() -> None:
    loss = nn.EnsembleLoss(nn.CrossEntropyLoss())
    output = sklon.tensor(RANDOM.normal(size=(6, MEMBERS, CLASSES)).astype(np.float32))
    shared = LABELS[:6]
    own = np.repeat(shared[:, None], MEMBERS, axis=1)
    assert loss(output, sklon.tensor(shared)).item() == pytest.approx(loss(output, sklon.tensor(own)).item(), rel=1e-6)


def test_class_weights_weigh_the_mean_of_members_as_that_of_one() -> None:
    weights = [1.0, 2.0, 3.0, 4.0]
    plain, of_all = (nn.CrossEntropyLoss(weight=weights), nn.EnsembleLoss(nn.CrossEntropyLoss(weight=weights)))
    one = sklon.tensor(RANDOM.normal(size=(6, CLASSES)).astype(np.float32))
    many = sklon.tensor(np.repeat(one.numpy()[:, None], MEMBERS, axis=1))
    target = sklon.tensor(LABELS[:6])
    assert of_all(many, target).item() == pytest.approx(plain(one, target).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.EnsembleView(0), "at least 1, not 0"),
        (lambda: nn.LinearBatchEnsemble(3, 0, k=2), "features on both sides"),
        (lambda: nn.LinearEnsemble(0, 2, k=2), "features on both sides"),
        (lambda: nn.LinearBatchEnsemble(3, 2, k=2, scaling_init="zeros"), "one of ones, normal, random-signs"),
    ],
)
def test_settings_that_make_no_ensemble_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_an_input_without_members_is_refused_with_the_repair() -> None:
    for layer in (nn.LinearBatchEnsemble(3, 2, k=2), nn.LinearEnsemble(3, 2, k=2)):
        with pytest.raises(ShapeError, match=r"nn.EnsembleView\(k\) in front"):
            layer(sklon.ones(5, 3))
    with pytest.raises(ShapeError, match=r"an ensemble gives \[N, k"):
        nn.EnsembleLoss(nn.MSELoss())(sklon.ones(3), sklon.ones(3))


def test_an_ensemble_and_its_loss_are_described_and_built_again() -> None:
    for module in (_network(2), nn.EnsembleLoss(nn.CrossEntropyLoss(label_smoothing=0.1, weight=[1.0, 2.0]))):
        found = describe(module)
        assert found is not None and repr(build(found)) == repr(module)


def test_a_trainer_of_an_ensemble_is_saved_and_goes_on(tmp_path: Path) -> None:
    trainer = sklon.Trainer(_network(1), loss=nn.EnsembleLoss(nn.MSELoss()), seed=2)
    trainer.fit((X, VALUES), epochs=2, batch_size=32, shuffle=PerMember(MEMBERS))
    trainer.save(tmp_path / "run")
    again = sklon.Trainer.load(tmp_path / "run")
    for one in (trainer, again):
        one.fit((X, VALUES), epochs=2, batch_size=32, shuffle=PerMember(MEMBERS))
    np.testing.assert_array_equal(trainer.predict(X), again.predict(X))


def test_members_learn_from_rows_of_their_own() -> None:
    """Three epochs over orders of each member's own are three epochs of PyTorch over the same rows."""
    torch = pytest.importorskip("torch")
    model = _network(CLASSES)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in model.state_dict().items()}
    optimizer, sampler = torch.optim.SGD(theirs.values(), lr=0.1), PerMember(MEMBERS)
    for epoch in range(3):
        order = sampler.order(ROWS, seed=4, epoch=epoch)
        assert all((np.sort(order[:, j]) == np.arange(ROWS)).all() for j in range(MEMBERS))
        assert (order[:, 0] != order[:, 1]).any()
        for first in range(0, ROWS, 32):
            rows = order[first : first + 32]
            h = torch.tensor(X[rows])
            for i in (1, 3):
                y = (h * theirs[f"{i}.r"]) @ theirs[f"{i}.weight"].T * theirs[f"{i}.s"] + theirs[f"{i}.bias"]
                h = torch.relu(y)
            y = torch.einsum("nki,kio->nko", h, theirs["5.weight"]) + theirs["5.bias"]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(y.flatten(0, 1), torch.tensor(LABELS[rows].flatten())).backward()
            optimizer.step()
    trainer = sklon.Trainer(model, loss=nn.EnsembleLoss(nn.CrossEntropyLoss()), optimizer="sgd", lr=0.1, seed=4)
    trainer.fit((X, LABELS), epochs=3, batch_size=32, shuffle=sampler)
    for name, value in theirs.items():
        np.testing.assert_allclose(model.state_dict()[name], value.detach().numpy(), rtol=2e-5, atol=2e-6)
    assert trainer.predict(X).shape == (ROWS, MEMBERS, CLASSES)  # evaluated, all see the same


def test_rows_of_their_own_cannot_be_weighed_yet() -> None:
    trainer = sklon.Trainer(_network(CLASSES), loss=nn.EnsembleLoss(nn.CrossEntropyLoss()))
    with pytest.raises(InputError, match="cannot weigh rows"):
        trainer.fit((X, LABELS, np.ones(ROWS)), epochs=1, shuffle=PerMember(MEMBERS))


def test_a_view_takes_features_for_all_or_for_each() -> None:
    view = nn.EnsembleView(2)
    assert view(sklon.ones(3, 2, 4)).shape == (3, 2, 4)
    with pytest.raises(ShapeError, match=r"\[N, features\] or \[N, 2, features\]"):
        view(sklon.ones(3, 5, 4))
