"""Sequences whose tendency is known: powers, logarithms, oscillations, and noise that hides them."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest

import sklon
from sklon.calculus.examine.line import line_of
from sklon.calculus.examine.numbers import tidy
from sklon.calculus.examine.sampling import FIRST_STEP, RATIO, sample, steps_at
from sklon.calculus.examine.subdifferential import subdifferential_of
from sklon.calculus.examine.tendency import tendency
from sklon.calculus.subject import Array, subject_of

STEPS = FIRST_STEP * RATIO ** np.arange(80)
EPSILON = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("power", [0.1, 0.5, 1.0, 1.5, 2.0])
def test_powers_converge(power: float) -> None:
    found = tendency(STEPS, 3 + STEPS**power, np.full(80, EPSILON))
    assert found.kind == "finite"
    assert abs(found.limit - 3) <= found.error < 1e-3
    assert found.exponent == pytest.approx(power, abs=0.05)


@pytest.mark.parametrize(("power", "sign"), [(-1.0, 1), (-0.5, -1), (-2.0, 1)])
def test_negative_powers_grow(power: float, sign: int) -> None:
    found = tendency(STEPS, sign * STEPS**power, EPSILON * STEPS**power)
    assert (found.kind, found.limit) == ("infinite", sign * inf)
    assert found.exponent == pytest.approx(power, abs=1e-6)


def test_a_logarithm_grows() -> None:
    found = tendency(STEPS, np.log(STEPS), EPSILON * np.abs(np.log(STEPS)))
    assert (found.kind, found.limit, found.exponent) == ("infinite", -inf, 0.0)


def test_what_is_slower_than_a_logarithm_is_not_decided() -> None:
    values = np.log(-np.log(STEPS / 10))
    assert tendency(STEPS, values, np.full(80, EPSILON)).kind == "unknown"


@pytest.mark.parametrize("power", [1e-3, 1e-5])
def test_a_power_next_to_a_logarithm_is_none(power: float) -> None:
    assert tendency(STEPS, STEPS**power, np.full(80, EPSILON)).kind == "unknown"


@pytest.mark.parametrize("values", [np.sin(1 / STEPS), 5 + np.cos(1 / STEPS), np.sin(np.log(STEPS))])
def test_oscillations_have_no_limit(values: Array) -> None:
    found = tendency(STEPS, values, np.full(80, EPSILON))
    assert found.kind == "oscillating"
    assert found.high - found.low > 1.5


def test_a_vanishing_oscillation_has_a_limit() -> None:
    found = tendency(STEPS, 1 + STEPS * np.sin(1 / STEPS), np.full(80, EPSILON))
    assert found.kind == "finite"
    assert abs(found.limit - 1) <= found.error < 1e-6


def test_noise_is_no_oscillation() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-6, 80)
    found = tendency(STEPS, 2 + noise, np.full(80, 1e-6))
    assert found.kind == "finite"
    assert abs(found.limit - 2) <= found.error < 1e-4


def test_a_smooth_feature_above_the_limit_does_not_matter() -> None:
    values = np.sin(1000 * STEPS) / STEPS
    found = tendency(STEPS, values, EPSILON * np.abs(values))
    assert abs(found.limit - 1000) <= found.error < 1e-6


def test_what_is_no_number_is_absent() -> None:
    assert tendency(STEPS, np.full(80, np.nan), np.zeros(80)).kind == "absent"


# ---- noise
def test_digits_that_cancel_are_noise() -> None:
    subject, point = subject_of(lambda x: (1 - sklon.cos(x)) / x**2, 0.0)
    line = line_of(subject, point, None)
    samples = sample(line, 1, steps_at(line))
    errors = np.abs(samples.values - 0.5 + samples.steps**2 / 24 - samples.steps**4 / 720)
    small = samples.steps < 1e-3
    assert (errors[small] < 20 * samples.noise[small]).all()  # also where the value is 0, without any scatter
    assert samples.noise[0] < 1e-13


def test_an_exact_function_has_no_more_noise_than_its_last_digit() -> None:
    subject, point = subject_of(sklon.abs, 0.0)
    line = line_of(subject, point, None)
    samples = sample(line, -1, steps_at(line))
    assert (samples.noise <= 100 * EPSILON * np.abs(samples.values)).all()


# ---- small things
def test_digits_that_an_error_leaves_open_are_dropped() -> None:
    assert tidy(log(2), 1e-3) == pytest.approx(log(2), abs=1e-3)
    assert tidy(inf, 1.0) == inf


@pytest.mark.parametrize(
    ("left", "right", "clarke", "lower", "upper"),
    [
        (-1.0, 1.0, (-1.0, 1.0), (-1.0, 1.0), None),
        (1.0, -1.0, (-1.0, 1.0), None, (-1.0, 1.0)),
        (2.0, 2.0, (2.0, 2.0), (2.0, 2.0), (2.0, 2.0)),
        (-inf, inf, None, (-inf, inf), None),
        (inf, inf, None, None, None),
        (0.0, inf, None, (0.0, inf), None),
    ],
)
def test_subdifferentials(
    left: float,
    right: float,
    clarke: tuple[float, float] | None,
    lower: tuple[float, float] | None,
    upper: tuple[float, float] | None,
) -> None:
    found = subdifferential_of(left, right)
    assert (found.clarke, found.lower, found.upper) == (clarke, lower, upper)
