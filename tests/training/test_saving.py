"""A trainer that was saved and loaded is the same trainer: it predicts, evaluates and trains on to the same bits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError, RunFolderError
from sklon.nn.description import KNOWN, build, describe
from sklon.training import folder

RNG = np.random.default_rng(6)
X = RNG.standard_normal((40, 3)).astype(np.float32)
Y = (X[:, :1] - X[:, 1:2] ** 2).astype(np.float32)
CLASSES = (X[:, 0] > 0).astype(np.int64)


class Net(nn.Module):
    """A module of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.GELU())
        self.head = nn.Linear(4, 1)

    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        return self.head(self.body(x))


def absolute(output: sklon.Tensor, target: sklon.Tensor) -> sklon.Tensor:
    """A loss of one's own."""
    return (output - target).abs()


def mean_absolute(output: sklon.Tensor, target: sklon.Tensor) -> sklon.Tensor:
    """One that returns the mean."""
    return (output - target).abs().mean()


class Halving(optim.SGDRule):
    """A rule of one's own."""


def _layers(outputs: int = 1) -> nn.Sequential:
    sklon.manual_seed(4)
    return nn.Sequential(
        nn.Linear(3, 5), nn.LeakyReLU(0.2), nn.Sequential(nn.LayerNorm(5), nn.Dropout(0.2)), nn.Linear(5, outputs)
    )


def _grouped() -> Trainer:
    model = _layers()
    model[0].requires_grad_(False)
    groups: list[dict[str, Any]] = [{"params": model[2].parameters(), "lr": 0.02}, {"params": model[3].parameters()}]
    return Trainer(model, loss="huber", optimizer=optim.RAdam(groups, betas=(0.8, 0.99)), seed=3)


def _net() -> Net:
    sklon.manual_seed(4)
    return Net()


#: how a trainer is made, its targets, and what is passed to load
CASES: dict[str, tuple[Callable[[], Trainer], Any, Callable[[], dict[str, Any]]]] = {
    "layers": (lambda: Trainer(_layers(), loss="mse", seed=9), Y, dict),
    "weights of classes": (
        lambda: Trainer(
            _layers(2), loss=nn.CrossEntropyLoss([0.3, 1.7], label_smoothing=0.1), optimizer="rmsprop", lr=0.01
        ),
        CLASSES, dict,
    ),
    "groups and frozen layers": (_grouped, Y, dict),
    "one's own model": (lambda: Trainer(_net(), loss="l1", optimizer="nadam"), Y, lambda: {"model": Net()}),
    "one's own loss": (
        lambda: Trainer(_net(), loss=mean_absolute, reduction="mean"), Y,
        lambda: {"model": Net(), "loss": mean_absolute},
    ),
    "one's own rule": (
        lambda: Trainer(_layers(), loss="mse", optimizer=Halving(0.1)), Y, lambda: {"optimizer": Halving(0.1)}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_loaded_is_the_same_trainer(case: str, tmp_path: Path) -> None:
    make, target, own = CASES[case]
    trainer = make()
    trainer.fit((X, target), epochs=3, batch_size=8, validation=0.2)
    path = trainer.save(tmp_path / "run")
    loaded = sklon.load(path, **own())
    np.testing.assert_array_equal(loaded.predict(X), trainer.predict(X))
    assert loaded.evaluate(X, target) == trainer.evaluate(X, target)
    assert loaded.history.rows == trainer.history.rows and loaded.stopped == trainer.stopped
    for one in (trainer, loaded):
        one.fit((X, target), epochs=2, batch_size=8)
    assert loaded.epoch == 5 and loaded.step == trainer.step
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_array_equal(loaded.model.state_dict()[name], value)


def test_the_folder_holds_no_more_than_it_says(tmp_path: Path) -> None:
    path = Trainer(_layers(), loss="mse").save(tmp_path / "run")
    assert sorted(p.name for p in path.iterdir()) == [
        "history.csv", "model.safetensors", "optimizer.safetensors", "run.json",
    ]  # fmt: skip
    assert sklon.load(path).predict(X).shape == (40, 1)
    assert sorted(folder.read_arrays(path / "model.safetensors")) == sorted(_layers().state_dict())


ABSENT: dict[str, tuple[Callable[[], Trainer], dict[str, Any], str]] = {
    "a model": (lambda: Trainer(Net(), loss="mse"), {}, "sklon.load('run', model=Net())"),
    "a loss": (lambda: Trainer(_layers(), loss=absolute), {}, "sklon.load('run', loss=absolute)"),
    "both": (lambda: Trainer(Net(), loss=absolute), {}, "sklon.load('run', model=Net(), loss=absolute)"),
    "the other": (
        lambda: Trainer(Net(), loss=absolute), {"model": Net()}, "sklon.load('run', model=Net(), loss=absolute)"
    ),
    "a rule": (
        lambda: Trainer(_layers(), loss="mse", optimizer=Halving(0.1)), {}, "sklon.load('run', optimizer=Halving(…))"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ABSENT)
def test_the_error_shows_the_line_that_loads(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, given, line = ABSENT[case]
    monkeypatch.chdir(tmp_path)
    make().save("run")
    with pytest.raises(InputError, match="of your own") as caught:
        sklon.load("run", **given)
    assert str(caught.value).endswith(line) and "\n" not in str(caught.value)


def test_another_model_than_the_saved_one_is_refused(tmp_path: Path) -> None:
    path = Trainer(Net(), loss="mse").save(tmp_path / "run")
    with pytest.raises(InputError, match="does not fit the model: missing"):
        sklon.load(path, model=_layers())
    with pytest.raises(InputError, match=r"must be an nn\.Module, not int"):
        sklon.load(path, model=3)


def test_a_run_is_replaced_only_when_asked_and_only_a_run(tmp_path: Path) -> None:
    trainer = Trainer(_layers(), loss="mse")
    path = trainer.save(tmp_path / "run")
    with pytest.raises(InputError, match="give another path, or overwrite=True"):
        trainer.save(path)
    trainer.fit((X, Y), epochs=1)
    assert sklon.load(trainer.save(path, overwrite=True)).epoch == 1
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    (path / "precious").write_text("mine")
    with pytest.raises(InputError, match="so it is kept"):
        trainer.save(path, overwrite=True)


def test_an_error_while_replacing_keeps_the_old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(_layers(), loss="mse")
    path = trainer.save(tmp_path / "run")
    rename = Path.rename
    calls = []

    def fails_second(self: Path, target: Any) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_second)
    with pytest.raises(KeyboardInterrupt):
        trainer.save(path, overwrite=True)
    monkeypatch.undo()
    assert sklon.load(path).epoch == 0 and [p.name for p in tmp_path.iterdir()] == ["run"]


def _changed(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    change(record)
    (path / "run.json").write_text(json.dumps(record), encoding="utf-8")


def _unknown_layer(record: dict[str, Any]) -> None:
    record["model"]["description"]["modules"][0][1]["layer"] = "os.system"


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no optimizer": (lambda p: (p / "optimizer.safetensors").unlink(), "lacks optimizer.safetensors"),
    "cut": (lambda p: (p / "model.safetensors").write_bytes(b"cut"), "is damaged"),
    "a key": (lambda p: _changed(p, lambda r: r.pop("seed")), "is damaged"),
    "a later version": (lambda p: _changed(p, lambda r: r.update(schema=9)), "another version"),
    "a name that is no layer": (lambda p: _changed(p, _unknown_layer), "there is no layer or loss 'os.system'"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_told_in_one_sentence(case: str, tmp_path: Path) -> None:
    damage, words = DAMAGE[case]
    path = Trainer(_layers(), loss="mse").save(tmp_path / "run")
    damage(path)
    with pytest.raises(RunFolderError if "layer" not in case else InputError, match=words):
        sklon.load(path)


# ---- modules as data
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "Linear": (3, 2, False), "Bilinear": (2, 3, 4), "Embedding": (5, 2, -1), "Unflatten": (1, (2, 3)),
    "BatchNorm1d": (3, 1e-3, None, True, False),
    "LayerNorm": ((2, 3), 1e-3, True, False), "RMSNorm": (4, 0.5), "Dropout": (0.3,), "PReLU": (4, 0.5),
    "Threshold": (0.5, -1.0), "Softplus": (2.0, 5.0), "CrossEntropyLoss": ([1.0, 0.25], 3, "none", 0.1),
    "BCEWithLogitsLoss": (None, "mean", [2.0]), "NLLLoss": ([0.1, 1.0],), "MultiMarginLoss": (2, 0.5, [1.0, 2.0]),
    "FocalLoss": (1.5, 0.3), "GELU": ("tanh",), "Hardtanh": (-2.0, 3.0), "RReLU": (0.2, 0.3), "LeakyReLU": (0.4,),
    "EnsembleLoss": (nn.FocalLoss(0.5),), "EnsembleView": (3,), "LinearEmbeddings": (3, 2),
    "PiecewiseLinearEmbeddings": ([[0.0, 0.5, 2.0], [-1.0, 1.0]], 2), "LinearBatchEnsemble": (3, 2, False),
    "LinearEnsemble": (3, 2),
}  # fmt: skip
#: the members of ensembles, which are asked for by name
MEMBERS: dict[str, dict[str, Any]] = {
    "LinearBatchEnsemble": {"k": 4, "scaling_init": ("random-signs", "ones")}, "LinearEnsemble": {"k": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_a_description_builds_the_same_module(name: str) -> None:
    module = KNOWN[name](*ARGUMENTS.get(name, ()), **MEMBERS.get(name, {}))
    found = describe(module)
    assert found is not None
    again = build(json.loads(json.dumps(found, allow_nan=False)))
    assert type(again) is type(module) and repr(again) == repr(module)
    state = {k: (v.shape, v.dtype) for k, v in again.state_dict().items()}
    assert state == {k: (v.shape, v.dtype) for k, v in module.state_dict().items()}
    for buffer, value in module.state_dict().items():
        if "weight" in buffer and isinstance(module, nn.Loss):
            np.testing.assert_array_equal(again.state_dict()[buffer], value)


def _tied() -> nn.Module:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    b.weight = a.weight
    return nn.Sequential(a, b)


def _hooked() -> nn.Module:
    layer = nn.Sequential(nn.Linear(2, 2))
    layer[0].register_forward_hook(lambda m, i, o: o * 2)
    return layer


@pytest.mark.parametrize(
    "make",
    [
        Net, _tied, _hooked, lambda: nn.Sequential(layer := nn.Linear(2, 2), layer), lambda: nn.Sequential(Net()),
        lambda: nn.Hardtanh(0.0, float("inf")),
    ],
)  # fmt: skip
def test_what_data_cannot_hold_has_no_description(make: Callable[[], nn.Module]) -> None:
    assert describe(make()) is None
