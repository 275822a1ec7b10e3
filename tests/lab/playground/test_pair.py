"""Two sessions in lock step: the same step whenever one looks, the bits of each as if it were alone, one past."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.lab.playground import Moment, Pair, Session, differences, own_data

SMALL: dict[str, Any] = {"points": 60, "width": 4, "depth": 1, "batch_size": "16", "epochs": 10_000}
#: seconds after which a thread is given up
PATIENCE = 60


def bits(moment: Moment) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in moment.state.items()}


def alone(settings: dict[str, Any], steps: int) -> dict[str, bytes]:
    """The bits of a run that nobody stands beside."""
    with Session(settings) as session:
        return bits(session.step(steps))


def until(condition: Any) -> None:
    """Wait until it holds."""
    end = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < end, "it never came"
        sleep(0.001)


@pytest.fixture(name="pair")
def _pair() -> Iterator[Pair]:
    with Pair(Session(SMALL), Session({**SMALL, "optimizer": "sgd", "dropout": 0.2})) as pair:
        yield pair


def test_both_take_the_same_steps_to_the_bits_of_each_alone(pair: Pair) -> None:
    assert [moment.step for moment in pair.frame()] == [0, 0]
    first, second = pair.step(37)
    assert (first.step, second.step) == (37, 37)
    assert bits(first) == alone(SMALL, 37)
    assert bits(second) == alone({**SMALL, "optimizer": "sgd", "dropout": 0.2}, 37)
    assert differences(first, second) == ("optimizer", "dropout")


@pytest.mark.parametrize("pace", [None, 500.0])
def test_nobody_ever_sees_one_of_them_ahead(pair: Pair, pace: float | None) -> None:
    pair.play(pace)
    seen = set()

    def look() -> bool:
        steps = {moment.step for moment in pair.frame()}
        assert len(steps) == 1
        seen.update(steps)
        return max(seen) > 100

    until(look)
    assert len(seen) > 1
    step = pair.pause()[0].step
    assert [bits(moment) for moment in pair.frame()] == [
        alone(SMALL, step), alone({**SMALL, "optimizer": "sgd", "dropout": 0.2}, step),
    ]  # fmt: skip


def test_both_go_back_and_on_to_the_same_bits(pair: Pair) -> None:
    before = [bits(moment) for moment in pair.step(15)]
    after = [bits(moment) for moment in pair.step(40)]
    back = pair.go_to(15)
    assert [moment.step for moment in back] == [15, 15] and [bits(moment) for moment in back] == before
    assert [bits(moment) for moment in pair.go_to(55)] == after
    assert [moment.step for moment in pair.go_to(-3)] == [0, 0]


def test_what_begins_anew_catches_up_and_the_other_stays_where_it_is(pair: Pair) -> None:
    first, _ = pair.step(50)
    (answers,) = pair.change_all({"batch_norm": "on", "width": 10**9}, (1,))
    assert answers["width"].note is not None
    here, caught_up = pair.settle()
    assert (here.step, caught_up.step, caught_up.start) == (50, 50, 2)
    assert here.start == first.start and bits(here) == bits(first)
    wanted = {**SMALL, "optimizer": "sgd", "dropout": 0.2, "batch_norm": "on", "width": 64}
    assert bits(caught_up) == alone(wanted, 50)


def test_a_change_of_both_is_one_of_each(pair: Pair) -> None:
    pair.step(3)
    pair.change_all({"learning_rate": 0.5})
    assert [moment.settings["learning_rate"] for moment in pair.settle()] == [0.5, 0.5]
    pair.change_all({"l2": 0.25}, (0,))
    assert [moment.settings["l2"] for moment in pair.settle()] == [0.25, 0.0]
    assert [[(c.step, c.name) for c in moment.changes] for moment in pair.frame()] == [
        [(3, "learning_rate"), (3, "l2")], [(3, "learning_rate")],
    ]  # fmt: skip


def test_a_change_acts_while_they_play_and_they_stay_together(pair: Pair) -> None:
    pair.play()
    for width in (3, 5, 7):
        until(lambda: pair.frame()[0].step > 10)
        pair.change_all({"width": width}, (1,))
    first, second = pair.settle()
    assert second.settings["width"] == 7 and first.step == second.step
    until(lambda: pair.frame()[0].step > first.step)
    assert pair.frame()[0].start == 1


def test_a_run_that_has_ended_waits_and_comes_along_when_it_is_let(pair: Pair) -> None:
    pair.change_all({"epochs": 2}, (1,))
    first, second = pair.step(20)
    assert (first.step, second.step, second.epoch) == (20, 6, 2)
    assert second.ended is not None and pair.level
    assert [moment.step for moment in pair.go_to(10)] == [10, 6]
    pair.change_all({"epochs": 100}, (1,))
    assert [moment.step for moment in pair.settle()] == [10, 10]
    pair.change_all({"epochs": 4})
    pair.play()
    until(lambda: all(moment.ended is not None for moment in pair.frame()))
    assert [moment.step for moment in pair.frame()] == [12, 12]


def test_what_begins_both_anew_begins_both_at_their_first_step(pair: Pair) -> None:
    for points in (70, 80, 90):
        pair.step(20)
        pair.change_all({"points": points})
        assert [(m.step, m.settings["points"]) for m in pair.settle()] == [(0, points), (0, points)]


def test_both_begin_anew_together(pair: Pair) -> None:
    pair.step(9)
    pair.change_all({"l2": 0.125}, (0,))
    first, second = pair.restart()
    assert [(m.step, m.start) for m in (first, second)] == [(0, 2), (0, 2)]
    assert first.first["l2"] == 0.125 and second.first["l2"] == 0.0


def test_a_moment_of_both_stays_the_same_while_nothing_happens(pair: Pair) -> None:
    moments = pair.step(2)
    assert pair.settle() is pair.frame() is moments


def test_the_time_of_a_step_is_known_once_they_ran(pair: Pair) -> None:
    assert pair.times == (None, None)
    pair.play()
    until(lambda: None not in pair.times)
    assert all(time is not None and 0 < time < 1 for time in pair.times)


@pytest.mark.parametrize("place", [0, 1])
def test_one_is_kept_where_it_stands_and_the_other_one_ends(place: int) -> None:
    runs = Session(SMALL), Session({**SMALL, "seed": 1})
    pair = Pair(*runs)
    moments = pair.step(8)
    with pair.keep(place) as kept:
        assert kept is runs[place] and bits(kept.frame()) == bits(moments[place])
        assert kept.step().step == 9
        assert not runs[1 - place]._thread.is_alive() and not pair._thread.is_alive()
    with pytest.raises(InputError, match="ended"):
        pair.step()
    with pytest.raises(InputError, match="ended"):
        pair.play()


def test_closing_ends_all_threads_whatever_they_do() -> None:
    pair = Pair(Session(SMALL), Session(SMALL))
    asking = Thread(target=lambda: pair.step(10**9))
    asking.start()
    until(lambda: pair.runs[0].frame().step > 0)
    pair.close()
    asking.join(PATIENCE)
    assert not any(thread.is_alive() for thread in (asking, pair._thread, *(run._thread for run in pair.runs)))
    pair.close()


@pytest.mark.parametrize("value", [float("nan"), "many", None, []])
def test_a_number_of_steps_is_a_number(pair: Pair, value: Any) -> None:
    with pytest.raises(InputError, match="number of steps"):
        pair.step(value)
    with pytest.raises(InputError, match="number of steps"):
        pair.go_to(value)
    for pace in (0, -1, "x"):
        with pytest.raises(InputError, match="pace"):
            pair.play(pace)  # type: ignore[arg-type]
    assert [moment.step for moment in pair.frame()] == [0, 0]


def test_what_fails_in_the_thread_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(pair.runs[1]._course, "advance", fails)
    pair.play()
    with pytest.raises(MemoryError):
        until(lambda: bool(pair.frame()) and False)


def test_after_a_failure_a_new_start_begins_both_anew(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError("no room")

    pair.step(3)
    with monkeypatch.context() as patched:
        patched.setattr(pair.runs[1]._course, "change_all", fails)
        pair.change_all({"momentum": 0.5})
        with pytest.raises(MemoryError):
            pair.settle()
    pair.change_all({"momentum": 0.6})
    assert not pair.playing
    assert [moment.step for moment in pair.restart()] == [0, 0] and pair.level
    assert [moment.step for moment in pair.step(2)] == [2, 2]


def own() -> Any:
    random = np.random.default_rng(0)
    frame = {"a": random.standard_normal(50), "b": random.standard_normal(50)}
    return own_data({**frame, "kind": np.where(frame["a"] > 0, "yes", "no")}, ("a", "b"), "kind")


def test_own_data_are_those_of_the_run_that_was_given_them(pair: Pair) -> None:
    pair.step(4)
    pair.use(own(), (1,))
    first, second = pair.settle()
    assert (first.settings["data"], second.settings["data"]) == ("moons", "own") and first.step == second.step == 4
    with second_fork(pair) as fork:
        assert fork.frame().bench.data.labels == ("no", "yes") and bits(fork.frame()) == bits(second)


def second_fork(pair: Pair) -> Session:
    return pair.runs[1].fork()


# ---- a fork


@pytest.mark.parametrize("steps", [0, 1, 8, 700])
def test_a_fork_stands_where_its_origin_does_and_goes_on_to_the_same_bits(steps: int) -> None:
    settings = {**SMALL, "dropout": 0.3, "schedule": "cosine", "batch_norm": "on"}
    with Session(settings) as session:
        session.step(steps)
        session.change("optimizer", "sgd")
        session.step(steps)
        session.change("batch_size", "8")
        here = session.step(2)
        with session.fork() as fork:
            there = fork.frame()
            assert bits(there) == bits(here) and there.wanted == here.wanted and there.step == here.step
            assert there.testing_curve.tobytes() == here.testing_curve.tobytes() and there.changes == here.changes
            assert bits(fork.step(31)) == bits(session.step(31))
            assert bits(fork.rewind(steps // 2)) == bits(session.rewind(steps // 2))
            fork.change("learning_rate", 1.0)
            assert session.settle().settings["learning_rate"] == 0.03, "a life of its own"


def test_a_fork_of_a_run_that_has_ended_has_ended_too() -> None:
    with Session({**SMALL, "epochs": 2}) as session:
        ended = session.step(50).ended
        with session.fork() as fork:
            assert fork.frame().ended == ended is not None and fork.step(5).step == session.frame().step
            fork.change("epochs", 4)
            assert fork.step(50).epoch == 4 and session.frame().epoch == 2


def test_nobody_catches_up_while_nobody_looks() -> None:
    with Pair(Session("points=60&batch_size=full"), Session("points=60&batch_size=full")) as pair:
        pair.step(200)
        pair.rest(True)
        pair.change_all({"width": 5}, (1,))
        pair.play()
        pair.settle(0.3)
        assert [moment.step for moment in pair.frame()] == [200, 200] and not pair.level
        pair.rest(False)
        pair.pause()
        one, other = pair.settle()
        assert one.step == other.step >= 200 and other.settings["width"] == 5


def test_a_closed_pair_that_was_not_level_is_waited_for_by_nobody() -> None:
    pair = Pair(Session("points=60&batch_size=full"), Session("points=60&batch_size=full"))
    pair.step(50)
    pair.rest(True)
    pair.change_all({"width": 5}, (1,))
    assert not pair.level
    pair.close()
    assert pair.level
