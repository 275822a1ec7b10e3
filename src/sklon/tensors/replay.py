"""Running what a trace recorded: arrays in by address, the program, new arrays out to their handles.

The fields of a :class:`Replay` say where each pointer and number of the program comes from and where each result goes.
Whether it still fits is asked before anything is changed: then the function has to be recorded again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

from sklon.compiler.executable import address
from sklon.graph.node import Node

from . import realise, values
from .programs import Program, Structure
from .tensor import Tensor
from .tracing import check_enters, hook_numbers, settings
from .trees import Nesting, nested
from .watching import Variables, Watch

Result = tuple[values.Array, int]


@dataclass(slots=True, eq=False)
class State:
    """A tensor from outside: the program reads its values, and may write them."""

    tensor: Tensor
    slot: Node  # that it stands for
    node: Node  # that it had when it was last looked at, which has an array
    requires_grad: bool
    place: int | None  # among the arrays of the program, if it is read
    result: int | None  # among the results, if it is written
    own: ref[Tensor]
    hooked: tuple[tuple[int, ...], tuple[int, ...]]  # the numbers of its hooks

    def fits(self) -> bool:
        """Whether the tensor is one of the same type; its node is then known."""
        if self.tensor._node is self.node:
            return True
        tensor = self.tensor
        check_enters(tensor, "a function")
        realise.value(tensor)
        node, old = tensor._node, self.node
        same = node.shape == old.shape and node.dtype is old.dtype and tensor._requires_grad == self.requires_grad
        if same:
            self.node = node
        return same

    def write(self, result: Result) -> None:
        """Give the tensor a new array."""
        tensor, slot = self.tensor, self.slot
        node = self.node = Node(slot.op, (), slot.shape, slot.dtype)
        node.outside = values.Outside(result[0], address=result[1])
        tensor._node, tensor._depth, tensor._written = node, 0, False
        if self.requires_grad:
            node.outside.owner = self.own


@dataclass(frozen=True, slots=True)
class Gradient:
    """What happens to ``.grad`` of a tensor from outside."""

    tensor: Tensor
    wanted: bool | None  # whether there must be one; None if nobody looks
    place: int | None  # among the arrays, if it is read
    result: int | None  # among the results, if it is given values
    in_place: bool  # whether the same tensor gets them
    dropped: bool  # whether it ends as None

    def fits(self) -> bool:
        """Whether there is a gradient if and only if there was one."""
        return self.wanted is None or self.wanted is (self.tensor._grad is not None)

    def address(self) -> int:
        """Where the gradient begins."""
        held = self.tensor._grad
        assert held is not None
        realise.value(held)
        return values.address_of(held._node)

    def write(self, results: Sequence[Result]) -> None:
        """Leave the gradient as the function left it."""
        tensor = self.tensor
        if self.dropped:
            tensor._grad = None
        elif self.result is not None and self.in_place and tensor._grad is not None:
            tensor._grad._adopt(values.leaf(*results[self.result]))
        elif self.result is not None:
            tensor._grad = Tensor(values.leaf(*results[self.result]))


@dataclass(frozen=True, slots=True)
class Feed:
    """An action, and where its numbers and arrays go; None for those that the program does not need."""

    again: Callable[[], Sequence[Any]]
    numbers: tuple[int | None, ...] = ()
    arrays: tuple[int | None, ...] = ()
    checks: tuple[tuple[int, Callable[[values.Array], None]], ...] = ()  # of what the action gives


#: what is returned in one place: a result, an argument, what an earlier place has, or a thing that is always the same
Source = tuple[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A recorded function, ready to run."""

    program: Program | None  # None if nothing is computed
    addresses: list[int]  # constants are filled in
    numbers: list[float]
    constants: list[Node]  # that the addresses belong to
    arguments: list[tuple[int, int]]  # places among the arrays, and of the arguments
    written: list[tuple[int, int]]  # arguments that are written, and their results
    states: list[State]
    gradients: list[Gradient]
    feeds: list[Feed]
    after: list[Feed]  # what has effects only, and is done when all is written
    guards: list[Callable[[], bool]]
    checks: list[tuple[int, Callable[[values.Array], None]]]  # of arguments
    state_checks: list[tuple[State, Callable[[values.Array], None]]]
    tested: list[tuple[int, Callable[[values.Array], None]]]  # checks of results, before they are written
    #: what was asked of the values of an argument, or of a tensor from outside, and the answer
    decisions: list[tuple[int | None, State | None, Callable[[values.Array], bool], bool]]
    watched: list[Watch]
    loose: list[Watch]  # those with settings that change without notice
    variables: Variables
    own: frozenset[int]  # the identities of what it holds
    recorded: tuple[list[Node], Structure]  # what the program computes
    changed: list[str]  # what Python changed while recording, which makes this good for one call
    seen: list[int]  # the number of changes of settings when they were last compared
    sources: list[Source]
    nesting: Nesting

    def fits(self, given: Sequence[Tensor]) -> bool:
        """Whether everything is as it was when this was recorded, but for values."""
        if self.seen[0] != settings.changes:
            if not all([watch.fits() for watch in self.watched]):
                return False
            if any(hook_numbers(state.tensor._hooks) != state.hooked for state in self.states):
                return False
            self.seen[0] = settings.changes
        if not self.variables.fits() or not self.own.isdisjoint(map(id, given)):
            return False
        if self.loose and not all([watch.loose_fit() for watch in self.loose]):
            return False
        for state in self.states:
            if state.tensor._node is not state.node and not state.fits():
                return False
        fits = all([g.fits() for g in self.gradients]) and all([guard() for guard in self.guards])
        return fits and (not self.decisions or self._decides_alike(given))

    def _decides_alike(self, given: Sequence[Tensor]) -> bool:
        for argument, state, test, answer in self.decisions:
            node = given[argument]._node if argument is not None else state.node if state is not None else None
            array = None if node is None else values.array_of(node)
            if array is None or test(array) is not answer:
                return False
        return True

    def run(self, given: Sequence[Tensor]) -> Any:
        """Do it with these arguments."""
        self._check(given)
        addresses, numbers = self.addresses.copy(), self.numbers.copy()
        keep = [self._feed(feed, addresses, numbers) for feed in self.feeds]
        for place, argument in self.arguments:
            addresses[place] = values.address_of(given[argument]._node)
        for state in self.states:
            if state.place is not None:
                addresses[state.place] = values.address_of(state.node)
        for gradient in self.gradients:
            if gradient.place is not None:
                addresses[gradient.place] = gradient.address()
        results = [] if self.program is None else self.program.run(addresses, numbers)
        del keep
        for result, check in self.tested:
            check(results[result][0])
        self._write(given, results)
        for feed in self.after:
            feed.again()
        returned: list[Any] = []
        for kind, what in self.sources:
            if kind == "result":
                returned.append(Tensor(values.leaf(*results[what])))
            else:
                returned.append(given[what] if kind == "argument" else returned[what] if kind == "again" else what)
        return returned[0] if self.nesting is None else nested(returned, self.nesting)

    def _check(self, given: Sequence[Tensor]) -> None:
        for argument, check in self.checks:
            check(realise.value(given[argument]))
        for state, check in self.state_checks:
            check(realise.value(state.tensor))

    def _feed(self, feed: Feed, addresses: list[int], numbers: list[float]) -> Sequence[Any]:
        found = feed.again()
        for i, check in feed.checks:
            check(found[i])
        for at, value in zip(feed.numbers, found, strict=False):
            if at is not None:
                numbers[at] = value
        for at, array in zip(feed.arrays, found, strict=False):
            if at is not None:
                addresses[at] = address(array)
        return found

    def _write(self, given: Sequence[Tensor], results: Sequence[Result]) -> None:
        for state in self.states:
            if state.result is not None:
                state.write(results[state.result])
        for gradient in self.gradients:
            gradient.write(results)
        for argument, result in self.written:
            given[argument]._adopt(values.leaf(*results[result]))
