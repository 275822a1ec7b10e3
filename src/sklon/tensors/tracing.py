"""The trace of a function that ``sklon.jit`` records: what it reads and writes besides its arguments.

While a trace is in force, each tensor from outside stands for a slot: it gets one when it is first read or written, so
nobody has to say which parameters, buffers and slots of optimizers a step uses. Numbers that differ from call to call
(learning rates, step numbers, random words) are actions, done anew before each run. Nothing is computed, no counter
moves; afterwards, and after an error, every handle is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakSet, ref

from sklon import tensors
from sklon._base.dtypes import Dtype
from sklon._base.errors import InputError
from sklon._base.shapes import Shape
from sklon.graph.node import Node

from . import values
from .watching import Watch, frozen

if TYPE_CHECKING:
    from .hooks import Hooks
    from .tensor import Tensor

P = ParamSpec("P")
Owner = TypeVar("Owner")
_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """The trace in force."""
    return _trace.get()


@contextmanager
def tracing(trace: Trace | None) -> Iterator[None]:
    """Record into ``trace`` inside; None suspends the one in force."""
    token = _trace.set(trace)
    try:
        yield
    finally:
        _trace.reset(token)


# ---- settings of modules
@dataclass(slots=True)
class Settings:
    """How often a setting of any module was changed: as long as it stays, none has to be looked at."""

    changes: int = 0


settings = Settings()


def hook_numbers(hooks: Hooks | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which hooks a tensor has: each has a number of its own."""
    return ((), ()) if hooks is None else (tuple(hooks.on_gradient), tuple(hooks.on_accumulated))


# ---- what a trace finds
@dataclass(frozen=True, slots=True)
class Action:
    """What each call does anew before the program runs; ``nodes`` take the numbers or arrays that it returns."""

    again: Callable[[], Sequence[Any]]
    nodes: tuple[Node, ...] = ()


@dataclass(slots=True, eq=False)
class Held:
    """A tensor from outside, the slot that it stands for, and what it was before."""

    tensor: Tensor
    stand: Node
    node: Node
    depth: int
    requires_grad: bool
    hooks: Hooks | None
    hooked: tuple[tuple[int, ...], tuple[int, ...]]  # the numbers of its hooks
    grad: Tensor | None
    grad_stand: Tensor | None  # what .grad is while recording, if there was one
    grad_slot: Node | None  # that it stands for
    grad_first: str = ""  # "read" or "set": what happened to .grad first, if something did

    def restore(self) -> None:
        """Make the tensor what it was."""
        tensor = self.tensor
        tensor._node, tensor._depth, tensor._written = self.node, self.depth, False
        tensor._requires_grad, tensor._hooks, tensor._grad = self.requires_grad, self.hooks, self.grad
        for number in set(self._new_hooks()):
            if self.hooks is not None:
                self.hooks.on_gradient.pop(number, None)
                self.hooks.on_accumulated.pop(number, None)

    def check_hooks(self, name: str) -> None:
        """Refuse hooks that are left on the tensor, or taken from it."""
        if hook_numbers(self.tensor._hooks) != self.hooked:
            raise InputError(
                f"{name!r}, which sklon.jit records, registers or removes a hook of a tensor of shape "
                f"{self.tensor.shape} from outside; do so outside, or remove it inside"
            )

    def _new_hooks(self) -> list[int]:
        before = {number for table in self.hooked for number in table}
        return [number for table in hook_numbers(self.hooks) for number in table if number not in before]


@dataclass(slots=True, eq=False)
class Trace:
    """One recording; ``name`` is that of the function."""

    name: str
    held: dict[int, Held] = field(default_factory=dict)
    #: what the generator of random words was outside
    outside: object = None
    #: arguments, by identity
    given: dict[int, Tensor] = field(default_factory=dict)
    #: tensors made while recording that had an array when they were first read or written, with that node
    inner: dict[int, tuple[ref[Tensor], Node]] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    #: whether the recording still fits; asked before each call
    guards: list[Callable[[], bool]] = field(default_factory=list)
    #: what arrays must satisfy before each run, by the slot that stands for them
    checks: list[tuple[Node, Callable[[values.Array], None]]] = field(default_factory=list)
    #: the slots that stand for arguments, and what was asked of values, with the answers
    stands: list[tuple[Node, Tensor]] = field(default_factory=list)
    decisions: list[tuple[Node, Callable[[values.Array], bool], bool]] = field(default_factory=list)
    late_checks: list[tuple[Node, Callable[[values.Array], None]]] = field(default_factory=list)
    watched: dict[int, Watch] = field(default_factory=dict)
    #: what was made inside: modules, tensors, and of these the slots of optimizers, which stay
    born: WeakSet[Any] = field(default_factory=WeakSet)
    made: dict[int, ref[Tensor]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    #: numbers outside of tensors that were written inside, by owner and name, and whether a scheduler was stepped
    written: set[tuple[int, str]] = field(default_factory=set)
    acted: bool = False
    #: what takes back changes that each call makes anew, and what an error takes back besides
    restoring: list[Callable[[], object]] = field(default_factory=list)
    undoing: list[Callable[[], object]] = field(default_factory=list)

    # ---- tensors
    def make(self, tensor: Tensor) -> None:
        """Note a tensor that is made while recording."""
        self.made[id(tensor)] = ref(tensor)

    def is_made(self, tensor: Tensor) -> bool:
        """Whether a tensor was made while recording."""
        known = self.made.get(id(tensor))
        return known is not None and known() is tensor

    def touch(self, tensor: Tensor) -> None:
        """Note that a tensor is read, or will be written."""
        if not self.is_made(tensor):
            self.hold(tensor)
        elif hasattr(tensor, "_node") and values.is_known(tensor._node):
            known = self.inner.get(id(tensor))
            if known is None or known[0]() is not tensor:  # one that is gone may have had the same address
                self.inner[id(tensor)] = ref(tensor), tensor._node

    def touch_grad(self, tensor: Tensor, how: str) -> None:
        """Note that ``.grad`` of a tensor is ``"read"`` or ``"set"``."""
        if not self.is_made(tensor):
            held = self.hold(tensor)
            held.grad_first = held.grad_first or how

    def hold(self, tensor: Tensor) -> Held:
        """Let a tensor from outside stand for a slot."""
        held = self.held.get(id(tensor))
        if held is None:
            if self.given.get(id(tensor)) is tensor:
                raise InputError(
                    f"an argument of {self.name!r}, of shape {tensor.shape}, is also read or written from elsewhere "
                    "inside, so a recording takes it for two tensors; pass it, or leave it to the function, not both"
                )
            with tracing(None):
                check_enters(tensor, self.name)
                tensors.realise.value(tensor)
            with tracing(self):
                held = self.held[id(tensor)] = self._held(tensor)
        return held

    def _held(self, tensor: Tensor) -> Held:
        stand = values.stand_in(tensor.shape, tensor.dtype)
        grad = tensor._grad
        grad_stand = None if grad is None else type(grad)(values.stand_in(grad.shape, grad.dtype))
        node, depth, hooks = tensor._node, tensor._depth, tensor._hooks
        slot = None if grad_stand is None else grad_stand._node
        numbers = hook_numbers(hooks)
        held = Held(tensor, stand, node, depth, tensor._requires_grad, hooks, numbers, grad, grad_stand, slot)
        tensor._node, tensor._depth, tensor._written, tensor._grad = stand, 0, False, grad_stand
        if tensor._requires_grad:
            values.note(stand).owner = ref(tensor)
        return held

    def refuse(self, tensor: Tensor) -> InputError:
        """The error for a value that is asked for while recording."""
        return InputError(
            f"a value of shape {tensor.shape} is asked for while {self.name!r} is recorded by sklon.jit, and then "
            "nothing is computed; return the tensor and ask for its value outside"
        )

    # ---- what Python keeps
    def watch(self, thing: Any) -> None:
        """Note the settings of a module and of its parts, before anything inside changes them."""
        if id(thing) not in self.watched and thing not in self.born:
            for part in thing.modules():
                if id(part) not in self.watched and part not in self.born:
                    self.watched[id(part)] = Watch(part)

    def reads(self, owner: object, name: str, read: Callable[[], Any]) -> None:
        """Note a number outside of tensors that Python reads: the recording holds as long as it stays."""
        if (id(owner), name) in self.written:
            return
        if self.acted:
            raise InputError(
                f"{name!r} is read inside {self.name!r} after the step of a scheduler, which sklon.jit takes when the "
                "function is run, not when it is recorded; read it before that step, or outside"
            )
        before = frozen(read())
        self.guards.append(lambda: frozen(read()) == before)

    def writes(self, owner: object, name: str, write: Callable[[], object], undo: Callable[[], object]) -> None:
        """Write a number outside of tensors, and do so at each call."""
        self.written.add((id(owner), name))
        self.restoring.append(undo)
        write()
        self.effect(write)

    def effect(self, act: Callable[[], object]) -> None:
        """Do something at each call that gives no numbers."""
        self.actions.append(Action(partial(_done, act)))

    # ---- what differs from call to call
    def numbers(self, dtypes: Sequence[Dtype], again: Callable[[], Sequence[float]]) -> tuple[Node, ...]:
        """Numbers that ``again`` gives anew at each call."""
        nodes = tuple(values.unknown_number(dtype) for dtype in dtypes)
        self.actions.append(Action(again, nodes))
        return nodes

    def array(self, shape: Shape, dtype: Dtype, again: Callable[[], values.Array]) -> Node:
        """An array that ``again`` gives anew at each call."""
        node = values.stand_in(shape, dtype)
        self.actions.append(Action(lambda: (again(),), (node,)))
        return node

    def check(self, node: Node, test: Callable[[values.Array], None]) -> bool:
        """Test the values of ``node`` before each run; False if they are computed inside, which cannot be done."""
        node = _carried(node)
        if node.op.kind != "slot":
            return False
        array = values.array_of(node)
        if array is not None:
            test(array)
        self.checks.append((node, test))
        return True

    def check_result(self, node: Node, test: Callable[[values.Array], None]) -> None:
        """Test the values of ``node`` at each call before anything is written, even if they are computed inside.

        What reads them has to stand any values: it runs before the test.
        """
        if not self.check(node, test):
            self.late_checks.append((node, test))

    def decide(self, node: Node, test: Callable[[values.Array], bool]) -> bool | None:
        """Whether the values of ``node`` pass a test: the recording holds for calls that give the same answer.

        None if they are computed inside.
        """
        node = _carried(node)
        outside = [held.node for held in self.held.values() if held.stand is node]
        outside += [given._node for stand, given in self.stands if stand is node]
        array = values.array_of(outside[0] if outside else node)
        if array is None:
            return None
        answer = test(array)
        if outside:
            self.decisions.append((node, test, answer))
        return answer

    def restore(self) -> None:
        """Make every handle what it was, and all numbers that each call writes."""
        for held in self.held.values():
            held.restore()
        while self.restoring:
            self.restoring.pop()()

    def undo(self) -> None:
        """Take back what a recording that failed has left elsewhere."""
        for watch in self.watched.values():
            watch.restore()
        for action in reversed(self.undoing):
            action()


#: ops whose results hold the values of their input, all of them and no others
_CARRIERS = ("reshape", "expand", "flip", "copy", "stop_gradient")


def _carried(node: Node) -> Node:
    while len(node.inputs) == 1 and node.op.name in _CARRIERS:
        (node,) = node.inputs
    return node


def check_enters(tensor: Tensor, name: str) -> None:
    """Refuse a tensor whose history would end at a recording."""
    if tensor._requires_grad and not tensor.is_leaf:
        raise InputError(
            f"a tensor with a history enters {name!r}, which sklon.jit records, and no gradient flows back through "
            "there; compute it inside, or detach() it"
        )


def moved_while_tracing(old: Tensor | None, new: Any) -> bool:
    """Inside a jitted function a buffer that is assigned another value takes it in place: whether it did."""
    if current() is None or old is None or new is old or not isinstance(new, tensors.Tensor):
        return False
    if new.shape != old.shape or new.dtype is not old.dtype:
        raise InputError(
            f"a buffer of shape {old.shape} and type {old.dtype!r} becomes one of shape {new.shape} and type "
            f"{new.dtype!r} inside a jitted function; keep both the same, or assign it outside"
        )
    old._adopt(new.node, new._depth)
    return True


def repeated(method: Callable[Concatenate[Owner, P], None]) -> Callable[Concatenate[Owner, P], None]:
    """A method that changes numbers outside of tensors: inside a jitted function it is done at each call."""

    @wraps(method)
    def act(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> None:
        trace = current()
        if trace is None:
            return method(self, *args, **kwargs)
        trace.acted = True
        trace.effect(partial(method, self, *args, **kwargs))
        return None

    return act


def _done(effect: Callable[[], object]) -> tuple[()]:
    effect()
    return ()
