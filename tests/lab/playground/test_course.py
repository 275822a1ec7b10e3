"""The course of a training: what changes, what stays, and the way back to the bit."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon.lab.playground import CONTROLS, Acts, Course, Row, matters, settled
from sklon.lab.playground import course as course_module
from sklon.lab.playground import past as past_module
from sklon.lab.playground.controls import OPTIMIZERS

#: small, so that programs are quick to compile, with a short last batch
SMALL = {"points": 60, "width": 4, "depth": 1, "batch_size": "16", "seed": 3}
#: another value for every control that leaves the weights
OTHERS: dict[str, Any] = {
    "batch_size": "8",
    "accumulation": 2,
    "optimizer": "sgd",
    "learning_rate": 0.3,
    "momentum": 0.5,
    "schedule": "cosine",
    "epochs": 3,
    "dropout": 0.5,
    "l1": 0.05,
    "l2": 0.5,
    "weight_decay": 0.5,
    "stopping": "patience(20)",
}
#: those that only say when to end
QUIET = ("epochs", "stopping")
LIVE = [pytest.param(row, id=row.name) for row in CONTROLS if row.acts is not Acts.ANEW]


def course(**given: Any) -> Course:
    return Course(settled({**SMALL, **given})[0])


def run(one: Course, steps: int, most: int = 1_000) -> Course:
    target = one.step + steps
    while one.step < target and one.advance(min(most, target - one.step)):
        pass
    return one


def state(one: Course) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in one.state.items()}


def whole(one: Course) -> tuple[Any, ...]:
    """Everything that can be told apart."""
    curves = (one.training_curve.tobytes(), one.testing_curve.tobytes())
    return state(one), one.settings, one.step, one.epoch, one.taken, curves, list(one.log)


def test_there_is_another_value_for_every_live_control() -> None:
    assert OTHERS.keys() == {row.name for row in CONTROLS if row.acts is not Acts.ANEW}


@pytest.mark.parametrize("row", LIVE)
@pytest.mark.parametrize("steps", [3, 5], ids=["at the end of an epoch", "in the middle"])
def test_a_change_keeps_the_weights_and_acts(row: Row, steps: int) -> None:
    changed, plain = run(course(), steps), run(course(), steps)
    before = {name: bits for name, bits in state(changed).items() if name.startswith("param.")}
    changed.change(row.name, OTHERS[row.name])
    assert {name: state(changed)[name] for name in before} == before
    run(plain, 1), run(changed, 1)
    waits = row.acts is Acts.NEXT_EPOCH and steps == 5
    if row.name != "accumulation":  # which changes rounding at the most
        same = all(state(plain)[name] == state(changed)[name] for name in before)
        assert same == (waits or row.name in QUIET)
    run(plain, 4), run(changed, 4)
    assert changed.settings[row.name] == OTHERS[row.name] and not changed.pending
    if row.name not in (*QUIET, "accumulation"):
        assert any(state(plain)[name] != state(changed)[name] for name in before)


#: settings under which some controls are nothing, and other values of these
NOTHING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no hidden layer": ({"depth": 0}, {"activation": "relu", "width": 9, "batch_norm": "on", "dropout": 0.5}),
    **{name: ({"optimizer": name}, {"momentum": 0.1}) for name in OPTIMIZERS},
}


@pytest.mark.parametrize("case", NOTHING)
def test_controls_that_do_not_matter_change_no_bit_and_others_do(case: str) -> None:
    given, others = NOTHING[case]
    plain = state(run(course(**given), 6))
    for name, value in others.items():
        other = state(run(course(**given, **{name: value}), 6))
        same = all(bits == other[label] for label, bits in plain.items() if label.startswith("param."))
        assert same == (not matters(name, settled(given)[0]))


def test_accumulation_changes_rounding_only() -> None:
    plain, parts = run(course(), 20), run(course(accumulation=4), 20)
    for name, values in plain.state.items():
        np.testing.assert_allclose(parts.state[name], values, rtol=2e-3, atol=2e-4)


def test_a_run_follows_from_its_settings_and_changes_whatever_the_pieces() -> None:
    first, second = course(dropout=0.2), course(dropout=0.2)
    for one, most in ((first, 1), (second, 1000)):
        run(one, 7, most)
        one.change("learning_rate", 0.1)
        run(one, 6, most)
        one.change("batch_size", "8")
        run(one, 30, most)
    assert whole(first) == whole(second)
    assert state(first) != state(run(course(dropout=0.2, seed=4), 43))


#: (steps, name, value): changes on the way
WAYS: dict[str, Sequence[tuple[int, str, Any]]] = {
    "plain": [],
    "numbers": [(4, "learning_rate", 0.5), (1, "l2", 0.1), (7, "momentum", 0.0), (2, "momentum", 0.7)],
    "momentum of sgd": [(2, "optimizer", "sgd"), (3, "momentum", 0.0), (3, "l1", 0.01), (4, "momentum", 0.9)],
    "schedule": [(5, "schedule", "cosine"), (4, "learning_rate", 0.2), (4, "epochs", 50), (3, "dropout", 0.3)],
    "batches": [(5, "batch_size", "8"), (4, "accumulation", 3), (9, "batch_size", "full"), (2, "batch_size", "16")],
}


#: changes that come at once, in the order in which they were made one by one
TOGETHER: dict[str, Sequence[tuple[str, Any]]] = {
    "all that acts on steps": [("optimizer", "rmsprop"), ("learning_rate", 0.1), ("dropout", 0.3), ("l2", 0.1)],
    "now and later": [("batch_size", "8"), ("schedule", "cosine"), ("accumulation", 2), ("momentum", 0.3)],
}


@pytest.mark.parametrize("way", TOGETHER)
def test_changes_at_once_are_those_one_by_one(way: str) -> None:
    first, second = run(course(), 6), run(course(), 6)
    for name, value in TOGETHER[way]:
        first.change(name, value)
    second.change_all(dict(TOGETHER[way]))
    for one in (first, second):
        run(one, 9)
    assert state(first) == state(second) and first.settings == second.settings
    second.rewind(6)
    first.rewind(6)
    assert state(run(first, 7)) == state(run(second, 7))


def test_a_replay_goes_the_way_of_changes_there_and_back_at_one_step() -> None:
    one = run(course(optimizer="sgd"), 6)
    for name, value in [("momentum", 0.0), ("momentum", 0.9), ("optimizer", "adam"), ("optimizer", "sgd"), ("l2", 0.1)]:
        one.change(name, value)
    end = whole(run(one, 9))
    one.past.kept = one.past.kept[:1]
    one.rewind(11)
    assert whole(run(one, 4)) == end


def test_a_replay_that_is_given_up_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_module, "AT_A_STRETCH", 1)
    one, other = course(), course()
    for each in (one, other):
        each.past.distance = 100
        run(each, 5)
        each.change("optimizer", "sgd")
        run(each, 30)
    for looks in range(1, 9):
        answers = iter([True] * looks + [False])
        before = whole(one)
        assert not one.rewind(20, lambda answers=answers: next(answers))  # type: ignore[misc]
        assert whole(one) == before
    assert whole(run(one, 9)) == whole(run(other, 9))
    assert one.rewind(20) and one.step == 20


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("thinned", [False, True])
def test_rewinding_is_exact(way: str, thinned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if thinned:
        monkeypatch.setattr(past_module, "MOST", 3)
        monkeypatch.setattr(past_module, "FEWEST", 3)
    one, seen = course(), {}
    for steps, name, value in [*WAYS[way], (12, "l2", 0.2)]:
        for _ in range(steps):
            seen[one.step] = whole(one) if not one.pending else None
            run(one, 1)
        one.change(name, value)
    run(one, 50, 7)
    for step in sorted(seen, reverse=True)[::3]:
        one.rewind(step)
        before, now = seen[step], whole(one)
        if before is not None and not one.pending:
            common = before[0].keys() & now[0].keys()  # a change may have brought other slots
            assert {name: now[0][name] for name in common} == {name: before[0][name] for name in common}
            assert {name for name in before[0] if name.startswith("param.")} <= common
            assert (now[2], now[3], now[5]) == (step, before[3], before[5])
    again = course()
    one.rewind(0)
    assert whole(run(one, 9)) == whole(run(again, 9))


def test_what_comes_after_a_rewind_is_what_came_before_it() -> None:
    one, other = course(), course()
    for each in (one, other):
        run(each, 9)
        each.change("optimizer", "rmsprop")
        run(each, 8)
    run(one, 100)
    one.rewind(17)
    assert whole(run(one, 20)) == whole(run(other, 20))


def test_snapshots_are_bounded_and_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "MOST", 16)
    one = run(course(), 700, 1)
    steps = [snapshot.step for snapshot in one.past.kept]
    assert len(steps) <= 16 and steps[0] == 0 and steps[-1] > 600
    assert max(np.diff(steps)) <= 4 * min(np.diff(steps))


def test_a_run_that_diverges_stops_before_the_first_number_that_is_not_finite() -> None:
    one = run(course(data="curve", optimizer="sgd", momentum=0.0, learning_rate=10.0, activation="relu"), 500)
    assert one.ended is not None and one.ended.reason == "diverged" and one.step < 500
    assert all(np.isfinite(values).all() for values in one.state.values())
    ended = one.step
    assert one.advance(5) == 0
    one.rewind(0)
    assert one.ended is None
    one.change("learning_rate", 1e-5)
    assert run(one, 50).step == 50 > ended


@pytest.mark.parametrize(("given", "reason"), [({"epochs": 2}, "epochs"), ({"stopping": "patience(20)"}, "patience")])
def test_a_run_ends_and_goes_on_when_it_may(given: dict[str, Any], reason: str) -> None:
    one = run(course(**given), 100_000)
    assert one.ended is not None and one.ended.reason == reason and one.advance(1) == 0
    if reason == "epochs":
        assert one.epoch == 2
        one.change("epochs", 4)
        assert run(one, 1000).epoch == 4


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_steps_with_every_penalty(name: str) -> None:
    one = run(course(optimizer=name, l1=0.01, l2=0.01, weight_decay=0.01, learning_rate=0.01), 6)
    assert one.step == 6 and one.ended is None
    assert all(np.isfinite(values).all() for values in one.state.values())


def test_the_curves_are_those_of_whole_epochs() -> None:
    one = run(course(), 11)
    assert one.epoch == 3 and isinstance(one.training_curve, array) and len(one.testing_curve) == 3


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.one_of(
            st.tuples(st.just("learning_rate"), st.sampled_from([0.001, 0.1])),
            st.tuples(st.just("momentum"), st.sampled_from([0.0, 0.5])),
            st.tuples(st.just("optimizer"), st.sampled_from(["sgd", "adam"])),
            st.tuples(st.just("batch_size"), st.sampled_from(["16", "8"])),
            st.tuples(st.just("schedule"), st.sampled_from(["none", "cosine"])),
            st.tuples(st.just("dropout"), st.sampled_from([0.0, 0.5])),
        ),
    ),
    max_size=8,
)


@given(changes=CHANGES, target=st.integers(0, 40), distance=st.sampled_from([1, 5, 100]))
@settings(max_examples=25)
def test_any_history_is_replayed_to_the_bit(
    changes: Sequence[tuple[int, tuple[str, Any]]], target: int, distance: int
) -> None:
    """Go to a step, remember it, go on under all changes, come back, and go on again: twice the same."""
    one = course(epochs=100)
    one.past.distance = distance
    for steps, (name, value) in changes:
        run(one, steps, 3)
        one.change(name, value)
    run(one, 5)
    end, step = whole(one), min(target, one.step)
    one.rewind(step)
    assert one.step == step
    later = [change for change in end[6] if change.step > step]
    for change in later:
        run(one, change.step - one.step, 2)
        one.change(change.name, change.value)
    run(one, end[2] - one.step)
    one.pending.clear()
    assert whole(one)[:6] == end[:6]


def test_a_replay_that_is_given_up_leaves_the_past_as_it_was() -> None:
    one = run(course(), 40)
    one.past.kept = one.past.kept[:1] + one.past.kept[-1:]
    kept = one.past.kept
    assert not one.rewind(5, lambda: False) and one.step == 40
    assert one.past.kept == kept
