"""Stopping rules on curves computed by hand."""

from __future__ import annotations

import pytest

from sklon._base.errors import InputError
from sklon.training.stopping import RULES, Patience, StoppingRule, parse

#: a rule, a curve, and the epoch after which it stops (None: never)
CURVES: list[tuple[StoppingRule, list[float], int | None]] = [
    (Patience(1), [1.0, 2.0], 2),
    (Patience(2), [3.0, 2.0, 2.5, 1.0, 1.5, 1.5], 6),
    (Patience(2), [3.0, 2.0, 1.0], None),
    (Patience(2, min_delta=0.5), [3.0, 2.8, 2.6], 3),
    (Patience(2), [1.0, float("nan"), float("nan")], 3),
    (Patience(3), [1.0, 1.0, 1.0, 1.0], 4),
]


def test_every_rule_has_a_curve() -> None:
    assert {type(rule) for rule, _, _ in CURVES} == set(RULES.values())


@pytest.mark.parametrize(("rule", "curve", "stop"), CURVES)
def test_rules_stop_where_they_should(rule: StoppingRule, curve: list[float], stop: int | None) -> None:
    found = next((n for n in range(1, len(curve) + 1) if rule.check(curve[:n]) is not None), None)
    assert found == stop


def test_rules_are_read_from_text() -> None:
    assert parse("patience(5)") == parse("Patience(5)".lower()) == Patience(5)
    assert parse("patience(5, min_delta=0.1)") == Patience(5, 0.1)
    assert parse("patience") == Patience()
    assert parse("none") is None


@pytest.mark.parametrize(
    "text", ["patience(", "hope(3)", "patience(x)", "patience(1)(2)", "__import__('os')", "patience(0)"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)
