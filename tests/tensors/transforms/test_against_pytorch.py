"""Every transform, and every pair of them, gives what ``torch.func`` gives; compiled once, to the same bits again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from tests.tensors.transforms.functions import POINT, SCALAR, VECTOR, array, close

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its forward mode scripts functions
Function = Callable[..., Any]
DIRECTION = np.array([0.5, 1.5, -2.0])


def _ahead(lib: Any, function: Function) -> Function:
    """x ↦ Jv along a fixed direction."""
    v = _tensor(lib, DIRECTION)
    return lambda x: lib.jvp(function, (x,), (v,))[1]


def _back(lib: Any, function: Function) -> Function:
    """x ↦ uᵀJ for u = sin of the result."""

    def pulled(x: Any) -> Any:
        value, pull = lib.vjp(function, x)
        (found,) = pull(value * 0 + 0.5)
        return found

    return pulled


def _curved(lib: Any, function: Function) -> Function:
    """x ↦ Hv of the sum of the results."""
    v = _tensor(lib, DIRECTION)
    return lambda x: lib.jvp(lib.grad(_summed(function)), (x,), (v,))[1]


def _mapped(lib: Any, function: Function) -> Function:
    """x ↦ the function at x, 2x and 3x, added up."""
    return lambda x: lib.vmap(lambda c, x: function(c * x), (0, None))(_tensor(lib, np.array([1.0, 2.0, 3.0])), x).sum(
        0
    )


def _summed(function: Function) -> Function:
    return lambda x: function(x).sum()


def _tensor(lib: Any, values: Any) -> Any:
    return sklon.tensor(values) if lib is Ours else torch.tensor(values)


class Ours:
    """sklon's transforms under the names of this file."""

    grad, jvp, vjp, vmap = sklon.grad, sklon.jvp, sklon.vjp, sklon.vmap
    jacobian, hessian = sklon.jacobian, sklon.hessian


class Theirs:
    """PyTorch's."""

    grad, jvp, vjp, vmap = torch.func.grad, torch.func.jvp, torch.func.vjp, torch.func.vmap
    jacobian, hessian = torch.func.jacrev, torch.func.hessian


#: transforms of a function of one vector
TRANSFORMS: dict[str, Callable[[Any, Function], Function]] = {
    "grad": lambda lib, f: lib.grad(_summed(f)),
    "value_and_grad": lambda lib, f: lambda x: f(x).sum() * lib.grad(_summed(f))(x),
    "jvp": _ahead,
    "vjp": _back,
    "hvp": _curved,
    "jacobian": lambda lib, f: lib.jacobian(f),
    "hessian": lambda lib, f: lib.hessian(_summed(f)),
    "vmap": _mapped,
}
FUNCTIONS = {**SCALAR, **VECTOR}


def _agree(transform: Callable[[Any, Function], Function], function: Callable[[Any], Function]) -> None:
    ours, theirs = transform(Ours, function(sklon)), transform(Theirs, function(torch))
    expected = array(theirs(torch.tensor(POINT)))
    close(array(ours(sklon.tensor(POINT))), expected)
    jitted = sklon.jit(ours)
    first, second = (array(jitted(sklon.tensor(POINT))) for _ in range(2))
    close(first, expected)
    assert jitted.recordings == 1 and np.array_equal(first, second)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform(transform: str, function: str) -> None:
    _agree(TRANSFORMS[transform], FUNCTIONS[function])


@pytest.mark.parametrize("inner", TRANSFORMS)
@pytest.mark.parametrize("outer", TRANSFORMS)
def test_a_transform_of_a_transform(outer: str, inner: str) -> None:
    for name in ("elementary", "a choice"):
        _agree(lambda lib, f: TRANSFORMS[outer](lib, TRANSFORMS[inner](lib, f)), FUNCTIONS[name])


def test_three_deep() -> None:
    def deep(lib: Any, f: Function) -> Any:
        return lib.jacobian(_mapped(lib, lib.hessian(f)))

    _agree(deep, SCALAR["polynomial"])


#: functions of several arguments, nested, and what is differentiated
NESTED: dict[str, tuple[Callable[[Any], Function], Any, Any]] = {
    "two arguments": (lambda t: lambda x, w: (x @ w).sum() ** 2, (np.ones((2, 3)), np.arange(3.0)), (0, 1)),
    "the second": (lambda t: lambda x, w: (x @ t.sin(w)).sum(), (np.ones((2, 3)), np.arange(3.0)), 1),
    "a dictionary": (
        lambda t: lambda p, x: (t.tanh(x @ p["w"]) + p["b"]).sum() ** 2,
        ({"w": np.arange(3.0), "b": np.array(0.5)}, np.ones((2, 3))),
        0,
    ),
    "a list of pairs": (
        lambda t: lambda p: sum(((a * b) ** 2).sum() for a, b in p),
        ([(np.arange(2.0), np.ones(2)), (np.ones(3), np.arange(3.0))],),
        0,
    ),
    "what does not matter": (lambda t: lambda x, y: x.sum(), (np.ones(2), np.ones(3)), (0, 1)),
}


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("transform", ["grad", "jacobian", "hessian"])
def test_nested_arguments(transform: str, name: str) -> None:
    function, arguments, argnums = NESTED[name]
    ours = getattr(Ours, transform)(function(sklon), argnums=argnums)(*_as(sklon.tensor, arguments))
    theirs = getattr(Theirs, transform)(function(torch), argnums=argnums)(*_as(torch.tensor, arguments))
    close(array(ours), array(theirs))


def _as(tensor: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _as(tensor, one) for name, one in tree.items()}
    if isinstance(tree, tuple | list):
        return type(tree)(_as(tensor, one) for one in tree)
    return tensor(tree)


#: axes of samples, inside and outside
DIMS: dict[str, tuple[Any, int]] = {
    "both in front": (0, 0), "one for all": ((0, None), 0), "behind": ((1, 1), 0), "out behind": (0, 1),
    "from the end": ((-1, 0), -1),
}  # fmt: skip


@pytest.mark.parametrize("dims", DIMS)
def test_axes_of_samples(dims: str) -> None:
    in_dims, out_dims = DIMS[dims]
    x, y = np.arange(9.0).reshape(3, 3), np.arange(9.0)[::-1].reshape(3, 3).copy()

    def mapped(lib: Any) -> Any:
        function = lib.vmap(lambda a, b: a * b.sum() + b[0], in_dims, out_dims)
        return function(_tensor(lib, x), _tensor(lib, y))

    close(array(mapped(Ours)), array(mapped(Theirs)))
