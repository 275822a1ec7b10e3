"""What the engine returns at kinks is what the ops declare, also when a point is examined; no op is forgotten."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

import sklon
from sklon import Tensor
from sklon.calculus.examine import examine
from sklon.calculus.examine.conventions import KINKS as MEASURES
from sklon.calculus.examine.conventions import NEVER_BETWEEN
from sklon.graph.node import REGISTRY
from sklon.nn import functional as F
from sklon.ops import BUILD
from sklon.tensors.record import wrap
from tests.ops.test_conventions import KINKS, Kink

#: rows of the engine's own table whose op is applied to numbers
PLAIN = tuple(kink for kink in KINKS if kink.build is None)


def applied(kink: Kink, i: int, x: Tensor) -> Tensor:
    """The op of a row to x, and to the i-th numbers of its other inputs."""
    others = [sklon.tensor(values[i], dtype="float64").node for values in kink.inputs[1:]]
    return wrap(getattr(BUILD, kink.op)(x.node, *others), x)


def test_every_op_with_a_convention_has_a_measure() -> None:
    declared = {n for n, op in REGISTRY.items() if op.convention and op.__module__.startswith("sklon.")}
    assert declared <= MEASURES.keys() | NEVER_BETWEEN
    assert not MEASURES.keys() & NEVER_BETWEEN


@pytest.mark.parametrize("kink", PLAIN, ids=lambda kink: kink.op)
def test_autodiff_returns_the_convention(kink: Kink) -> None:
    for i, at in enumerate(kink.inputs[0]):
        if isnan(at):
            continue
        found = examine(lambda x, i=i: applied(kink, i, x), at)
        assert found.autodiff.value is not None
        np.testing.assert_allclose(found.autodiff.value, kink.grads[0][i], rtol=1e-14)


@pytest.mark.parametrize(
    ("op", "at"),
    [
        *(("relu", 0.0), ("abs", 0.0), ("sqrt", 0.0), ("floor", 2.0), ("ceil", -1.0), ("trunc", 3.0), ("round", 0.5)),
        *(("asin", 1.0), ("acos", -1.0), ("acosh", 1.0), ("lgamma", -1.0)),
    ],
)
def test_the_op_at_its_kink_is_named(op: str, at: float) -> None:
    function = {"relu": sklon.relu, "abs": sklon.abs}.get(op) or getattr(sklon, op)
    here, beside = (examine(function, x).autodiff.ops for x in (at, at + 0.125 if op != "asin" else 0.5))
    assert [o.name for o in here] == [op]
    assert here[0].convention == REGISTRY[op].convention
    assert beside == ()


def test_a_line_is_named_of_python_and_not_of_a_formula() -> None:
    assert examine(lambda x: sklon.abs(x), 0.0).autodiff.ops[0].line.startswith("test_conventions.py:")
    found = examine("|x|", 0.0)
    assert found.autodiff.ops[0].line == "" and "abs: the derivative" in str(found) and ".py:" not in str(found)


def test_a_tie_of_a_maximum_is_named() -> None:
    found = examine(lambda x: sklon.amax(sklon.stack([x, -x])), 0.0)
    assert [o.name for o in found.autodiff.ops] == ["reduce"]
    assert examine(lambda x: sklon.amax(sklon.stack([x, -x])), 0.5).autodiff.ops == ()


#: activations and losses with kinks: slopes from the left and right, and what autodiff returns
COMPOSED = (
    ("relu6", lambda x: F.relu6(x), 6.0, (1.0, 0.0), 0.0),
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.2), 0.0, (0.2, 1.0), 0.2),
    ("hardtanh", lambda x: F.hardtanh(x), -1.0, (0.0, 1.0), 0.0),
    ("hardsigmoid", lambda x: F.hardsigmoid(x), 3.0, (1 / 6, 0.0), 0.0),
    ("softshrink", lambda x: F.softshrink(x), -0.5, (1.0, 0.0), 0.0),
    ("elu", lambda x: F.elu(x, 3.0), 0.0, (3.0, 1.0), 3.0),
)


@pytest.mark.parametrize(("name", "function", "at", "slopes", "autodiff"), COMPOSED, ids=[row[0] for row in COMPOSED])
def test_autodiff_lies_in_the_subdifferential_of_activations(
    name: str, function: object, at: float, slopes: tuple[float, float], autodiff: float
) -> None:
    found = examine(function, at)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.derivatives, slopes, rtol=1e-12, atol=1e-12)
    assert found.autodiff.value == pytest.approx(autodiff, abs=1e-15)
    assert "subgradient" in found.autodiff.verdict or "supergradient" in found.autodiff.verdict
