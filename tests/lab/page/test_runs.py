"""What plays on the page, without a page: one run and two obey in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from threading import enumerate as threads

import pytest

from sklon.lab.page.runs import Runs

ONE = "points=60&width=4&depth=1&batch_size=full&epochs=10"
LINKS = {"one": ONE, "two": f"{ONE}&b.optimizer=sgd"}


@pytest.fixture(name="runs", params=LINKS)
def _runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    runs = Runs.of(LINKS[request.param], "fastest")
    yield runs
    runs.close()


def steps(runs: Runs) -> set[int]:
    return {moment.step for moment in runs.frame()}


def test_a_journey_through_time_that_is_not_wanted_any_more_is_not_begun(runs: Runs) -> None:
    for _ in range(6):
        runs.step()
    runs.go_to(2, lambda: False)
    assert steps(runs) == {6}
    runs.go_to(2)
    assert steps(runs) == {2}
    runs.go_to(5)
    assert steps(runs) == {5}


def test_what_has_ended_goes_on_when_a_change_lets_it(runs: Runs) -> None:
    places = tuple(range(len(runs.sessions)))
    runs.play()
    while any(moment.ended is None for moment in runs.frame()):
        pass
    runs.go_on()
    assert steps(runs) == {10} and all(moment.ended is not None for moment in runs.frame()), "there is nothing to go on"
    runs.change({"epochs": 15}, places)
    runs.settle(60)
    runs.go_on()
    while any(moment.ended is None for moment in runs.frame()):
        pass
    assert steps(runs) == {15}
    assert runs.level and not runs.waits


def test_going_on_does_not_begin_again_what_plays(runs: Runs) -> None:
    runs.change({"epochs": 10_000}, tuple(range(len(runs.sessions))))
    runs.settle(60)
    runs.pace = "0.0001"
    runs.play()
    while steps(runs) == {0}:
        pass
    for _ in range(50):
        runs.go_on()
    runs.pause()
    assert steps(runs) == {1}, "a pace that begins again takes a step at once"


def at_once(*work: Callable[[], object]) -> list[object]:
    """What each gave, all begun at the same moment."""
    start, found = Barrier(len(work)), list[object]()

    def do(one: Callable[[], object]) -> None:
        start.wait()
        found.append(one())

    hands = [Thread(target=do, args=(one,)) for one in work]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return found


def trainings() -> int:
    """Threads that train, or let train."""
    return sum(thread.name in ("sklon playground", "sklon pair") for thread in threads())


def test_who_asks_twice_for_a_comparison_gets_one_and_its_threads_end_with_it() -> None:
    before = trainings()
    runs = Runs.of(ONE, "fastest")
    assert sorted(map(bool, at_once(*[lambda: runs.compare(False)] * 3))) == [False, False, True]
    assert len(runs.sessions) == 2 and trainings() == before + 3
    runs.close()
    assert trainings() == before


def test_who_keeps_both_keeps_one_that_goes_on() -> None:
    before = trainings()
    runs = Runs.of(LINKS["two"], "fastest")
    assert sorted(map(bool, at_once(lambda: runs.keep(0, False), lambda: runs.keep(1, False)))) == [False, True]
    runs.step()
    assert steps(runs) == {1}
    runs.close()
    assert trainings() == before


def test_nothing_begins_where_the_page_has_closed() -> None:
    before = trainings()
    runs = Runs.of(ONE, "fastest")
    runs.close()
    assert not runs.compare(True) and trainings() == before


def test_what_a_link_wants_of_the_second_run_that_cannot_be_is_noted_there() -> None:
    runs = Runs.of(f"{ONE}&b.width=9999&b.colour=red", "fastest")
    first, second = runs.sessions
    assert first.notes == () and [note.name for note in second.notes] == ["width", "colour"]
    runs.close()
