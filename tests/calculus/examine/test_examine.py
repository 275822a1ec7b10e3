"""Points of functions are what theory says: kind, one-sided derivatives, subdifferential, and autodiff's value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

import sklon
from sklon import Tensor
from sklon._base.errors import InputError
from sklon.calculus.examine import Examination, examine, kinds
from sklon.calculus.examine.evidence import evidence_at
from sklon.calculus.examine.line import line_of
from sklon.calculus.examine.symbolic import judged
from sklon.calculus.subject import subject_of

from .rows import ROUGHS, ROWS, Row

FORMULAS = tuple(row for row in ROWS if row.formula)


def check(found: Examination, row: Row) -> None:
    """Whether an examination found what a row says."""
    assert (found.kind, row.variety in found.variety) == (row.kind, True), str(found)
    np.testing.assert_allclose(found.derivatives, row.slopes, rtol=1e-6, atol=1e-6)
    if row.limits is not None:
        np.testing.assert_allclose(found.limits, row.limits, rtol=1e-9, atol=1e-9)
    clarke = None if found.subdifferential is None else found.subdifferential.clarke
    if row.clarke is None or clarke is None:
        assert clarke is row.clarke
    else:
        np.testing.assert_allclose(clarke, row.clarke, atol=0.05 if row in ROUGHS else 1e-6, rtol=1e-6)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_point_is_what_theory_says(row: Row) -> None:
    found = examine(row.function, row.at)
    check(found, row)
    value = found.autodiff.value
    assert (value is None) == (row.autodiff is None)
    if value is not None and row.autodiff is not None:
        np.testing.assert_allclose(value, row.autodiff, rtol=1e-2)


def test_the_table_is_large_and_has_every_kind() -> None:
    assert len(ROWS) >= 100
    assert {row.kind for row in ROWS} == set(kinds.MEANINGS)


@pytest.mark.parametrize(
    "wrong", [{"kind": "smooth"}, {"slopes": (0.0, 1.0)}, {"clarke": (0.0, 1.0)}, {"limits": (0, 1)}]
)
def test_a_wrong_row_is_seen(wrong: dict[str, object]) -> None:
    row = next(row for row in ROWS if row.name == "|x|")
    with pytest.raises(AssertionError):
        check(examine(row.function, row.at), replace(row, **wrong))  # type: ignore[arg-type]


# ---- formulas
@pytest.mark.parametrize("row", FORMULAS, ids=lambda row: row.formula)
def test_a_formula_is_what_theory_says(row: Row) -> None:
    found = examine(row.formula, row.at)
    check(found, row)
    assert "contradict" not in " ".join(found.exact)


def test_sympy_decides_most_formulas() -> None:
    assert len(FORMULAS) >= 45
    found = examine("exp(x) + 10^(-12)*abs(x)", 0.0)
    assert (found.kind, found.exact[0]) == ("kink", "from the left: f → 1, the quotient → 999999999999/1000000000000")


def test_sympy_decides_what_samples_do_not() -> None:
    for formula, kind in (("ln(-ln(abs(x)))", "pole"), ("abs(x)^0.01", "cusp")):
        found = examine(formula, 0.0)
        assert (found.kind, found.decided_by) == (kind, "SymPy's limits; by the samples alone it would be undecided")


def test_a_limit_that_the_samples_contradict_is_told_and_does_not_decide() -> None:
    subject, point = subject_of("abs(x)", 0.0)
    line = line_of(subject, point, None)
    measured = evidence_at(line_of(*subject_of(lambda x: 2 * sklon.abs(x), 0.0), None))
    found = judged(line, measured)
    assert found is not None
    assert [s.derivative.limit for s in found.evidence.sides] == [-2.0, 2.0]
    assert found.contradictions[0] == "SymPy's limit of the derivative is -1, which the samples contradict"


CASES = (
    ("where(x > 0, x, 0)", "kink", (0.0, 1.0)),
    ("where(x = 0, 0, x·ln|x|)", "cusp", (-inf, -inf)),
    ("where(x > 0, x + 1e-13, x)", "jump", (1.0, inf)),
    ("where(x = 0, 0, x²·sin(1/x))", "discontinuous derivative", (0.0, 0.0)),
    ("where(sin x > 0, x, 2x)", "kink", (2.0, 1.0)),
)


@pytest.mark.parametrize(("formula", "kind", "slopes"), CASES, ids=[case[0] for case in CASES])
def test_limits_of_cases_are_those_of_the_branch_beside_the_point(
    formula: str, kind: str, slopes: tuple[float, float]
) -> None:
    found = examine(formula, 0.0)
    assert (found.kind, found.derivatives) == (kind, slopes), str(found)


@pytest.mark.parametrize("power", [1.001, 1.0001])
def test_a_power_just_above_one_is_no_cusp(power: float) -> None:
    assert examine(lambda x: sklon.abs(x) ** power, 0.0).kind == "undecided"
    assert examine(f"|x|^{power}", 0.0).kind == "smooth"


def test_the_slopes_of_a_rough_point_are_told_as_those_that_were_seen() -> None:
    (told,) = (line for line in str(examine(CASES[3][0], 0.0)).splitlines() if line.startswith("subdifferential"))
    assert told.endswith("] or a little more: what the slopes that were sampled go through")


def test_a_gradient_that_is_not_finite_warns_of_nothing() -> None:
    assert examine("2/x^y/cbrt(x)/relu(x-y)", (0.0, 0.0), along=(1.0, 2.0)).kind == "pole"


def test_minus_and_infinity_are_written_as_everywhere() -> None:
    assert "from the left: f → −∞" in str(examine("x/x²", 0.0))
    assert "the quotient goes to and fro between −1 and 1" in str(examine("where(x = 0, 0, x·sin(1/x))", 0.0))
    assert "e−5" in str(examine("|x|", 0.0)) and "e−05" not in str(examine("|x|", 0.0))


# ---- everything is scaled and moved
BASES: tuple[tuple[Callable[[Tensor], Tensor], str], ...] = (
    (sklon.abs, "kink"),
    (sklon.relu, "kink"),
    (lambda u: sklon.exp(-sklon.abs(u)), "kink"),
    (lambda u: sklon.where(u > 0, 1.0 + u, 0.0), "jump"),
    (lambda u: sklon.atan(1 / u), "jump"),
    (lambda u: sklon.sqrt(sklon.abs(u)), "cusp"),
    (lambda u: sklon.sign(u) * sklon.abs(u) ** (1 / 3), "cusp"),
    (lambda u: sklon.sin(u) / u, "removable"),
    (lambda u: (1 - sklon.cos(u)) / u**2, "removable"),
    (lambda u: sklon.where(sklon.equal(u, 0.0), 1.0, sklon.sin(u)), "removable"),
    (lambda u: 1 / u, "pole"),
    (lambda u: 1 / u**2, "pole"),
    (lambda u: sklon.log(sklon.abs(u)), "pole"),
    (lambda u: sklon.sin(1 / u), "oscillating"),
    (lambda u: sklon.where(sklon.equal(u, 0.0), 0.0, u * u * sklon.sin(1 / u)), "discontinuous derivative"),
    (lambda u: u * u, "smooth"),
    (sklon.sin, "smooth"),
    (sklon.exp, "smooth"),
    (lambda u: u * sklon.abs(u), "smooth"),
    (lambda u: 1 / (1 + u * u), "smooth"),
    (sklon.sqrt, "edge"),
)
SCALES, PLACES = (1e-3, 1.0, -7.0, 1e3), (0.0, 0.1, -2.7, 123.456)


@pytest.mark.parametrize("number", range(len(BASES)))
def test_scaled_and_moved_it_stays_what_it_is(number: int) -> None:
    base, kind = BASES[number]
    random = np.random.default_rng(number)
    for _ in range(3):
        a, b, c, d = (float(random.choice(options)) for options in (SCALES, SCALES, PLACES, (0.0, 1.0)))
        found = examine(lambda x, a=a, b=b, c=c, d=d: d + a * base(b * (x - c)), c)
        assert found.kind == kind, f"{a}·f({b}(x − {c})) + {d}\n{found}"


# ---- smooth functions of all sorts
SMOOTH: tuple[Callable[[Tensor], Tensor], ...] = (
    *(sklon.sin, sklon.cos, sklon.exp, sklon.tanh, sklon.sigmoid, sklon.softplus, sklon.atan, sklon.erf),
    *(lambda u: u * u, lambda u: 1 / (1 + u * u), lambda u: sklon.log(1 + u * u), lambda u: sklon.sqrt(1 + u * u)),
)


def composed(random: np.random.Generator, depth: int) -> Callable[[Tensor], Tensor]:
    """A random smooth function of a real variable."""
    if depth == 0:
        a, b = (float(v) for v in random.uniform(-3, 3, 2))
        return lambda x: a * x + b
    one, other = (composed(random, depth - 1) for _ in range(2))
    outer = SMOOTH[int(random.integers(len(SMOOTH)))]
    ways: tuple[Callable[[Tensor], Tensor], ...] = (
        lambda x: one(x) + other(x),
        lambda x: one(x) * other(x),
        lambda x: outer(one(x)),
    )
    return ways[int(random.integers(len(ways)))]


@pytest.mark.parametrize("seed", range(24))
def test_a_smooth_function_is_smooth(seed: int) -> None:
    random = np.random.default_rng(seed)
    function = composed(random, int(random.integers(1, 5)))
    at = float(random.choice([0.0, 0.1, 1.0, -2.7, random.uniform(-5, 5)]))
    found = examine(function, at)
    if np.isfinite(found.value):
        assert found.kind == "smooth", str(found)
        assert found.autodiff.verdict == "the derivative"


def test_what_is_nothing_but_rounding_is_flat() -> None:
    assert examine(lambda x: sklon.log(1 + sklon.exp(-2 * x)), 33.3).kind == "smooth"


# ---- what autodiff makes of it
def test_a_wrong_gradient_is_told_and_changes_nothing_else() -> None:
    found = examine(lambda x: 3 * x - 3 * x.detach() + sklon.abs(x).detach(), 0.0)
    assert (found.kind, found.derivatives) == ("kink", (-1.0, 1.0))
    assert found.autodiff.value == 3.0
    assert "outside of the subdifferential [−1, 1]" in found.autodiff.verdict


def test_conventions_that_do_not_fit_together_are_told() -> None:
    found = examine(lambda x: sklon.relu(x) - sklon.relu(-x), 0.0)
    assert (found.kind, found.autodiff.value) == ("smooth", 0.0)
    assert found.autodiff.verdict.startswith("not the derivative, which is 1")
    assert "the derivative at 0 is 0" in found.autodiff.reasons[0]
    assert "relu (test_examine.py:" in found.autodiff.reasons[0]
    assert examine("|x|", 0.0).autodiff.reasons == ("abs: the derivative at 0 is 0",)


def test_second_derivatives_are_noticed() -> None:
    assert "second derivative is −2 from the left and 2" in examine(lambda x: x * sklon.abs(x), 0.0).notes[0]
    assert "unbounded" in examine(lambda x: sklon.abs(x) ** 1.5, 0.0).notes[0]
    assert examine(sklon.exp, 0.0).notes == ()


# ---- several variables
def test_several_variables_are_examined_along_a_direction() -> None:
    found = examine(lambda x, y: sklon.sqrt(x * x + y * y), (0.0, 0.0), along=(3, 4))
    assert (found.kind, found.derivatives, found.along) == ("kink", (-1.0, 1.0), (0.6, 0.8))
    assert examine("x*y/(x^2 + y^2)", (0.0, 0.0), along=(1, 1)).kind == "removable"
    assert examine(lambda x, y: x * y, (1.0, 2.0), along=(1, 0)).derivatives == (2.0, 2.0)


@pytest.mark.parametrize(
    ("along", "message"),
    [(None, r"pass along=\(1, 1\)"), ((1,), "as many numbers"), ((0, 0), "has none"), ((nan, 1), "has none")],
)
def test_a_direction_that_does_not_fit_is_refused(along: tuple[float, ...] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        examine(lambda x, y: x * y, (1.0, 2.0), along=along)


@pytest.mark.parametrize("at", [nan, inf, -inf])
def test_a_point_is_finite(at: float) -> None:
    with pytest.raises(InputError, match="is finite"):
        examine(sklon.abs, at)


@pytest.mark.parametrize("at", [1e300, -1e15, 1e-300, 5e-324])
def test_far_and_near_points_can_be_examined(at: float) -> None:
    assert examine(lambda x: sklon.abs(x - at), at).kind == "kink"


# ---- how it shows itself
@pytest.mark.parametrize("name", ["|x|", "step, open", "x² sin 1/x", "√x", "1/x", "√ outside", "sin 1/x", "√|x|"])
def test_everything_can_be_shown(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)
    found = examine(row.function, row.at)
    held = json.loads(json.dumps(found.json(), allow_nan=False))
    assert (held["kind"], held["at"]) == (row.kind, [row.at])
    assert f"x = 0: {row.kind}" in str(found) or row.at != 0
    assert "Not told" in str(found)
    assert "<table>" in found._repr_html_()
    assert "<svg" in found.picture(width=0.1)._repr_html_()


def test_infinities_are_words_in_json() -> None:
    held = examine(sklon.sqrt, 0.0).json()
    assert held["derivatives"] == [None, "inf"]
    assert held["subdifferential"] == {"clarke": None, "lower": ["-inf", "inf"], "upper": None}


def test_a_picture_needs_a_width() -> None:
    with pytest.raises(InputError, match="positive width"):
        examine(sklon.abs, 0.0).picture(width=-inf)
