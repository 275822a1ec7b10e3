"""What recording looks at besides its arguments: whether gradients are wanted, and where random words come from.

Both are context variables, so threads and tasks do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

from sklon._base.dtypes import uint32
from sklon._base.philox import split_seed
from sklon.graph.build import Build
from sklon.graph.node import Node

from . import tracing, values
from .samples import note_stream

P = ParamSpec("P")
R = TypeVar("R")
_gradients: ContextVar[bool] = ContextVar("gradients", default=True)
_transforming: ContextVar[bool] = ContextVar("transforming", default=False)


def gradients_wanted() -> bool:
    """Whether results of operations on tensors that require gradients require them too."""
    return _gradients.get()


class GradientMode:
    """Records with or without gradients inside a ``with``, or inside a function that it decorates."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_gradients.get())
        _gradients.set(self._wanted)

    def __exit__(self, *_: object) -> None:
        _gradients.set(self._before.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        wanted = self._wanted
        if isgeneratorfunction(function):
            return cast(Callable[P, R], _each_step(wanted, function))

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with GradientMode(wanted):
                return function(*args, **kwargs)

        return run


def _each_step(wanted: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    """A generator function whose mode holds while it runs, and not while its caller does."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        steps, sent = function(*args, **kwargs), None
        while True:
            with GradientMode(wanted):
                try:
                    result = steps.send(sent)
                except StopIteration as end:
                    return end.value
            sent = yield result

    return run


class set_grad_enabled(GradientMode):  # noqa: N801  PyTorch's name
    """Record with or without gradients from here on; as a context manager or decorator, inside only.

    >>> import sklon
    >>> with sklon.set_grad_enabled(False):
    ...     sklon.is_grad_enabled()
    False
    >>> sklon.is_grad_enabled()
    True
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._outside = _gradients.get()
        _gradients.set(self._wanted)

    def __enter__(self) -> None:
        _gradients.set(self._wanted)

    def __exit__(self, *_: object) -> None:
        _gradients.set(self._outside)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        _gradients.set(self._outside)
        return super().__call__(function)


@overload
def no_grad() -> GradientMode: ...
@overload
def no_grad(function: Callable[P, R]) -> Callable[P, R]: ...
def no_grad(function: Any = None) -> Any:
    """Record without gradients: results inside do not require them. A context manager and a decorator.

    >>> import sklon
    >>> x = sklon.tensor([1.0], requires_grad=True)
    >>> with sklon.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    mode = GradientMode(False)
    return mode if function is None else mode(function)


@contextmanager
def recording_for_a_transform() -> Iterator[None]:
    """Inside, a function runs so that its graph can be differentiated or mapped: what is jitted is a part of it."""
    token = _transforming.set(True)
    try:
        yield
    finally:
        _transforming.reset(token)


def is_recording_for_a_transform() -> bool:
    """Whether a transform records the function that runs."""
    return _transforming.get()


@overload
def enable_grad() -> GradientMode: ...
@overload
def enable_grad(function: Callable[P, R]) -> Callable[P, R]: ...
def enable_grad(function: Any = None) -> Any:
    """Record with gradients inside, also within ``no_grad``. A context manager and a decorator."""
    mode = GradientMode(True)
    return mode if function is None else mode(function)


#: streams that a layer asks for by number begin here; below lie those that are numbered in the order of recording
OWN_STREAMS = 1 << 30
#: how many numbers there are to ask for; each further call within a step lies so far above the one before
STREAM_NUMBERS = 1 << 16


class RandomSource(Protocol):
    """Gives each random operation its words: step, stream, and the two words of the seed."""

    def words(self) -> tuple[Node, Node, Node, Node]:
        """Four uint32 scalars for the next operation."""
        ...

    def first_row(self) -> Node | None:
        """The position of the first row within its batch, a uint32 scalar; None where it is 0."""
        ...


@dataclass(slots=True)
class Generator:
    """The eager source: every operation is a step of its own, counted from the seed.

    A stream that is asked for by its number counts its own operations, besides.
    """

    seed: int = 0
    count: int = 0
    own: dict[int, int] = field(default_factory=dict)  # operations so far in each stream that is asked for

    def words(self, stream: int | None = None) -> tuple[Node, Node, Node, Node]:
        trace = tracing.current()
        if trace is not None:
            nodes = trace.numbers((uint32,) * 4, at_each_call(trace, lambda: generator().next(stream)))
        else:
            nodes = tuple(values.number(w, uint32) for w in self.next(stream))
        step, word, low, high = nodes
        return step, word, low, high

    def next(self, stream: int | None = None) -> tuple[int, int, int, int]:
        """The words of the next operation: its step, its stream, and the seed."""
        step, word = self.draw(), 0
        if stream is not None:
            step, word = self.own.get(stream, 0), OWN_STREAMS + stream
            self.own[stream] = step + 1
        return step, word, *split_seed(self.seed)

    def start(self, seed: int) -> None:
        """Begin again from a seed."""
        self.seed, self.count = seed, 0
        self.own.clear()

    def first_row(self) -> Node | None:
        return None

    def draw(self) -> int:
        """The number of the next random operation."""
        self.count += 1
        return self.count - 1


@dataclass(slots=True)
class _Recording:
    """A source while it is in force, and how often each stream was asked for by number."""

    source: RandomSource
    calls: dict[int, int] = field(default_factory=dict)

    def words(self, stream: int | None) -> tuple[Node, Node, Node, Node]:
        step, numbered, low, high = self.source.words()
        if stream is None:
            return step, numbered, low, high
        call = self.calls.get(stream, 0)
        self.calls[stream] = call + 1
        own = OWN_STREAMS + call * STREAM_NUMBERS + stream
        return step, Build().constant(value=float(own), dtype=uint32), low, high


_default = Generator()
_generator: ContextVar[Generator] = ContextVar("generator", default=_default)
_source: ContextVar[_Recording | None] = ContextVar("random_source", default=None)


def manual_seed(seed: int) -> None:
    """Start the random numbers of this process again from ``seed``, an integer of up to 64 bits."""
    trace = tracing.current()
    start = int(seed) & 0xFFFFFFFFFFFFFFFF
    if trace is None:
        generator().start(start)
    else:
        trace.effect(at_each_call(trace, lambda: generator().start(start)))


def at_each_call(trace: tracing.Trace, draw: Callable[[], R]) -> Callable[[], R]:
    """``draw`` with the generator in force then, or with the one that the recorded function itself put in force."""
    inside = generator()
    if inside is trace.outside:
        return draw

    def drawn() -> R:
        token = _generator.set(inside)
        try:
            return draw()
        finally:
            _generator.reset(token)

    return drawn


def generator() -> Generator:
    """The generator in force: the process-wide one, or that of :class:`seeded`."""
    return _generator.get()


class seeded:  # noqa: N801  reads like a word in ``with seeded(0):``
    """Random numbers that start from ``seed`` inside, and leave those outside as they were.

    The same object goes on where it was left when it is entered again.

    >>> import sklon
    >>> with seeded(7):
    ...     first = sklon.rand(2).tolist()
    >>> with seeded(7):
    ...     first == sklon.rand(2).tolist()
    True
    """

    def __init__(self, seed: int) -> None:
        start = int(seed) & 0xFFFFFFFFFFFFFFFF
        own = self._own = Generator(start)
        trace = tracing.current()
        if trace is not None:  # made anew at each call
            trace.effect(lambda: own.start(start))
        self._tokens: list[Token[Generator]] = []

    def __enter__(self) -> None:
        self._tokens.append(_generator.set(self._own))

    def __exit__(self, *_: object) -> None:
        _generator.reset(self._tokens.pop())


def random_words(stream: int | None = None) -> tuple[Node, Node, Node, Node]:
    """The words of the next random operation, from the source in force; ``stream`` asks for one by its number.

    What a stream that is asked for gives depends on the seed, the step, and how often this stream was asked before,
    not on other random operations; and asking changes nothing for those.
    """
    words = (_source.get() or generator()).words(stream)
    note_stream(words[1])
    return words


def first_row() -> Node | None:
    """The position of the first row within its batch, from the source in force."""
    recording = _source.get()
    return None if recording is None else recording.source.first_row()


@contextmanager
def random_source(source: RandomSource) -> Iterator[None]:
    """Take random words from ``source`` inside."""
    token = _source.set(_Recording(source))
    try:
        yield
    finally:
        _source.reset(token)
