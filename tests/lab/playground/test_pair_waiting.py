"""Two runs, and what is asked for while a program is compiled or a past is replayed: both do it at the same step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sklon.lab.playground import Moment, Pair, Session, own_data
from sklon.lab.playground import course as course_module
from sklon.lab.playground import pace as pace_module
from sklon.lab.playground.stretch import Programs

SMALL: dict[str, Any] = {"points": 60, "width": 4, "depth": 1, "batch_size": "16", "epochs": 10_000}
#: seconds after which something is given up
PATIENCE = 60


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.001)


def bits(moment: Moment) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in moment.state.items()}


@pytest.fixture(name="pair")
def _pair() -> Iterator[Pair]:
    with Pair(Session(SMALL), Session({**SMALL, "seed": 1})) as pair:
        yield pair


@pytest.fixture(name="gate")
def _gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Holds the compilation of every program back that is not there yet, while it is clear."""
    gate, prepare = Event(), Programs.prepare
    gate.set()

    def held(programs: Programs, settings: Any, feed: Any) -> None:
        gate.wait()
        prepare(programs, settings, feed)

    monkeypatch.setattr(Programs, "prepare", held)
    yield gate
    gate.set()


def settings_of(pair: Pair, name: str) -> list[Any]:
    return [moment.settings[name] for moment in pair.frame()]


@pytest.mark.parametrize("pace", [None, 200.0])
def test_both_go_on_as_they_were_while_a_program_is_made_and_change_at_one_step(
    pair: Pair, gate: Event, pace: float | None
) -> None:
    pair.play(pace)
    until(lambda: pair.frame()[0].step > 5)
    gate.clear()
    pair.change_all({"optimizer": "sgd"})
    pair.change_all({"l2": 0.125}, (1,))
    seen = pair.frame()[0].step
    until(lambda: pair.frame()[0].step > seen + 20)
    assert settings_of(pair, "optimizer") == ["adam", "adam"] and not pair.level
    gate.set()
    pair.settle()
    assert settings_of(pair, "optimizer") == ["sgd", "sgd"] and settings_of(pair, "l2") == [0.0, 0.125]
    first, second = pair.pause()
    assert first.step == second.step and len({change.step for m in (first, second) for change in m.changes}) == 1


def test_a_burst_of_changes_becomes_one_with_the_last_value_of_each(pair: Pair, gate: Event) -> None:
    pair.play()
    until(lambda: pair.frame()[0].step > 5)
    gate.clear()
    for name in ("sgd", "rmsprop", "lion"):
        pair.change_all({"optimizer": name})
    gate.set()
    pair.settle()
    assert [[change.value for change in moment.changes] for moment in pair.pause()] == [["lion"], ["lion"]]


def test_a_step_after_a_change_is_taken_under_it_and_says_that_it_waits(pair: Pair, gate: Event) -> None:
    pair.step(4)
    gate.clear()
    pair.change_all({"optimizer": "sgd"})
    stepping = Thread(target=lambda: pair.step(3))
    stepping.start()
    until(lambda: any(run.waits > 0 for run in pair.runs))
    gate.set()
    stepping.join(PATIENCE)
    assert [(m.step, [(c.step, c.value) for c in m.changes]) for m in pair.frame()] == 2 * [(7, [(4, "sgd")])]


class Replay:
    """A pair of whose runs one replays, and is met by another demand, from another thread, at its third step."""

    def __init__(self, pair: Pair, place: int, demand: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(course_module, "AT_A_STRETCH", 1)
        pair._clocks[place].per_step, pair._clocks[1 - place].per_step = 1.0, 1e-9  # the slower one is the first
        self.thread, self.steps = Thread(target=demand), 0
        for run in pair.runs:
            run._course.past.kept = run._course.past.kept[:1]
        course, advance = pair.runs[place]._course, type(pair.runs[place]._course)._advance

        def watched(each: Any, most: int) -> int:
            if each is course:
                self.steps += 1
                if self.steps == 3:
                    self.thread.start()
                    until(lambda: pair._asking > 0 or pair._made != pair._changes)
            return advance(each, most)

        monkeypatch.setattr(type(course), "_advance", watched)


DEMANDS: dict[str, Callable[[Pair], object]] = {
    "pause": Pair.pause,
    "a change": lambda pair: pair.change_all({"l2": 0.5}, (1,)),
    "another rewind": lambda pair: pair.go_to(11),
    "restart": Pair.restart,
}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", DEMANDS)
def test_a_replay_is_given_up_by_both_for_whatever_is_asked_for_meanwhile(
    pair: Pair, name: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.change_all({"learning_rate": 0.5})
    here = pair.step(30)
    replay = Replay(pair, place, lambda: DEMANDS[name](pair), monkeypatch)
    pair.go_to(25)
    replay.thread.join(PATIENCE)
    moments = pair.settle()
    step = {"another rewind": 11, "restart": 0}.get(name, 30)
    assert replay.steps >= 3 and [moment.step for moment in moments] == [step, step]
    if step == 30:
        assert [bits(moment) for moment in moments] == [bits(moment) for moment in here]
    if name == "a change":
        assert [[c.name for c in m.changes] for m in moments] == [["learning_rate"], ["learning_rate", "l2"]]


def test_what_comes_once_one_of_them_has_gone_back_waits_for_the_other(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.step(30)
    replay = Replay(pair, 0, lambda: pair.change_all({"l2": 0.5}), monkeypatch)
    pair._clocks[0].per_step, pair._clocks[1].per_step = 1e-9, 1.0
    pair.go_to(25)
    replay.thread.join(PATIENCE)
    assert [[(c.step, c.name) for c in m.changes] for m in pair.settle()] == 2 * [[(25, "l2")]]


@pytest.mark.parametrize("place", [0, 1])
def test_what_waits_for_a_program_is_not_lost_where_one_is_kept(pair: Pair, gate: Event, place: int) -> None:
    pair.play()
    until(lambda: pair.frame()[0].step > 5)
    gate.clear()
    pair.change_all({"optimizer": "sgd"})
    with pair.keep(place) as kept:
        gate.set()
        assert kept.settle().settings["optimizer"] == "sgd"


def test_own_data_win_over_data_that_were_asked_for_before(pair: Pair) -> None:
    random = np.random.default_rng(0)
    own = own_data({"a": random.standard_normal(40), "y": np.arange(40) % 2}, ("a",), "y")
    with pair._moving():  # until the end of this block nothing is made
        pair.change_all({"data": "circles", "width": 5}, (1,))
        pair.use(own, (1,))
    pair.settle()
    assert settings_of(pair, "data") == ["moons", "own"] and settings_of(pair, "width") == [4, 5]


def test_who_waits_for_what_cannot_be_made_is_told(pair: Pair) -> None:
    def fails(_: Any) -> None:
        raise MemoryError("no room")

    told = list[BaseException]()

    def wait() -> None:
        try:
            pair.settle()
        except MemoryError as error:
            told.append(error)

    pair.runs[1].change_all = fails  # type: ignore[method-assign, assignment]
    pair.change_all({"width": 5})
    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert not waiting.is_alive() and str(told[0]) == "no room"


def test_what_was_due_while_a_run_caught_up_is_not_made_up_for(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, advance = [0.0], pair._advance
    monkeypatch.setattr(pace_module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def late(which: tuple[int, ...], most: int) -> int:
        clock[0] += 100.0 if len(which) == 1 else 0.0
        return advance(which, most)

    pair.step(20)
    pair._advance = late  # type: ignore[method-assign]
    pair.play(pace=10)
    until(lambda: pair.frame()[0].step == 21)
    pair.change_all({"width": 5}, (1,))
    until(lambda: [moment.step for moment in pair.frame()] == [22, 22])
    assert [moment.step for moment in pair.pause()] == [22, 22] and clock[0] > 0
