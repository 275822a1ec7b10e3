"""Realisation: demanded values become one program, compiled once for each structure, and run.

Everything that somebody holds is computed together, and a demanded loss keeps what its backward pass will read,
so nothing is computed twice wherever a value is asked for. The cache is keyed by structure: a loop that records
the same step again finds its program.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.shapes import is_symbolic
from sklon.graph.node import Graph, Node

from . import samples, tracing, values
from .history import is_spent
from .pending import pending
from .programs import as_graph, program_of, scalars_of, structure_of, turn
from .tensor import Tensor

Array = np.ndarray[Any, Any]
#: operations, one upon the other, from which on a chain is long: a power of two
LONG = 64


def value(tensor: Tensor) -> Array:
    """The array of a tensor, computed if need be together with all that is pending."""
    trace = tracing.current()
    if trace is not None:
        trace.touch(tensor)
        if not _can_be_known(tensor._node):
            raise trace.refuse(tensor)
    known = values.array_of(tensor._node)
    if known is None:
        _realise((tensor,))
        known = values.array_of(tensor._node)
    assert known is not None
    return known


def is_knowable(tensor: Tensor) -> bool:
    """Whether a tensor has a value, or can be computed now."""
    return _can_be_known(tensor._node)


def of_all(tensor: Tensor) -> Tensor:
    """A tensor for all samples of the mappings in force, along axes in front: what is checked is what all have."""
    node = samples.of_all(tensor._node)
    return tensor if node is tensor._node else type(tensor)(node)


def realise(tensors: Iterable[Tensor]) -> None:
    """Compute ``tensors`` and every other pending tensor, in one program; threads take turns.

    While a trace records, nothing is computed.
    """
    if tracing.current() is None:
        _realise(tensors)


def _realise(tensors: Iterable[Tensor]) -> None:
    demanded = list(tensors)
    for tensor in demanded:
        _check_concrete(tensor)
    with turn:
        _settle_all(demanded)


def _settle_all(demanded: list[Tensor]) -> None:
    held = [*demanded, *pending.tensors()]
    try:
        _compute(demanded, held)
    except _UnknownError:
        for tensor in demanded:
            _check_known(tensor)
        held = [t for t in held if _can_be_known(t._node)]
        _compute(demanded, held)
    for tensor in {id(t): t for t in held}.values():
        _settle(tensor)
    pending.settle()


def graph_of(tensor: Tensor) -> tuple[Graph, dict[str, Array], list[float]]:
    """What demanding a tensor would compute: the graph, the arrays that it reads, and its numbers."""
    _check_concrete(tensor)
    _check_known(tensor)
    roots, _ = _roots([tensor], [t for t in (tensor, *pending.tensors()) if _can_be_known(t._node)])
    structure = structure_of(roots)
    graph = as_graph(roots, structure)
    arrays = {f"a{i}": array for i, n in enumerate(structure.arrays) if (array := values.array_of(n)) is not None}
    return graph, arrays, [values.number_of(structure.numbers[i]) for i in scalars_of(graph)]


def _compute(demanded: list[Tensor], held: list[Tensor]) -> None:
    roots, together = _roots(demanded, held)
    if roots:
        _run(roots, together)


def _roots(demanded: list[Tensor], held: list[Tensor]) -> tuple[list[Node], range]:
    """The nodes to compute: those of the tensors, and what the backward passes of the demanded ones will read.

    With the places of those that are replaced together: of the demanded ones.
    """
    roots = dict.fromkeys(t._node for t in demanded if not values.is_known(t._node))
    together = range(len(roots))
    roots.update(dict.fromkeys(t._node for t in held if not values.is_known(t._node)))
    for tensor in demanded:
        roots.update(dict.fromkeys(n for n in autograd.saved_for_backward(tensor) if not values.is_known(n)))
    return list(roots), together


# ---- what has no value
class _UnknownError(Exception):
    """Something below what was demanded is a slot of a step that is being recorded."""


def _check_concrete(tensor: Tensor) -> None:
    if is_symbolic(tensor.shape):
        raise InputError(
            f"a value of shape {tensor.shape} exists only inside a training step, where N is the size of the "
            "batch; a model that is trained cannot read it as a number"
        )


def _check_known(tensor: Tensor) -> None:
    if not _can_be_known(tensor._node):
        if samples.current() is not None:
            raise InputError(
                f"a value of shape {tensor.shape} is asked for inside a mapped function, which runs once for all; "
                "choose with sklon.where, and ask for values outside"
            )
        raise InputError(
            f"a value of shape {tensor.shape} computed from parameters or from the batch exists only inside a "
            "training step; a model that is trained, or a function that sklon.jit has recorded, cannot read it as a "
            "number"
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
    node = tensor._node
    if node.op.kind == "slot":
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
    if length & (length - 1) or is_symbolic(tensor.shape):
        return
    if (not tensor.requires_grad or is_spent(tensor._node)) and _can_be_known(tensor._node):
        realise((tensor,))


# ---- one program
def _run(roots: list[Node], together: range) -> None:
    structure = structure_of(roots)
    addresses = [_address(n) for n in structure.arrays]
    numbers = [_number(n) for n in structure.numbers]
    results = program_of(roots, structure, together).run(addresses, numbers)
    for node, (array, address) in zip(roots, results, strict=True):
        values.bind(node, array, address)


def _address(node: Node) -> int:
    if not values.is_known(node):
        raise _UnknownError
    return values.address_of(node)


def _number(node: Node) -> float:
    if not values.is_number(node):
        raise _UnknownError
    return values.number_of(node)


from . import autograd, leaves  # noqa: E402  which need Tensor, and are needed only when running
