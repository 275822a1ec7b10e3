"""From a trace to a replay: what became of every handle, and where each value of the program comes from and goes.

What is held by somebody when a recording is over, and had an array when it was first read, is state: a parameter, a
buffer, a slot that an optimizer made in this very step. What nobody holds any more was a constant. Every other tensor
that was made while recording and is still held belongs to no value; asking for it is an error.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass
from typing import Any
from weakref import ref

from sklon._base.errors import InputError
from sklon.graph.node import Node

from . import values
from .programs import Structure, program_of, structure_of
from .replay import Feed, Gradient, Replay, Source, State
from .tensor import Tensor
from .tracing import Held, Trace, hook_numbers, settings
from .trees import flatten
from .watching import Variables


@dataclass(slots=True)
class _Results:
    """The nodes that a program has to compute, each once."""

    nodes: dict[Node, int] = field(default_factory=dict)

    def of(self, node: Node) -> int:
        """The number of the result for a node."""
        return self.nodes.setdefault(node, len(self.nodes))

    def if_changed(self, now: Node, before: Node) -> int | None:
        """The number of the result for a handle that stands for ``now``; None if it stands for what it did."""
        return None if now is before else self.of(now)


@dataclass(frozen=True, slots=True)
class _Ends:
    """How a recording ended: the numbers of results for handles, by what they were."""

    results: _Results
    states: list[tuple[Tensor, Node, Node, bool, int | None]]  # with the slot, the array's node, gradients wanted
    gradients: list[tuple[Held, int | None, bool, bool]]  # with in place, dropped
    written: list[tuple[int, int]]
    sources: list[Source]
    tested: list[tuple[int, Callable[[values.Array], None]]]


def replay_of(
    trace: Trace, arguments: Sequence[Tensor], slots: Sequence[Node], returned: list[Any], variables: Variables
) -> Replay:
    """The replay of what was recorded; every handle is what it was before.

    ``slots`` are those of the arguments; ``returned`` is emptied, so that nobody holds what was returned.
    """
    leaves, nesting = flatten(returned.pop())
    kinds = [type(leaf).__name__ for leaf in leaves if not isinstance(leaf, Tensor)]
    _check_returned(trace, leaves)
    for held in trace.held.values():
        held.check_hooks(trace.name)
    ends = _ends(trace, arguments, slots, leaves)
    del leaves
    inner = _inner(trace, ends)
    states = [*ends.states, *inner]
    trace.restore()
    changed = [name for watch in trace.watched.values() for name in watch.settle()] + variables.changed()
    variables.settle()
    _check_escaped(trace, arguments, changed, kinds)
    if any(id(tensor) not in trace.kept for tensor, *_ in inner):
        changed.append("what it keeps")
    roots = list(ends.results.nodes)
    replaced = {result for *_, result in states} | {result for _, result, *_ in ends.gradients}
    together = tuple(sorted(result for result in replaced if result is not None))
    structure = structure_of(roots)
    place = {node: i for i, node in enumerate(structure.arrays)}
    _check_known(trace, structure, {*slots, *(s[1] for s in states), *(h.grad_slot for h, *_ in ends.gradients)})
    made = {
        slot: State(t, slot, node, wants, place.get(slot), result, ref(t), hook_numbers(t._hooks))
        for t, slot, node, wants, result in states
    }
    feeds = _feeds(trace, structure, place)
    last = max((i for i, feed in enumerate(feeds, 1) if feed.numbers or feed.arrays), default=0)
    index = {node: i for i, node in enumerate(slots)}
    return Replay(
        program=program_of(roots, structure, together) if roots else None,
        addresses=[values.address_of(n) if values.is_known(n) else 0 for n in structure.arrays],
        numbers=[values.number_of(n) if values.is_number(n) else 0.0 for n in structure.numbers],
        constants=structure.arrays,
        arguments=[(place[node], i) for i, node in enumerate(slots) if node in place],
        written=ends.written,
        states=list(made.values()),
        gradients=[_gradient(place, *gradient) for gradient in ends.gradients],
        feeds=feeds[:last],
        after=feeds[last:],
        guards=trace.guards,
        checks=[(index[node], check) for node, check in trace.checks if node in index],
        state_checks=[(made[node], check) for node, check in trace.checks if node in made],
        tested=ends.tested,
        decisions=[(index.get(n), made.get(n), test, answer) for n, test, answer in trace.decisions],
        watched=list(trace.watched.values()),
        loose=[watch for watch in trace.watched.values() if watch.loose],
        variables=variables,
        own=frozenset(id(state.tensor) for state in made.values()),
        recorded=(roots, structure),
        changed=changed,
        seen=[settings.changes],
        sources=ends.sources,
        nesting=nesting,
    )


def _ends(trace: Trace, arguments: Sequence[Tensor], slots: Sequence[Node], leaves: Sequence[Any]) -> _Ends:
    results = _Results()
    states = [
        (h.tensor, h.stand, h.node, h.requires_grad, results.if_changed(h.tensor._node, h.stand))
        for h in trace.held.values()
    ]
    gradients = [(h, *_grad_ends(h, results)) for h in trace.held.values() if h.grad_first]
    places = {id(argument): i for i, argument in enumerate(arguments)}
    sources: list[Source] = []
    seen: dict[int, int] = {}
    for i, leaf in enumerate(leaves):
        if seen.setdefault(id(leaf), i) != i and isinstance(leaf, Tensor):
            sources.append(("again", seen[id(leaf)]))
        elif id(leaf) in places:
            sources.append(("argument", places[id(leaf)]))
        elif isinstance(leaf, Tensor) and id(leaf) not in trace.held:
            sources.append(("result", results.of(leaf._node)))
        else:
            sources.append(("same", leaf))
    for argument in arguments:
        if argument._grad is not None:
            raise InputError(
                f"{trace.name!r}, which sklon.jit records, gives an argument a .grad; use sklon.autograd.grad inside, "
                "and return the gradient"
            )
    pairs = [(i, results.if_changed(a._node, s)) for i, (a, s) in enumerate(zip(arguments, slots, strict=True))]
    tested = [(results.of(node), test) for node, test in trace.late_checks]
    return _Ends(results, states, gradients, [(i, r) for i, r in pairs if r is not None], sources, tested)


def _grad_ends(held: Held, results: _Results) -> tuple[int | None, bool, bool]:
    """The result that ``.grad`` gets, whether it gets it in place, and whether it ends as None."""
    grad = held.tensor._grad
    if grad is None:
        return None, False, True
    if grad is held.grad_stand and held.grad_slot is not None:
        return results.if_changed(grad._node, held.grad_slot), True, False
    return results.of(grad._node), False, False


def _inner(trace: Trace, ends: _Ends) -> list[tuple[Tensor, Node, Node, bool, int | None]]:
    """Tensors that were made while recording and are state from now on; they get their first arrays back."""
    if any((t := r()) is not None and t._node is not node for r, node in trace.inner.values()):
        gc.collect()  # what hangs in a cycle is held by nobody
    found = []
    for known, node in trace.inner.values():
        tensor = known()
        if tensor is not None and tensor._node not in ends.results.nodes:
            result = ends.results.if_changed(tensor._node, node)
            found.append((tensor, node, node, tensor._requires_grad, result))
            tensor._node, tensor._depth, tensor._written = node, 0, False
    return found


def _check_returned(trace: Trace, leaves: Sequence[Any]) -> None:
    """Refuse results whose tensors nobody finds, as a generator's."""
    for leaf in leaves:
        if isinstance(leaf, Iterator) or (is_dataclass(leaf) and not isinstance(leaf, type)):
            raise InputError(
                f"{trace.name!r}, which sklon.jit records, returns a {type(leaf).__name__}; return tensors in tuples, "
                "lists and dictionaries"
            )


def _check_escaped(trace: Trace, arguments: Sequence[Tensor], changed: list[str], kinds: list[str]) -> None:
    """Refuse tensors that were computed inside and are still held: no later call would give them values."""
    grads = [held.grad_stand for held in trace.held.values() if held.grad_stand is not None]
    known = {id(tensor) for tensor in (*arguments, *grads)}
    if _escaped(trace, known):
        gc.collect()  # what hangs in a cycle is held by nobody
    escaped = _escaped(trace, known)
    for tensor in escaped:
        tensor._requires_grad = False
        tensor._node = values.stand_in(tensor.shape, tensor.dtype)
    if escaped:
        where = f"; it changed {' and '.join(changed)}" if changed else ""
        where += f"; it returned a {kinds[0]}" if kinds and not changed else ""
        raise InputError(
            f"{trace.name!r}, which sklon.jit records, leaves a tensor of shape {escaped[0].shape} somewhere, and no "
            f"later call would give it a value{where}. Return it in tuples, lists or dictionaries, write it into a "
            "tensor from outside with copy_(), or make it a buffer of a module with register_buffer"
        )


def _escaped(trace: Trace, known: set[int]) -> list[Tensor]:
    alive = [tensor for made in trace.made.values() if (tensor := made()) is not None]
    return [t for t in alive if id(t) not in known and not values.is_known(t._node)]


def _check_known(trace: Trace, structure: Structure, slots: set[Node | None]) -> None:
    """Refuse values of a recording that is none of ours."""
    fed = {node for action in trace.actions for node in action.nodes}
    for node in (*structure.arrays, *structure.numbers):
        if not (values.is_known(node) or values.is_number(node) or node in slots or node in fed):
            raise InputError(
                f"{trace.name!r} reads a value of shape {node.shape} that belongs to another recording; compute it "
                "inside, or pass it as an argument"
            )


def _gradient(place: dict[Node, int], held: Held, result: int | None, in_place: bool, dropped: bool) -> Gradient:
    wanted = held.grad is not None if held.grad_first == "read" else None
    at = None if held.grad_slot is None else place.get(held.grad_slot)
    return Gradient(held.tensor, wanted, at, result, in_place, dropped)


def _feeds(trace: Trace, structure: Structure, place: dict[Node, int]) -> list[Feed]:
    number = {node: i for i, node in enumerate(structure.numbers)}
    return [
        Feed(
            action.again,
            tuple(number.get(n) for n in action.nodes),
            tuple(place.get(n) for n in action.nodes),
            tuple((i, test) for node, test in trace.checks for i, n in enumerate(action.nodes) if n is node),
        )
        for action in trace.actions
    ]
