"""What recording looks at besides its arguments: whether gradients are wanted, and where random words come from.

Both are context variables, so threads and tasks do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from sklon._base.dtypes import uint32
from sklon._base.philox import split_seed
from sklon.graph.node import Node

from . import values

_gradients: ContextVar[bool] = ContextVar("gradients", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record without gradients: results inside do not require them.

    >>> import sklon
    >>> x = sklon.tensor([1.0], requires_grad=True)
    >>> with sklon.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    token = _gradients.set(False)
    try:
        yield
    finally:
        _gradients.reset(token)


def gradients_wanted() -> bool:
    """Whether results of operations on tensors that require gradients require them too."""
    return _gradients.get()


class RandomSource(Protocol):
    """Gives each random operation its words: step, stream, and the two words of the seed."""

    def words(self) -> tuple[Node, Node, Node, Node]:
        """Four uint32 scalars for the next operation."""
        ...


@dataclass(slots=True)
class Generator:
    """The eager source: every operation is a step of its own, counted from the seed."""

    seed: int = 0
    count: int = 0

    def words(self) -> tuple[Node, Node, Node, Node]:
        step = self.draw()
        low, high = split_seed(self.seed)
        step_word, stream, first, second = (values.number(w, uint32) for w in (step, 0, low, high))
        return step_word, stream, first, second

    def draw(self) -> int:
        """The number of the next random operation."""
        self.count += 1
        return self.count - 1


_default = Generator()
_source: ContextVar[RandomSource] = ContextVar("random_source", default=_default)


def manual_seed(seed: int) -> None:
    """Start the random numbers of this process again from ``seed``, an integer of up to 64 bits."""
    _default.seed, _default.count = int(seed) & 0xFFFFFFFFFFFFFFFF, 0


def generator() -> Generator:
    """The process-wide generator."""
    return _default


def random_words() -> tuple[Node, Node, Node, Node]:
    """The words of the next random operation, from the source in force."""
    return _source.get().words()


@contextmanager
def random_source(source: RandomSource) -> Iterator[None]:
    """Take random words from ``source`` inside."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
