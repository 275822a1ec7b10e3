"""The task follows from the target column; what cannot be a target is refused with the reason."""

from __future__ import annotations

import pytest

from sklon._base.errors import InputError
from sklon.data import column_from_text, decide_task

INFERRED: dict[str, tuple[list[str | None], str]] = {
    "text": (["a", "b", "c", "a"], "multiclass"),
    "yes and no": (["yes", "no", "yes", None], "binary"),
    "zero and one": (["0", "1", "1", "0"], "binary"),
    "grades": ([str(i % 20) for i in range(60)], "multiclass"),
    "counts": ([str(i % 21) for i in range(60)], "regression"),
    "decimals": (["0.5", "1", "1", "0.5"], "regression"),
    "whole floats": (["1.0", "2.0", "1.0", "NA"], "binary"),
}

REFUSED: dict[str, tuple[list[str | None], str, str]] = {
    "constant": (["3", "3", None], "auto", "is 3.0 in every row"),
    "missing": ([None, "NA"], "auto", "has no value in any row"),
    "text for regression": (
        ["1", "two", "3", "4"],
        "regression",
        "1 values that are not numbers, such as 'two'",
    ),
    "infinite": (["1.5", "inf", "2.5"], "auto", "infinite in 1 rows"),
    "all different": (["a", "b", "c"], "auto", "as many different values as rows"),
    "three for binary": (["a", "b", "c", "a"], "binary", "a binary task needs two"),
    "unknown task": (["a", "b", "a"], "ranking", "task 'ranking' is unknown"),
}


@pytest.mark.parametrize("case", INFERRED)
def test_the_task_follows_from_the_target(case: str) -> None:
    values, kind = INFERRED[case]
    task = decide_task(column_from_text("y", values))
    assert task.kind == kind
    assert task.reason.startswith("y holds") and task.reason.endswith(".")


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_target_is_refused(case: str) -> None:
    values, asked, clause = REFUSED[case]
    with pytest.raises(InputError, match=clause):
        decide_task(column_from_text("y", values), asked)


def test_the_task_can_be_overridden() -> None:
    grades = column_from_text("y", ["1", "2", "3", "2"])
    assert decide_task(grades, "regression").kind == "regression"
    assert "asked" in decide_task(grades, "multiclass").reason
