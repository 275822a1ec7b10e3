"""Functions from textbooks and test sets with what is known of them at a point: value, gradient, Hessian, kind.

Sources: Moré, Garbow and Hillstrom 1981 (Rosenbrock, Beale, Powell, Wood); Himmelblau 1972, with its nine stationary
points as published; Jamil and Yang 2013 (Booth, Matyas, McCormick, camels, Goldstein and Price); the rest by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of a formula at a point; None where nobody published it."""

    formula: str
    at: Numbers
    kind: str
    value: float | None = None
    gradient: Numbers | None = None
    hessian: tuple[Numbers, ...] | None = None
    eigenvalues: Numbers | None = None


SADDLE = "x1^2 + x1*x2"
ROSENBROCK = "(1 - x)^2 + 100*(y - x^2)^2"
HIMMELBLAU = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
BEALE = "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2"
GOLDSTEIN = (
    "(1 + (x + y + 1)^2*(19 - 14*x + 3*x^2 - 14*y + 6*x*y + 3*y^2))"
    "*(30 + (2*x - 3*y)^2*(18 - 32*x + 12*x^2 + 48*y - 36*x*y + 27*y^2))"
)
POWELL = "(x1 + 10*x2)^2 + 5*(x3 - x4)^2 + (x2 - 2*x3)^4 + 10*(x1 - x4)^4"
WOOD = "100*(x2 - x1^2)^2 + (1 - x1)^2 + 90*(x4 - x3^2)^2 + (1 - x3)^2 + 10*(x2 + x4 - 2)^2 + (x2 - x4)^2/10"
MCCORMICK = "sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1"


def _himmelblau(kind: str, *points: Numbers) -> dict[str, Row]:
    return {f"Himmelblau, {kind} {i}": Row(formula=HIMMELBLAU, at=at, kind=kind) for i, at in enumerate(points, 1)}


ROWS: dict[str, Row] = {
    "x1² + x1x2": Row(
        formula=SADDLE,
        at=(1.0, 2.0),
        kind="not stationary",
        value=3.0,
        gradient=(4.0, 1.0),
        hessian=((2.0, 1.0), (1.0, 0.0)),
        eigenvalues=(1 - sqrt(2), 1 + sqrt(2)),
    ),
    "x1² + x1x2 at 0": Row(formula=SADDLE, at=(0.0, 0.0), kind="saddle", eigenvalues=(1 - sqrt(2), 1 + sqrt(2))),
    "Rosenbrock": Row(
        formula=ROSENBROCK, at=(1.0, 1.0), kind="minimum", value=0.0, hessian=((802.0, -400.0), (-400.0, 200.0))
    ),
    "Rosenbrock's start": Row(
        formula=ROSENBROCK,
        at=(-1.2, 1.0),
        kind="not stationary",
        value=24.2,
        gradient=(-215.6, -88.0),
        hessian=((1330.0, 480.0), (480.0, 200.0)),
    ),
    **_himmelblau("minimum", (3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)),
    **_himmelblau("maximum", (-0.270845, -0.923039)),
    **_himmelblau("saddle", (0.086678, 2.884255), (3.385154, 0.073852), (-0.127961, -1.953715), (-3.073026, -0.081353)),
    "Booth": Row(
        formula="(x + 2*y - 7)^2 + (2*x + y - 5)^2",
        at=(1.0, 3.0),
        kind="minimum",
        value=0.0,
        hessian=((10.0, 8.0), (8.0, 10.0)),
        eigenvalues=(2.0, 18.0),
    ),
    "Beale": Row(formula=BEALE, at=(3.0, 0.5), kind="minimum", value=0.0),
    "Beale's saddle": Row(formula=BEALE, at=(0.0, 1.0), kind="saddle", value=14.203125),
    "Matyas": Row(
        formula="0.26*(x^2 + y^2) - 0.48*x*y", at=(0.0, 0.0), kind="minimum", value=0.0, eigenvalues=(0.04, 1.0)
    ),
    "McCormick": Row(formula=MCCORMICK, at=(0.5 - pi / 3, -0.5 - pi / 3), kind="minimum", value=-sqrt(3) / 2 - pi / 3),
    "three humps": Row(formula="2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2", at=(0.0, 0.0), kind="minimum", value=0.0),
    "six humps": Row(
        formula="(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2",
        at=(0.0, 0.0),
        kind="saddle",
        hessian=((8.0, 1.0), (1.0, -8.0)),
    ),
    "Goldstein and Price": Row(formula=GOLDSTEIN, at=(0.0, -1.0), kind="minimum", value=3.0),
    "Powell's singular function": Row(formula=POWELL, at=(0.0, 0.0, 0.0, 0.0), kind="undecided", value=0.0),
    "Powell's start": Row(
        formula=POWELL,
        at=(3.0, -1.0, 0.0, 1.0),
        kind="not stationary",
        value=215.0,
        gradient=(306.0, -144.0, -2.0, -310.0),
    ),
    "Wood": Row(formula=WOOD, at=(1.0, 1.0, 1.0, 1.0), kind="minimum", value=0.0),
    "monkey saddle": Row(formula="x^3 - 3*x*y^2", at=(0.0, 0.0), kind="undecided", hessian=((0.0, 0.0), (0.0, 0.0))),
    "x⁴ + y⁴": Row(formula="x^4 + y^4", at=(0.0, 0.0), kind="undecided"),
    "−x⁴ − y⁴": Row(formula="-x^4 - y^4", at=(0.0, 0.0), kind="undecided"),
    "x² + y⁴": Row(formula="x^2 + y^4", at=(0.0, 0.0), kind="undecided", eigenvalues=(0.0, 2.0)),
    "−x² + y³": Row(formula="-x^2 + y^3", at=(0.0, 0.0), kind="undecided", eigenvalues=(-2.0, 0.0)),
    "a trough": Row(formula="(x + y)^2", at=(1.0, -1.0), kind="undecided", eigenvalues=(0.0, 4.0)),
    "x³": Row(formula="x^3", at=(0.0,), kind="inflection"),
    "x⁴": Row(formula="x^4", at=(0.0,), kind="minimum"),
    "−x⁶": Row(formula="-x^6", at=(0.0,), kind="maximum"),
    "a cosine without its square": Row(formula="cos(x) + x^2/2", at=(0.0,), kind="minimum"),
    "x⁹": Row(formula="x^9", at=(0.0,), kind="undecided"),
    "x⁴ beside 0": Row(formula="x^4", at=(0.001,), kind="not stationary", gradient=(4e-9,)),
    "signature + +": Row(formula="x^2 + 3*y^2", at=(0.0, 0.0), kind="minimum", eigenvalues=(2.0, 6.0)),
    "signature − −": Row(formula="x*y - x^2 - y^2", at=(0.0, 0.0), kind="maximum", eigenvalues=(-3.0, -1.0)),
    "signature + −": Row(formula="x*y", at=(0.0, 0.0), kind="saddle", eigenvalues=(-1.0, 1.0)),
    "signature + + +": Row(
        formula="x^2 + y^2 + z^2 + x*y", at=(0.0, 0.0, 0.0), kind="minimum", eigenvalues=(1.0, 2.0, 3.0)
    ),
    "signature + + −": Row(formula="x^2 + y^2 - z^2", at=(0.0, 0.0, 0.0), kind="saddle", eigenvalues=(-2.0, 2.0, 2.0)),
    "signature + − 0": Row(formula="x^2 - y^2 + z^4", at=(0.0, 0.0, 0.0), kind="saddle", eigenvalues=(-2.0, 0.0, 2.0)),
    "signature + + 0": Row(formula="x^2 + y^2 + z^4", at=(0.0, 0.0, 0.0), kind="undecided"),
    "badly scaled": Row(formula="x^2 + 0.0001*y^2", at=(0.0, 0.0), kind="minimum", eigenvalues=(2e-4, 2.0)),
    "tiny": Row(formula="0.000000000001*(x^2 + y^2)", at=(0.0, 0.0), kind="minimum"),
    "a tiny slope": Row(formula="0.000000001*x + y^2", at=(0.0, 0.0), kind="not stationary"),
    "steep and never flat": Row(formula="exp(1000*x)", at=(0.0,), kind="not stationary", gradient=(1000.0,)),
    "sine": Row(formula="sin(x)", at=(pi / 2,), kind="maximum", value=1.0),
    "x·e⁻ˣ": Row(formula="x*exp(-x)", at=(1.0,), kind="maximum"),
    "ln x + 1/x": Row(formula="ln(x) + 1/x", at=(1.0,), kind="minimum", hessian=((1.0,),)),
    "xˣ": Row(formula="x^x", at=(0.5,), kind="not stationary"),
    "next to an edge": Row(formula="ln(x)", at=(1e-12,), kind="not stationary", gradient=(1e12,)),
    "next to an edge that is not 0": Row(formula="ln(x - 1)", at=(1.000000001,), kind="not stationary"),
    "far away": Row(formula="x^2", at=(1e150,), kind="not stationary", gradient=(2e150,)),
    "logistic loss": Row(formula="ln(1 + exp(-w*x))", at=(0.7, -1.3), kind="not stationary"),
    "three variables": Row(
        formula="x*y*z + x^3", at=(2.0, 3.0, 5.0), kind="not stationary", value=38.0, gradient=(27.0, 10.0, 6.0)
    ),
}
