"""``sklon.jit``: a function that is recorded once for each structure of its arguments, and then run as one program.

A :class:`Jitted` finds the recording that fits its arguments, or makes one: it lets the function run on stand-ins
inside a trace (``tracing``) and turns what the trace found into a :class:`~.replay.Replay`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast
from warnings import warn

import numpy as np

from sklon._base.errors import InputError
from sklon._base.shapes import is_symbolic
from sklon._base.store import Store

from . import realise, values
from .building import replay_of
from .creation import tensor as as_tensor
from .history import watch
from .modes import generator, gradients_wanted, is_recording_for_a_transform
from .programs import turn
from .replay import Replay
from .tensor import Tensor
from .tracing import Trace, check_enters, current, hook_numbers, tracing
from .trees import Nesting, flatten, nested
from .watching import Variables, Watched

if TYPE_CHECKING:
    from sklon.compiler.view.subject import Subject

P = ParamSpec("P")
R = TypeVar("R")
#: structures of arguments that a function remembers, and recordings for each, as for training and evaluation
STRUCTURES, RECORDINGS = 64, 8


@dataclass(slots=True)
class _Known:
    """The recordings for one structure of arguments, and what Python changed while the last one was made."""

    replays: list[Replay] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)


class Jitted(Generic[P, R]):
    """What :func:`jit` makes of a function. ``recordings`` counts how often the function was recorded."""

    def __init__(self, function: Callable[P, R]) -> None:
        if not callable(function):
            raise TypeError(f"sklon.jit takes a function, not a {type(function).__name__}")
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__name__: str = getattr(function, "__name__", type(function).__name__)
        self.recordings = 0
        self._last: Replay | None = None
        self._known: Store[tuple[Any, ...], _Known] = Store(STRUCTURES)

    def __repr__(self) -> str:
        return f"<sklon.jit of {self.__name__}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: ``self`` is an argument like others."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function as one program; the first time for this structure, record it."""
        leaves, nesting, kinds, given = _looked_at(args, kwargs)
        if current() is not None or is_recording_for_a_transform() or any(is_symbolic(one.shape) for one in given):
            return self.__wrapped__(*args, **kwargs)  # a part of another recording
        with turn:
            for one in given:
                check_enters(one, self.__name__)
                if one._hooks is not None:
                    _check_no_hooks(one, self.__name__)
                realise.value(one)
            return cast(R, self._replay(self._replays(tuple(kinds)), leaves, nesting, given).run(given))

    def _replay(self, known: _Known, leaves: list[Any], nesting: Nesting, given: list[Tensor]) -> Replay:
        """The recording that fits, moved to the front; or a new one, which is kept unless Python changed something."""
        replays = known.replays
        for i, replay in enumerate(replays):
            if replay.fits(given):
                if i:
                    replays.insert(0, replays.pop(i))
                return replay
        made, _ = self._record(leaves, nesting, given)
        again = known.changed.intersection(made.changed)
        known.changed = set(made.changed)
        if again:
            warn(
                f"{self.__name__!r} is recorded anew at each call, which is slow, because each time it changes "
                f"{' and '.join(sorted(again))}; pass what changes as a tensor, keep it in a buffer of a module "
                "(register_buffer), or change it outside",
                stacklevel=4,
            )
        if not made.changed:
            replays.insert(0, made)
            del replays[RECORDINGS:]
        return made

    def _record(self, leaves: list[Any], nesting: Nesting, given: list[Tensor]) -> tuple[Replay, Trace]:
        """Let the function run on stand-ins for its arguments."""
        self.recordings += 1
        trace = Trace(self.__name__, outside=generator(), given={id(one): one for one in given})
        variables = Variables(self.__wrapped__)
        with tracing(trace):
            try:
                for thing in (self.__wrapped__, *leaves, *variables.values):
                    if isinstance(thing, Watched):
                        trace.watch(thing)
                by_id = {id(one): _stand_in(one) for one in given}
                stands = [by_id[id(one)] for one in given]
                slots = [stand._node for stand in stands]
                trace.stands = list(zip(slots, given, strict=True))
                following = iter(stands)
                mixed = [next(following) if isinstance(a, Tensor | np.ndarray) else a for a in leaves]
                args, kwargs = nested(mixed, nesting)
                replay = replay_of(trace, stands, slots, [self.__wrapped__(*args, **kwargs)], variables)
            except BaseException:
                trace.restore()
                trace.undo()
                raise
        self._last = replay
        return replay, trace

    def program_subject(self, data: Any = None) -> Subject:
        """What ``show_program`` looks at: the program for these arguments, a tuple or one, or that recorded last.

        It is recorded if need be; nothing is computed, and nothing is left behind.
        """
        from .subject import subject_of_replay  # which loads the compiler's views

        if data is None:
            if self._last is None:
                raise InputError(
                    f"what {self.__name__!r} computes follows from its arguments; call it first, or pass them, as in "
                    "show_program(step, (x, y))"
                )
            return subject_of_replay(self._last, (), self.__name__)
        leaves, nesting, kinds, given = _looked_at(data if isinstance(data, tuple) else (data,), {})
        with turn:
            for one in given:
                check_enters(one, self.__name__)
                realise.value(one)
            found = next((r for r in self._replays(tuple(kinds)).replays if r.fits(given)), None)
            if found is None:
                count, last = self.recordings, self._last
                found, trace = self._record(leaves, nesting, given)
                trace.undo()
                self.recordings, self._last = count, last
            return subject_of_replay(found, given, self.__name__)

    def _replays(self, key: tuple[Any, ...]) -> _Known:
        try:
            found = self._known.get(key)
        except TypeError as error:
            raise InputError(
                f"{self.__name__!r} takes tensors, arrays, and what can be hashed, in tuples, lists and dictionaries; "
                f"one argument can be none of them: {error}"
            ) from error
        if found is None:
            found = _Known()
            self._known.put(key, found)
        return found


def _looked_at(args: Any, kwargs: Any) -> tuple[list[Any], Nesting, list[Any], list[Tensor]]:
    """Arguments as leaves with their nesting; all that makes a recording another one; and the tensors among them."""
    leaves, nesting = flatten((args, kwargs))
    kinds: list[Any] = [nesting, gradients_wanted()]
    given: list[Tensor] = []
    for leaf in leaves:
        if isinstance(leaf, Tensor | np.ndarray):
            one = leaf if isinstance(leaf, Tensor) else as_tensor(leaf)
            kinds += (one._node.shape, one._node.dtype, one._requires_grad)
            given.append(one)
        else:
            kinds += (type(leaf), leaf.hex() if isinstance(leaf, float) else leaf)
    if len(given) > 1:
        first = {id(one): i for i, one in enumerate(reversed(given))}
        if len(first) < len(given):  # one tensor in several places
            kinds += [first[id(one)] for one in given]
    return leaves, nesting, kinds, given


def _check_no_hooks(tensor: Tensor, name: str) -> None:
    """Refuse an argument whose hooks a recording would not run."""
    if hook_numbers(tensor._hooks) != ((), ()):
        raise InputError(
            f"an argument of {name!r}, which sklon.jit records, has hooks, and a recording runs none of arguments; "
            "register them inside, or let the function read the tensor from outside"
        )


def _stand_in(tensor: Tensor) -> Tensor:
    """A tensor of the same type whose value nobody knows."""
    stand = Tensor(values.stand_in(tensor.shape, tensor.dtype), requires_grad=tensor.requires_grad)
    if stand._requires_grad:
        watch(stand)
    return stand


def jit(function: Callable[P, R]) -> Jitted[P, R]:
    """A function that is recorded once for each structure of its arguments, and then runs as one compiled program.

    ``function`` is made of tensors, modules and optimizers: an inference, or a whole training step with ``backward()``
    and ``optimizer.step()``. What it reads besides its arguments (parameters, buffers, gradients, the optimizer's
    slots) is found while recording; later calls read the values that these have then, write the new ones back, and
    give the bits that the function itself gives. Learning rates and step numbers, schedulers, and the random words of
    dropout and of ``rand`` go on from call to call. Decorate a function, or a method; ``jit(model)`` works too.

    It is recorded anew where something else than values differs: shapes and types of arguments, Python arguments
    (which are compared, so they must be hashable), a setting of a module as by ``model.eval()``, whether a parameter
    requires gradients or has some, the formula of an optimizer. ``recordings`` counts how often.

    While it is recorded nothing is computed: an ``if`` on a tensor's value, ``item()`` or ``print`` of numbers is an
    InputError that says so. Python itself runs while recording only. Variables that the function reads and settings of
    modules are compared before each call; where it changes them itself the recording is used once, and a warning says
    that this is slow. A tensor that it leaves behind other than in its result, in ``.grad`` or in a buffer is an
    InputError. What it returns or writes has no history: differentiate inside. Gradients that are left behind in
    ``.grad`` are computed as results; end a step with ``optimizer.zero_grad()`` if nobody reads them. Threads take
    turns; while one records, no other may use the same modules.

    >>> import sklon
    >>> from sklon import nn, optim
    >>> _ = sklon.manual_seed(0)
    >>> model = nn.Linear(3, 1)
    >>> optimizer = optim.Adam(model.parameters(), lr=0.1)
    >>> @sklon.jit
    ... def step(x, y):
    ...     loss = nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     optimizer.zero_grad()
    ...     return loss
    >>> x = sklon.randn(64, 3)
    >>> losses = [step(x, x.sum(1, keepdim=True)).item() for _ in range(100)]
    >>> losses[-1] < 1e-2 * losses[0], step.recordings
    (True, 1)
    """
    return Jitted(function)
