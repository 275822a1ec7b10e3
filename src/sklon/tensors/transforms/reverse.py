"""Reverse mode as transforms of functions: gradients, values with gradients, and products uᵀJ.

Nothing is computed here: a transform records the function and adds the nodes of its derivative. So they compose, run
as one program, and can be recorded by ``sklon.jit``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from sklon._base.errors import AutogradError, ShapeError
from sklon.autodiff import added, gradients
from sklon.graph.build import Build
from sklon.graph.node import Node

from ..autograd import hooks_of_results
from ..history import is_spent
from ..tensor import Tensor
from ..trees import flatten, nested
from .arguments import Aliases, Tree, chosen, computed, name_of, outputs, put, recorded

Function = Callable[..., Any]


def grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that returns ∇f: the gradient of a scalar ``function``, in the structure of its argument.

    ``argnums`` says by which arguments: a number, or several for a tuple of gradients. An argument is a number, an
    array, a tensor or a module, or a tuple, list or dictionary of these; of a module the gradient is a dictionary over
    the names of its parameters that require gradients. With ``has_aux`` the function returns a pair, of which the
    second part is handed on beside the gradient. What does not matter to the result has the gradient zero. The
    function runs once, and hooks on its results run; ``.grad`` of nothing changes. Raises ShapeError where the result
    is not one number.

    >>> import sklon
    >>> slope = sklon.grad(lambda x: x**3)
    >>> slope(2.0).item(), sklon.grad(slope)(2.0).item()
    (12.0, 12.0)
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that returns the pair of f and ∇f; with ``has_aux``, of (f, what it hands on) and ∇f.

    Arguments are those of :func:`grad`.

    >>> import sklon
    >>> value, (by_x, by_y) = sklon.value_and_grad(lambda x, y: x**2 + x * y, argnums=(0, 1))(1.0, 2.0)
    >>> value.item(), by_x.item(), by_y.item()
    (3.0, 4.0, 1.0)
    """
    name = name_of(function)

    @wraps(function, updated=())
    def both(*args: Any, **kwargs: Any) -> Any:
        places, tree = chosen(args, argnums, name)
        aliases = Aliases.of(tree.tensors, name)
        with recorded(aliases, tree) as handles:
            given = function(*put(args, places, handles), **kwargs)
        value, aux = _with_aux(given, name) if has_aux else (given, None)
        (result,) = _one_number(value, name).tensors
        seeds = {result.node: Build().full_like(1.0, result.node)}
        found = tree.rebuilt(_pulled(seeds, aliases, result._depth))
        value = computed(result.node, result._depth)
        return (value, _handed_on(aux)) if has_aux else value, found[0] if isinstance(argnums, int) else tuple(found)

    return both


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """f(primals), and the function u ↦ uᵀJ, with J the Jacobian at ``primals``.

    The second takes a cotangent of the structure and the shapes of the result, and returns a tuple with a gradient for
    each of ``primals``. It may be called as often as one likes, until a ``backward()`` gives up the value's history.

    >>> import sklon
    >>> value, pull = sklon.vjp(lambda x: x**2, sklon.tensor([1.0, 2.0]))
    >>> (gradient,) = pull(sklon.tensor([1.0, 10.0]))
    >>> value.tolist(), gradient.tolist()
    ([1.0, 4.0], [2.0, 40.0])
    """
    name = name_of(function)
    places, tree = chosen(primals, range(len(primals)), name)
    aliases = Aliases.of(tree.tensors, name)
    with recorded(aliases, tree) as handles:
        result = outputs(function(*put(primals, places, handles)), name)
    depth = max((t._depth for t in result.tensors), default=0)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        if any(is_spent(y.node) for y in result.tensors):
            raise AutogradError(
                f"backward() gave up the history of what {name} returned; pass retain_graph=True to it, or pull before"
            )
        both = zip(result.tensors, matching(cotangent, result, "a cotangent"), strict=True)
        seeds = added((y.node, u.node) for y, u in both if y.dtype.is_floating)
        return tuple(tree.rebuilt(_pulled(seeds, aliases, depth)))

    return result.rebuilt([computed(y.node, y._depth) for y in result.tensors]), pull


def matching(given: Any, like: Tree, what: str) -> list[Tensor]:
    """The tensors of ``given``, which must have the structure, the shapes and the types of ``like``."""
    tree = Tree.of(given, what)
    if tree.nesting != like.nesting:
        raise ShapeError(f"{what} is nested in another way than what it belongs to; give both the same structure")
    found = []
    for one, other in zip(tree.tensors, like.tensors, strict=True):
        if one.shape != other.shape:
            raise ShapeError(f"{what} of shape {one.shape} belongs to a value of shape {other.shape}")
        found.append(one if one.dtype is other.dtype else one.to(other.dtype))
    return found


def _pulled(seeds: dict[Node, Node], aliases: Aliases, depth: int) -> list[Tensor]:
    found = gradients(seeds, aliases.nodes, hooks_of_results(seeds))
    return [
        computed(Build().full_like(0.0, node) if g is None else g, depth)
        for node, g in zip(aliases.nodes, found, strict=True)
    ]


def _with_aux(given: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise AutogradError(f"with has_aux, {name} returns a pair: the value, and what is handed on")
    return given


def _handed_on(aux: Any) -> Any:
    """What is handed on leads to no alias any more; what is no tensor, or a leaf, is left as it is."""
    leaves, nesting = flatten(aux)
    inner = [isinstance(leaf, Tensor) and leaf.requires_grad and not leaf.is_leaf for leaf in leaves]
    found = [computed(x.node, x._depth) if own else x for x, own in zip(leaves, inner, strict=True)]
    return nested(found, nesting)


def _one_number(value: Any, name: str) -> Tree:
    tree = outputs(value, name)
    if tree.nesting is not None or tree.tensors[0].numel() != 1:
        told = f"a tensor of shape {value.shape}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise ShapeError(
            f"a gradient is that of one number, but {name} returns {told}; reduce it, for instance by .sum(), or use "
            "sklon.jacobian"
        )
    if not tree.tensors[0].dtype.is_floating:
        raise AutogradError(f"{name} returns {tree.tensors[0].dtype!r}, which has no gradient; return floating numbers")
    return tree
