"""Compiled programs by structure: the same graph over the same names is compiled once, on this computer.

They are kept in memory while the process lives, and on disk (``disk``) for the processes that come later. Where the
program lies on disk, neither passes nor emitters nor LLVM's code generator run.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from sklon._base.locks import Lock
from sklon.graph.node import Graph, Slot, slots, structure

from . import native
from .disk.entry import Entry
from .disk.key import key_of
from .disk.store import find, keep
from .disk.where import chosen
from .executable import Executable, compile_graph, executable, translated
from .executor import Executor, executor_of
from .limit import Limit
from .pipeline import Settings
from .trace import watch

#: programs that are kept in memory
SIZE = 64
_turn = Lock()
_programs: OrderedDict[Any, Executor] = OrderedDict()
_by_graph: OrderedDict[Any, Executor] = OrderedDict()  # the same, by the graph itself, whose structure takes a while
_making: dict[Any, Lock] = {}  # for each program that somebody looks for


def compiled(graph: Graph, max_rows: int, limit: Limit | None = None, level: int = native.POLISHED) -> Executor:
    """What runs ``graph`` for at most ``max_rows`` rows: from memory, from disk, or compiled now.

    ``level`` is that of code generation: ``native.QUICK`` for a program that somebody waits for.
    """
    asked = (graph, max_rows, limit, level)
    with _turn:
        known = _by_graph.get(asked)
    if known is not None:
        return known
    key = _key(graph, max_rows, limit, level)
    with _turn:
        making = _making.setdefault(key, Lock())
    with making:  # others wait only if they want the same program
        with _turn:
            found = _programs.get(key)
        try:
            if found is None:
                found = executor_of(graph, max_rows, partial(load_or_compile, limit=limit, level=level))
        finally:
            with _turn:
                _making.pop(key, None)
        with _turn:
            _keep(_programs, key, found)
            _keep(_by_graph, asked, found)
    return found


def _keep(programs: OrderedDict[Any, Executor], key: Any, found: Executor) -> None:
    """Keep a program as the newest one."""
    programs[key] = found
    programs.move_to_end(key)
    if len(programs) > SIZE:
        programs.popitem(last=False)


def in_memory(graph: Graph, max_rows: int, limit: Limit | None = None, level: int = native.POLISHED) -> Executor | None:
    """The same, if that is there and nobody has to wait for it."""
    with _turn:
        return _programs.get(_key(graph, max_rows, limit, level))


def _key(graph: Graph, max_rows: int, limit: Limit | None, level: int) -> Any:
    labels = tuple(n.op.label for n in slots(graph) if isinstance(n.op, Slot))
    return structure(graph), labels, tuple(name for name, _ in graph.outputs), max_rows, limit, level


def clear() -> None:
    """Forget all programs in memory."""
    with _turn:
        _programs.clear()
        _by_graph.clear()


def load_or_compile(
    graph: Graph, max_rows: int, limit: Limit | None = None, level: int = native.POLISHED
) -> Executable:
    """The program of ``graph`` for at most ``max_rows`` rows: from disk, or compiled now and left there."""
    place, settings = chosen(), Settings(max_rows, native.host(), limit, level)
    key = key_of(graph, settings) if place else None
    if place is None or key is None:
        return compile_graph(graph, max_rows, limit=limit, level=level)
    look = watch()
    entry = look.timed("disk", lambda: find(place, key))
    if entry is None:
        entry = Entry(*translated(graph, settings, look))
        keep(place, key, entry)
    made = executable(entry.program, entry.code, settings.target)
    look.done(graph, settings)
    return made
