"""Measured against theory: factors per step on quadratics, and that a wrong rule is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import log, sqrt
from typing import Any, TypeAlias

import numpy as np
import pytest

import sklon
from sklon import optim
from sklon.calculus.descent import descend
from sklon.calculus.descent.theory import curvature_of
from sklon.calculus.descent.theory.measured import measured_factor
from sklon.calculus.descent.theory.quadratic import second_order
from sklon.calculus.descent.theory.spectrum import best_settings, factors, limit
from sklon.calculus.subject import subject_of
from sklon.optim.rules import SGDRule

Array: TypeAlias = np.ndarray[Any, Any]
#: measured and theory differ by less than this share of their logarithm
WITHIN = 1e-4
START = [3.0, -2.0, 1.0]


def quadratic(condition: float) -> tuple[Callable[[sklon.Tensor], sklon.Tensor], Array, Array]:
    """½xᵀAx − bᵀx with curvatures from 1 to κ along directions of no axis; and A and b."""
    random = np.random.default_rng(int(condition))
    directions, _ = np.linalg.qr(random.standard_normal((3, 3)))
    matrix = directions * np.geomspace(1, condition, 3) @ directions.T
    matrix, linear = (matrix + matrix.T) / 2, random.standard_normal(3)
    a, b = sklon.tensor(matrix), sklon.tensor(linear)
    return lambda x: 0.5 * (x * (a @ x)).sum() - (b * x).sum(), matrix, linear


def steps_for(condition: float, share: float) -> int:
    """Enough to see the long run, with or without momentum."""
    return min(1500, int(30 * condition / share) + 300)


# ---- the table
METHODS = [(0.0, False), *[(mu, nesterov) for mu in (0.3, 0.6, 0.9, 0.95) for nesterov in (False, True)]]


@pytest.mark.parametrize("condition", [1, 2, 10, 100, 1000])
@pytest.mark.parametrize(("momentum", "nesterov"), METHODS)
def test_measured_is_theory(condition: float, momentum: float, nesterov: bool) -> None:
    f, _, _ = quadratic(condition)
    settings: dict[str, Any] = {"momentum": momentum, "nesterov": nesterov} if momentum else {}
    for share in (0.5, 0.9, 1.4):
        path = descend(f, START, lr=share / condition, steps=steps_for(condition, share), tolerance=1e-12, **settings)
        rate = path.rate()
        assert rate.everywhere and rate.agrees, rate
        assert rate.measured is not None and rate.theory is not None
        assert abs(log(rate.measured) - log(rate.theory)) <= WITHIN * abs(log(rate.theory))
        assert (rate.theory > 1) == (path.outcome.kind == "diverged")
        assert rate.condition == pytest.approx(condition, rel=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.05, "weight_decay": 0.7},
        {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.7},
        {"lr": 0.05, "momentum": 0.8, "dampening": 0.5},
        {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 2.0},
        {"lr": 0.01, "maximize": True},
        {"lr": 0.25},
        {"lr": 0.25, "momentum": 0.9, "dampening": 0.9},
    ],
    ids=str,
)
def test_every_part_of_the_rule_is_in_the_theory(settings: dict[str, Any]) -> None:
    f, _, _ = quadratic(10)
    rate = descend(f, START, steps=800, **settings).rate()
    assert rate.measured is not None and rate.theory is not None
    assert rate.measured == pytest.approx(rate.theory, rel=WITHIN) and rate.agrees, rate


@pytest.mark.parametrize("condition", [4, 100])
def test_the_best_settings_are_as_fast_as_said(condition: float) -> None:
    plain, nesterov, heavy = best_settings(1.0, condition)
    root = sqrt(condition)
    assert plain.factor == pytest.approx((condition - 1) / (condition + 1))
    assert heavy.factor == pytest.approx((root - 1) / (root + 1))
    f, _, _ = quadratic(condition)
    for best in (plain, nesterov, heavy):
        ahead = {"nesterov": True} if best is nesterov else {}
        moved: dict[str, Any] = {"momentum": best.momentum, **ahead} if best.momentum else {}
        rate = descend(f, START, lr=best.lr, steps=3000, tolerance=1e-12, **moved).rate()
        # double roots: the factor is approached like (k + 1)/k
        assert rate.theory == pytest.approx(best.factor, abs=1e-6)
        assert rate.measured == pytest.approx(best.factor, abs=5e-3)
        for other in (0.8, 1.2):
            assert factors(optim.SGDRule(best.lr * other, **moved), np.array([1.0, condition])).max() > best.factor


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_limit_is_where_the_factor_passes_one(mu: float, nesterov: bool) -> None:
    if nesterov and not mu:
        return
    for share, converges in ((0.999, True), (1.001, False)):
        rule = SGDRule(share * limit(SGDRule(1.0, mu, nesterov=nesterov)), mu, nesterov=nesterov)
        assert bool(factors(rule, np.array([1.0]))[0] < 1) is converges


def test_a_path_is_as_fast_as_the_directions_it_takes() -> None:
    f = lambda x: x[0] ** 2 / 2 + 5 * x[1] ** 2  # noqa: E731
    rate = descend(f, [0.0, 1.0], lr=0.05, steps=200).rate()
    assert rate.theory == pytest.approx(0.5) and rate.worst == pytest.approx(0.95) and rate.agrees
    assert "from another start it could be 0.95" in rate.verdict


# ---- what is a quadratic
@pytest.mark.parametrize(
    ("function", "start", "everywhere"),
    [
        (lambda x: (x[0] - 1) ** 2 + x[0] * x[1] + 3.0, [1.0, 2.0], True),
        (lambda x: x[0] ** 2 + x[1].abs(), [1.0, 2.0], False),
        (lambda x: x[0] ** 2 + 1e-3 * x[1] ** 4, [1.0, 2.0], False),
        (lambda x: x[0] ** 2 + x[1].relu() ** 2, [1.0, 0.1], False),
        (lambda x: x[0].exp() + x[1] ** 2, [1.0, 2.0], False),
        (lambda x: 2 * x[0] - x[1], [1.0, 2.0], True),
    ],
)
def test_a_quadratic_is_told_from_what_is_none(function: Any, start: Any, everywhere: bool) -> None:
    path = descend(function, start, lr=0.1, steps=5)
    found = curvature_of(path.subject, path.points, path.units)
    assert found is not None and found.everywhere is everywhere


def test_the_hessian_is_that_of_the_quadratic() -> None:
    f, matrix, linear = quadratic(100)
    subject, point = subject_of(f, START)
    gradient, hessian = second_order(subject, point)
    np.testing.assert_allclose(gradient, matrix @ point - linear, rtol=1e-12)
    np.testing.assert_allclose(hessian, matrix, rtol=1e-12)
    found = curvature_of(subject, np.array([START, [0.0, 0.0, 0.0]]), np.ones(3))
    assert found is not None
    np.testing.assert_allclose(found.eigenvalues, [1, 10, 100], rtol=1e-9)
    scaled = curvature_of(subject, np.array([START]), np.array([1.0, 10.0, 0.1]))
    assert scaled is not None
    np.testing.assert_allclose(scaled.matrix, np.diag([1, 10, 0.1]) @ matrix @ np.diag([1, 10, 0.1]), rtol=1e-9)


def test_near_its_end_any_smooth_function_is_one() -> None:
    path = descend(lambda x: (x[0].exp() - x[0]) + 2 * x[1] ** 2 + x[1] ** 4, [0.5, 0.4], lr=0.1, steps=300)
    rate = path.rate()
    assert not rate.everywhere and rate.agrees and rate.theory == pytest.approx(0.9, abs=1e-6)


# ---- without theory
def test_rules_without_theory_say_so() -> None:
    f, _, _ = quadratic(10)
    adam = descend(f, START, "adam", lr=0.1, steps=300).rate()
    assert adam.theory is None and adam.agrees is None and "no theory for adam" in adam.verdict
    moved = descend(f, START, lr=0.1, steps=100, schedule="cosine").rate()
    assert moved.theory is None and "a schedule moves this one" in moved.verdict
    kinked = descend(lambda x: x.abs() + 0.1 * x, 1.05, lr=0.1, steps=30).rate()
    assert kinked.theory is None and "no positive curvature" in kinked.verdict
    short = descend(f, START, lr=0.1, steps=2).rate()
    assert short.measured is None and "too short" in short.verdict
    assert json.loads(json.dumps(adam.json()))["condition"] == pytest.approx(10)
    assert "best heavy ball" in str(adam)


# ---- the measurement, and the tests of the tests
@pytest.mark.parametrize(("factor", "angle"), [(0.9, 0.0), (0.99, 0.3), (0.5, 2.0), (1.2, 1.0), (0.7, np.pi)])
def test_a_factor_is_read_off_a_path(factor: float, angle: float) -> None:
    k = np.arange(80)
    turning = np.stack([factor**k * np.cos(angle * k + 0.3), (0.3 * factor) ** k], axis=1)
    assert measured_factor(turning + 2.0) == pytest.approx(factor, rel=1e-6)


def test_steps_at_the_rounding_floor_say_nothing() -> None:
    k = np.arange(400)
    noise = 1e-16 * np.random.default_rng(0).standard_normal((400, 1))
    assert measured_factor(1 + 0.8 ** k[:, None] + noise) == pytest.approx(0.8, rel=1e-5)
    assert measured_factor(np.zeros((5, 2))) is None and measured_factor(np.zeros((1, 2))) is None


def _twice_scaled(self: Any, param: Any, grad: Any, slots: Any, scalars: Any) -> Any:
    buffer = scalars["momentum"] * slots["momentum_buffer"] + scalars["lr"] * grad
    return param - scalars["lr"] * buffer, {"momentum_buffer": buffer}


def _dampened(self: Any, param: Any, grad: Any, slots: Any, scalars: Any) -> Any:
    buffer = scalars["momentum"] * slots["momentum_buffer"] + (1.0 - scalars["momentum"]) * grad
    return param - scalars["lr"] * buffer, {"momentum_buffer": buffer}


def _looking_ahead(self: Any, param: Any, grad: Any, slots: Any, scalars: Any) -> Any:
    buffer = scalars["momentum"] * slots["momentum_buffer"] + grad
    return param - scalars["lr"] * (grad + scalars["momentum"] * buffer), {"momentum_buffer": buffer}


@pytest.mark.parametrize("fault", [_twice_scaled, _dampened, _looking_ahead])
def test_a_wrong_rule_is_noticed(fault: Any) -> None:
    class WrongRule(SGDRule):
        __slots__ = ()
        update = fault

    class Wrong(optim.Optimizer):
        rule = WrongRule

    f, _, _ = quadratic(10)
    right = descend(f, START, lambda p: optim.SGD(p, lr=0.05, momentum=0.6), steps=2000).rate()
    wrong = descend(f, START, lambda p: Wrong(p, lr=0.05, momentum=0.6), steps=2000).rate()
    assert right.agrees
    assert wrong.agrees is False and "the rule does not do what it says" in wrong.verdict
