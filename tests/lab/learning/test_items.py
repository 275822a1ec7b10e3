"""Every question in both languages yields its items, every item can be asked and marked, every fault can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf, isnan

import pytest

from sklon._base.errors import InputError
from sklon.lab import Question, all_questions
from sklon.lab.answer import Prediction, Recall, Statements
from sklon.lab.check import Check
from sklon.lab.experiment import Experiment, Fault
from sklon.lab.learning import (
    ActiveFault,
    ChoiceTask,
    FalseStatement,
    FreshNumbers,
    Item,
    KeyPoints,
    NumberPrediction,
    NumberTask,
    PointsTask,
    all_items,
    item_of,
    items_of,
    observations,
    pose,
    predictable,
    verdict_of,
)
from sklon.lab.learning.tasks import bound_is_needed
from sklon.lab.plain import plain
from sklon.lab.running import Result
from sklon.lab.text import LANGUAGES, Text, number
from tests.lab.results import EXPERIMENTS, result_of

QUESTIONS = [pytest.param(q, id=q.number) for q in all_questions()]
ITEMS = [pytest.param(i, id=i.key) for i in all_items()]
SEEDS = range(6)
#: a number that is off by this share of theory's is seen to be off
TELLING = 0.07


@pytest.fixture(autouse=True)
def _recorded_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each experiment runs once for all tests."""

    def recorded(experiment: Experiment, *, fault: Fault | None = None) -> Result:
        return result_of(experiment.number, fault.name if fault is not None else None)

    monkeypatch.setattr("sklon.lab.learning.tasks.run_experiment", recorded)
    monkeypatch.setattr("sklon.lab.learning.tasks._as_it_stands", result_of)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_yields_what_its_files_hold(question: Question) -> None:
    kinds = {Recall: KeyPoints, Statements: FalseStatement, Prediction: NumberPrediction}
    items = items_of(question)
    for language in LANGUAGES:
        written = question.answers[language].self_test
        assert [kinds[type(w)] for w in written] == [type(i) for i in items[: len(written)]]
        for item, source in zip(items, written, strict=False):
            assert set(_texts_of(source)) <= {t.of(language) for t in _texts(item)}
    faults = [i.experiment for i in items if isinstance(i, ActiveFault)]
    assert faults == [e.number for e in question.experiments]


def _texts_of(source: Recall | Prediction | Statements) -> Iterator[str]:
    if isinstance(source, Statements):
        yield from (statement for statement, _ in source.statements)
        yield source.why
        return
    yield source.prompt
    yield from source.points if isinstance(source, Recall) else ()


def _texts(item: Item) -> Iterator[Text]:
    if isinstance(item, FalseStatement):
        yield from (*item.statements, item.why)
    elif isinstance(item, KeyPoints):
        yield from (item.prompt, *item.points)
    elif isinstance(item, NumberPrediction):
        yield item.prompt


def test_keys_are_unique_and_find_their_items() -> None:
    keys = [item.key for item in all_items()]
    assert len(set(keys)) == len(keys)
    assert all(item_of(item.key) == item for item in all_items())
    assert [i.question for i in all_items()] == sorted(
        (i.question for i in all_items()), key=[q.number for q in all_questions()].index
    )


def test_keys_are_pinned() -> None:
    """Under these keys learners' reviews are kept: another key for the same item loses them."""
    kept = "Q1/recall-1 E1/central-order Q1/false-1 E1/fault Q5/fresh-gradient Q5b/false-1 Q24/recall-1 E24b/fault"
    assert set(kept.split()) <= {item.key for item in all_items()}


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_is_asked_and_marked(item: Item) -> None:
    task = pose(item, 3)
    assert task.item == item.key
    if isinstance(task, PointsTask):
        assert task.mark(range(len(task.points))).grade.rating == "good"
        assert task.mark(()).missed == task.points and task.mark(()).grade.rating == "again"
    elif isinstance(task, ChoiceTask):
        marks = [task.mark(i) for i in range(len(task.options))]
        assert [m.grade.right for m in marks] == [i == task.right for i in range(len(task.options))]
        assert len(set(task.names)) == len(task.options) == len(set(task.options)) >= 2
        assert task.give_up().missed == (task.options[task.right],)
    else:
        truth = task.measure().truth
        assert not isnan(truth)
        assert task.mark(truth).grade.rating == "easy"
        assert task.mark(truth + 10 * max(1.0, abs(truth))).grade.rating == "again"
        assert task.give_up().grade.rating == "again" and task.give_up().truth == truth


@pytest.mark.parametrize("item", [i for i in ITEMS if isinstance(i.values[0], FalseStatement)])
def test_statements_come_in_any_order_with_the_same_one_wrong(item: FalseStatement) -> None:
    tasks = [pose(item, seed) for seed in SEEDS]
    assert all(isinstance(t, ChoiceTask) and t.options[t.right] == item.statements[item.wrong] for t in tasks)
    assert len({t.right for t in tasks if isinstance(t, ChoiceTask)}) > 1


@pytest.mark.parametrize("number_of_experiment", EXPERIMENTS)
def test_every_fault_can_be_told_from_none_and_from_the_others(number_of_experiment: str) -> None:
    """By the numbers as they are shown, to the learner who knows what they should be."""
    experiment = EXPERIMENTS[number_of_experiment]
    results = [result_of(number_of_experiment, name) for name in (None, *(f.name for f in experiment.faults))]
    assert [r.passed for r in results] == [True] + [False] * len(experiment.faults)
    for language in LANGUAGES:
        shown = [tuple(observations(result, language)) for result in results]
        assert len(set(shown)) == len(results)
    failed = [{c.name: number(c.measured) for c in r.checks if not c.passed} for r in results]
    assert len({tuple(sorted(f.items())) for f in failed}) == len(results), "told by the checks that fail"
    assert all(off(c) < TELLING for c in results[0].checks)
    for result in results[1:]:
        assert any(off(c) > TELLING for c in result.checks if not c.passed), result.fault


def off(check: Check) -> float:
    """By how much a check is off, for someone who sees its numbers: in units of theory's, or none or infinitely."""
    if bound_is_needed(check):
        return 0.0 if check.passed else inf
    if check.predicted is None or check.measured == check.predicted:  # both may be infinite
        return 0.0
    return abs(check.measured - check.predicted) / abs(check.predicted or 1.0)


@pytest.mark.parametrize("number_of_experiment", EXPERIMENTS)
def test_an_active_fault_shows_the_run_of_the_fault_that_is_right(number_of_experiment: str) -> None:
    seen = set()
    for seed in range(20):
        task = pose(item_of(f"{number_of_experiment}/fault"), seed)
        assert isinstance(task, ChoiceTask) and task.shown is not None
        name = task.names[task.right]
        assert (task.shown.fault.name if task.shown.fault else "none") == name
        assert not any(word in " ".join(observations(task.shown)) for word in ("holds", "FAILS"))
        failed = [c.says.ru for c in task.shown.checks if not c.passed]
        assert task.why is not None and all(says in task.why.ru for says in failed)
        seen.add(name)
    assert seen == {"none", *(f.name for f in EXPERIMENTS[number_of_experiment].faults)}


@pytest.mark.parametrize("item", ITEMS)
def test_a_terminal_can_show_every_text(item: Item) -> None:
    task = pose(item, 5)
    texts = [task.prompt, *_texts(item)]
    if isinstance(task, ChoiceTask):
        texts += task.options
    if isinstance(item, FreshNumbers) and isinstance(task, NumberTask):
        texts += [why for why in [task.measure().why] if why is not None]
    for text in texts:
        for language in LANGUAGES:
            shown = plain(text.of(language))
            assert not re.search(r"[\\${}]|\[\[", shown), shown


def test_a_verdict_is_found_by_its_key() -> None:
    item = verdict_of("E14", "adds-up", "overwriting")
    assert item.key == "E14/holds/adds-up/overwriting" and item_of(item.key) == item
    task = pose(item)
    assert isinstance(task, ChoiceTask) and task.names[task.right] == "fails"
    without = pose(verdict_of("E14", "adds-up"))
    assert isinstance(without, ChoiceTask) and without.names[without.right] == "holds"


def test_only_what_the_self_test_asks_can_be_predicted() -> None:
    assert [i.check for i in predictable("E14")] == ["kept-graph", "zero-decays"]
    assert predictable("E99") == ()


@pytest.mark.parametrize("key", ["", "Q1", "Q1/recall-9", "E1/", "E1/holds/", "/holds/x", "E14/holds/x"])
def test_a_key_of_nothing_is_an_error(key: str) -> None:
    with pytest.raises(InputError, match=r"there is no|has no check"):
        item_of(key)


def test_an_unknown_fault_check_or_option_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="overwriting"):
        verdict_of("E14", "adds-up", "nothing")
    with pytest.raises(InputError, match="E14 has no check 'nothing'; it has adds-up"):
        verdict_of("E14", "nothing")
    task = pose(item_of("Q1/false-1"))
    with pytest.raises(InputError, match="options 0 to 2"):
        task.mark(3)  # type: ignore[arg-type]
    recall = pose(item_of("Q1/recall-1"))
    with pytest.raises(InputError, match="points 0 to 2"):
        recall.mark([3])  # type: ignore[arg-type]
