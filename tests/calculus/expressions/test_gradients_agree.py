"""Gradients of random smooth formulas are the same by rules, by SymPy, in reverse and forward mode, by differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon.calculus.expressions import Expression, parse
from sklon.calculus.expressions.text import plain
from tests.calculus.random_expressions import (
    WAYS,
    by_differences,
    by_forward_mode,
    by_reverse_mode,
    by_rules,
    by_sympy,
    points,
    smooth_expressions,
)


def check_agreement(f: Expression, at: list[float]) -> None:
    """All ways give the gradient of f at this point."""
    ways = [way(f, at) for way in WAYS]
    scale = max(1.0, *(abs(x) for x in ways[0]))
    for way, found in zip(WAYS, ways, strict=True):
        tolerance = 1e-6 if way is by_differences else 1e-10
        np.testing.assert_allclose(found, ways[0], rtol=tolerance, atol=tolerance * scale, err_msg=way.__name__)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), f=smooth_expressions())
def test_random_gradients_agree(data: st.DataObject, f: Expression) -> None:
    check_agreement(f, data.draw(points(len(f.variables))))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), f=smooth_expressions())
def test_the_last_step_is_the_derivative(data: st.DataObject, f: Expression) -> None:
    at, name = data.draw(points(len(f.variables))), data.draw(st.sampled_from(f.variables))
    last = f.steps(name)[-1].whole
    index = f.variables.index(name)
    assert plain(last) == f.partial(name).plain()
    assert parse(f"g({', '.join(f.variables)}) = {plain(last)}").value(*at) == pytest.approx(
        by_sympy(f, at)[index], rel=1e-10, abs=1e-10
    )


@settings(max_examples=100, deadline=None)
@given(data=st.data(), f=smooth_expressions())
def test_what_is_written_is_read_again(data: st.DataObject, f: Expression) -> None:
    again = parse(f"f({', '.join(f.variables)}) = {f.plain()}")
    assert again.plain() == f.plain()
    at = data.draw(points(len(f.variables)))
    symbols = {s: at[f.variables.index(str(s))] for s in f.formula.free_symbols}
    assert again.value(*at) == f.value(*at) == pytest.approx(float(f.formula.evalf(subs=symbols)), rel=1e-9, abs=1e-9)


def test_a_wrong_derivative_is_seen() -> None:
    f, wrong = parse("x^3 + sin(x)"), parse("x^3 + 1.001*sin(x)")
    for way in (by_sympy, by_reverse_mode, by_forward_mode, by_differences):
        assert abs(way(wrong, [0.9])[0] - by_rules(f, [0.9])[0]) > 1e-5
