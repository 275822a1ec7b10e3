"""What a session is asked to do, as a value that waits in its queue, and tells whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any


@dataclass(slots=True, eq=False)
class Job:
    """Something to do between two pieces, as soon as it is ready.

    ``given`` are the changes that it makes. What is no ``demand`` changes nothing, and only waits for its turn.
    """

    do: Callable[[], None]
    demand: bool = True
    awaited: bool = False
    ready: Callable[[], bool] = lambda: True
    given: dict[str, Any] | None = None
    done: Event = field(default_factory=Event)
    error: BaseException | None = None
