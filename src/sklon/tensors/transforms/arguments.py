"""Arguments of functions that are differentiated or mapped: numbers, arrays, tensors and modules, however nested.

While a function runs, each tensor that it is differentiated by is an *alias*: a handle on a node of its own above the
given one. Two transforms of the same tensor therefore never mix, and whoever differentiates the result again finds
the way down through the alias. A module is the dictionary of its parameters, which stand for their aliases meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sklon._base.errors import DtypeError, InputError
from sklon.graph.build import Build
from sklon.graph.node import Node

from .. import realise
from ..creation import tensor
from ..history import history, watch
from ..modes import enable_grad, gradients_wanted, recording_for_a_transform
from ..tensor import Tensor
from ..trees import Nesting, flatten, nested

#: given as a number or an array, as a tensor, or as a module
NUMBERS = (bool, int, float, np.number, np.ndarray)


@runtime_checkable
class Parametrized(Protocol):
    """What a module is here: it names its parameters."""

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]: ...


@dataclass(frozen=True, slots=True)
class Tree:
    """The tensors of an argument, and how they are nested; a module is the dictionary of its trained parameters."""

    tensors: tuple[Tensor, ...]
    nesting: Nesting
    #: how the argument itself is nested, and its parts in order: a module, or None for a tensor
    outer: Nesting
    parts: tuple[Parametrized | None, ...]

    @staticmethod
    def of(argument: Any, what: str) -> Tree:
        """The tree of an argument; numbers and arrays become tensors. Raises InputError for what is none of all."""
        leaves, outer = flatten(argument)
        parts = tuple(leaf if isinstance(leaf, Parametrized) else None for leaf in leaves)
        tensors, nesting = flatten(nested([_opened(leaf, what) for leaf in leaves], outer))
        return Tree(tuple(tensors), nesting, outer, parts)

    def rebuilt(self, tensors: Sequence[Any]) -> Any:
        """Other things, nested as the tensors are; a dictionary for each module."""
        return nested(list(tensors), self.nesting)

    def called_with(self, tensors: Sequence[Tensor]) -> Any:
        """What a function is called with instead of the argument: other tensors, but the modules themselves."""
        leaves: list[Any] = []
        following = iter(tensors)
        for part in self.parts:
            if part is None:
                leaves.append(next(following))
            else:
                leaves.append(part)
                list(zip(_trained(part), following, strict=False))
        return nested(leaves, self.outer)

    def _of_modules(self) -> Iterator[int]:
        """The places of the tensors that are parameters of modules; the same tensor may stand beside its module."""
        place = 0
        for part in self.parts:
            inside = 1 if part is None else len(_trained(part))
            yield from range(place, place + inside) if part is not None else ()
            place += inside

    @contextmanager
    def standing_for(self, nodes: Sequence[Node]) -> Iterator[None]:
        """While inside, the parameters of the modules stand for their share of ``nodes``.

        Raises InputError for a parameter that two of the modules have: it cannot stand for two nodes.
        """
        held = [(self.tensors[place], nodes[place], self.tensors[place].node) for place in self._of_modules()]
        if len({id(parameter) for parameter, _, _ in held}) < len(held):
            raise InputError(
                "two of the modules that are differentiated by share a parameter, or are one; give one module that "
                "holds both"
            )
        try:
            for parameter, node, _ in held:
                parameter._adopt(node)
            yield
        finally:
            for parameter, _, node in held:
                parameter._adopt(node)


def _opened(leaf: Any, what: str) -> Any:
    """A part of an argument as tensors."""
    if isinstance(leaf, Parametrized):
        return _trained(leaf)
    if isinstance(leaf, Tensor):
        return leaf
    if isinstance(leaf, NUMBERS):
        return tensor(leaf)
    raise InputError(
        f"{what} holds a {type(leaf).__name__}; tensors, arrays, numbers and modules are possible, in tuples, lists "
        "and dictionaries"
    )


def _trained(module: Parametrized) -> dict[str, Tensor]:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


@dataclass(frozen=True, slots=True)
class Aliases:
    """One alias for each tensor that a function is differentiated by."""

    nodes: tuple[Node, ...]
    depth: int

    @staticmethod
    def of(tensors: Sequence[Tensor], what: str) -> Aliases:
        """Aliases of floating tensors; others cannot move."""
        for given in tensors:
            if not given.dtype.is_floating:
                raise DtypeError(f"{what} differentiates by floating numbers, not {given.dtype!r}; use .float()")
        nodes = tuple(alias(given.node) for given in tensors)
        return Aliases(nodes, max((t._depth for t in tensors), default=0))

    def handles(self) -> list[Tensor]:
        """Tensors for the function: results, not leaves, so that it may write to them."""
        return [Tensor(node, requires_grad=True, depth=self.depth) for node in self.nodes]

    def leaves(self) -> list[Tensor]:
        """What histories lead to as long as somebody holds it."""
        leaves = [Tensor(node, requires_grad=True) for node in self.nodes]
        for leaf in leaves:
            watch(leaf)
        return leaves


def computed(node: Node, depth: int) -> Tensor:
    """What a transform gives back: it requires gradients where a history leads to a leaf; none does in ``no_grad``."""
    if not gradients_wanted():
        node = Build(node.source).stop_gradient(node)
    leads = bool(history((node,)).leaves)
    result = Tensor(node, requires_grad=leads, depth=depth + 1)
    if depth + 1 >= realise.LONG and not leads and realise.is_knowable(result):
        realise.realise((result,))
    return result


def alias(node: Node) -> Node:
    """A node of its own with the value of another one, through which gradients flow."""
    return Build(node.source).expand(node, shape=node.shape, dims=tuple(range(len(node.shape))))


def chosen(arguments: Sequence[Any], argnums: int | Sequence[int], what: str) -> tuple[list[int], Tree]:
    """The places of the arguments that ``argnums`` names, and the tree of these arguments."""
    places = list(argnums) if isinstance(argnums, Sequence) else [argnums]
    if not all(isinstance(place, int) for place in places):
        raise InputError(f"argnums is the number of an argument of {what}, or a tuple of them, not {argnums!r}")
    count = len(arguments)
    if not places or any(not -count <= place < count for place in places):
        raise InputError(f"{what} is to differentiate by the arguments {argnums}, but it was called with {count}")
    places = [place % count for place in places]
    if len(set(places)) < len(places):
        raise InputError(f"argnums {argnums} names an argument of {what} twice; name each once")
    return places, Tree.of([arguments[place] for place in places], f"what {what} differentiates by")


def put(arguments: Sequence[Any], places: Sequence[int], others: Sequence[Any]) -> list[Any]:
    """The arguments with others at some places."""
    result = list(arguments)
    for place, other in zip(places, others, strict=True):
        result[place] = other
    return result


@contextmanager
def recorded(aliases: Aliases, tree: Tree) -> Iterator[list[Any]]:
    """The arguments that a function is called with inside, recorded with gradients whatever the mode outside.

    Histories lead to the aliases inside, and past them afterwards.
    """
    leaves = aliases.leaves()
    with enable_grad(), recording_for_a_transform(), tree.standing_for(aliases.nodes):
        yield tree.called_with(aliases.handles())
    del leaves


def outputs(result: Any, what: str) -> Tree:
    """The tensors that a function gave back; numbers that depend on nothing are tensors too."""
    return Tree.of(result, f"the result of {what}")


def name_of(function: Callable[..., Any]) -> str:
    """How a function is called in messages."""
    return str(getattr(function, "__name__", type(function).__name__))
