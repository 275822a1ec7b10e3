"""Forward mode as transforms of functions: products Jv and Hv."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklon._base.errors import InputError
from sklon.autodiff import tangents as pushed
from sklon.graph.build import Build

from .arguments import Aliases, chosen, computed, name_of, outputs, put, recorded
from .reverse import Function, grad, matching


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f(primals), and Jv: the rate at which the result moves when the arguments move along ``tangents``.

    ``tangents`` has the structure and the shapes of ``primals``, both tuples with one part for each argument; that of
    a module is a dictionary over the names of its parameters. Both results have the structure of f's.

    >>> import sklon
    >>> value, rate = sklon.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    >>> value.item(), rate.item()
    (6.0, 3.0)
    """
    name = name_of(function)
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise InputError(f"{what} is a tuple with one part for each argument, not a {type(given).__name__}")
    places, tree = chosen(primals, range(len(primals)), name)
    moving = matching(list(tangents), tree, "a tangent")
    aliases = Aliases.of(tree.tensors, name)
    with recorded(aliases, tree) as handles:
        result = outputs(function(*put(primals, places, handles)), name)
    nodes = [y.node for y in result.tensors]
    found = pushed(nodes, {x: v.node for x, v in zip(aliases.nodes, moving, strict=True)})
    rates = [
        computed(Build().full_like(0.0, y.node) if rate is None else rate, y._depth)
        for y, rate in zip(result.tensors, found, strict=True)
    ]
    return result.rebuilt([computed(y.node, y._depth) for y in result.tensors]), result.rebuilt(rates)


def hvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Hv: how the gradient of a scalar ``function`` moves along ``tangents``; no Hessian is made.

    Forward over reverse mode. The result is a tuple with one part for each of ``primals``. Pearlmutter, *Fast exact
    multiplication by the Hessian*, 1994.

    >>> import sklon
    >>> (product,) = sklon.hvp(lambda x: (x**3).sum(), (sklon.tensor([1.0, 2.0]),), (sklon.tensor([1.0, 1.0]),))
    >>> product.tolist()
    [6.0, 12.0]
    """
    _, product = jvp(grad(function, argnums=range(len(primals))), primals, tangents)
    return product
