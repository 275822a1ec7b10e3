"""Predict first: commit a number or a choice for a check before the experiment runs; the result marks it.

A number is for the experiment as it stands; a choice says whether the check will hold, with a fault or without.
"""

from __future__ import annotations

from dataclasses import dataclass

from sklon._base.errors import InputError
from sklon.lab.running import Result
from sklon.lab.text import Language

from .grading import grade_choice
from .items import NumberPrediction, Verdict, predictable, verdict_of
from .tasks import FAILS, HOLDS, Marked, Measured, check_of, mark_number, verdict_prompt
from .typed import read_number


@dataclass(frozen=True, slots=True)
class Commitment:
    """What was committed for an item before the run: a number, or whether the check will hold."""

    item: NumberPrediction | Verdict
    given: float | bool


def commit_number(experiment: str, check: str, given: str | float, language: Language = "en") -> Commitment:
    """Commit a number, as a value or as it was typed.

    >>> commit_number("E5", "first-at-start", "4,0").given
    4.0

    InputError for a check that is not asked about in the self-test, and for what is no finite number.
    """
    known = predictable(experiment)
    for item in known:
        if item.check == check:
            return Commitment(item, read_number(str(given), language))
    names = ", ".join(item.check for item in known) or "none"
    raise InputError(f"{experiment} has no number {check!r} to predict; it has {names}")


def commit_verdict(experiment: str, check: str, holds: bool, fault: str | None = None) -> Commitment:
    """Commit whether a check will hold when the experiment runs, with a fault or without.

    InputError for an unknown experiment, check or fault.
    """
    return Commitment(verdict_of(experiment, check, fault), holds)


def mark(commitment: Commitment, result: Result) -> Marked:
    """The mark of what was committed, by the result of the run that it was about.

    >>> from sklon import lab
    >>> mark(commit_number("E5", "first-at-start", 4), lab.run("E5").results[0]).grade.rating
    'easy'

    InputError for the result of another experiment, or of one with another fault.
    """
    item = commitment.item
    fault = item.fault if isinstance(item, Verdict) else None
    ran = result.fault.name if result.fault is not None else None
    if (result.experiment.number, ran) != (item.experiment, fault):
        raise InputError(
            f"this was committed for {_run(item.experiment, fault)}, not for {_run(result.experiment.number, ran)}; "
            f"run {_run(item.experiment, fault)}"
        )
    if isinstance(item, NumberPrediction):
        measured = Measured(check_of(result, item.check).measured, result=result)
        return mark_number(item.key, float(commitment.given), measured, item.scale, item.prompt)
    return _mark_verdict(item, bool(commitment.given), result)


def _mark_verdict(item: Verdict, holds: bool, result: Result) -> Marked:
    check = check_of(result, item.check)
    grade = grade_choice(holds, check.passed)
    return Marked(
        item=item.key,
        grade=grade,
        given=_name(holds),
        truth=_name(check.passed),
        missed=() if grade.right else (verdict_prompt(result.experiment, result.fault, check.name),),
        why=HOLDS if check.passed else FAILS,
        result=result,
    )


def _name(holds: bool) -> str:
    return "holds" if holds else "fails"


def _run(experiment: str, fault: str | None) -> str:
    return f"{experiment} with the fault {fault}" if fault is not None else f"{experiment} without a fault"
