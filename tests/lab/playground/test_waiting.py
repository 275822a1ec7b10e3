"""What is asked for while a program is compiled or a past is replayed: nothing is lost, and nobody is in the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from sklon._base.errors import InputError
from sklon.lab.playground import Moment, Session
from sklon.lab.playground import course as course_module
from sklon.lab.playground.stretch import Programs

SMALL = {"points": 60, "width": 4, "depth": 1, "batch_size": "16"}


class Gate:
    """Holds the compilation of every program back that is not there yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.asked = Event(), list[Any]()
        self.open.set()
        prepare = Programs.prepare

        def held(programs: Programs, settings: Any, feed: Any) -> None:
            self.asked.append(settings)
            self.open.wait()
            prepare(programs, settings, feed)

        monkeypatch.setattr(Programs, "prepare", held)

    def close(self) -> None:
        self.open.clear()
        self.asked.clear()


@pytest.fixture(name="gate")
def _gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.open.set()


def bits(moment: Moment) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in moment.state.items()}


def until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.001)


def test_training_goes_on_as_it_was_while_the_program_of_a_change_is_made(gate: Gate) -> None:
    with Session(SMALL) as session:
        session.play()
        until(lambda: session.frame().step > 5)
        assert session.waits == 0
        gate.close()
        session.change("optimizer", "sgd")
        until(lambda: session.waits > 0)
        seen = session.frame().step
        until(lambda: session.frame().step > seen + 20)
        assert session.frame().settings["optimizer"] == "adam"
        gate.open.set()
        assert session.settle().settings["optimizer"] == "sgd"
        session.pause()
        assert session.waits == 0


def test_a_burst_of_changes_becomes_one_with_the_last_value_of_each(gate: Gate) -> None:
    with Session(SMALL) as session:
        session.step(4)
        gate.close()
        session.change("optimizer", "sgd")
        until(lambda: len(gate.asked) == 1)
        for name in ("rmsprop", "adagrad", "lion"):
            session.change("optimizer", name)
            session.change("dropout", 0.25)
            session.change("l2", 0.5)
        session.change("l2", 0.125)
        gate.open.set()
        moment = session.settle()
        log = [(change.step, change.name, change.value) for change in moment.changes]
    assert log == [(4, "optimizer", "lion"), (4, "dropout", 0.25), (4, "l2", 0.125)]
    made = list(dict.fromkeys(settings["optimizer"] for settings in gate.asked))
    assert made == ["sgd", "lion"], "nothing is made that nobody wants"


def test_a_new_start_waits_for_no_program_and_takes_along_what_waited(gate: Gate) -> None:
    with Session(SMALL) as session:
        session.step(4)
        gate.close()
        session.change("optimizer", "sgd")
        for width in (5, 6, 7):
            session.change("width", width)
        moment = session.settle()
        assert (moment.step, moment.settings["width"], moment.settings["optimizer"]) == (0, 7, "sgd")
        session.play()
        until(lambda: session.waits > 0)
        gate.open.set()
        until(lambda: session.frame().step > 0)


def test_a_step_after_a_change_is_taken_under_it(gate: Gate) -> None:
    with Session(SMALL) as session, Session(SMALL) as other:
        for each in (session, other):
            each.step(4)
        gate.close()
        session.change("optimizer", "sgd")
        found = list[Moment]()
        stepping = Thread(target=lambda: found.append(session.step(3)))
        stepping.start()
        until(lambda: len(gate.asked) == 1)
        assert session.frame().step == 4
        gate.open.set()
        stepping.join()
        other.change("optimizer", "sgd")
        assert found[0].step == 7 and bits(found[0]) == bits(other.step(3))


def test_no_step_is_lost_when_several_are_asked_for(gate: Gate) -> None:
    gate.close()
    with Session(SMALL) as session:
        steps = [Thread(target=session.step) for _ in range(3)]
        for thread in steps:
            thread.start()
        until(lambda: len(session._jobs) == 3)
        gate.open.set()
        for thread in steps:
            thread.join()
        assert session.frame().step == 3


def test_what_cannot_be_compiled_is_told_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session:
        session.step(2)

        def fails(*_: Any) -> None:
            raise MemoryError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(Programs, "_recorded", fails)
            session.change("optimizer", "sgd")
            with pytest.raises(MemoryError):
                session.settle()


class Replay:
    """A session whose next replay is met by another demand, from another thread, at its third step."""

    def __init__(self, session: Session, demand: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(course_module, "AT_A_STRETCH", 1)
        self.thread, self.steps = Thread(target=demand), 0
        course = session._course
        course.past.kept = course.past.kept[:1]
        advance = type(course)._advance

        def watched(each: Any, most: int) -> int:
            if each is course:
                self.steps += 1
                if self.steps == 3:
                    before = session._demands
                    self.thread.start()
                    until(lambda: session._demands > before)
            return advance(each, most)

        monkeypatch.setattr(type(course), "_advance", watched)


DEMANDS: dict[str, Callable[[Session], object]] = {
    "pause": Session.pause,
    "a change": lambda session: session.change("l2", 0.5),
    "another rewind": lambda session: session.rewind(11),
    "play": lambda session: session.play(pace=1e-3),
    "restart": Session.restart,
}


@pytest.mark.parametrize("name", DEMANDS)
def test_a_replay_is_given_up_for_whatever_is_asked_for_meanwhile(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session, Session(SMALL) as other:
        here = session.step(30)
        replay = Replay(session, lambda: DEMANDS[name](session), monkeypatch)
        session.rewind(25)
        replay.thread.join()
        moment = session.settle()
        assert replay.steps >= 3
        if name == "another rewind":
            assert moment.step == 11 and bits(moment) == bits(other.step(11))
        elif name == "restart":
            assert moment.step == 0 and moment.start == 2
        else:
            assert moment.step in (30, 31) and (name == "play" or bits(moment) == bits(here))
            assert len(moment.training_curve) == len(here.training_curve)
        if name == "a change":
            assert [(change.step, change.value) for change in moment.changes] == [(30, 0.5)]


def test_who_only_waits_gives_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session:
        session.step(30)
        settling = list[Thread]()
        course, advance = session._course, type(session._course)._advance
        course.past.kept = course.past.kept[:1]

        def watched(each: Any, most: int) -> int:
            if not settling:
                settling.append(Thread(target=session.settle))
                settling[0].start()
                until(lambda: bool(session._jobs))
            return advance(each, most)

        monkeypatch.setattr(type(course), "_advance", watched)
        assert session.rewind(25).step == 25
        settling[0].join()


def test_what_was_due_while_a_program_was_made_is_not_made_up_for(gate: Gate) -> None:
    gate.close()
    with Session(SMALL) as session:
        session.play(pace=20.0)
        until(lambda: session.waits > 0.5)
        assert session._pace.due >= 10
        pieces, piece = list[int](), session._piece

        def watched() -> None:
            pieces.append(session._pace.due)
            piece()

        session._piece = watched  # type: ignore[method-assign]
        gate.open.set()
        until(lambda: session.frame().step > 0)
        session.pause()
    assert pieces[0] == 1


def test_a_closing_session_gives_up_a_replay_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_module, "AT_A_STRETCH", 1)
    session, asked = Session(SMALL), list[int]()
    session.step(30)
    session._course.past.kept = session._course.past.kept[:1]
    closing = Thread(target=session.close)

    def wanted() -> bool:
        asked.append(len(asked))
        if len(asked) == 3:
            closing.start()
            until(lambda: session._closing)
        return True

    assert session.rewind(25, wanted).step == 30
    closing.join()
    assert len(asked) == 3


def test_a_closed_session_takes_no_change_beside_one_that_waited(gate: Gate) -> None:
    session = Session(SMALL)
    session.step(2)
    gate.close()
    session.change("optimizer", "sgd")
    session.close()
    with pytest.raises(InputError, match="closed"):
        session.change("l2", 0.5)
