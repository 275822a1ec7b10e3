"""How an item is asked and marked: an item and a seed make a task; what the learner gives makes it marked.

There are three kinds of task: points to tick, a choice, a number. Nothing here shows anything. Experiments run as they
stand (their defaults, seed 0), where every fault can be told from every other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.lab.catalogue import find
from sklon.lab.check import Check
from sklon.lab.controls import settle
from sklon.lab.experiment import Experiment, Fault
from sklon.lab.running import Result, run_experiment
from sklon.lab.text import LANGUAGES, Language, Text, number

from .grading import Grade, Scale, grade_choice, grade_number, grade_recall
from .items import ActiveFault, FalseStatement, FreshNumbers, Item, KeyPoints, NumberPrediction, Verdict
from .progress import Review

WHICH_IS_WRONG = Text("Which of these is wrong?", "Что здесь неверно?")
WHICH_FAULT = Text(
    "“{title}” was run once, perhaps with a fault built in. Which one?",
    "Опыт «{title}» проведён один раз и, возможно, с ошибкой. С какой?",
)
NO_FAULT = Text("none, everything is as it should be", "ошибки нет, всё как надо")
DOES_IT_HOLD = Text(
    "“{title}” runs {fault}. Will this check hold: {says}?",
    "Опыт «{title}» проводится {fault}. Подтвердится ли проверка: {says}?",
)
WITH_FAULT = Text("with a fault ({says})", "с ошибкой ({says})")
AS_IT_STANDS = Text("without any fault", "без ошибок")
NOTICED = Text("What notices it: {checks}.", "Её замечают проверки: {checks}.")
NOT_NOTICED = Text("All checks hold.", "Все проверки подтвердились.")
HOLDS, FAILS = Text("yes, it holds", "да, подтвердится"), Text("no, it fails", "нет, не подтвердится")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What came of a task: the grade, what was given, what is true, what was missed, why it is so.

    ``given`` and ``truth`` are numbers, or names where one of several was chosen. ``result`` is the run that decided.
    """

    item: str
    grade: Grade
    given: float | str | None = None
    truth: float | str | None = None
    missed: tuple[Text, ...] = ()
    why: Text | None = None
    result: Result | None = None

    def review(self, now: datetime) -> Review:
        """The mark as it is kept."""
        return Review(
            item=self.item,
            time=now.astimezone(UTC),
            rating=self.grade.rating,
            share=self.grade.share,
            given=self.given,
            truth=self.truth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsTask:
    """Answer freely; then ``points`` are shown, and those that were said are ticked."""

    item: str
    prompt: Text
    points: tuple[Text, ...]

    def mark(self, said: Collection[int]) -> Marked:
        """The mark for the numbers of the points that were said, counted from 0."""
        known = set(range(len(self.points)))
        if not set(said) <= known:
            raise InputError(f"there are points 0 to {len(self.points) - 1}, not {sorted(set(said) - known)[0]}")
        missed = tuple(point for i, point in enumerate(self.points) if i not in said)
        return Marked(item=self.item, grade=grade_recall(len(set(said)), len(self.points)), missed=missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceTask:
    """One of several. ``shown`` is a run to look at before choosing; ``names`` stand for the options in records."""

    item: str
    prompt: Text
    options: tuple[Text, ...]
    names: tuple[str, ...]
    right: int
    why: Text | None = None
    shown: Result | None = None
    result: Result | None = None

    def mark(self, chosen: int) -> Marked:
        """The mark for an option, counted from 0."""
        if not 0 <= chosen < len(self.options):
            raise InputError(f"there are options 0 to {len(self.options) - 1}, not {chosen}")
        return self._marked(grade_choice(chosen, self.right), self.names[chosen])

    def give_up(self) -> Marked:
        """The mark for no answer."""
        return self._marked(Grade(0.0), None)

    def _marked(self, grade: Grade, given: str | None) -> Marked:
        return Marked(
            item=self.item,
            grade=grade,
            given=given,
            truth=self.names[self.right],
            missed=() if grade.right else (self.options[self.right],),
            why=self.why,
            result=self.result or self.shown,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """The true number, how it comes about, and the run that measured it."""

    truth: float
    why: Text | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTask:
    """A number. ``measure`` finds the true one, and runs the experiment for it."""

    item: str
    prompt: Text
    scale: Scale
    measure: Callable[[], Measured]

    def mark(self, given: float) -> Marked:
        """The mark for a number."""
        return mark_number(self.item, given, self.measure(), self.scale, self.prompt)

    def give_up(self) -> Marked:
        """The mark for no answer."""
        found = self.measure()
        return Marked(
            item=self.item,
            grade=Grade(0.0),
            truth=found.truth,
            missed=(self.prompt,),
            why=found.why,
            result=found.result,
        )


Task: TypeAlias = PointsTask | ChoiceTask | NumberTask


def pose(item: Item, seed: int = 0) -> Task:
    """The task of an item. Options, faults and fresh numbers follow from the seed.

    >>> from sklon.lab.learning.items import item_of
    >>> pose(item_of("E5/first-at-start")).mark(4.0).grade.rating
    'easy'
    """
    random = np.random.default_rng(seed)
    match item:
        case KeyPoints():
            return PointsTask(item=item.key, prompt=item.prompt, points=item.points)
        case FalseStatement():
            return _statements(item, random)
        case NumberPrediction():
            return NumberTask(
                item=item.key,
                prompt=item.prompt,
                scale=item.scale,
                measure=lambda: _measured(item.experiment, item.check),
            )
        case FreshNumbers():
            return _computation(item, random)
        case ActiveFault():
            return _active_fault(item, random)
        case Verdict():
            return _verdict(item)


def mark_number(item: str, given: float, measured: Measured, scale: Scale, prompt: Text) -> Marked:
    """The mark for a number next to a measured one."""
    grade = grade_number(given, measured.truth, scale)
    return Marked(
        item=item,
        grade=grade,
        given=float(given),
        truth=measured.truth,
        missed=() if grade.right else (prompt,),
        why=measured.why,
        result=measured.result,
    )


def observations(result: Result, language: Language = "en") -> list[str]:
    """What a run measured and what theory says, a line for each check, without a verdict.

    Where theory gives no number, or leaves more than a tenth of it, the bound stands there as well.
    """
    return [_observation(check, language) for check in result.checks]


# ---- the kinds
def _statements(item: FalseStatement, random: np.random.Generator) -> ChoiceTask:
    order = random.permutation(len(item.statements)).tolist()
    return ChoiceTask(
        item=item.key,
        prompt=WHICH_IS_WRONG,
        options=tuple(item.statements[i] for i in order),
        names=tuple(str(i + 1) for i in order),
        right=order.index(item.wrong),
        why=item.why,
    )


def _computation(item: FreshNumbers, random: np.random.Generator) -> NumberTask:
    numbers = item.fresh.draw(random)
    truth = item.fresh.solve(numbers)
    why = item.fresh.why(numbers, truth)
    return NumberTask(
        item=item.key, prompt=item.fresh.prompt(numbers), scale="exact", measure=lambda: Measured(truth, why)
    )


def _active_fault(item: ActiveFault, random: np.random.Generator) -> ChoiceTask:
    experiment = _experiment(item.experiment)
    faults: tuple[Fault | None, ...] = (None, *experiment.faults)
    right = int(random.integers(len(faults)))
    title, shown = experiment.title, run_experiment(experiment, fault=faults[right])
    return ChoiceTask(
        item=item.key,
        prompt=Text(WHICH_FAULT.en.format(title=title.en), WHICH_FAULT.ru.format(title=title.ru)),
        options=tuple(NO_FAULT if f is None else f.says for f in faults),
        names=tuple("none" if f is None else f.name for f in faults),
        right=right,
        why=_noticed(shown),
        shown=shown,
    )


def _noticed(result: Result) -> Text:
    """Which checks fail in a run."""
    failed = [check.says for check in result.checks if not check.passed]
    if not failed:
        return NOT_NOTICED
    en, ru = ("; ".join(says.of(language) for says in failed) for language in LANGUAGES)
    return Text(NOTICED.en.format(checks=en), NOTICED.ru.format(checks=ru))


def _verdict(item: Verdict) -> ChoiceTask:
    experiment = _experiment(item.experiment)
    fault = next((f for f in experiment.faults if f.name == item.fault), None)
    result = run_experiment(experiment, fault=fault)
    check = check_of(result, item.check)
    return ChoiceTask(
        item=item.key,
        prompt=verdict_prompt(experiment, fault, item.check),
        options=(HOLDS, FAILS),
        names=("holds", "fails"),
        right=0 if check.passed else 1,
        why=HOLDS if check.passed else FAILS,
        result=result,
    )


def verdict_prompt(experiment: Experiment, fault: Fault | None, check: str) -> Text:
    """The question whether a check will hold in the experiment as it stands, or with a fault."""
    says = experiment.claim(check, settle(experiment.controls, {}))
    how = (
        AS_IT_STANDS
        if fault is None
        else Text(WITH_FAULT.en.format(says=fault.says.en), WITH_FAULT.ru.format(says=fault.says.ru))
    )
    return Text(
        DOES_IT_HOLD.en.format(title=experiment.title.en, fault=how.en, says=says.en),
        DOES_IT_HOLD.ru.format(title=experiment.title.ru, fault=how.ru, says=says.ru),
    )


# ---- experiments
def check_of(result: Result, name: str) -> Check:
    """The check of that name; InputError names the ones that there are."""
    for check in result.checks:
        if check.name == name:
            return check
    known = ", ".join(c.name for c in result.checks)
    raise InputError(f"{result.experiment.number} has no check {name!r}; it has {known}")


@cache
def _as_it_stands(number: str) -> Result:
    return run_experiment(_experiment(number))


def _measured(experiment: str, check: str) -> Measured:
    result = _as_it_stands(experiment)
    return Measured(check_of(result, check).measured, result=result)


def _experiment(number: str) -> Experiment:
    return find(number)[1][0]


_MEASURED = Text("measured {measured}", "измерено {measured}")
_PREDICTED = Text("theory {predicted}", "по теории {predicted}")
_BOUND = Text("bound {bound}", "граница {bound}")
#: a bound that leaves more than this share of theory's number cannot be guessed
_WIDE = 0.1


def _observation(check: Check, language: Language) -> str:
    said = [_MEASURED.of(language).format(measured=number(check.measured, language))]
    if check.predicted is not None:
        said.append(_PREDICTED.of(language).format(predicted=number(check.predicted, language)))
    if bound_is_needed(check):
        said.append(_BOUND.of(language).format(bound=check.bound(language)))
    return f"{check.says.of(language)}: {', '.join(said)}"


def bound_is_needed(check: Check) -> bool:
    """Whether a check cannot be judged by theory's number alone."""
    if check.predicted is None:
        return True
    return max(check.high - check.predicted, check.predicted - check.low) > _WIDE * abs(check.predicted)
