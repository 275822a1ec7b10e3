"""A function of one sample as a function of many: ``vmap``.

The function runs once, on stand-ins for one sample; its graph is then rewritten for all samples. So no loop runs, what
all samples share is computed once, and the result can be differentiated, mapped again and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Extent, normalise_axes
from sklon.autodiff import batched, draws
from sklon.graph.build import Build
from sklon.graph.node import Node

from .. import values
from ..manipulation import moveaxis
from ..modes import recording_for_a_transform
from ..samples import RANDOMNESS, mapping
from ..tensor import Tensor
from .arguments import Tree, computed, name_of, outputs

Function = Callable[..., Any]
Dims = int | None | Sequence[int | None]


def vmap(function: Function, in_dims: Dims = 0, out_dims: int = 0, randomness: str = "different") -> Function:
    """The function that does for many samples what ``function`` does for one, without a loop.

    ``in_dims`` says along which axis the samples of each argument lie: a number for all arguments, or a tuple with one
    for each, None where all samples have the same. An argument may be nested; then all its tensors have samples along
    that axis. ``function`` sees them without it. Its results get an axis of samples at ``out_dims``. Keyword arguments
    are the same for all samples. ``randomness`` is "different" (each sample draws its own numbers; a dropout mask is
    that of the sample's row in a batch; PyTorch's default is "error"), "same" or "error".

    A value of a sample is not known inside, so an ``if`` on it is an InputError: use ``sklon.where``. So is a buffer
    that gets another value. Raises ShapeError where arguments hold different numbers of samples.

    >>> import sklon
    >>> squares = sklon.vmap(lambda x, w: (x * w).sum(), in_dims=(0, None))
    >>> squares(sklon.tensor([[1.0, 2.0], [3.0, 4.0]]), sklon.tensor([1.0, 10.0])).tolist()
    [21.0, 43.0]
    >>> sklon.vmap(sklon.grad(lambda x: x**3))(sklon.tensor([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """
    name = name_of(function)
    if randomness not in RANDOMNESS:
        raise InputError(f"randomness is {', '.join(map(repr, RANDOMNESS))}, not {randomness!r}")
    if not isinstance(out_dims, int):
        raise InputError(f"out_dims is the axis of samples in all results of {name}, a number, not {out_dims!r}")

    @wraps(function, updated=())
    def mapped(*args: Any, **kwargs: Any) -> Any:
        given = [_Given.of(a, dim, name) for a, dim in zip(args, _dims(in_dims, len(args), name), strict=True)]
        many = [x for one in given for x in one.samples]
        count = _count(many, name)
        stands = {s.node: x.node for one in given for s, x in zip(one.stands, one.samples, strict=True)}
        with mapping(count, randomness, stands) as samples, recording_for_a_transform():
            result = outputs(function(*(one.argument() for one in given), **kwargs), name)
        nodes = [y.node for y in result.tensors]
        varied = draws(nodes, samples.streams) if randomness == "different" else set()
        if varied:
            samples.known_count()
        found = batched(nodes, samples.stands, varied)
        return result.rebuilt(
            [_result(y, node, count, out_dims, many) for y, node in zip(result.tensors, found, strict=True)]
        )

    return mapped


class _Given:
    """One argument: its samples, along a leading axis, and the stand-ins for one of them; or what all samples share."""

    def __init__(self, shared: Any, tree: Tree | None, samples: Sequence[Tensor]) -> None:
        self.shared, self.tree, self.samples = shared, tree, samples
        self.stands = [
            Tensor(values.stand_in(x.shape[1:], x.dtype), requires_grad=x.requires_grad, depth=x._depth)
            for x in samples
        ]

    @staticmethod
    def of(argument: Any, dim: int | None, name: str) -> _Given:
        if dim is None:
            return _Given(argument, None, ())
        tree = Tree.of(argument, f"a mapped argument of {name}")
        if any(part is not None for part in tree.parts):
            raise InputError(
                f"{name} is to be mapped over a module, which has no axis of samples; give it None in in_dims, or map "
                "over a dictionary of its parameters and call sklon.functional_call"
            )
        return _Given(None, tree, [_leading(x, dim, name) for x in tree.tensors])

    def argument(self) -> Any:
        """What the function is called with."""
        return self.shared if self.tree is None else self.tree.rebuilt(self.stands)


def _dims(in_dims: Dims, count: int, name: str) -> Sequence[int | None]:
    dims: list[Any] = list(in_dims) if isinstance(in_dims, tuple | list) else [in_dims] * count
    if not all(dim is None or isinstance(dim, int) for dim in dims):
        raise InputError(
            f"in_dims is a number, None, or a tuple with one of them for each argument of {name}, not {in_dims!r}; all "
            "tensors of a nested argument have their samples along the same axis"
        )
    if len(dims) != count:
        raise InputError(f"in_dims has {len(dims)} parts, but {name} was called with {count} arguments")
    if all(dim is None for dim in dims):
        raise InputError(f"{name} is mapped over nothing: in_dims must name an axis of one argument at least")
    return dims


def _leading(x: Tensor, dim: int, name: str) -> Tensor:
    if not x.ndim:
        raise ShapeError(f"{name} is mapped over a number, which has no axis of samples; give it None in in_dims")
    (axis,) = normalise_axes(dim, x.ndim)
    return x if axis == 0 else moveaxis(x, axis, 0)


def _count(samples: Sequence[Tensor], name: str) -> Extent:
    counts = {x.shape[0] for x in samples}
    if len(counts) != 1:
        told = " and ".join(sorted(map(str, counts))) or "none"
        raise ShapeError(f"all mapped arguments of {name} hold the same number of samples, not {told}")
    return counts.pop()


def _result(y: Tensor, node: Node | None, count: Extent, out_dim: int, many: Sequence[Tensor]) -> Tensor:
    depth = max(y._depth, *(x._depth for x in many))
    found = computed(Build().repeated(y.node, count) if node is None else node, depth)
    (axis,) = normalise_axes(out_dim, found.ndim)
    return found if axis == 0 else moveaxis(found, 0, axis)
