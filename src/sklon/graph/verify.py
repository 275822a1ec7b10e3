"""The rules that every graph obeys. A violation is our bug, never the user's."""

from __future__ import annotations

from sklon._base.errors import InputError, VerificationError
from sklon._base.shapes import N, Symbol, T

from .node import SPACES, Graph, Node, Slot


def verify(graph: Graph) -> None:
    """Raise VerificationError unless the graph is well-formed.

    Types are those that the ops infer; only leading axes are symbolic; only data has the length T, and only
    gathers read it; a slot is updated at most once and with its own type.
    """
    for node in graph.nodes:
        _check_type(node)
        _check_symbols(node)
    updated: set[Node] = set()
    for target, value in graph.updates:
        if not isinstance(target.op, Slot) or target.op.space != "state":
            raise VerificationError(f"{target!r} is updated, but it is no state")
        if target in updated:
            raise VerificationError(f"slot {target.op.label!r} is updated twice")
        if value.type != target.type:
            raise VerificationError(f"slot {target.op.label!r} is {target.type}, its update {value.type}")
        updated.add(target)


def _check_type(node: Node) -> None:
    if isinstance(node.op, Slot) and node.op.space not in SPACES:
        raise VerificationError(f"slot {node.op.label!r} lies in an unknown space {node.op.space!r}")
    try:
        inferred = node.op.infer(*(i.type for i in node.inputs))
    except InputError as error:
        raise VerificationError(f"{node!r} does not accept its inputs: {error}") from error
    if inferred != node.type:
        raise VerificationError(f"{node!r} should have the type {inferred}")


def _check_symbols(node: Node) -> None:
    if any(isinstance(e, Symbol) for e in node.shape[1:]):
        raise VerificationError(f"{node!r} has a symbolic axis that is not the leading one")
    if node.shape[:1] == (T,) and not (isinstance(node.op, Slot) and node.op.space == "data"):
        raise VerificationError(f"{node!r} has the length of a data table, but is no data slot")
    for position, source in enumerate(node.inputs):
        if source.shape[:1] == (T,) and not (node.op.name == "gather" and position == 0):
            raise VerificationError(f"{node!r} reads a data table other than by a gather")
    if isinstance(node.op, Slot) and node.op.space == "index" and node.shape[:1] != (N,):
        raise VerificationError(f"row indices must have the shape [N, …], not {node.type}")
