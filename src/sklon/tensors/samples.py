"""What a function draws while it is mapped over samples: numbers of each sample's own, or the same for all.

Numbers drawn as arrays become one array for all samples. Those that the graph draws, as dropout does, are found by
their streams, and are drawn for each sample as for a row of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.errors import InputError
from sklon._base.shapes import Extent
from sklon.autodiff import batched
from sklon.graph.node import Node

from . import values

Array = np.ndarray[Any, Any]
#: "different": each sample draws its own numbers; "same": all have the same; "error": drawing is refused
RANDOMNESS = ("different", "same", "error")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One mapping while its function runs, and what the function drew."""

    count: Extent
    randomness: str
    outer: Samples | None
    #: stand-ins for what a sample was given and drew, with what all samples have
    stands: dict[Node, Node]
    #: the streams of what the graph draws: each operation has a node of its own, where steps and seeds may be shared
    streams: list[Node] = field(default_factory=list)

    def check(self) -> None:
        """Refuse to draw where that is not wanted."""
        if self.randomness == "error":
            raise InputError(
                "random numbers are drawn inside a mapped function; say whether each sample draws its own "
                "(randomness='different') or all the same (randomness='same')"
            )

    def known_count(self) -> int:
        """The number of samples; what is drawn for the rows of a training step would have none."""
        if not isinstance(self.count, int):
            raise InputError(
                "random numbers are drawn inside a function that is mapped over the rows of a training step; draw them "
                "outside, for all rows, and map over them too"
            )
        return self.count


_samples: ContextVar[Samples | None] = ContextVar("samples", default=None)


def current() -> Samples | None:
    """The innermost mapping in force."""
    return _samples.get()


@contextmanager
def mapping(count: Extent, randomness: str, stands: Mapping[Node, Node]) -> Iterator[Samples]:
    """Draw for ``count`` samples inside; ``stands`` are stand-ins for what one is given, with what all have."""
    made = Samples(count, randomness, _samples.get(), dict(stands))
    token = _samples.set(made)
    try:
        yield made
    finally:
        _samples.reset(token)


def note_stream(stream: Node) -> None:
    """Note the stream of what the graph draws, for all mappings in force."""
    samples = _samples.get()
    while samples is not None:
        samples.check()
        samples.streams.append(stream)
        samples = samples.outer


def drawn_for_each(leaf: Callable[[tuple[int, ...]], Node], shape: tuple[int, ...], dtype: Dtype) -> Node:
    """What ``leaf`` draws for a shape; inside a mapping a stand-in for what it draws for all samples."""
    samples = _samples.get()
    if samples is None:
        return leaf(shape)
    samples.check()
    token = _samples.set(samples.outer)
    try:
        if samples.randomness == "same":
            return drawn_for_each(leaf, shape, dtype)
        many = drawn_for_each(leaf, (samples.known_count(), *shape), dtype)
    finally:
        _samples.reset(token)
    one = values.stand_in(shape, dtype)
    samples.stands[one] = many
    return one


def of_all(node: Node) -> Node:
    """What a node of one sample is for all samples of the mappings in force, along axes in front."""
    samples = _samples.get()
    while samples is not None:
        (many,) = batched((node,), samples.stands)
        node, samples = node if many is None else many, samples.outer
    return node


def check_unmapped(name: str) -> None:
    """Refuse to give a buffer another value inside a mapped function, where it would be one sample's."""
    if _samples.get() is not None:
        raise InputError(
            f"the buffer {name!r} gets another value inside a mapped function, and each sample would have its own; "
            "call eval() on the module first, or use sklon.per_sample_gradients"
        )
