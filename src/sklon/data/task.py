"""Which task a target column asks for, and why.

The rule is data about the column alone: text asks for classes, whole numbers with few distinct values too,
other numbers for regression. The reason is a sentence, because people will disagree with the rule and should
see which words to override it with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklon._base.errors import InputError

from .table import Column, brief

REGRESSION, BINARY, MULTICLASS = "regression", "binary", "multiclass"
TASKS = (REGRESSION, BINARY, MULTICLASS)

MOST_INTEGER_CLASSES = 20
"""Whole numbers with at most so many distinct values are taken as classes: grades, digits, stars."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be predicted: one of ``TASKS``, and the sentence that says why."""

    kind: str
    reason: str


def decide_task(target: Column, asked: str = "auto") -> Task:
    """The task that ``target`` asks for, or the one that was asked for if the column allows it.

    >>> from sklon.data import column_from_text
    >>> decide_task(column_from_text("grade", ["1", "2", "3", "2"])).kind
    'multiclass'
    """
    if asked not in (*TASKS, "auto"):
        raise InputError(f"task {asked!r} is unknown; use one of auto, {', '.join(TASKS)}")
    distinct = _distinct(target)
    task = _infer(target, distinct) if asked == "auto" else Task(asked, f"You asked for {asked}.")
    _check_finite(target)
    (_check_numbers if task.kind == REGRESSION else _check_classes)(target, distinct, task.kind)
    return task


def _infer(target: Column, distinct: int) -> Task:
    classes = BINARY if distinct == 2 else MULTICLASS
    if target.numbers is None:
        return Task(classes, f"{target.name} holds text with {distinct} different values, so they are classes.")
    present = target.numbers[np.isfinite(target.numbers)]
    if np.any(present != np.round(present)):
        return Task(REGRESSION, f"{target.name} holds numbers with decimals, so it is a quantity.")
    if distinct > MOST_INTEGER_CLASSES:
        return Task(REGRESSION, f"{target.name} holds {distinct} different numbers, so it is a quantity.")
    return Task(
        classes,
        f"{target.name} holds whole numbers with only {distinct} different values, so they are classes "
        f"(at most {MOST_INTEGER_CLASSES} are; --task regression overrides this).",
    )


def _distinct(target: Column) -> int:
    """How many different values the column has; an error where there is nothing to learn."""
    present = target.values[~target.missing]
    if not len(present):
        raise InputError("the target {target!r} has no value in any row", target=target.name)
    distinct = len(set(present.tolist()))
    if distinct == 1:
        sentence = "the target {target!r} is {value} in every row; there is nothing to learn"
        raise InputError(sentence, target=target.name, value=brief(present[0]))
    return distinct


def _check_finite(target: Column) -> None:
    infinite = 0 if target.numbers is None else int(np.count_nonzero(np.isinf(target.numbers)))
    if infinite:
        sentence = "the target {target!r} is infinite in {rows} rows; remove or correct them"
        raise InputError(sentence, target=target.name, rows=infinite)


def _check_numbers(target: Column, distinct: int, kind: str) -> None:
    if target.numbers is None:
        wrong = target.text[np.isnan(target.as_numbers()) & ~target.missing]
        raise InputError(
            f"the target {target.name!r} has {len(wrong)} values that are not numbers, such as {wrong[0]!r}; "
            f"{kind} needs numbers"
        )


def _check_classes(target: Column, distinct: int, kind: str) -> None:
    rows = int(np.count_nonzero(~target.missing))
    if distinct == rows:
        raise InputError(
            "the target {target!r} has as many different values as rows ({rows}), so no class repeats; "
            "choose another target",
            target=target.name,
            rows=rows,
        )
    if kind == BINARY and distinct != 2:
        raise InputError(f"the target {target.name!r} has {distinct} different values; a binary task needs two")
