"""The session: a thread that trains, obeys, and ends."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.errors import InputError
from sklon.lab.playground import CONTROLS, Acts, Moment, Row, Session, own_data
from sklon.lab.playground.controls import SCHEDULES

SMALL = {"points": 60, "width": 4, "depth": 1, "batch_size": "16"}
#: seconds after which a thread is given up
PATIENCE = 60
OTHERS: dict[str, Any] = {
    "data": "circles",
    "points": 80,
    "noise": 0.5,
    "test_share": 0.5,
    "activation": "relu",
    "width": 5,
    "depth": 2,
    "initialisation": "small",
    "batch_norm": "on",
    "seed": 7,
}
ANEW = [pytest.param(row, id=row.name) for row in CONTROLS if row.acts is Acts.ANEW]


def bits(moment: Moment) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in moment.state.items()}


def test_a_session_is_paused_at_first_and_has_something_to_show() -> None:
    with Session(SMALL) as session:
        moment = session.frame()
        assert (moment.step, moment.epoch, moment.playing) == (0, 0, False) and session.notes == ()
        assert session.settle().step == 0


def test_it_plays_until_it_is_paused_and_takes_exact_steps() -> None:
    with Session(SMALL) as session:
        session.play()
        while session.frame().step < 50:
            pass
        paused = session.pause()
        assert not paused.playing and session.settle().step == paused.step >= 50
        assert session.step(7).step == paused.step + 7
        assert session.step(0).step == session.step(-5).step == paused.step + 7
        assert session.rewind(paused.step).step == paused.step
        assert bits(session.frame()) == bits(paused)


def test_pieces_and_pace_change_no_bit() -> None:
    with Session(SMALL) as first, Session(SMALL) as second:
        first.play(pace=1e5)
        while first.frame().step < 30:
            pass
        played = first.pause()
        assert bits(second.step(played.step)) == bits(played)
        with pytest.raises(InputError, match="steps a second"):
            first.play(pace=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many", None, [], "9" * 500])
def test_a_number_of_steps_is_a_number(value: Any) -> None:
    with Session(SMALL) as session:
        with pytest.raises(InputError, match="number of steps"):
            session.step(value)
        with pytest.raises(InputError, match="number of steps"):
            session.rewind(value)
        if value is not None:
            with pytest.raises(InputError, match="pace"):
                session.play(value)
        assert session.rewind(10**9).step == session.rewind(-7).step == 0


def test_a_change_acts_while_it_plays() -> None:
    with Session(SMALL) as session:
        session.play()
        answer = session.change("learning_rate", 1e9)
        assert answer.value == 10.0 and answer.note is not None and answer.acts is Acts.AT_ONCE
        assert session.settle().settings["learning_rate"] == 10.0
        assert session.frame().playing or session.frame().ended is not None
        session.change("batch_size", "8")
        while session.frame().waiting:
            pass
        assert session.query.startswith("points=60&width=4")
        with pytest.raises(InputError, match="learning_rate"):
            session.change("lr", 1)


@pytest.mark.parametrize("row", ANEW)
def test_what_starts_anew_says_so_and_starts_at_the_first_step(row: Row) -> None:
    with Session(SMALL) as session:
        session.step(3)
        session.change("l2", 0.125)
        answer = session.change(row.name, OTHERS[row.name])
        moment = session.settle()
        assert answer.acts is Acts.ANEW and answer.note is None
        assert (moment.step, moment.start, len(moment.changes)) == (0, 2, 0)
        assert moment.settings[row.name] == OTHERS[row.name] and moment.settings["l2"] == 0.125


def test_several_changes_begin_anew_once_and_at_their_bounds() -> None:
    with Session({"width": 3}) as session:
        session.step(5)
        answers = session.change_all({"width": 1000, "momentum": 0.5, "data": "own"})
        moment = session.settle()
        session.change_all({"momentum": 0.25, "learning_rate": 0.5})
        later = session.settle()
    assert (moment.start, moment.step, moment.settings["width"], moment.settings["momentum"]) == (2, 0, 64, 0.5)
    assert answers["width"].note is not None and answers["data"].note is not None and answers["momentum"].note is None
    assert moment.settings["data"] == "moons"
    assert (later.start, later.settings["momentum"], later.settings["learning_rate"]) == (2, 0.25, 0.5)


def test_there_is_another_value_for_every_control_that_starts_anew() -> None:
    assert OTHERS.keys() == {row.name for row in CONTROLS if row.acts is Acts.ANEW}


def test_two_sessions_side_by_side_do_not_disturb_each_other() -> None:
    settings = [{**SMALL, "dropout": 0.3, "seed": seed} for seed in (0, 1)]
    alone = []
    for one in settings:
        with Session(one) as session:
            alone.append(bits(session.step(60)))
    sklon.manual_seed(123)
    found: dict[int, dict[str, bytes]] = {}

    def steps(index: int, session: Session) -> None:
        for _ in range(60):
            moment = session.step(1)
        found[index] = bits(moment)

    with Session(settings[0]) as first, Session(settings[1]) as second:
        threads = [Thread(target=steps, args=pair) for pair in enumerate((first, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [found[0], found[1]] == alone


def test_sessions_leave_the_callers_random_numbers_alone() -> None:
    sklon.manual_seed(5)
    expected = sklon.rand(3).tolist()
    sklon.manual_seed(5)
    with Session(SMALL) as session:
        session.step(5)
    assert sklon.rand(3).tolist() == expected


def test_closing_ends_the_thread_and_keeps_the_last_moment() -> None:
    session = Session(SMALL)
    session.play()
    session.close()
    assert not session._thread.is_alive()
    assert session.frame().step >= 0
    session.close()
    with pytest.raises(InputError, match="closed"):
        session.step()


def test_who_waits_while_a_session_closes_is_told() -> None:
    session, gate, told = Session(SMALL), Event(), list[InputError]()

    def wait() -> None:
        try:
            session.step()
        except InputError as error:
            told.append(error)

    def hold() -> None:
        gate.wait()

    session._ask(hold)
    waiting, closing = Thread(target=wait, daemon=True), Thread(target=session.close, daemon=True)
    waiting.start()
    while not session._jobs:
        pass
    closing.start()
    while not session._closing:
        pass
    gate.set()
    for thread in (closing, waiting):
        thread.join(60)
    assert not waiting.is_alive() and "closed" in str(told[0])


def test_a_moment_never_changes() -> None:
    with Session(SMALL) as session:
        moment = session.step(4)
        before = bits(moment), moment.training_curve.tobytes(), len(moment.past)
        session.step(50)
        session.rewind(2)
        assert (bits(moment), moment.training_curve.tobytes(), len(moment.past)) == before


def test_the_last_step_can_be_looked_at_alone() -> None:
    with Session(SMALL) as session:
        before, after = session.step(9), session.step(1)
        assert after.earlier is not None
        assert {n: v.tobytes() for n, v in after.earlier.items()} == bits(before)
        assert session.step(9).earlier is not None


def test_what_fails_in_the_thread_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session:

        def fails(*_: Any) -> None:
            raise MemoryError("no room")

        monkeypatch.setattr(session._course, "rewind", fails)
        with pytest.raises(MemoryError):
            session.rewind(0)
        assert session.step(1).step == 1
        monkeypatch.setattr(session._course, "change_all", fails)
        session.change("l2", 0.1)
        with pytest.raises(MemoryError):
            session.settle()


def fails(*_: Any) -> Any:
    raise MemoryError("no room")


def told(work: Callable[[], object]) -> BaseException | None:
    """The error that somebody got who waited in a thread of their own."""
    found = list[BaseException]()

    def wait() -> None:
        try:
            work()
        except MemoryError as error:
            found.append(error)

    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert not waiting.is_alive(), "it waits for ever"
    return found[0] if found else None


@pytest.mark.parametrize("name", ["_publish", "_is_prepared", "_may_train"])
def test_who_waits_is_told_of_what_fails_between_two_jobs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session:
        with monkeypatch.context() as patched:
            patched.setattr(session, name, fails)
            if name == "_may_train":
                session.play()  # the next look at what to do finds nothing asked for
            assert str(told(lambda: (session.step(1), session.settle()))) == "no room"
        assert session._thread.is_alive() and session.restart().step == 0 and session.step(2).step == 2


def test_after_a_failure_a_new_start_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(SMALL) as session:
        session.step(3)
        with monkeypatch.context() as patched:
            patched.setattr(session._course, "advance", fails)
            session.play()
            while session._error is None:
                pass
            with pytest.raises(MemoryError):
                session.frame()
            assert not session._playing
        assert session.restart().step == 0 and session.step(4).step == 4


def own() -> Any:
    random = np.random.default_rng(0)
    frame = {"a": random.standard_normal(50), "b": random.standard_normal(50)}
    return own_data({**frame, "kind": np.where(frame["a"] > 0, "yes", "no")}, ("a", "b"), "kind")


def test_own_data_are_used_and_never_stand_in_a_link() -> None:
    with Session("data=own") as session:
        assert session.frame().settings["data"] == "moons" and session.notes[0].name == "data"
        answer = session.change("data", "own")
        assert answer.note is not None and session.settle().settings["data"] == "moons"
        session.use(own())
        moment = session.settle()
        assert moment.bench.data.labels == ("no", "yes") and session.query == "data=own"
        assert session.step(3).step == 3
    with Session("data=own", own=own()) as session:
        assert session.frame().settings["data"] == "own" and session.notes == ()


def test_restarting_gives_the_same_run_again() -> None:
    with Session(SMALL) as session:
        session.change("l2", 0.5)
        first = session.step(5)
        assert session.restart().step == 0
        again = session.step(5)
        assert again.start == 2 and bits(again) == bits(first)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_can_be_that_of_a_single_step(schedule: str) -> None:
    with Session({**SMALL, "batch_size": "full", "epochs": 1, "schedule": schedule}) as session:
        moment = session.step(3)
    assert moment.step == 1 and moment.ended is not None and moment.ended.reason == "epochs"
