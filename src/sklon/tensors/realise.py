"""Realisation: demanded values become one program, compiled once for each structure, and run.

Everything that somebody holds is computed together, and a demanded loss keeps what its backward pass will read,
so nothing is computed twice wherever a value is asked for. The cache is keyed by structure: a loop that records
the same step again finds its program.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.locks import Lock
from sklon._base.shapes import Symbol
from sklon.compiler.cache import load_or_compile
from sklon.compiler.executable import Steps
from sklon.compiler.executor import Executor, executor_of
from sklon.graph.node import Graph, Node, Slot, slot
from sklon.graph.node import apply as apply_op

from . import values
from .history import is_spent
from .tensor import Tensor, pending

Array = np.ndarray[Any, Any]
#: structures whose programs are kept
CACHE_SIZE = 256
#: operations, one upon the other, from which on a chain is long: a power of two
LONG = 64


@dataclass(slots=True)
class Counters:
    """What realisation has done so far: programs compiled (or found on disk) and run, and nodes computed."""

    compiled: int = 0
    runs: int = 0
    nodes: int = 0


counters = Counters()
_turn = Lock()
_cache: OrderedDict[Any, Executor] = OrderedDict()


def value(tensor: Tensor) -> Array:
    """The array of a tensor, computed if need be together with all that is pending."""
    known = values.array_of(tensor._node)
    if known is None:
        realise((tensor,))
        known = values.array_of(tensor._node)
    assert known is not None
    return known


def realise(tensors: Iterable[Tensor]) -> None:
    """Compute ``tensors`` and every other pending tensor, in one program; threads take turns."""
    demanded = list(tensors)
    for tensor in demanded:
        _check_concrete(tensor)
    with _turn:
        _realise(demanded)


def _realise(demanded: list[Tensor]) -> None:
    others = (reference() for reference in pending.valuerefs())  # a copy: other threads go on recording
    held = [*demanded, *(tensor for tensor in others if tensor is not None)]
    try:
        _compute(demanded, held)
    except _UnknownError:
        for tensor in demanded:
            _check_known(tensor)
        held = [t for t in held if _can_be_known(t._node)]
        _compute(demanded, held)
    for tensor in {id(t): t for t in held}.values():
        _settle(tensor)


def graph_of(tensor: Tensor) -> tuple[Graph, dict[str, Array], list[float]]:
    """What demanding a tensor would compute: the graph, the arrays that it reads, and its numbers."""
    _check_concrete(tensor)
    _check_known(tensor)
    roots = _roots([tensor], [t for t in (tensor, *pending.values()) if _can_be_known(t._node)])
    recorded = _collect(roots)
    return _as_graph(roots, recorded), recorded.bound(), recorded.numbers


def _compute(demanded: list[Tensor], held: list[Tensor]) -> None:
    roots = _roots(demanded, held)
    if roots:
        _run(roots)


def _roots(demanded: list[Tensor], held: list[Tensor]) -> list[Node]:
    """The nodes to compute: those of the tensors, and what the backward passes of the demanded ones will read."""
    roots = dict.fromkeys(t._node for t in held if not values.is_known(t._node))
    for tensor in demanded:
        roots.update(dict.fromkeys(n for n in autograd.saved_for_backward(tensor) if not values.is_known(n)))
    return list(roots)


# ---- what has no value
class _UnknownError(Exception):
    """Something below what was demanded is a slot of a step that is being recorded."""


def _check_concrete(tensor: Tensor) -> None:
    if any(isinstance(e, Symbol) for e in tensor.shape):
        raise InputError(
            f"a value of shape {tensor.shape} exists only inside a training step, where N is the size of the "
            "batch; a model that is trained cannot read it as a number"
        )


def _check_known(tensor: Tensor) -> None:
    if not _can_be_known(tensor._node):
        raise InputError(
            f"a value of shape {tensor.shape} computed from parameters or from the batch exists only inside a "
            "training step; a model that is trained cannot read it as a number"
        )


def _can_be_known(node: Node) -> bool:
    """Whether everything below has a value; inside a recorded step parameters and data have none."""
    seen: set[Node] = set()
    stack = [node]
    while stack:
        below = stack.pop()
        if below in seen or values.is_known(below):
            continue
        seen.add(below)
        if below.op.name == "slot" and not values.is_number(below):
            return False
        stack.extend(below.inputs)
    return True


def _settle(tensor: Tensor) -> None:
    """A computed tensor without a history worth keeping becomes a leaf."""
    pending.pop(id(tensor), None)
    node = tensor._node
    if node.op.name == "slot":
        return
    if tensor.is_leaf:
        leaves.settle(tensor)
    elif values.is_freed(node) or (tensor._depth >= LONG and is_spent(node)):
        array = values.array_of(node)
        assert array is not None
        tensor._adopt(values.leaf(array))
        values.free(tensor._node)


def bound(tensor: Tensor) -> None:
    """Compute a tensor that stands on a long chain of others, so that loops without an end neither grow nor recompile.

    What has a history that can be differentiated waits: the history grows until somebody calls backward, as it does
    in PyTorch. What rests on a history that was given up needs it no more.
    """
    length = tensor._depth
    if length & (length - 1) or any(isinstance(e, Symbol) for e in tensor.shape):
        return
    if (not tensor.requires_grad or is_spent(tensor._node)) and _can_be_known(tensor._node):
        realise((tensor,))


# ---- one program
@dataclass(frozen=True, slots=True)
class _Recorded:
    """What must be computed, as a structure and what it is bound to."""

    key: Any
    order: list[Node]
    arrays: list[Array]
    numbers: list[float]

    def bound(self) -> dict[str, Array]:
        """The arrays under the names of their slots."""
        return {f"a{i}": array for i, array in enumerate(self.arrays)}


def _run(roots: list[Node]) -> None:
    recorded = _collect(roots)
    program = _cache.get(recorded.key)
    if program is None:
        program = executor_of(_as_graph(roots, recorded), 1, load_or_compile)
        counters.compiled += 1
        _cache[recorded.key] = program
        if len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    else:
        _cache.move_to_end(recorded.key)
    counters.runs += 1
    counters.nodes += sum(n.op.kind != "leaf" and n.op.kind != "slot" for n in recorded.order) - len(recorded.arrays)
    results = program.run(recorded.bound(), Steps.single(1, recorded.numbers))
    for i, node in enumerate(roots):
        values.bind(node, results[f"o{i}"].reshape(_concrete(node)))


def _concrete(node: Node) -> tuple[int, ...]:
    return tuple(e for e in node.shape if isinstance(e, int))


def _collect(roots: list[Node]) -> _Recorded:
    """Walk down to what is known; number everything in the order of the walk."""
    number: dict[Node, int] = {}
    rows: list[Any] = []
    order: list[Node] = []
    arrays: list[Array] = []
    numbers: list[float] = []
    stack: list[tuple[Node, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if node in number:
            continue
        array = values.array_of(node)
        if array is not None:
            what: tuple[Any, ...] = ("array", node.shape, node.dtype)
            arrays.append(array)
        elif isinstance(node.op, Slot):
            if not values.is_number(node):
                raise _UnknownError
            what = ("number", node.dtype)
            numbers.append(values.number_of(node))
        elif done:
            what = (node.op, *(number[i] for i in node.inputs))
        else:
            stack.append((node, True))
            stack.extend((i, False) for i in reversed(node.inputs) if i not in number)
            continue
        number[node] = len(order)
        order.append(node)
        rows.append(what)
    return _Recorded((tuple(rows), tuple(number[r] for r in roots)), order, arrays, numbers)


def _as_graph(roots: list[Node], recorded: _Recorded) -> Graph:
    """The same structure over fresh slots a0, a1, … and outputs o0, o1, …."""
    new: dict[Node, Node] = {}
    count = 0
    for node in recorded.order:
        if values.is_known(node):
            new[node] = slot(f"a{count}", "state", node.shape, node.dtype)
            count += 1
        elif isinstance(node.op, Slot):
            new[node] = slot("", "scalar", (), node.dtype)
        else:
            new[node] = apply_op(node.op, *(new[i] for i in node.inputs), source=node.source)
    return Graph(tuple((f"o{i}", new[r]) for i, r in enumerate(roots)))


from . import autograd, leaves  # noqa: E402  which need Tensor, and are needed only when running
