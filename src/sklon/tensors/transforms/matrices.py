"""Matrices of derivatives: the Jacobian and the Hessian.

A product with each unit vector gives a row (reverse mode) or a column (forward mode); the products are one mapped
function, and the side with fewer of them is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from math import prod
from typing import Any

import numpy as np

from sklon._base.errors import AutogradError, ShapeError
from sklon._base.shapes import is_symbolic
from sklon.autodiff import batched, gradients, tangents
from sklon.graph.build import Build
from sklon.graph.node import Node

from .. import values
from ..tensor import Tensor
from ..trees import nested
from .arguments import Aliases, Tree, chosen, computed, name_of, outputs, put, recorded
from .reverse import grad

Function = Callable[..., Any]


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns ∂f/∂x for every element of the result and every element of the argument.

    For a result y and an argument x the shape is that of y followed by that of x. Where the result or the arguments
    are nested, or modules, so is what is returned: in the structure of the result, with the structure of the argument
    in the place of each tensor; of several ``argnums``, a tuple. Rows come from reverse mode or columns from forward
    mode, whichever are fewer.

    >>> import sklon
    >>> sklon.jacobian(lambda x: x**2)(sklon.tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    name = name_of(function)

    @wraps(function, updated=())
    def matrix(*args: Any, **kwargs: Any) -> Any:
        places, tree = chosen(args, argnums, name)
        aliases = Aliases.of(tree.tensors, name)
        with recorded(aliases, tree) as handles:
            result = outputs(function(*put(args, places, handles), **kwargs), name)
        whole = next((y.dtype for y in result.tensors if not y.dtype.is_floating), None)
        if whole is not None:
            raise AutogradError(f"{name} returns {whole!r}, which has no derivative; return floating numbers")
        rows, columns = (sum(_size(t) for t in tensors) for tensors in (result.tensors, tree.tensors))
        made = _by_rows if rows <= columns else _by_columns
        blocks = made([y.node for y in result.tensors], aliases.nodes)
        several = [_nested(row, y, tree, argnums) for row, y in zip(blocks, result.tensors, strict=True)]
        return result.rebuilt(several)

    return matrix


def hessian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns the second derivatives of a scalar ``function``: the Jacobian of its gradient.

    For an argument x the shape is that of x twice; nested arguments give the structure of :func:`jacobian`, as rows
    within rows.

    >>> import sklon
    >>> sklon.hessian(lambda x: x[0] ** 2 + x[0] * x[1])(sklon.tensor([1.0, 2.0])).tolist()
    [[2.0, 1.0], [1.0, 0.0]]
    """
    return jacobian(grad(function, argnums), argnums)


def _size(x: Tensor) -> int:
    if is_symbolic(x.shape):
        raise ShapeError(f"a matrix of derivatives has known sizes, but a tensor has the shape {x.shape}")
    return prod(int(str(e)) for e in x.shape)


Blocks = list[list[Node]]


def _by_rows(results: Sequence[Node], wrt: Sequence[Node]) -> Blocks:
    """For each result and each x a node [*result, *x], by reverse mode from each element of the result."""
    return [_row(y, wrt) for y in results]


def _row(y: Node, wrt: Sequence[Node]) -> list[Node]:
    seed = values.stand_in(y.shape, y.dtype)
    found = gradients({y: seed}, wrt)
    lifted = batched([_or_zero(g, x) for g, x in zip(found, wrt, strict=True)], {seed: _units(y)})
    return [_reshaped(g, y, y.shape + x.shape, x) for g, x in zip(lifted, wrt, strict=True)]


def _by_columns(results: Sequence[Node], wrt: Sequence[Node]) -> Blocks:
    """The same by forward mode along each element of each x."""
    columns = [_column(results, x) for x in wrt]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in results]


def _column(results: Sequence[Node], x: Node) -> list[Node]:
    direction = values.stand_in(x.shape, x.dtype)
    found = tangents(results, {x: direction})
    lifted = batched([_or_zero(t, y) for t, y in zip(found, results, strict=True)], {direction: _units(x)})
    return [_turned(_reshaped(t, x, x.shape + y.shape, y), len(x.shape)) for t, y in zip(lifted, results, strict=True)]


def _or_zero(node: Node | None, like: Node) -> Node:
    return Build().full_like(0.0, like) if node is None else node


def _units(node: Node) -> Node:
    """All unit vectors of the shape of ``node``: [elements, *shape]."""
    size = prod(int(str(e)) for e in node.shape)
    return values.leaf(np.eye(size, dtype=node.dtype.numpy).reshape(size, *node.shape))


def _reshaped(node: Node | None, moved: Node, shape: tuple[Any, ...], like: Node) -> Node:
    """What all unit vectors of ``moved`` gave, as [*moved, *like]; None is the same for all: zero."""
    return Build().full(0.0, shape, like.dtype) if node is None else Build().reshape(node, shape=shape)


def _turned(node: Node, first: int) -> Node:
    """[*x, *y] as [*y, *x], where x has ``first`` axes."""
    rank = len(node.shape)
    shape = node.shape[first:] + node.shape[:first]
    return Build().expand(node, shape=shape, dims=tuple((axis - first) % rank for axis in range(rank)))


def _nested(row: list[Node], y: Tensor, tree: Tree, argnums: int | Sequence[int]) -> Any:
    found = nested([computed(node, y._depth) for node in row], tree.nesting)
    return found[0] if isinstance(argnums, int) else tuple(found)
