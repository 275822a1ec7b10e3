"""Compiled programs by structure, in memory: the same graph over the same names is compiled once a process."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from sklon.graph.node import Graph, Slot, slots, structure

from .executable import Executable, compile_graph

#: programs that are kept
SIZE = 64
_programs: OrderedDict[Any, Executable] = OrderedDict()


def compiled(graph: Graph, max_rows: int) -> Executable:
    """The program of ``graph`` for at most ``max_rows`` rows."""
    labels = tuple(n.op.label for n in slots(graph) if isinstance(n.op, Slot))
    key = (structure(graph), labels, tuple(name for name, _ in graph.outputs), max_rows)
    if key not in _programs:
        _programs[key] = compile_graph(graph, max_rows)
        if len(_programs) > SIZE:
            _programs.popitem(last=False)
    _programs.move_to_end(key)
    return _programs[key]


def clear() -> None:
    """Forget all programs."""
    _programs.clear()
