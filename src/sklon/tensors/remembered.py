"""Functions whose recording is remembered: arguments of the same types get the same nodes again.

For functions of tensors and of plain settings whose graph follows from the types of the tensors and from the settings
alone: they read no value, draw nothing at random, and every tensor among the arguments leads to the result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from sklon._base.source import source_line
from sklon._base.store import Store
from sklon.graph.node import Node

from . import values
from .fragments import Fragment
from .record import KINDS, wrap
from .tensor import Tensor

P = ParamSpec("P")
#: types of arguments that are no tensors
_SETTINGS = (int, str, tuple, type(None))
_fragments: Store[tuple[Any, ...], Fragment] = Store(KINDS)


def remembered(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Record ``function`` once for all arguments of the same types, given by position, and repeat it afterwards."""

    @wraps(function)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        if kwargs:
            return function(*args, **kwargs)
        kinds: list[Any] = [function]
        nodes: list[Node] = []
        tensors: list[Tensor] = []
        for arg in args:
            if isinstance(arg, Tensor):
                node = arg.node
                kinds += (node.shape, node.dtype)
                nodes.append(node)
                tensors.append(arg)
            elif isinstance(arg, _SETTINGS):
                kinds += (type(arg), arg)
            else:
                return function(*args, **kwargs)
        key = tuple(kinds)
        fragment = _fragments.get(key)
        if fragment is None:
            fragment = _recorded(function, args)
            _fragments.put(key, fragment)
        return wrap(fragment.repeat(nodes, source_line())[0], *tensors)

    return cast("Callable[P, Tensor]", repeated)


def _recorded(function: Callable[..., Tensor], args: tuple[Any, ...]) -> Fragment:
    """What a function makes of stand-ins for its tensors."""
    stands = [Tensor(values.stand_in(a.shape, a.dtype)) if isinstance(a, Tensor) else a for a in args]
    inputs = [stand._node for stand in stands if isinstance(stand, Tensor)]
    return Fragment([function(*stands)._node], inputs)
