"""The reverse sweep: what it adds up, where it stops, and that its checker sees what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from sklon._base.dtypes import float64
from sklon._base.errors import VerificationError
from sklon._base.shapes import N
from sklon.autodiff import gradients
from sklon.autodiff.check import check_gradients
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import Node, apply, slot
from sklon.ops import BUILD as b
from sklon.ops._families import Floating

Array = np.ndarray[Any, Any]


def scalar(name: str) -> Node:
    """A state of one number."""
    return slot(name, "state", (), float64)


def value(node: Node, **known: float) -> float:
    """The value of a scalar over named slots."""
    slots = {n: np.asarray(known[n.op.label]) for n in _leaves(node)}  # type: ignore[attr-defined]
    return float(evaluate((node,), slots, 0)[node])


def _leaves(node: Node) -> list[Node]:
    return [node] if node.op.name == "slot" else [leaf for i in node.inputs for leaf in _leaves(i)]


ONE = b.constant(value=1.0, dtype=float64)


def test_readers_add_up() -> None:
    """y = x² + x·x + x: dy/dx = 4x + 1."""
    x = scalar("x")
    y = b.add(b.add(b.mul(x, x), b.mul(x, x)), x)
    (grad,) = gradients({y: ONE}, [x])
    assert grad is not None
    assert value(grad, x=3.0) == 13.0


def test_several_results_add_up_with_their_seeds() -> None:
    """y = 2x, z = y²: 1·dy/dx + s·dz/dx = 2 + s·8x."""
    x, s = scalar("x"), scalar("s")
    y = b.add(x, x)
    z = b.mul(y, y)
    (grad,) = gradients({y: ONE, z: s}, [x])
    assert grad is not None
    assert value(grad, x=3.0, s=5.0) == 2 + 5 * 8 * 3.0


def test_equal_values_have_gradients_of_their_own() -> None:
    """y₁ = 2x and y₂ = 2x are two nodes: ∂(y₁·y₂²)/∂y₁ = y₂²."""
    x = scalar("x")
    y1, y2 = b.add(x, x), b.add(x, x)
    first, second = gradients({b.mul(y1, b.mul(y2, y2)): ONE}, [y1, y2])
    assert first is not None and second is not None
    assert value(first, x=1.5) == 9.0
    assert value(second, x=1.5) == 18.0


def test_no_path_is_none_and_not_zero() -> None:
    x, y = scalar("x"), scalar("y")
    blocked = b.mul(b.stop_gradient(x), y)
    assert gradients({blocked: ONE}, [x])[0] is None
    assert gradients({y: ONE}, [x]) == [None]


def test_the_gradient_of_a_result_with_respect_to_itself_is_its_seed() -> None:
    x = scalar("x")
    assert gradients({x: ONE}, [x]) == [ONE]


def test_a_gradient_in_the_middle() -> None:
    """With respect to a value, not a slot: d(h³)/dh = 3h²."""
    h = b.add(scalar("x"), ONE)
    (grad,) = gradients({b.mul(h, b.mul(h, h)): ONE}, [h])
    assert grad is not None
    assert value(grad, x=1.0) == 12.0


def test_derivatives_of_any_order() -> None:
    """The fourth derivative of x⁵ is 120·x."""
    x = scalar("x")
    node = x
    for _ in range(4):
        node = b.mul(node, x)
    for _ in range(4):
        (grad,) = gradients({node: ONE}, [x])
        assert grad is not None
        node = grad
    assert value(node, x=2.0) == 240.0


def network(x: Node, w: Node, v: Node) -> Node:
    """A layer with its norm over rows, and a softmax."""
    h = b.tanh(b.contract(x, w, a="ni", b="oi", out="no"))
    count = b.size(dtype=float64)
    mean = b.div(b.reduce(h, fn="sum", axes=(0,)), b.expand(count, shape=h.shape[1:], dims=()))
    centred = b.sub(h, b.expand(mean, shape=h.shape, dims=(1,)))
    z = b.contract(centred, v, a="no", b="ko", out="nk")
    e = b.exp(z)
    return b.div(e, b.expand(b.reduce(e, fn="sum", axes=(1,)), shape=z.shape, dims=(0,)))


def test_a_network_to_second_order() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((6, 4), (5, 4), (3, 5))]
    check_gradients(network, arrays, shapes=[(N, 4), (5, 4), (3, 5)], rows=6)


# ---- the checker: each of these rules is wrong in one way
class _Square(Floating):
    """x², whose derivative is ``rule``."""

    name: ClassVar[str] = "square"
    rule: ClassVar[Callable[[Build, Node, Node], Node | None]]

    def meaning(self, *inputs: Array) -> Array:
        return np.square(*inputs)

    def vjp(self, build: Build, node: Node, g: Node) -> tuple[Node | None]:
        return (type(self).rule(build, node, g),)


RULES: dict[str, Callable[[Build, Node, Node], Node | None]] = {
    "a missing factor": lambda build, node, g: build.mul(g, node.inputs[0]),
    "the wrong sign": lambda build, node, g: build.neg(_right(build, node, g)),
    "no gradient": lambda build, node, g: None,
    "a gradient that ignores its seed": lambda build, node, g: build.add(node.inputs[0], node.inputs[0]),
    "a second derivative that is cut off": lambda build, node, g: build.stop_gradient(_right(build, node, g)),
    "one part in a hundred thousand": lambda build, node, g: build.mul(
        _right(build, node, g), build.full_like(1 + 1e-5, g)
    ),
}  # fmt: skip


def _right(build: Build, node: Node, g: Node) -> Node:
    (x,) = node.inputs
    return build.mul(g, build.add(x, x))


def _square(rule: Callable[[Build, Node, Node], Node | None]) -> Callable[[Node], Node]:
    op = type("Square", (_Square,), {"rule": staticmethod(rule)})
    return lambda x: apply(op(), x)


@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_derivative_is_caught(rule: str) -> None:
    with pytest.raises(VerificationError, match="differences give"):
        check_gradients(_square(RULES[rule]), [np.linspace(-1, 1, 7)])


def test_the_right_derivative_passes() -> None:
    check_gradients(_square(_right), [np.linspace(-1, 1, 7)], orders=3)
