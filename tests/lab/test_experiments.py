"""Every experiment of every question: its checks hold, at the ends of its controls too, and each fault is caught."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sklon._base.errors import ClaimError, InputError
from sklon.lab import Experiment, Fault, Record, all_questions
from sklon.lab.check import Check, Finding, true
from sklon.lab.controls import settle
from sklon.lab.drawing import drawn_for_page
from sklon.lab.running import Result, frames_of, run_experiment
from sklon.lab.text import LANGUAGES, Text
from tests.lab.results import EXPERIMENTS, result_of

FAULTS = [pytest.param(e, f, id=f"{e.number}-{f.name}") for e in EXPERIMENTS.values() for f in e.faults]
ENDS = [
    pytest.param(e, c.name, end, id=f"{e.number}-{c.name}-{end}")
    for e in EXPERIMENTS.values()
    for c in e.controls
    for end in c.ends
]


def failed(result: Result) -> list[str]:
    """The checks that do not hold, in words."""
    return [f"{c.name}: {c.measured!r} is not {c.bound()}" for c in result.checks if not c.passed]


def test_every_question_has_an_experiment() -> None:
    assert all(q.experiments for q in all_questions())


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_every_check_holds(number: str) -> None:
    result = result_of(number)
    assert result.checks
    assert failed(result) == []


@pytest.mark.parametrize(("experiment", "fault"), FAULTS)
def test_every_fault_is_caught(experiment: Experiment, fault: Fault) -> None:
    result = result_of(experiment.number, fault.name)
    noticed = {c.name for c in result.checks if not c.passed}
    assert fault.breaks and set(fault.breaks) <= noticed


@pytest.mark.parametrize(("experiment", "name", "end"), ENDS)
def test_the_checks_hold_at_the_ends_of_every_control(experiment: Experiment, name: str, end: Any) -> None:
    assert failed(run_experiment(experiment, {name: end})) == []


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_another_seed_changes_no_verdict(number: str) -> None:
    assert failed(run_experiment(EXPERIMENTS[number], seed=1)) == []


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_an_experiment_is_well_formed(number: str) -> None:
    experiment, result = EXPERIMENTS[number], result_of(number)
    assert [c.name for c in result.checks] == list(experiment.claims)
    assert {name for fault in experiment.faults for name in fault.breaks} <= experiment.claims.keys()
    assert experiment.faults, "an experiment needs a fault that breaks it"
    assert len({f.name for f in experiment.faults}) == len(experiment.faults)
    for control in experiment.controls:
        assert control.read(control.default) == control.default
        assert control.default in control.ends or control.ends[0] <= control.default <= control.ends[-1]
    texts = [experiment.title, *(c.says for c in result.checks), *(f.says for f in experiment.faults)]
    assert all(t.en.strip() and t.ru.strip() and t.en != t.ru for t in texts)
    assert not any("{" in c.says.en + c.says.ru for c in result.checks), "a claim names a control that there is not"


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_what_is_claimed_is_known_before_the_run(number: str) -> None:
    experiment, result = EXPERIMENTS[number], result_of(number)
    settings = settle(experiment.controls, {})
    assert {name: experiment.claim(name, settings) for name in experiment.claims} == {
        c.name: c.says for c in result.checks
    }


def test_a_claim_says_what_is_set() -> None:
    says = EXPERIMENTS["E9"].claim("chosen-size", {"batch_size": 1200})
    assert (says.en[-5:], says.ru[-5:]) == ("1,200", "1\u00a0200")
    with pytest.raises(InputError, match=r"E9 has no check 'nothing'; it has .*chosen-size"):
        EXPERIMENTS["E9"].claim("nothing", {})


@pytest.mark.parametrize("wrong", ["forgotten", "twice", "unclaimed"])
def test_a_run_that_checks_something_else_than_is_claimed_is_an_error(wrong: str) -> None:
    experiment = EXPERIMENTS["E8"]

    def checks(record: Record) -> list[Finding]:
        first, *others = experiment.checks(record)
        return {
            "forgotten": others,
            "twice": [first, first, *others],
            "unclaimed": [true("news", True), first, *others],
        }[wrong]

    with pytest.raises(ClaimError, match="E8 claims whole, "):
        run_experiment(replace(experiment, checks=checks))


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_a_figure_can_be_drawn_in_every_language(number: str) -> None:
    figure = result_of(number).figure
    for language in LANGUAGES:
        drawing = drawn_for_page(figure, language)
        assert drawing.startswith("<svg")
        assert figure.panels[0].x.of(language) in drawing
    assert figure.caption.en != figure.caption.ru


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_a_result_can_be_written_as_json(number: str) -> None:
    result = result_of(number)
    again = json.loads(json.dumps(result.summary("ru"), allow_nan=False))
    assert again["passed"] is True
    assert [c["name"] for c in again["checks"]] == [c.name for c in result.checks]


def test_a_check_cannot_pass_on_nan() -> None:
    nan = float("nan")
    assert not Check(name="x", says=Text("x", "х"), measured=nan).passed


def test_a_run_does_not_depend_on_what_ran_before() -> None:
    experiment = next(iter(EXPERIMENTS.values()))
    first, second = (run_experiment(experiment).checks for _ in range(2))
    assert first == second


def test_two_runs_side_by_side_do_not_disturb_each_other() -> None:
    """A page shows two runs at once: their frames come in turns."""
    for number in ("E1", "E19"):
        experiment = EXPERIMENTS.get(number)
        if experiment is None:
            continue
        controls = {c.name: c.default for c in experiment.controls}
        alone = [list(map(str, frames_of(experiment, controls, seed))) for seed in (0, 1)]
        turns: list[list[str]] = [[], []]
        runs = [frames_of(experiment, controls, seed) for seed in (0, 1)]
        for first, second in zip(*runs, strict=True):
            turns[0].append(str(first))
            turns[1].append(str(second))
        assert turns == alone


def test_an_unknown_fault_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="not-halved"):
        EXPERIMENTS["E1"].with_fault("nothing")
    assert EXPERIMENTS["E1"].with_fault("not-halved") == replace(
        EXPERIMENTS["E1"], subject=EXPERIMENTS["E1"].faults[0].subject
    )
