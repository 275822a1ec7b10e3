"""Trainings whose page has gone. Each waits, paused, for its tab to come back to the address that it had last.

A browser that was away for long, a reload, the other language, and the way back from another page make a new page in
the same tab. That one goes on with the training, to the bit, with its past and with data of the learner's own.

At most ``MOST`` of them wait; of more, those that were left first are closed. Each holds one run or two, whose
snapshots take 32 MiB each at the most (``playground/past.py``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from .runs import Runs

#: trainings that wait at the same time
MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A training as its page left it.

    ``query`` is what its address said; ``playing`` whether it is to go on by itself, once it is ``paused``.
    ``farthest`` are the starts of its runs and the last step that these have come to, ``own`` whether each run has had
    data of the learner's own.
    """

    runs: Runs
    query: Mapping[str, str]
    playing: bool
    paused: Awaitable[None]
    farthest: tuple[Any, int]
    own: tuple[bool, ...]


class Shelf:
    """Where trainings wait, by the names of the pages that left them; of the event loop alone.

    >>> Shelf().take("nobody") is None
    True
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._left: dict[str, Left] = {}

    def leave(self, name: str, left: Left) -> list[Runs]:
        """Let one wait here; those that have to be closed, since it is one too many."""
        self._left[name] = left
        oldest = list(self._left)[: -self._most]
        return [self._left.pop(name).runs for name in oldest]

    def take(self, name: str, query: Mapping[str, str] | None = None) -> Left | None:
        """The training that a page has left, if it waits still; with a ``query``, if that is its own."""
        found = self._left.get(name)
        if found is None or query not in (None, found.query):
            return None
        return self._left.pop(name)


#: of this process, which serves one lab
SHELF = Shelf()
