"""One vocabulary: rows and fields agree, values are read from text and from Python alike."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.optim import RULES
from sklon.runs import train
from sklon.runs.settings import SETTINGS, Settings, show

READ: dict[str, list[tuple[Any, Any]]] = {
    "hidden": [("64,32", (64, 32)), (64, (64,)), ([8, 4], (8, 4))],
    "batch_size": [("full", "full"), ("64", 64), (64, 64)],
    "time_limit": [("2.5", 2.5), ("none", None), (None, None)],
    "early_stopping": [("patience(3)", "patience(3)"), (False, None), ("none", None)],
    "epochs": [("7", 7), (7.0, 7)],
    "ignore": [("a,b", ("a", "b")), ('"a,b",c', ("a,b", "c")), (["x"], ("x",)), ("none", ())],
    "lr": [("1e-2", 0.01)],
    "batch_norm": [("yes", True), (True, True), ("no", False), ("False", False)],
    "schedule": [("cosine", "cosine"), ("none", None)],
    "class_weight": [("balanced", "balanced"), (None, None)],
    "clip_norm": [("0.5", 0.5), ("none", None)],
    "ema": [("0.99", 0.99), (False, None)],
    "micro_batch_size": [("16", 16), ("none", None)],
    "memory_limit": [("512MB", 512_000_000), ("4096", 4096), (4096, 4096), ("1 MiB", 1 << 20), ("none", None)],
    "l1": [("0", 0.0), (1, 1.0)],
}
REFUSED: dict[str, list[Any]] = {
    "hidden": ["", "a,b", "0", []],
    "dropout": [1, "-0.1", "much", False],
    "optimizer": ["magic"],
    "lr": [0, "inf", "nan", "fast"],
    "batch_size": [0, "half", 1.5],
    "epochs": [0, "many", 2.5, True],
    "time_limit": [0, "inf"],
    "metric": ["rms"],
    "early_stopping": ["", 3],
    "validation_fraction": [0, 1, 1.5],
    "seed": [-1],
    "threads": [0],
    "task": ["ranking"],
    "ignore": [3, ["a", 1]],
    "id": [[""]],
    "group_column": ["", 3],
    "time_column": [1],
    "loss": ["magic"],
    "class_weight": ["heavy"],
    "activation": ["step"],
    "batch_norm": ["perhaps", 2],
    "schedule": ["magic(3)", 3, "step("],
    "l1": [-1, "nan"],
    "l2": ["inf"],
    "weight_decay": [-0.1],
    "clip_norm": [0, "-1"],
    "ema": [1, -0.1],
    "micro_batch_size": [0, 1.5],
    "memory_limit": [0, 1.5, "much", "-1MB", True],
}


def test_rows_and_fields_are_the_same_names_in_the_same_order() -> None:
    assert [row.name for row in SETTINGS] == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_each_default_is_read_as_itself_from_python_and_from_text(row: Any) -> None:
    assert row.read(row.default) == row.default == row.read(show(row.default))
    assert row.help.endswith(".") and row.flag.startswith("--")


@pytest.mark.parametrize(("name", "value", "meant"), [(n, v, m) for n, rows in READ.items() for v, m in rows])
def test_values_are_read_from_text_and_from_python(name: str, value: Any, meant: Any) -> None:
    assert getattr(Settings.from_words({name: value}), name) == meant


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in REFUSED.items() for v in values])
def test_what_does_not_fit_is_refused_with_what_does(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=r"is not possible[;:] "):
        Settings.from_words({name: value})


def test_every_optimizer_is_offered_with_a_learning_rate_of_its_own() -> None:
    offered = next(row for row in SETTINGS if row.name == "optimizer").kind.metavar.split("|")
    assert set(offered) == set(RULES)
    for name in offered:
        assert Settings.from_words({"optimizer": name}).learning_rate > 0
    assert Settings.from_words({"optimizer": "sgd", "lr": 1}).learning_rate == 1


@pytest.mark.parametrize("optimizer", sorted(RULES))
def test_every_optimizer_learns_with_its_own_learning_rate(optimizer: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 400))
    source = {"a": x[0], "b": x[1], "y": x[0] - 2 * x[1]}
    run = train(source, target="y", optimizer=optimizer, hidden="32", epochs=60, dropout=0, threads=1)
    assert run.record["scores"]["network"]["r2"] > 0.8
    assert run.record["batch_size"] == (340 if optimizer == "rprop" else 16)


def test_every_setting_refuses_something() -> None:
    assert set(REFUSED) == {row.name for row in SETTINGS}


def test_an_unknown_setting_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no setting 'epoch'; did you mean 'epochs'"):
        Settings.from_words({"epoch": 3})


def test_settings_go_through_json() -> None:
    settings = Settings.from_words({"hidden": "8,8", "time_limit": 3})
    assert Settings.from_words(json.loads(json.dumps(settings.to_json()))) == settings
    assert settings.changed() == {"hidden": (8, 8), "time_limit": 3}
