"""Nested tuples, lists and dictionaries: their leaves in order, and what puts others in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

#: how leaves are nested: None for a leaf, else a kind of container, its keys, and what it holds
Nesting: TypeAlias = "tuple[type[Any], tuple[Any, ...], tuple[Nesting, ...]] | None"


def flatten(tree: Any) -> tuple[list[Any], Nesting]:
    """The leaves from the left to the right, and how they are nested.

    >>> flatten({"a": 1, "b": (2, [3])})[0]
    [1, 2, 3]
    """
    leaves: list[Any] = []
    return leaves, _walked(tree, leaves.append)


def _walked(tree: Any, see: Callable[[Any], None]) -> Nesting:
    kind = type(tree)
    if isinstance(tree, dict):
        return kind, tuple(tree), tuple([_walked(value, see) for value in tree.values()])
    if isinstance(tree, tuple | list):
        return kind, (), tuple([_walked(value, see) for value in tree])
    see(tree)
    return None


def nested(leaves: list[Any], nesting: Nesting) -> Any:
    """The tree of these leaves.

    >>> nested([1, 2, 3], flatten({"a": 0, "b": (0, [0])})[1])
    {'a': 1, 'b': (2, [3])}
    """
    return _built(iter(leaves).__next__, nesting)


def _built(following: Callable[[], Any], nesting: Nesting) -> Any:
    if nesting is None:
        return following()
    kind, keys, inner = nesting
    parts = [_built(following, one) for one in inner]
    if keys or issubclass(kind, dict):
        made = dict(zip(keys, parts, strict=True))
        return made if kind is dict else kind(made)
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
