"""What is taken away: a script that makes the run again to the bit, and texts that read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import numpy as np
import pytest

from sklon.lab.playground import (
    Moment,
    Session,
    curves_text,
    curves_text_of_two,
    data_text,
    data_text_of_two,
    own_data,
    picture,
    picture_of_two,
    script,
    script_of_two,
    settings_text,
    settings_text_of_two,
)
from sklon.lab.playground.controls import INITIALISATIONS, OPTIMIZERS, SCHEDULES
from sklon.lab.playground.script import DATA_FILE
from sklon.nn.activation import ACTIVATIONS

SMALL = "points=60&width=4&depth=1&batch_size=16"
Ways = Sequence[tuple[int, str, Any]]


def run(query: str, changes: Ways = (), steps: int = 20, own: Any = None) -> Moment:
    with Session(query, own=own) as session:
        for count, name, value in changes:
            session.step(count)
            session.change(name, value)
        return session.step(steps)


def printed(text: str) -> list[float]:
    """The numbers that a script prints."""
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(text, "script.py", "exec"), {"__name__": "__main__"})
    return [float(line.split()[-1]) for line in out.getvalue().splitlines()]


def reproduces(moment: Moment) -> bool:
    bench = moment.bench
    return printed(script(moment)) == [bench.training_loss(moment.state), bench.testing_loss(moment.state)]


CASES: dict[str, tuple[str, Ways, int]] = {
    "the defaults": ("", (), 30),
    "no step": (SMALL, (), 0),
    "whole epochs": (SMALL, (), 30),
    "everything": (
        f"{SMALL}&data=blobs&batch_norm=on&dropout=0.2&l1=0.001&l2=0.01&weight_decay=0.1&accumulation=3"
        "&schedule=cosine&epochs=40&initialisation=xavier_normal&activation=relu&seed=5",
        (),
        31,
    ),
    "a curve, gradient descent": ("data=curve&batch_size=full&optimizer=sgd&momentum=0", (), 12),
    "one sample a step": (f"{SMALL}&batch_size=1&depth=0", (), 50),
    "batch norm, a last row left out": ("points=70&test_share=0.3&batch_size=16&batch_norm=on&width=4", (), 9),
    "before the first step": (SMALL, [(0, "dropout", 0.3), (0, "optimizer", "sgd"), (0, "batch_size", "8")], 12),
    "nothing but a change": (SMALL, [(0, "dropout", 0.3)], 0),
    "a schedule of one step": (f"{SMALL}&epochs=1&batch_size=full&schedule=wsd", (), 3),
    "three rows to test on": ("points=30&test_share=0.1&width=3&depth=1", (), 2),
    "numbers": (
        SMALL,
        [
            (4, "learning_rate", 0.5),
            (2, "l2", 0.1),
            (3, "momentum", 0.3),
            (7, "dropout", 0.3),
            (3, "weight_decay", 0.2),
        ],
        20,
    ),
    "momentum comes and goes": (
        f"{SMALL}&optimizer=sgd",
        [(2, "momentum", 0.0), (4, "l1", 0.01), (2, "momentum", 0.9), (4, "learning_rate", 0.01)],
        10,
    ),
    "a schedule": (
        f"{SMALL}&schedule=cosine&epochs=30",
        [(4, "learning_rate", 0.1), (3, "epochs", 60), (4, "schedule", "linear(1.0, 0.01)"), (4, "schedule", "none")],
        8,
    ),
    "batches": (SMALL, [(4, "batch_size", "8"), (8, "accumulation", 2), (7, "batch_size", "full")], 6),
}


@pytest.mark.parametrize("case", CASES)
def test_the_script_makes_the_run_again_to_the_bit(case: str) -> None:
    assert reproduces(run(*CASES[case]))


def test_every_optimizer_is_reproduced() -> None:
    changes = [(2, "optimizer", name) for name in OPTIMIZERS]
    assert reproduces(run(f"{SMALL}&learning_rate=0.003&l1=0.001", changes, 2))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_reproduced(name: str) -> None:
    assert reproduces(run(f"{SMALL}&activation={name}", (), 4))


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_every_initialisation_is_reproduced(name: str) -> None:
    assert reproduces(run(f"{SMALL}&initialisation={name}", (), 3))


@pytest.mark.parametrize("text", SCHEDULES)
def test_every_schedule_is_reproduced(text: str) -> None:
    assert reproduces(run(f"{SMALL}&epochs=20", [(0, "schedule", text), (7, "l2", 0.1)], 30))


def test_a_rewound_run_and_a_diverged_one_are_reproduced() -> None:
    with Session(SMALL) as session:
        session.step(9)
        session.change("l2", 0.5)
        session.step(9)
        session.rewind(7)
        session.change("learning_rate", 0.2)
        assert reproduces(session.step(8))
    moment = run("points=60&data=curve&depth=0&optimizer=sgd&learning_rate=3&batch_size=full", (), 2000)
    assert moment.ended is not None and moment.ended.reason == "diverged"
    found = printed(script(moment))
    assert found == [moment.bench.training_loss(moment.state), moment.bench.testing_loss(moment.state)]


def test_a_wrong_script_is_noticed() -> None:
    moment = run(SMALL, (), 6)
    text = script(moment)
    assert printed(text.replace("lr=0.03", "lr=0.031")) != printed(text)


@pytest.mark.parametrize("target", ["kind", "amount", "group"])
def test_a_script_reads_ones_own_data_and_holds_none(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    table = {"a": random.standard_normal(50), "b": random.standard_normal(50)}
    targets = {
        "kind": np.arange(50) % 2,
        "amount": table["a"] * 17.25,
        "group": np.array(list("pqr"))[np.arange(50) % 3],
    }
    moment = run(f"{SMALL}&data=own", (), 10, own_data({**table, target: targets[target]}, ("a", "b"), target))
    monkeypatch.chdir(tmp_path)
    Path(DATA_FILE).write_text(data_text(moment), "utf-8")
    assert reproduces(moment)
    text = script(moment) + settings_text(moment)
    assert str(moment.bench.data.X[0, 0])[:6] not in text and DATA_FILE in text


def test_names_of_columns_are_nothing_but_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    names = ('two\nlines, {0} and "quotes"', "=1+1 # $x$ </svg>", "'); raise SystemExit")
    table = dict(zip(names, (*random.standard_normal((2, 40)), np.arange(40) % 2), strict=True))
    moment = run(f"{SMALL}&data=own", (), 5, own_data(table, names[:2], names[2]))
    monkeypatch.chdir(tmp_path)
    Path(DATA_FILE).write_text(data_text(moment), "utf-8")
    assert reproduces(moment) and "raise" not in script(moment)
    parse(picture(moment).save(tmp_path / "figure.svg"))
    pair = moment, run(SMALL, (), 5)
    Path(DATA_FILE).write_text(data_text_of_two(*pair), "utf-8")
    assert len(printed(script_of_two(*pair))) == 4


@pytest.mark.parametrize("data", ["moons", "blobs", "curve"])
def test_data_read_back_exactly(data: str) -> None:
    moment = run(f"data={data}&points=40", (), 0)
    rows = list(csv.reader(StringIO(data_text(moment))))
    made = moment.bench.data
    assert tuple(rows[0]) == (*made.names, "test")
    values = np.array(rows[1:], np.float64)
    assert values[:, :-2].astype(np.float32).tobytes() == made.X.tobytes()
    assert values[:, -2].astype(made.y.dtype).tobytes() == made.y.tobytes()
    assert np.flatnonzero(values[:, -1]).tolist() == made.test.tolist()


def test_curves_and_settings_read_back() -> None:
    moment = run(SMALL, [(4, "l2", 0.5)], 20)
    rows = list(csv.DictReader(StringIO(curves_text(moment))))
    assert [float(row["test_loss"]) for row in rows] == moment.testing_curve.tolist()
    assert [int(row["epoch"]) for row in rows] == list(range(1, 9))
    shown = json.loads(settings_text(moment))
    assert shown["settings"]["l2"] == 0.5 and shown["first"]["l2"] == 0.0
    assert shown["changes"] == [{"step": 4, "name": "l2", "value": 0.5}]


@pytest.mark.parametrize("data", ["moons", "blobs", "curve"])
def test_a_figure_is_drawn(data: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    moment = run(f"{SMALL}&data={data}", (), 10)
    drawn = picture(moment, "ru")
    assert "обучение" in drawn.save(tmp_path / "figure.svg").read_text("utf-8")
    assert drawn.save(tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def both_reproduced(first: Moment, second: Moment) -> bool:
    losses = [[m.bench.training_loss(m.state), m.bench.testing_loss(m.state)] for m in (first, second)]
    return printed(script_of_two(first, second)) == [*losses[0], *losses[1]]


def test_one_script_makes_both_runs_again_to_the_bit() -> None:
    first = run(f"{SMALL}&dropout=0.2", [(3, "learning_rate", 0.5)], 10)
    second = run("data=curve&batch_norm=on&optimizer=sgd&batch_size=full", (), 7)
    assert both_reproduced(first, second) and both_reproduced(first, first) and both_reproduced(second, first)
    text = script_of_two(first, second)
    assert "# A: 13 steps" in text and "# B: 7 steps" in text and text.count("class Rows") == 1
    sound, other = printed(text), printed(text.replace("lr=0.03, momentum", "lr=0.3, momentum"))
    assert other[:2] == sound[:2] and other[2:] != sound[2:], "a wrong script of B is noticed"


def test_one_script_reads_the_own_data_of_both_from_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    table = {"a": random.standard_normal(50), "b": random.standard_normal(50)}
    table["amount"] = table["a"] * 17.25
    two, one = own_data(table, ("a", "b"), "amount"), own_data(table, ("b",), "amount")
    moments = [run(f"{SMALL}&data=own&optimizer={o}", (), 10, own) for o, own in (("adam", two), ("sgd", one))]
    monkeypatch.chdir(tmp_path)
    for pair in ((moments[0], moments[1]), (moments[0], moments[0])):
        Path(DATA_FILE).write_text(data_text_of_two(*pair), "utf-8")
        assert both_reproduced(*pair)
        assert str(moments[0].bench.data.X[0, 0])[:6] not in script_of_two(*pair) + settings_text_of_two(*pair)


def test_data_and_curves_of_both_say_whose_they_are() -> None:
    first, second = run(SMALL, [(4, "batch_size", "8")], 20), run(f"{SMALL}&noise=0.5", (), 12)
    rows = list(csv.DictReader(StringIO(data_text_of_two(first, second))))
    assert list(rows[0]) == ["run", "x1", "x2", "class", "test"]
    for name, moment in (("A", first), ("B", second)):
        given = np.array([[row["x1"], row["x2"]] for row in rows if row["run"] == name], np.float32)
        assert given.tobytes() == moment.bench.data.X.tobytes()
    curves = list(csv.DictReader(StringIO(curves_text_of_two(first, second))))
    assert [float(c["test_loss"]) for c in curves if c["run"] == "A"] == first.testing_curve.tolist()
    assert [float(c["training_loss"]) for c in curves if c["run"] == "B"] == second.training_curve.tolist()
    # 42 rows to train on: 3 batches of 16, and 6 of 8
    assert [int(c["step"]) for c in curves if c["run"] == "A"] == [3, 6, 12, 18, 24]
    assert [int(c["step"]) for c in curves if c["run"] == "B"] == [3, 6, 9, 12]


def test_different_columns_stand_apart() -> None:
    rows = list(csv.reader(StringIO(data_text_of_two(run(SMALL, (), 0), run("data=curve&points=40", (), 0)))))
    assert rows[0] == ["run", "x1", "x2", "class", "x", "y", "test"]
    assert all(
        (row[4:6] == ["", ""]) == (row[0] == "A") and (row[1:4] == ["", "", ""]) == (row[0] == "B") for row in rows[1:]
    )
    assert len(rows) == 1 + 60 + 40


def test_settings_of_both_say_in_what_they_differ() -> None:
    first, second = run(SMALL, (), 3), run(f"{SMALL}&optimizer=sgd&width=9", (), 3)
    shown = json.loads(settings_text_of_two(first, second))
    assert shown["differs"] == ["width", "optimizer"]
    assert shown["A"] == json.loads(settings_text(first)) and shown["B"] == json.loads(settings_text(second))


@pytest.mark.parametrize("data", ["moons", "blobs", "curve"])
def test_a_figure_of_both_is_drawn(data: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = run(SMALL, (), 10), run(f"{SMALL}&data={data}&batch_size=8", (), 10)
    text = picture_of_two(first, second, "ru").save(tmp_path / "figure.svg").read_text("utf-8")
    assert all(label in text for label in ("A: обучение", "B: проверка", "stroke-dasharray"))


NAMES = ("=HYPERLINK(1)", " +a\x01\ufffe", "@y")


@pytest.mark.parametrize("count", [1, 2])
def test_a_column_may_have_any_name(count: int, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table = {name: np.linspace(-1, 1, 40) ** k for k, name in enumerate(NAMES, 1)}
    names = (*NAMES[1 : 1 + count - 1], NAMES[1 if count == 1 else 0], NAMES[2])
    moment = run(f"{SMALL}&data=own", (), 5, own_data(table, names[:-1], names[-1]))
    file = picture(moment).save(tmp_path / "figure.svg")
    assert "+a\ufffd\ufffd" in file.read_text("utf-8") and parse(file).getroot().tag.endswith("svg")
    both = picture_of_two(moment, moment).save(tmp_path / "both.svg")
    assert parse(both).getroot().tag.endswith("svg")


def test_no_spreadsheet_computes_a_name_and_numbers_read_back() -> None:
    table = {name: np.linspace(-1, 1, 40) ** k for k, name in enumerate(NAMES, 1)}
    moment = run(f"{SMALL}&data=own", (), 5, own_data(table, NAMES[:2], NAMES[2]))
    (head, *rows), (both, *_) = (
        list(csv.reader(StringIO(text))) for text in (data_text(moment), data_text_of_two(moment, moment))
    )
    assert head == [*(f"'{name}" for name in NAMES), "test"] and both == ["run", *head]
    inputs = np.array([row[:2] for row in rows], np.float32)
    assert inputs.tobytes() == moment.bench.data.X.tobytes() and (inputs < 0).any()
