"""Explanations: words say the derivative, the chain multiplies up to ``.grad``, and names are the user's."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.dtypes import float64
from sklon._base.errors import InputError
from sklon.autodiff import gradients
from sklon.calculus import Explanation, explain_grad
from sklon.calculus.chain.explaining import MOST_GIVEN
from sklon.calculus.chain.folding import MOST
from sklon.calculus.chain.ops_in_words import POINT, words_of
from sklon.calculus.chain.picture import _laid_out as laid_out
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import REGISTRY, apply, slot
from sklon.ops import Point
from sklon.tensors import Tensor

from ..tensor_functions import SMOOTH, normal

FILE = Path(__file__).name
#: what the words mean, as Python reads them
MEANING: dict[str, Any] = {
    "exp": math.exp, "ln": math.log, "log2": math.log2, "log10": math.log10, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "arcsin": math.asin, "arccos": math.acos, "arctan": math.atan, "sinh": math.sinh,
    "cosh": math.cosh, "tanh": math.tanh, "arsinh": math.asinh, "arcosh": math.acosh, "artanh": math.atanh,
    "atan2": math.atan2,
    "erf": math.erf, "trunc": math.trunc, "round": round, "max": max, "min": min, "π": math.pi, "root": math.sqrt,
    "sign": lambda x: math.copysign(1, x), "relu": lambda x: max(x, 0), "σ": lambda x: 1 / (1 + math.exp(-x)),
    "ψ": lambda x: (math.lgamma(x + 1e-6) - math.lgamma(x - 1e-6)) / 2e-6, "floor": math.floor, "ceil": math.ceil,
    "bracket": float, "size": abs, "lgamma": math.lgamma,
}  # fmt: skip
WRITTEN = (
    (r"ln\|Γ\((.*?)\)\|", r"lgamma(\1)"), (r"\|(.*?)\|", r"size(\1)"), (r"⌊(.*?)⌋", r"floor(\1)"),
    (r"⌈(.*?)⌉", r"ceil(\1)"), ("log₂", "log2"), ("log₁₀", "log10"), (r"\[(.*?)\]", r"bracket(\1)"),
    ("·", "*"), ("−", "-"), ("²", "**2"), (r"\^", "**"), ("√", "root"), (" mod ", "%"),
)  # fmt: skip
POINTS = {"acosh": (1.7,), "atan2": (0.6, 0.8), "where": (1.0, 0.7, 0.4), "fmod": (0.9, 0.4), "lgamma": (1.6,)}


def python(text: str) -> float:
    """The value of what words say."""
    for pattern, replacement in WRITTEN:
        text = re.sub(pattern, replacement, text)
    return float(eval(text, {"__builtins__": {}}, MEANING))


@pytest.mark.parametrize("name", sorted(set(POINT) - {"cast", "where"}))
def test_formula_and_partials_of_a_point_op_are_its_meaning_and_its_derivative(name: str) -> None:
    op = REGISTRY[name]()
    values = POINTS.get(name, (0.6, 0.8))[: getattr(op, "arity", 1)]
    inputs = [slot(f"x{i}", "state", (), float64) for i in range(len(values))]
    known = dict(zip(inputs, map(np.asarray, values), strict=True))
    node = apply(op, *inputs)
    found = gradients({node: Build().full(1.0, (), float64)}, inputs)
    result = float(evaluate((node,), known, 0)[node])
    words, texts = words_of(node), [repr(v) for v in values]
    assert python(words.formula.format(*texts, y=repr(result))) == pytest.approx(result)
    for gradient, partial in zip(found, words.partials, strict=True):
        expected = 0.0 if gradient is None else float(evaluate((gradient,), known, 0)[gradient])
        assert python(partial.format(*texts, y=repr(result))) == pytest.approx(expected, rel=1e-6)


def test_every_op_through_which_gradients_flow_has_words() -> None:
    own = {name for name, op in REGISTRY.items() if issubclass(op, Point) and op.vjp is not Point.vjp}
    assert own - set(POINT) <= {"stop_gradient", "square"}


# ---- the chain
def check(found: Explanation, gradient: Tensor | None) -> None:
    """What is explained is ``.grad``, and at every node it is the sum of its ways."""
    assert gradient is not None
    np.testing.assert_allclose(found.gradient, gradient.numpy(), rtol=1e-9, atol=1e-12)
    for step in found.steps[1:]:
        np.testing.assert_allclose(step.gradient, sum(w.value for w in step.ways), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_chain_multiplies_up_to_grad(name: str) -> None:
    function, arrays = SMOOTH[name]
    given = [sklon.tensor(a, requires_grad=True) for a in arrays]
    result = function(*given)
    loss = ((result[0] if isinstance(result, tuple) else result) ** 2).sum()
    found = [explain_grad(loss, x) for x in given]
    loss.backward()
    for one, x in zip(found, given, strict=True):
        check(one, x.grad)


def test_a_formula_reads_like_mathematics() -> None:
    w, b = (sklon.tensor(v, requires_grad=True) for v in (3.0, 1.0))
    x, t = sklon.tensor(2.0), 4.0
    y = w * x + b
    loss = (y - t) ** 2
    told = [line for line in str(explain_grad(loss, w)).splitlines() if line]
    assert [re.sub(r"    \(.*\)$", "", line) for line in told] == [
        "The chain rule from loss to w, 12",
        "given x = 2; b = 1",
        "loss = z2·z2 = 9",
        "    ∂loss/∂loss = 1",
        "z2 = y − 4 = 3",
        "    ∂loss/∂z2 += ∂loss/∂loss·z2 = 1·3 = 3",
        "    ∂loss/∂z2 += ∂loss/∂loss·z2 = 1·3 = 3",
        "    ∂loss/∂z2 = 6, as 2 ways add up",
        "y = z1 + b = 7",
        "    ∂loss/∂y = ∂loss/∂z2 = 6",
        "z1 = w·x = 6",
        "    ∂loss/∂z1 = ∂loss/∂y = 6",
        "w = 3",
        "    ∂loss/∂w = ∂loss/∂z1·x = 6·2 = 12",
    ]
    assert sum(f"({FILE}:" in line for line in told) == 4


def test_the_users_line_is_shown() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    loss = w.exp().sum()
    here = test_the_users_line_is_shown.__code__.co_firstlineno + 2
    assert {s.line for s in explain_grad(loss, w).steps} == {f"{FILE}:{here}", ""}


def test_where_ways_join_gradients_add_up() -> None:
    x = sklon.tensor(2.0, requires_grad=True)
    left, right = x.exp(), x.sin()
    loss = left * right + x
    found = explain_grad(loss, x)
    step = found.steps[-1]
    assert sorted(w.words for w in step.ways) == ["∂loss/∂left·left", "∂loss/∂loss", "∂loss/∂right·cos(x)"]
    loss.backward()
    check(found, x.grad)


def test_what_repeats_is_told_with_its_reader() -> None:
    w, b = sklon.tensor([[1.0, 2.0]], requires_grad=True), sklon.tensor([0.5], requires_grad=True)
    x = sklon.tensor(normal(4, 2).astype(np.float32))
    y = x @ w.T + b
    loss = (y**2).mean()
    by_b, by_w = explain_grad(loss, b), explain_grad(loss, w)
    assert not any("repeated" in s.formula or "shape" in s.formula for s in by_b.steps)
    assert by_b.steps[-1].ways[0].words == "∂loss/∂y, summed where b repeats"
    assert "Σ" in by_w.steps[1].formula or "Σ" in by_w.steps[2].formula
    loss.backward()
    np.testing.assert_allclose(by_b.gradient, b.grad.numpy(), rtol=1e-6)  # type: ignore[union-attr]
    np.testing.assert_allclose(by_w.gradient, w.grad.numpy(), rtol=1e-6)  # type: ignore[union-attr]


def test_a_model_is_told_by_the_paths_of_its_parameters() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    X, y = sklon.tensor(normal(8, 3)), sklon.tensor(normal(8, 1))
    loss = nn.MSELoss()(model(X), y)
    found = explain_grad(loss, model[0].weight)
    assert found.parameter == "model.0.weight"
    assert {"X·model.0.weightᵀ", "z1 + model.0.bias", "tanh(z2)", "z3·model.2.weightᵀ"} <= {
        s.formula for s in found.steps
    }
    assert found.steps[-1].ways[0].words == "(∂loss/∂z1)ᵀ·X"
    assert {name for name, _ in found.given} == {"X", "y", "model.0.bias", "model.2.weight", "model.2.bias"}
    loss.backward()
    check(found, model[0].weight.grad)


def test_names_are_those_of_the_module_where_the_function_has_none() -> None:
    code = """
w, b = sklon.tensor(3.0, requires_grad=True), sklon.tensor(1.0)
layer = nn.Linear(1, 1)
def asks():
    b = sklon.tensor(5.0)
    return explain_grad(layer((w * b).reshape(1, 1)).sum(), w)
found = asks()
"""
    scope: dict[str, Any] = {"sklon": sklon, "nn": nn, "explain_grad": explain_grad}
    exec(compile(code, "users.py", "exec"), scope)
    found = scope["found"]
    assert found.parameter == "w" and found.steps[-2].formula == "w·b"
    assert {name for name, _ in found.given} == {"b", "layer.weight", "layer.bias"}


def test_names_can_be_given_and_any_node_explained() -> None:
    def ask(loss: Tensor, h: Tensor) -> Explanation:
        return explain_grad(loss, h, names={"hidden": h, "L": loss})

    x = sklon.tensor(2.0, requires_grad=True)
    h = x * 3
    found = ask(h.exp(), h)
    assert (found.loss, found.parameter) == ("L", "hidden")
    assert float(found.gradient) == pytest.approx(math.exp(6), rel=1e-6)


def test_looking_changes_nothing() -> None:
    x = sklon.tensor([1.0, 2.0], requires_grad=True)
    loss = (x**2).sum()
    explain_grad(loss, x)
    assert x.grad is None
    loss.backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 4.0]


def test_a_parameter_that_was_written_in_between_counts_with_all_its_values() -> None:
    w = sklon.tensor([2.0], requires_grad=True)
    first = (w * 3).sum()
    with sklon.no_grad():
        w *= 2
    loss = first + (w * w).sum()
    found = explain_grad(loss, w)
    loss.backward()
    assert w.grad is not None and found.gradient.tolist() == w.grad.tolist() == [3 + 8]
    assert {s.name for s in found.steps if not s.formula} == {"w", "w before"}


def test_what_is_cut_off_is_given() -> None:
    """The largest logit, which the stable cross-entropy subtracts as a constant."""
    x = sklon.tensor(normal(4, 3), requires_grad=True)
    loss = nn.functional.cross_entropy(x, sklon.tensor([0, 2, 1, 1]))
    found = explain_grad(loss, x)
    told = {operand for s in found.steps for operand in s.operands if operand[:1] == "c"}
    assert len(told) == 2 and told == {name for name, _ in found.given}
    loss.backward()
    check(found, x.grad)


def test_a_stated_derivative_is_told_by_its_name() -> None:
    @sklon.custom_vjp
    def clipped(x: Tensor) -> Any:
        return sklon.sign(x)

    @clipped.backward
    def rule(g: Tensor, result: Tensor, x: Tensor) -> Any:
        return g * 3

    x = sklon.tensor(2.0, requires_grad=True)
    loss = clipped(x) * 5
    found = explain_grad(loss, x)
    assert [s.formula for s in found.steps] == ["z1·5", "clipped(x)", ""] and not found.given
    assert found.steps[-1].ways[0].words == "∂loss/∂z1, by the rule that was stated"
    loss.backward()
    check(found, x.grad)


# ---- long ones
def chain(length: int) -> tuple[Tensor, Tensor]:
    """A chain of so many links, and what it began with."""
    x = sklon.tensor([0.5, -0.3, 0.1], requires_grad=True)
    h = x
    for _ in range(length):
        h = (h * 0.9 + 0.1).tanh()
    return (h**2).sum(), x


def test_a_long_chain_is_told_in_parts() -> None:
    loss, x = chain(40)
    found = explain_grad(loss, x)
    assert len(found.steps) > 100 and len(found.parts) <= MOST
    assert f"{len(found.steps)} operations, told in {len(found.parts)} parts" in str(found)
    assert [s for part in found.parts for s in part.steps] == list(found.steps)
    loss.backward()
    assert x.grad is not None
    np.testing.assert_allclose(found.gradient, x.grad.numpy(), rtol=1e-5)


def test_a_deep_model_is_told_by_layers() -> None:
    layers = [layer for _ in range(12) for layer in (nn.Linear(3, 3), nn.Tanh())]
    model = nn.Sequential(*layers, nn.Linear(3, 1))
    X = sklon.ones(2, 3)
    loss = model(X).sum()
    found = explain_grad(loss, model[0].weight)
    assert len(found.steps) > MOST
    assert "operations of model.12" in str(found) or "operations of model.10" in str(found)
    given = next(line for line in str(found).splitlines() if line.startswith("given "))
    assert given.count(" = ") == MOST_GIVEN and given.endswith(f"; and {len(found.given) - MOST_GIVEN} more")


# ---- pictures
@pytest.mark.parametrize("length", [0, 1, 3, 40])
def test_a_picture_shows_every_part(length: int, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    loss, x = chain(length)
    found = explain_grad(loss, x)
    drawn = found.picture()._repr_svg_()
    assert drawn == found.picture()._repr_svg_()
    for part in found.parts:
        assert part.steps[-1].name in drawn
    assert found.picture().save(tmp_path / "chain.png").stat().st_size > 1000
    assert "gradients up" in drawn and ("∂loss/∂loss" in drawn) == (length < MOST)


#: functions of w whose pictures have several boxes in a row, what is given to them, and ways past other rows
SPREAD: dict[str, Callable[[Tensor], Tensor]] = {
    "one is given something": lambda w: w * sklon.tensor(2.0) + w * w,
    "both are given something": lambda w: (w * sklon.tensor(2.0)) * (w * sklon.tensor(4.0)),
    "from the right of a row": lambda w: (w * 2).tanh().exp() * (w + 1) * (w * sklon.tensor(4.0)),
    "to the right of a row": lambda w: ((w * 2).tanh() * sklon.tensor(3.0)) * (w * 2 + w) * (w * sklon.tensor(4.0)),
}


@pytest.mark.parametrize("case", SPREAD)
def test_in_a_picture_no_way_crosses_a_box_and_no_box_another(case: str) -> None:
    w = sklon.tensor(3.0, requires_grad=True)
    boxes, arrows = laid_out(explain_grad(SPREAD[case](w), w))
    rooms = [(b.x - b.width / 2, b.x + b.width / 2, b.y - b.height / 2, b.y + b.height / 2) for b in boxes]
    ways = [pair for arrow in arrows for way in (arrow.way, arrow.back) for pair in pairwise(way)]
    for left, right, bottom, top in rooms:
        assert sum(left < b.x < right and bottom < b.y < top for b in boxes) == 1
        for (x1, y1), (x2, y2) in ways:
            across = min(x1, x2) < right - 1e-9 and max(x1, x2) > left + 1e-9
            assert not (across and min(y1, y2) < top - 1e-9 and max(y1, y2) > bottom + 1e-9)


def test_html_holds_the_table_and_the_picture() -> None:
    loss, x = chain(2)
    html = explain_grad(loss, x)._repr_html_()
    assert "The chain rule from loss to x" in html and "<table>" in html


# ---- what cannot be explained
def test_what_is_no_tensor_is_refused() -> None:
    x = sklon.tensor(1.0, requires_grad=True)
    other: Any
    for other in (3.0, nn.Linear(1, 1), None):
        with pytest.raises(InputError, match="to a tensor, not"):
            explain_grad(x * 2, other)
        with pytest.raises(InputError, match="to a tensor, not"):
            explain_grad(other, x)


def unused() -> tuple[Tensor, Tensor]:
    return sklon.tensor(1.0, requires_grad=True) * 2, sklon.tensor(1.0, requires_grad=True)


def several() -> tuple[Tensor, Tensor]:
    x = sklon.tensor([1.0, 2.0], requires_grad=True)
    return x * 2, x


def cut() -> tuple[Tensor, Tensor]:
    x = sklon.tensor(1.0, requires_grad=True)
    return (x * 2).detach() * sklon.tensor(1.0, requires_grad=True), x


def given_up() -> tuple[Tensor, Tensor]:
    x = sklon.tensor([1.0], requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    loss.item()
    return loss, x


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (unused, "no gradient flows from the loss"),
        (several, "a chain ends at one number"),
        (cut, "no gradient flows from the loss"),
        (given_up, "explain it before backward"),
    ],
)
def test_what_has_no_chain_is_refused(case: Callable[[], tuple[Tensor, Tensor]], words: str) -> None:
    loss, x = case()
    with pytest.raises(InputError, match=words):
        explain_grad(loss, x)
