"""What can be looked at: a graph, and, where it can be run, the arrays and steps that it is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sklon.compiler.executable import Steps
from sklon.compiler.limit import Limit
from sklon.graph.node import Graph

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A graph for at most ``max_rows`` rows, within a limit of memory; without ``steps`` it cannot be run."""

    title: str
    graph: Graph
    max_rows: int
    arrays: Mapping[str, Array] = field(default_factory=dict)
    steps: Steps | None = None
    limit: Limit | None = None

    @property
    def rows(self) -> int:
        """The rows of a step."""
        return self.max_rows if self.steps is None else int(self.steps.rows.max(initial=0))


@runtime_checkable
class Viewable(Protocol):
    """What says itself how it is looked at: a compiled function, for one."""

    def program_subject(self, data: Any = None) -> Subject:
        """The subject, for these example arguments."""
