"""What is made beside the training: the newest wish, and nothing twice."""

from __future__ import annotations

from threading import Event

from sklon.lab.playground.maker import Maker


def test_of_what_is_asked_for_meanwhile_only_the_newest_is_made() -> None:
    begun, go_on, over, log = Event(), Event(), Event(), list[str]()

    def first() -> None:
        begun.set()
        go_on.wait()
        log.append("first")

    def last() -> None:
        log.append("last")
        over.set()

    maker = Maker(lambda: log.append("made"))
    maker.ask(first)
    begun.wait()
    maker.ask(lambda: log.append("obsolete"))
    maker.ask(last)
    go_on.set()
    over.wait()
    assert log[:3] == ["first", "made", "last"]


def test_it_makes_again_after_it_was_idle() -> None:
    for _ in range(3):
        made = Event()
        maker = Maker(lambda: None)
        maker.ask(made.set)
        made.wait()
        made.clear()
        maker.ask(made.set)
        made.wait()
