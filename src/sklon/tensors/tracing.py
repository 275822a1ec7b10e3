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
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import ref

from sklon import tensors
from sklon._base.dtypes import Dtype
from sklon._base.errors import InputError
from sklon._base.shapes import Shape
from sklon.graph.node import Node

from . import values

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


class Watched(Protocol):
    """What has settings that choose what it records."""

    def fingerprint(self) -> tuple[Any, ...]:
        """All of them: equal if and only if the same is recorded."""
        ...


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
    grad: Tensor | None
    grad_stand: Tensor | None  # what .grad is while recording, if there was one
    grad_slot: Node | None  # that it stands for
    grad_first: str = ""  # "read" or "set": what happened to .grad first, if something did

    def restore(self) -> None:
        """Make the tensor what it was."""
        tensor = self.tensor
        tensor._node, tensor._depth, tensor._written = self.node, self.depth, False
        tensor._requires_grad, tensor._hooks, tensor._grad = self.requires_grad, self.hooks, self.grad


@dataclass(slots=True, eq=False)
class Trace:
    """One recording; ``name`` is that of the function."""

    name: str
    held: dict[int, Held] = field(default_factory=dict)
    #: tensors made while recording that had an array when they were first read or written, with that node
    inner: dict[int, tuple[ref[Tensor], Node]] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    #: whether the recording still fits; asked before each call
    guards: list[Callable[[], bool]] = field(default_factory=list)
    #: what arrays must satisfy before each run, by the slot that stands for them
    checks: list[tuple[Node, Callable[[values.Array], None]]] = field(default_factory=list)
    watched: dict[int, Watched] = field(default_factory=dict)
    undoing: list[Callable[[], object]] = field(default_factory=list)
    made: dict[int, ref[Tensor]] = field(default_factory=dict)

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
            self.inner.setdefault(id(tensor), (ref(tensor), tensor._node))

    def touch_grad(self, tensor: Tensor, how: str) -> None:
        """Note that ``.grad`` of a tensor is ``"read"`` or ``"set"``."""
        if not self.is_made(tensor):
            held = self.hold(tensor)
            held.grad_first = held.grad_first or how

    def hold(self, tensor: Tensor) -> Held:
        """Let a tensor from outside stand for a slot."""
        held = self.held.get(id(tensor))
        if held is None:
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
        held = Held(tensor, stand, node, depth, tensor._requires_grad, hooks, grad, grad_stand, slot)
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
        while len(node.inputs) == 1 and node.op.name in _CARRIERS:
            (node,) = node.inputs
        if node.op.kind != "slot":
            return False
        array = values.array_of(node)
        if array is not None:
            test(array)
        self.checks.append((node, test))
        return True

    def restore(self) -> None:
        """Make every handle what it was."""
        for held in self.held.values():
            held.restore()

    def undo(self) -> None:
        """Take back what a recording that failed has left elsewhere."""
        for action in reversed(self.undoing):
            action()


#: ops whose results hold values of their input and no others
_CARRIERS = ("reshape", "expand", "slice", "flip", "copy", "stop_gradient")


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
        trace.actions.append(Action(partial(_done, partial(method, self, *args, **kwargs))))
        return None

    return act


def _done(effect: Callable[[], None]) -> tuple[()]:
    effect()
    return ()
