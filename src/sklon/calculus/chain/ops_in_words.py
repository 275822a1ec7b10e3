"""Ops as people write them: a formula for each, and its partial derivatives.

A row holds templates in which ``{0}``, ``{1}``, … stand for the inputs and ``{y}`` for the result; a partial is the
factor of the result's gradient, or with ``{g}`` the whole gradient of that input. A bracket [a > b] is 1 where it holds
and 0 elsewhere (Iverson). Rows of point ops are tested to be the derivatives of their ops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklon.graph.node import Node

from ..recording import stated_name


@dataclass(frozen=True, slots=True)
class Words:
    """The formula of an op, and ∂/∂input for each input."""

    formula: str
    partials: tuple[str, ...]


def _row(formula: str, *partials: str) -> Words:
    return Words(formula, partials)


_ROOT = "√(1 − {0}²)"
POINT: dict[str, Words] = {
    "add": _row("{0} + {1}", "1", "1"),
    "sub": _row("{0} − {1}", "1", "−1"),
    "mul": _row("{0}·{1}", "{1}", "{0}"),
    "div": _row("{0}/{1}", "(1/{1})", "(−{y}/{1})"),
    "neg": _row("−{0}", "−1"),
    "abs": _row("|{0}|", "sign({0})"),
    "maximum": _row("max({0}, {1})", "[{0} > {1}]", "[{1} > {0}]"),
    "minimum": _row("min({0}, {1})", "[{0} < {1}]", "[{1} < {0}]"),
    "exp": _row("exp({0})", "{y}"),
    "log": _row("ln({0})", "(1/{0})"),
    "sqrt": _row("√({0})", "(1/(2·{y}))"),
    "pow": _row("{0}^{1}", "{1}·{0}^({1} − 1)", "{y}·ln({0})"),
    "relu": _row("relu({0})", "[{0} > 0]"),
    "sigmoid": _row("σ({0})", "{y}·(1 − {y})"),
    "tanh": _row("tanh({0})", "(1 − {y}²)"),
    "softplus": _row("ln(1 + exp({0}))", "σ({0})"),
    "sin": _row("sin({0})", "cos({0})"),
    "cos": _row("cos({0})", "(−sin({0}))"),
    "tan": _row("tan({0})", "(1 + {y}²)"),
    "asin": _row("arcsin({0})", "(1/" + _ROOT + ")"),
    "acos": _row("arccos({0})", "(−1/" + _ROOT + ")"),
    "atan": _row("arctan({0})", "(1/(1 + {0}²))"),
    "sinh": _row("sinh({0})", "cosh({0})"),
    "cosh": _row("cosh({0})", "sinh({0})"),
    "asinh": _row("arsinh({0})", "(1/√({0}² + 1))"),
    "acosh": _row("arcosh({0})", "(1/√({0}² − 1))"),
    "atanh": _row("artanh({0})", "(1/(1 − {0}²))"),
    "expm1": _row("exp({0}) − 1", "({y} + 1)"),
    "log1p": _row("ln(1 + {0})", "(1/(1 + {0}))"),
    "exp2": _row("2^{0}", "{y}·ln(2)"),
    "log2": _row("log₂({0})", "(1/({0}·ln(2)))"),
    "log10": _row("log₁₀({0})", "(1/({0}·ln(10)))"),
    "atan2": _row("atan2({0}, {1})", "({1}/({0}² + {1}²))", "(−{0}/({0}² + {1}²))"),
    "hypot": _row("√({0}² + {1}²)", "({0}/{y})", "({1}/{y})"),
    "fmod": _row("{0} mod {1}", "1", "(−trunc({0}/{1}))"),
    "erf": _row("erf({0})", "2/√(π)·exp(−{0}²)"),
    "erfc": _row("1 − erf({0})", "(−2/√(π)·exp(−{0}²))"),
    "lgamma": _row("ln|Γ({0})|", "ψ({0})"),
    "floor": _row("⌊{0}⌋", "0"),
    "ceil": _row("⌈{0}⌉", "0"),
    "trunc": _row("trunc({0})", "0"),
    "round": _row("round({0})", "0"),
    "where": _row("{1} where {0}, else {2}", "0", "[{0}]", "(1 − [{0}])"),
    "cast": _row("{0}", "1"),
}
OTHERS: dict[str, Words] = {
    "expand": _row("{0} repeated", "Σ {g} over the repeats"),
    "reshape": _row("{0} in another shape", "{g} in the shape of {0}"),
    "copy": _row("{0}", "1"),
    "slice": _row("a part of {0}", "{g} in its place, 0 elsewhere"),
    "pad": _row("{0} with zeros around", "{g} of the inner part"),
    "flip": _row("{0} in reverse order", "{g} in reverse order"),
    "gather": _row("the rows {1} of {0}", "{g} added up at the rows {1}", "0"),
    "scatter_add": _row("{1} added up at the rows {0}", "0", "the rows {0} of {g}"),
    "standardize": _row("standardized {0}", "{g} standardized back", "0", "0", "Σ {g}·{y}/{3}"),
    "stop_gradient": _row("{0}, cut off", "0"),
}


def words_of(node: Node) -> Words:
    """The formula of a node's op with its partials; for an op that has no row, its name."""
    known = POINT.get(node.op.name) or OTHERS.get(node.op.name)
    if known is not None:
        return known
    if node.op.name in _BY_ATTRIBUTES:
        return _BY_ATTRIBUTES[node.op.name](node)
    inputs = [f"{{{i}}}" for i in range(len(node.inputs))]
    return Words(f"{node.op.name}({', '.join(inputs)})", tuple(f"{{g}}, by the rule of {node.op.name}" for _ in inputs))


def _reduce(node: Node) -> Words:
    along = "" if len(node.op.axes) == len(node.inputs[0].shape) else _axes(node.op.axes)  # type: ignore[attr-defined]
    if node.op.fn == "sum":  # type: ignore[attr-defined]
        return _row(f"Σ {{0}}{along}", "{g} for each element")
    return _row(f"max {{0}}{along}", "{g} for the largest, shared by ties")


def _axes(axes: Sequence[int]) -> str:
    return f" over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def _contract(node: Node) -> Words:
    """A product of matrices where it is one, with the transposes that its labels say; else over labels."""
    a, b, out = node.op.a, node.op.b, node.op.out  # type: ignore[attr-defined]
    shared = [x for x in a if x in b and x not in out]
    matrices = (len(a), len(b), len(out)) == (2, 2, 2) and len(shared) == 1
    if not matrices or out[0] not in a:
        of = f"Σ {{0}}·{{1}} over {', '.join(shared)}" if shared else "{0}·{1}"
        return _row(of, "Σ {g}·{1}", "Σ {g}·{0}")
    left = "{0}" if a[1] == shared[0] else "{0}ᵀ"
    right = "{1}" if b[0] == shared[0] else "{1}ᵀ"
    for_a = "{g}·" + ("{1}ᵀ" if right == "{1}" else "{1}") if left == "{0}" else f"{right}·({{g}})ᵀ"
    for_b = ("{0}ᵀ" if left == "{0}" else "{0}") + "·{g}" if right == "{1}" else f"({{g}})ᵀ·{left}"
    return _row(f"{left}·{right}", for_a, for_b)


def _custom(node: Node) -> Words:
    """A function whose derivative somebody stated. Inputs: the values of its results, which are not told."""
    count = node.op.form.count  # type: ignore[attr-defined]
    inputs = [f"{{{i}}}" for i in range(count, len(node.inputs))]
    rule = "{g}, by the rule that was stated"
    return Words(f"{stated_name(node)}({', '.join(inputs)})", (*["0"] * count, *[rule] * len(inputs)))


_BY_ATTRIBUTES: dict[str, Callable[[Node], Words]] = {
    "reduce": _reduce,
    "contract": _contract,
    "custom": _custom,
}


def product(gradient: str, partial: str, *names: str, y: str) -> str:
    """The gradient of an input in words: a whole partial, or the gradient times a factor.

    >>> product("∂L/∂y", "{1}", "w", "x", y="y"), product("∂L/∂y", "−1", "a", y="y")
    ('∂L/∂y·x', '−∂L/∂y')
    """
    if "{g}" in partial:
        return partial.format(*names, y=y, g=gradient)
    if partial in ("1", "−1"):
        return gradient if partial == "1" else f"−{gradient}"
    return f"{gradient}·{partial.format(*names, y=y)}"
