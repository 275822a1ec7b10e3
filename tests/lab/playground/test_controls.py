"""The table of controls: every row is well formed, and whatever comes is brought within its bounds."""

from __future__ import annotations

from typing import Any

import pytest

from sklon._base.errors import InputError
from sklon.lab.playground import CONTROLS, Acts, Row, bounded, settled
from sklon.lab.playground.controls import DEFAULTS, OPTIMIZERS, SCHEDULES, STOPPING
from sklon.lab.playground.network import batch_rows, rule_for
from sklon.optim.schedules import parse as parse_schedule
from sklon.training.stopping import parse as parse_rule

ROWS = [pytest.param(row, id=row.name) for row in CONTROLS]
HOSTILE: tuple[Any, ...] = (
    float("nan"),
    float("inf"),
    -float("inf"),
    "1e400",
    -1,
    10**400,
    0.1,
    "",
    "abc",
    "9" * 5000,
    "<script>alert(1)</script>",
    "\x00",
    None,
    True,
    [],
    {},
    object(),
    b"1",
    1j,
)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_well_formed(row: Row) -> None:
    assert row.control.read(row.control.default) == row.control.default
    assert row.kind in ("whole", "real", "choice")
    for text in (row.label, row.help, row.acts.value):
        assert text.en.strip() and text.ru.strip()
    assert row.help.en != row.help.ru and row.help.en.endswith(".") and row.help.ru.endswith(".")


def test_names_are_unique_and_every_way_to_act_occurs() -> None:
    assert len({row.name for row in CONTROLS}) == len(CONTROLS)
    assert {row.acts for row in CONTROLS} == set(Acts)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_whatever_comes_is_within_the_bounds_afterwards(row: Row, value: Any) -> None:
    taken, note = bounded(row.name, value)
    assert row.control.read(taken) == taken and type(taken) is type(row.control.default)
    assert bounded(row.name, taken) == (taken, None)
    if note is not None:
        assert note.value == taken and note.name == row.name and len(note.says.en) < 200


@pytest.mark.parametrize("row", ROWS)
def test_the_ends_are_taken_as_they_are(row: Row) -> None:
    for end in row.control.ends:
        assert bounded(row.name, end) == (end, None)
        assert bounded(row.name, str(end)) == (end, None)


@pytest.mark.parametrize(
    ("name", "came", "taken"),
    [
        ("width", 9999, 64),
        ("width", "7.6", 8),
        ("learning_rate", "0,5", 0.5),
        ("learning_rate", 0, 1e-5),
        ("momentum", 1.0, 0.99),
        ("batch_size", 64, "64"),
        ("batch_size", 63, "32"),
        ("optimizer", "sdg", "adam"),
    ],
)
def test_the_nearest_value_is_taken(name: str, came: Any, taken: Any) -> None:
    assert bounded(name, came)[0] == taken


def test_settings_are_complete_and_unknown_names_are_an_error_that_lists_the_known() -> None:
    values, notes = settled({"width": 1000})
    assert values == {**DEFAULTS, "width": 64} and [note.name for note in notes] == ["width"]
    with pytest.raises(InputError, match="learning_rate"):
        settled({"lr": 0.1})


@pytest.mark.parametrize("text", SCHEDULES)
def test_every_schedule_can_be_read_and_spans_a_run(text: str) -> None:
    schedule = parse_schedule(text)
    assert (schedule is None) == (text == "none")
    if schedule is not None:
        rates = schedule.over(100).rates(0.1, 100)
        assert all(0 <= rate <= 0.1 + 1e-12 for rate in rates) and len(set(rates)) > 5


@pytest.mark.parametrize("text", STOPPING)
def test_every_stopping_rule_can_be_read(text: str) -> None:
    assert (parse_rule(text) is None) == (text == "none")


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
def test_every_optimizer_has_the_rate_and_no_decay_of_its_own(name: str, momentum: float) -> None:
    rule: Any = rule_for({**DEFAULTS, "optimizer": name, "momentum": momentum})
    assert rule.lr == DEFAULTS["learning_rate"] and getattr(rule, "weight_decay", 0.0) == 0.0
    assert getattr(rule, "momentum", momentum) == momentum
    assert getattr(rule, "betas", (momentum,))[0] == momentum


@pytest.mark.parametrize("size", ["1", "2", "8", "64", "full"])
@pytest.mark.parametrize("parts", [1, 2, 3, 5, 7, 16])
def test_batch_norm_never_sees_a_single_row(size: str, parts: int) -> None:
    settings = {**DEFAULTS, "batch_norm": "on", "batch_size": size, "accumulation": parts}
    for rows in range(10, 80):
        batch, part, drop = batch_rows(settings, rows)
        last = 0 if drop else rows % batch
        found = [min(part, whole - i) for whole in (batch, last) for i in range(0, whole, part)]
        assert batch <= rows and 1 not in found
