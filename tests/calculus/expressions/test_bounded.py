"""Work with a limit of time ends, in every thread, and leaves no thread behind."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

import pytest

from sklon._base.errors import UndecidedError
from sklon.calculus.expressions import bounded


def endless() -> None:
    """What never ends by itself."""
    while True:
        pass


def stubborn() -> None:
    """What catches everything once."""
    with suppress(BaseException):
        endless()
    endless()


def deep(n: int = 0) -> int:
    """What goes too deep."""
    return deep(n + 1) + 1


@pytest.mark.parametrize("work", [endless, stubborn])
def test_what_takes_too_long_is_undecided(work: object) -> None:
    before = threading.active_count()
    with pytest.raises(UndecidedError, match="seconds"):
        bounded(0.05, work)  # type: ignore[arg-type]
    assert threading.active_count() == before


def test_what_goes_too_deep_is_undecided() -> None:
    limit = sys.getrecursionlimit()
    with pytest.raises(UndecidedError, match="deep"):
        bounded(30, deep)
    assert sys.getrecursionlimit() == limit


def test_results_and_errors_come_through() -> None:
    assert bounded(30, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        bounded(30, lambda: 1 / 0)


def test_it_works_in_other_threads() -> None:
    found: list[object] = []

    def run() -> None:
        found.append(bounded(30, lambda: 1))
        try:
            bounded(0.05, endless)
        except UndecidedError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert found[0] == 1 and isinstance(found[1], UndecidedError)
