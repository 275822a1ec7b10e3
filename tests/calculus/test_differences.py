"""The error that differences tell is one: the truth is within it, for smooth functions, kinks, edges and noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import cos, exp, inf, isnan, log, nan, sin, sqrt, tan

import numpy as np
import pytest

from sklon.calculus.differences import curvature, gradient, hessian, slope
from sklon.calculus.subject import subject_of

Real = Callable[[float], float]

#: a function, a point, its first and second derivative there, and the largest relative error that is expected of them
SMOOTH: dict[str, tuple[Real, float, float, float, float]] = {
    "x³": (lambda x: x**3, 1.0, 3.0, 6.0, 1e-11),
    "eˣ": (exp, 0.0, 1.0, 1.0, 1e-9),
    "constant": (lambda x: 3.0, 0.0, 0.0, 0.0, 1e-11),
    "x² far away": (lambda x: x * x, 1e6, 2e6, 2.0, 1e-11),
    "fast": (lambda x: sin(1000 * x) / 1000, 0.0, 1.0, 0.0, 1e-9),
    "steep": (lambda x: exp(50 * x), 1.0, 50 * exp(50), 2500 * exp(50), 1e-9),
    "near a pole": (lambda x: 1 / x, 0.05, -400.0, 16000.0, 1e-8),
    "near an edge": (lambda x: log(x) if x > 0 else nan, 0.05, 20.0, -400.0, 1e-7),
    "near a kink": (lambda x: abs(x - 0.01), 0.0, -1.0, 0.0, 1e-9),
    "a narrow bell": (lambda x: exp(-((100 * x) ** 2)), 0.001, -20 * exp(-0.01), -19600 * exp(-0.01), 1e-8),
    "a sharp bend": (lambda x: float(np.logaddexp(0, 1000 * x)) / 1000, 0.0, 0.5, 250.0, 1e-8),
    "tan near π/2": (tan, 1.5, 1 / cos(1.5) ** 2, 2 * tan(1.5) / cos(1.5) ** 2, 1e-8),
}
#: the same of functions whose values are not good to float64: how good is all that can be known
NOISY: dict[str, tuple[Real, float, float, float]] = {
    "float32": (lambda x: float(np.float32(x) ** 2), 0.7, 1.4, 1e-5),
    "a sine of float32": (lambda x: float(np.sin(np.float32(x))), 0.7, cos(0.7), 1e-4),
    "a slow change of float32": (
        lambda x: float(np.float32(0.5) + np.float32(0.0025) * np.float32(x)),
        3.0,
        float(np.float32(0.0025)),
        1e-3,
    ),
    "cancellation": (lambda x: (x + 1e8) ** 2 - 1e16, 0.0, 2e8, 1e-6),
    "a large constant": (lambda x: 1e8 + sin(x), 0.0, 1.0, 1e-4),
    "a fast ripple": (lambda x: sin(x) + 1e-6 * sin(1e9 * x + 0.3), 0.7, cos(0.7), inf),
}
#: no derivative at 0, and how large the error has to be at the least
ROUGH: dict[str, tuple[Real, float]] = {
    "a kink": (abs, 0.99),
    "a kink nearer than the smallest step": (lambda x: abs(x - 1e-9), 0.99),
    "a jump": (lambda x: float(np.sign(x)), 10.0),
    "a jump on one side": (lambda x: float(np.ceil(x)), 1.0),
    "a cusp": (lambda x: sqrt(abs(x)), 1.0),
    "a vertical tangent": (lambda x: float(np.cbrt(x)), 1e3),
    "a point that is moved": (lambda x: 5.0 if x == 0 else x * x, 10.0),
    "oscillation": (lambda x: x * sin(1 / x) if x else 0.0, 0.1),
    "an edge": (lambda x: sqrt(x) if x >= 0 else nan, inf),
    "a pole": (lambda x: 1 / x if x else inf, inf),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_truth_is_within_the_error_which_is_small(name: str) -> None:
    function, x, first, second, largest = SMOOTH[name]
    scale = max(1.0, abs(x))
    for found, truth in (
        (slope(lambda t: function(x + t), scale), first),
        (curvature(lambda t: function(x + t), scale), second),
    ):
        assert abs(found.value - truth) <= found.error <= largest * max(1.0, abs(truth))
        assert not found.torn


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_in_the_error(name: str) -> None:
    function, x, truth, largest = NOISY[name]
    found = slope(lambda t: function(x + t))
    assert abs(found.value - truth) <= found.error <= largest * abs(truth)


@pytest.mark.parametrize("name", ROUGH)
def test_where_there_is_no_derivative_the_error_is_large(name: str) -> None:
    function, least = ROUGH[name]
    found = slope(function)
    assert found.error >= least and not found.settles()
    assert found.torn == ("kink" in name)


def test_a_kink_has_two_slopes() -> None:
    found = slope(lambda t: 3 * t if t > 0 else -2 * t)
    assert found.right.value == pytest.approx(3.0, abs=1e-5) and found.left.value == pytest.approx(-2.0, abs=1e-5)
    assert found.error == pytest.approx(2.5, abs=1e-5)


def test_an_edge_has_a_slope_on_its_inner_side() -> None:
    found = slope(lambda t: t**1.5 if t >= 0 else nan)
    assert isnan(found.value) and isnan(found.left.value) and abs(found.right.value) < 1e-3


def test_the_bound_holds_for_random_functions() -> None:
    random = np.random.default_rng(0)
    for a, b, c, d, x in random.normal(size=(300, 5)):
        found = slope(partial(_wave, a, b, c, d, 3 * x), max(1.0, abs(3 * x)))
        truth = a * b * cos(b * 3 * x) + 2 * c * 3 * x + d * exp(d * 3 * x)
        assert abs(found.value - truth) <= found.error <= 1e-9 * max(1.0, abs(truth))


def _wave(a: float, b: float, c: float, d: float, x: float, t: float) -> float:
    return a * sin(b * (x + t)) + c * (x + t) ** 2 + exp(d * (x + t))


def test_gradient_and_hessian_of_several_variables() -> None:
    subject, at = subject_of(lambda x, y, z: x * y * z + x**3, (2.0, 3.0, 5.0))
    assert [g.value for g in gradient(subject, at)] == pytest.approx([27.0, 10.0, 6.0], rel=1e-10)
    expected = np.array([[12.0, 5.0, 3.0], [5.0, 0.0, 2.0], [3.0, 2.0, 0.0]])
    rows = hessian(subject, at)
    assert np.all(
        np.abs(np.array([[e.value for e in row] for row in rows]) - expected)
        <= [[e.error for e in row] for row in rows]
    )
    assert max(e.error for row in rows for e in row) < 1e-7
