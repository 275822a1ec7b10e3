"""Random formulas: smooth ones, whose values stay of order one, in up to three variables; and any that can be read.

Agreement of ways to a gradient is checked on them: a way is a function from an expression and a point to numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import sympy
from hypothesis import strategies as st

from sklon import autograd, jvp, tensor
from sklon.calculus.expressions import Expression, parse
from sklon.calculus.expressions.nodes import (
    Call,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
)
from sklon.calculus.expressions.text import plain

Way: TypeAlias = Callable[[Expression, Sequence[float]], list[float]]
#: functions that are smooth on the whole line and do not grow fast
SMOOTH = ("sin", "cos", "arctan", "tanh", "sigmoid", "softplus", "arsinh", "erf")
ONE = Number(Fraction(1))


def _square(node: Node) -> Node:
    return Power(node, Number(Fraction(2)))


def _positive(node: Node) -> Node:
    return Sum((ONE, _square(node)))


def _leaves(names: tuple[str, ...]) -> st.SearchStrategy[Node]:
    numbers = st.builds(lambda n: Number(Fraction(n, 2), n % 2 == 1), st.integers(1, 6))
    return st.one_of(
        st.sampled_from([Variable(n) for n in names]), st.sampled_from([Variable(n) for n in names]), numbers
    )


def _smooth(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(lambda f, u: Call(f, (u,)), st.sampled_from(SMOOTH), parts),
        st.builds(lambda *u: Sum(u), parts, parts),
        st.builds(lambda u, v: Sum((u, Negative(v))), parts, parts),
        st.builds(lambda *u: Product(u), parts, parts),
        st.builds(lambda u, v: Quotient(u, _positive(v)), parts, parts),
        st.builds(_square, parts),
        st.builds(lambda u: Call("exp", (Call("sin", (u,)),)), parts),
        st.builds(lambda u: Call("sqrt", (_positive(u),)), parts),
        st.builds(lambda u: Call("ln", (_positive(u),)), parts),
        st.builds(lambda u, v: Power(_positive(u), Call("sin", (v,))), parts, parts),
        st.builds(Negative, parts),
    )


@st.composite
def smooth_expressions(draw: st.DrawFn) -> Expression:
    """A smooth formula in x, y, z, read from its text; every variable is a variable of it."""
    names = ("x", "y", "z")[: draw(st.integers(1, 3))]
    node = draw(st.recursive(_leaves(names), _smooth, max_leaves=6))
    return parse(f"f({', '.join(names)}) = {plain(node)}")


def points(count: int) -> st.SearchStrategy[list[float]]:
    """A point that is nowhere special."""
    return st.lists(st.sampled_from([-1.3, -0.7, 0.45, 0.9, 1.6]), min_size=count, max_size=count)


# ---- ways to a gradient
def by_rules(f: Expression, at: Sequence[float]) -> list[float]:
    """Our own derivatives, with many digits."""
    return [g.value(*at) for g in f.gradient()]


def by_sympy(f: Expression, at: Sequence[float]) -> list[float]:
    """SymPy's derivatives of SymPy's formula."""
    symbols = [sympy.Symbol(n, real=True) for n in f.variables]
    values = dict(zip(symbols, map(sympy.Float, at), strict=True))
    return [float(sympy.diff(f.formula, s).subs(values).evalf()) for s in symbols]


def by_reverse_mode(f: Expression, at: Sequence[float]) -> list[float]:
    """The engine's backward pass through the formula."""
    inputs = [tensor(x, dtype="float64", requires_grad=True) for x in at]
    result = f.function()(*inputs)
    if not result.requires_grad:
        return [0.0 for _ in at]
    found = autograd.grad(result, inputs, materialize_grads=True)
    return [float(g.item()) for g in found if g is not None]


def by_forward_mode(f: Expression, at: Sequence[float]) -> list[float]:
    """The engine's rates along the axes."""
    point = tuple(tensor(x, dtype="float64") for x in at)
    axes = [tuple(tensor(float(i == j), dtype="float64") for j in range(len(at))) for i in range(len(at))]
    return [float(jvp(f.function(), point, axis)[1].item()) for axis in axes]


def by_differences(f: Expression, at: Sequence[float]) -> list[float]:
    """Central differences over steps h, h/2, h/4, extrapolated to h = 0 (Richardson): the error is O(h⁶)."""
    point = np.asarray(at, np.float64)
    steps = 0.01 / 2.0 ** np.arange(3)
    moved = point + np.concatenate([s * h * np.eye(len(point)) for h in steps for s in (1, -1)])
    values = f.function()(*(tensor(column, dtype="float64") for column in moved.T)).numpy()
    values = np.broadcast_to(values, len(moved)).reshape(3, 2, len(point))
    table = list((values[:, 0] - values[:, 1]) / (2 * steps[:, None]))
    for level in (4, 16):
        table = [(level * fine - coarse) / (level - 1) for coarse, fine in pairwise(table)]
    return [float(x) for x in table[0]]


WAYS: tuple[Way, ...] = (by_rules, by_sympy, by_reverse_mode, by_forward_mode, by_differences)
