"""Stopping rules on curves computed by hand; the reference's worked curve; rules as text and back."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.training.stopping import (
    GL,
    PQ,
    RULES,
    UP,
    Curves,
    Divergence,
    NonFinite,
    NoProgress,
    Patience,
    StoppingRule,
    Threshold,
    TimeLimit,
    TrainingProgress,
    parse,
    replay,
)

FALLING_BY_ONE_PERCENT = [100 * 0.99**i for i in range(10)]
#: a rule, a validation curve, a training curve, and the epoch after which it stops (None: never)
CURVES: list[tuple[StoppingRule, list[float], list[float], int | None]] = [
    (Patience(1), [1.0, 2.0], [], 2),
    (Patience(2), [3.0, 2.0, 2.5, 1.0, 1.5, 1.5], [], 6),
    (Patience(2), [3.0, 2.0, 1.0], [], None),
    (Patience(2, min_delta=0.5), [3.0, 2.8, 2.6], [], 3),
    (Patience(2), [1.0, nan, nan], [], 3),
    (Patience(3), [1.0, 1.0, 1.0, 1.0], [], 4),
    (Patience(1, min_delta=0.1, relative=True), [10.0, 8.9, 8.1], [], 3),
    (Patience(2, baseline=1.0), [3.0, 2.0, 0.5], [], 2),
    (Patience(2, baseline=1.0), [3.0, 0.9, 0.95, 0.95], [], 4),
    (Patience(2, warmup=3), [1.0, 2.0, 3.0, 4.0, 5.0], [], 5),
    (Patience(1, mode="max"), [0.5, 0.6, 0.6], [], 3),
    (Threshold(0.5), [1.0, 0.6, 0.5, 0.4], [], 3),
    (Threshold(0.9, mode="max"), [0.5, 0.95], [], 2),
    (Divergence(2.0), [1.0, 2.0, 2.1], [], 3),
    (Divergence(2.0), [1.0, nan], [], 2),
    (Divergence(0.1, mode="max"), [0.5, 0.05], [], 2),
    (NonFinite(), [1.0, 1.0, 1.0], [1.0, 1.0, inf], 3),
    (NonFinite(), [1.0, nan], [1.0, 1.0], 2),
    (NoProgress(2, tol=0.1), [], [1.0, 0.95, 0.92], 3),
    (NoProgress(2, tol=0.1), [], [1.0, 0.8, 0.6, 0.4], None),
    # GL = 100·(1.0625/1 − 1) = 6.25, not above it; then 12.5
    (GL(6.25), [1.0, 1.0625, 1.125], [], 3),
    (GL(5.0), [2.0, 1.0, 1.04, 0.9, 0.96], [], 5),
    (GL(0.0), [1.0, 1.0], [], None),
    # GL = 20; P₂ = 1000·(1.5/1 − 1) = 500 at epoch 2 and 1000·(0.9/0.8 − 1) = 125 at epoch 4: quotients 0.04, 0.16
    (PQ(0.1, strip=2), [1.0, 1.2, 1.1, 1.2], [2.0, 1.0, 1.0, 0.8], 4),
    (PQ(0.5, strip=2), [1.0, 1.2], [1.0, 1.0], 2),
    # ends of strips of 2: epochs 2, 4, 6
    (UP(1, strip=2), [1.0, 1.0, 0.5, 1.1], [], 4),
    (UP(2, strip=2), [1.0, 1.0, 0.5, 1.1, 0.5, 1.2], [], 6),
    (UP(2, strip=2), [1.0, 1.0, 0.5, 1.1, 0.5, 1.1], [], None),
    # P₅ of a curve that is constant is 0; of one that falls by 1 % an epoch about 20 per thousand
    (TrainingProgress(0.1), [], [1.0] * 5, 5),
    (TrainingProgress(0.1), [], FALLING_BY_ONE_PERCENT, None),
    (TrainingProgress(25.0), [], FALLING_BY_ONE_PERCENT, 5),
]
#: the reference's worked curve, its stops counted from zero, and the best epochs
WORKED = [1, 0.8, 0.6, 0.5, 0.52, 0.49, 0.51, 0.50, 0.53, 0.56, 0.60, 0.70]
STOPS = [
    (Patience(1), 4, 3), (Patience(2), 7, 5), (Patience(3), 8, 5), (Patience(5), 10, 5),
    (GL(2), 4, 3), (GL(5), 8, 5), (GL(10), 9, 5), (GL(20), 10, 5),
]  # fmt: skip


def test_every_rule_has_a_curve() -> None:
    with_seconds = {TimeLimit}
    assert {type(rule) for rule, *_ in CURVES} | with_seconds == set(RULES.values())


@pytest.mark.parametrize(("rule", "validation", "training", "stop"), CURVES)
def test_rules_stop_where_they_should(
    rule: StoppingRule, validation: list[float], training: list[float], stop: int | None
) -> None:
    curves = Curves(validation, training)
    found = replay(rule, curves)
    assert (found.epoch if found.reason else None) == stop
    assert found.reason is None or (found.reason.name == rule.name and found.reason.sentence)


def test_a_time_limit_counts_the_seconds_of_the_fit() -> None:
    assert replay(TimeLimit(10), Curves([1.0] * 3, seconds=[4.0, 9.0, 12.0])).epoch == 3
    assert replay(TimeLimit(20), Curves([1.0] * 3, seconds=[4.0, 9.0, 12.0])).reason is None


@pytest.mark.parametrize(("rule", "stop", "best"), STOPS)
def test_the_worked_curve_of_the_reference(rule: StoppingRule, stop: int, best: int) -> None:
    found = replay(rule, Curves(WORKED))
    assert (found.epoch - 1, found.best_epoch - 1) == (stop, best)
    assert found.best == WORKED[best]


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=40), st.integers(1, 10))
def test_more_patience_never_stops_earlier_and_never_finds_worse(curve: list[float], patience: int) -> None:
    short, long = (replay(Patience(p), Curves(curve)) for p in (patience, patience + 1))
    assert short.epoch <= long.epoch and short.best >= long.best
    assert short.best == min(curve[: short.epoch])


def test_rules_combine() -> None:
    curves = Curves([1.0, 0.5, 0.55, 0.6, 0.61])
    assert replay(Patience(3) | GL(5), curves).epoch == 3
    assert replay(Patience(3) & GL(5), curves).epoch == 5
    both = replay(Patience(1) & GL(5), curves).reason
    assert both is not None and "patience" in both.name and "gl" in both.name and ", and " in both.sentence
    assert (NoProgress(1) | TimeLimit(1)).needs_validation is False
    assert (NoProgress(1) & GL(1)).needs_validation is True


RULE = st.sampled_from([rule for rule, *_ in CURVES] + [TimeLimit(3.5), Patience(20), GL(5)])
COMBINED = st.recursive(
    RULE, lambda r: st.builds(lambda a, b, o: a | b if o else a & b, r, r, st.booleans()), max_leaves=6
)


@given(COMBINED, st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)), min_size=1, max_size=12))
def test_a_rule_as_text_is_the_same_rule(rule: StoppingRule, rows: list[tuple[float, float]]) -> None:
    again = parse(str(rule))
    assert again is not None
    curves = Curves([v for v, _ in rows], [t for _, t in rows], [float(i) for i in range(len(rows))])
    assert replay(again, curves) == replay(rule, curves)


def test_rules_are_read_from_text() -> None:
    assert parse("patience(5)") == Patience(5)
    assert parse("patience(5, min_delta=0.1)") == Patience(5, 0.1)
    assert parse("patience") == Patience()
    assert parse("patience(20) | gl(5)") == Patience(20) | GL(5)
    assert parse("(patience(2) | gl(5)) & up") == (Patience(2) | GL(5)) & UP()
    assert parse("none") is None


@pytest.mark.parametrize(
    "text",
    ["patience(", "hope(3)", "patience(x)", "patience(1)(2)", "__import__('os')", "patience(0)",
     "patience(1) + gl(2)", "gl(5) or up(2)", "patience(1.5)", "gl(-1)", "threshold", "patience(mode='up')", "gl(True)",
     "(" * 500, "gl(1e999)"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


def test_a_typing_error_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="did you mean patience"):
        parse("patiense(3)")


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=12), st.lists(st.floats(0, 1), min_size=12, max_size=12))
def test_no_rule_stops_before_it_has_to_be_asked_again(watched: list[float], later: list[float]) -> None:
    rules = [rule for rule, *_ in CURVES]
    rules += [Patience(4) | NoProgress(3), Patience(2) & NoProgress(6), NoProgress(5) & GL(1.0)]
    for rule in rules:
        now = Curves(watched, watched)
        if rule.check(now) is not None:
            continue
        free = rule.ahead(now) - 1
        assert free >= 0
        for k in range(1, min(free, len(later)) + 1):
            curve = [*watched, *later[:k]]
            assert rule.check(Curves(curve, curve)) is None, (rule, curve)
