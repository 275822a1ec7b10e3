"""Functions with a point each, and what theory says of it: kind, one-sided derivatives, subdifferential, autodiff.

A row gives the function in Python, and as a formula where it can be typed. ``slopes`` are the derivatives from the left
and from the right: NaN where there is none. ``clarke`` follows from them where they are finite and the function is
locally Lipschitz. ``autodiff`` is what the conventions of the ops make of the point: NaN, ±∞, or None where no gradient
flows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, inf, nan, pi, sin, sqrt

import sklon
from sklon import Tensor
from sklon.nn import functional as F

Number = Tensor | float
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """A point of a function, and the truth about it."""

    name: str
    function: Callable[[Tensor], Number]
    at: float
    kind: str
    slopes: Pair = (nan, nan)
    autodiff: float | None = nan
    formula: str = ""
    #: a part of the variety
    variety: str = ""
    clarke: Pair | None = None
    limits: Pair | None = None

    def __str__(self) -> str:
        return f"{self.name} at {self.at:g}"


def smooth(
    name: str,
    function: Callable[[Tensor], Number],
    at: float,
    slope: float,
    formula: str = "",
    autodiff: float | None = None,
) -> Row:
    """A smooth point, whose autodiff is the derivative unless said otherwise."""
    returns = slope if autodiff is None else autodiff
    return Row(name, function, at, "smooth", (slope, slope), returns, formula, clarke=(slope, slope))


def kink(
    name: str, function: Callable[[Tensor], Number], at: float, slopes: Pair, autodiff: float, formula: str = ""
) -> Row:
    """A kink: Clarke's interval lies between the slopes."""
    return Row(name, function, at, "kink", slopes, autodiff, formula, clarke=(min(slopes), max(slopes)))


def filled(x: Tensor, value: float, function: Callable[[Tensor], Tensor]) -> Tensor:
    """A function with a value of its own at 0."""
    return sklon.where(sklon.equal(x, 0.0), value, function(x))


def _branch(x: Tensor) -> Tensor:
    return 2 * x if x > 0 else -x


def _steps_of_python(x: Tensor) -> float:
    return 1.0 if float(x) >= 0 else -1.0


SMOOTH = (
    smooth("x²", lambda x: x * x, 0.0, 0.0, "x^2"),
    smooth("x² off zero", lambda x: x * x, 0.1, 0.2, "x^2"),
    smooth("eˣ", sklon.exp, 0.3, exp(0.3), "exp(x)"),
    smooth("sin 1000x", lambda x: sklon.sin(1000 * x), 0.1, 1000 * cos(100.0), "sin(1000*x)"),
    smooth("e^1000x", lambda x: sklon.exp(1000 * x), 0.1, 1000 * exp(100.0)),
    smooth("10⁶ + x", lambda x: 1e6 + x, 0.1, 1.0),
    smooth("|x| off its kink", sklon.abs, 1e-5, 1.0),
    smooth("a constant of x", lambda x: 0 * x + 3.0, 0.5, 0.0),
    smooth("sigmoid", sklon.sigmoid, 0.0, 0.25, "1/(1+exp(-x))"),
    smooth("softplus", F.softplus, 0.0, 0.5, "ln(1+exp(x))"),
    smooth("gelu", F.gelu, 0.0, 0.5),
    smooth("silu", F.silu, 0.0, 0.5, "x/(1+exp(-x))"),
    smooth("mish", F.mish, 0.0, 0.6),
    smooth("elu of α = 1", F.elu, 0.0, 1.0),
    smooth("celu", F.celu, 0.0, 1.0),
    smooth("x·|x|", lambda x: x * sklon.abs(x), 0.0, 0.0, "x*abs(x)"),
    smooth("|x|^1.5", lambda x: sklon.abs(x) ** 1.5, 0.0, 0.0, "abs(x)^1.5"),
    smooth("x² ln|x|", lambda x: filled(x, 0.0, lambda x: x * x * sklon.log(sklon.abs(x))), 0.0, 0.0, "", nan),
    smooth("e^(−1/x²)", lambda x: filled(x, 0.0, lambda x: sklon.exp(-1 / (x * x))), 0.0, 0.0, "", nan),
    smooth("x³ sin 1/x", lambda x: filled(x, 0.0, lambda x: x**3 * sklon.sin(1 / x)), 0.0, 0.0, "", nan),
    smooth("relu(x) − relu(−x), that is x", lambda x: sklon.relu(x) - sklon.relu(-x), 0.0, 1.0, "", 0.0),
    smooth("max(x, x + 1)", lambda x: sklon.maximum(x, x + 1), 0.0, 1.0, "max(x, x+1)"),
    smooth("√(x² + 10⁻¹²)", lambda x: sklon.sqrt(x * x + 1e-12), 0.0, 0.0, "sqrt(x^2+1e-12)"),
    smooth("huber at its joint", lambda x: F.huber_loss(x, sklon.zeros_like(x)), 1.0, 1.0),
    smooth("smooth L1 at its joint", lambda x: F.smooth_l1_loss(x, sklon.zeros_like(x)), -1.0, -1.0),
    smooth("log-cosh", lambda x: sklon.log(sklon.cosh(x)), 0.0, 0.0, "ln(ch(x))"),
    smooth("relu(x)²", lambda x: sklon.relu(x) ** 2, 0.0, 0.0),
)
KINKS = (
    kink("|x|", sklon.abs, 0.0, (-1.0, 1.0), 0.0, "abs(x)"),
    kink("|x − 0.1|·3", lambda x: 3 * sklon.abs(x - 0.1), 0.1, (-3.0, 3.0), 0.0, "3*abs(x-0.1)"),
    kink("relu", sklon.relu, 0.0, (0.0, 1.0), 0.0),
    kink("relu(3x − 0.3), rounded", lambda x: sklon.relu(3 * x - 0.3), 0.1, (0.0, 3.0), 3.0),
    kink("−|x|", lambda x: -sklon.abs(x), 0.0, (1.0, -1.0), 0.0, "-abs(x)"),
    kink("max(x, 0)", lambda x: sklon.maximum(x, 0.0), 0.0, (0.0, 1.0), 0.5, "max(x, 0)"),
    kink("min(x, 0)", lambda x: sklon.minimum(x, 0.0), 0.0, (1.0, 0.0), 0.5, "min(x, 0)"),
    kink("max(x, x²) at 1", lambda x: sklon.maximum(x, x * x), 1.0, (1.0, 2.0), 1.5, "max(x, x^2)"),
    kink("where", lambda x: sklon.where(x > 0, x, 0.0), 0.0, (0.0, 1.0), 0.0),
    kink("clip at 0", lambda x: sklon.clip(x, 0.0, 1.0), 0.0, (0.0, 1.0), 1.0),
    kink("clip at 1", lambda x: sklon.clip(x, 0.0, 1.0), 1.0, (1.0, 0.0), 1.0),
    kink("sin|x|", lambda x: sklon.sin(sklon.abs(x)), 0.0, (-1.0, 1.0), 0.0, "sin(abs(x))"),
    kink("e^−|x|", lambda x: sklon.exp(-sklon.abs(x)), 0.0, (1.0, -1.0), 0.0, "exp(-abs(x))"),
    kink("√(x²), that is |x|", lambda x: sklon.sqrt(x * x), 0.0, (-1.0, 1.0), nan, "sqrt(x^2)"),
    kink("|sin x| at π", lambda x: sklon.abs(sklon.sin(x)), pi, (-1.0, 1.0), -1.0),
    kink("eˣ + 10⁻¹²|x|", lambda x: sklon.exp(x) + 1e-12 * sklon.abs(x), 0.0, (1 - 1e-12, 1 + 1e-12), 1.0),
    kink("a branch of Python", _branch, 0.0, (-1.0, 2.0), -1.0),
    kink("|x| detached", lambda x: x + sklon.abs(x).detach(), 0.0, (0.0, 2.0), 1.0),
    kink("relu6 at 6", F.relu6, 6.0, (1.0, 0.0), 0.0),
    kink("relu6 at 0", F.relu6, 0.0, (0.0, 1.0), 0.0),
    kink("leaky relu", F.leaky_relu, 0.0, (0.01, 1.0), 0.01),
    kink("hardtanh", F.hardtanh, 1.0, (1.0, 0.0), 0.0),
    kink("hardsigmoid", F.hardsigmoid, -3.0, (0.0, 1 / 6), 0.0),
    kink("hardswish at 3", F.hardswish, 3.0, (1.5, 1.0), 1.0),
    kink("hardswish at −3", F.hardswish, -3.0, (0.0, -0.5), 0.0),
    kink("elu of α = 2", lambda x: F.elu(x, 2.0), 0.0, (2.0, 1.0), 2.0),
    kink(
        "selu",
        F.selu,
        0.0,
        (1.0507009873554805 * 1.6732632423543772, 1.0507009873554805),
        1.0507009873554805 * 1.6732632423543772,
    ),
    kink("softshrink", F.softshrink, 0.5, (0.0, 1.0), 0.0),
    kink("L1 loss", lambda x: F.l1_loss(x, sklon.zeros_like(x)), 0.0, (-1.0, 1.0), 0.0),
    kink("hinge", lambda x: sklon.relu(1 - x), 1.0, (-1.0, 0.0), 0.0, "max(0, 1-x)"),
    kink("pinball of 0.9", lambda x: sklon.maximum(0.9 * x, -0.1 * x), 0.0, (-0.1, 0.9), 0.4, "max(0.9*x, -0.1*x)"),
    kink("largest of three", lambda x: sklon.amax(sklon.stack([x, -x, 2 * x])), 0.0, (-1.0, 2.0), 2 / 3),
    kink("norm of (x, 2x)", lambda x: sklon.vector_norm(sklon.stack([x, 2 * x])), 0.0, (-sqrt(5), sqrt(5)), 0.0),
    kink("hypot", lambda x: sklon.hypot(x, x), 0.0, (-sqrt(2), sqrt(2)), 0.0),
    kink("arccos cos", lambda x: sklon.acos(sklon.cos(x)), 0.0, (-1.0, 1.0), nan),
    kink("x·arctan(1/x)", lambda x: filled(x, 0.0, lambda x: x * sklon.atan(1 / x)), 0.0, (-pi / 2, pi / 2), nan),
)
JUMPS = (
    Row("step, open", lambda x: sklon.where(x > 0, 1.0, 0.0), 0.0, "jump", (0.0, inf), None, "", "from the left"),
    Row("sign", sklon.sign, 0.0, "jump", (inf, inf), 0.0, "sign(x)", "neither"),
    Row("floor", sklon.floor, 2.0, "jump", (inf, 0.0), 0.0, "floor(x)", "from the right"),
    Row("ceil", sklon.ceil, -1.0, "jump", (0.0, inf), 0.0, "", "from the left"),
    Row("trunc", sklon.trunc, 1.0, "jump", (inf, 0.0), 0.0, "", "from the right"),
    Row("round", sklon.round, 0.5, "jump", (0.0, inf), 0.0, "", "from the left"),
    Row("fmod", lambda x: sklon.fmod(x, 1.0), 1.0, "jump", (-inf, 1.0), 1.0, "", "from the right"),
    Row("a step of Python", _steps_of_python, 0.0, "jump", (inf, 0.0), None, "", "from the right"),
    Row("arctan 1/x", lambda x: sklon.atan(1 / x), 0.0, "jump", (inf, -1.0), nan, "arctan(1/x)"),
    Row("1/(1 + e^(1/x))", lambda x: 1 / (1 + sklon.exp(1 / x)), 0.0, "jump", (-inf, 0.0), nan, "1/(1+exp(1/x))"),
    Row("|x|/x", lambda x: sklon.abs(x) / x, 0.0, "jump", (nan, nan), nan, "abs(x)/x", "neither"),
    Row("hardshrink", F.hardshrink, 0.5, "jump", (0.0, inf), 0.0, "", "from the left"),
    Row("threshold", lambda x: F.threshold(x, 1.0, 20.0), 1.0, "jump", (0.0, -inf), 0.0, "", "from the left"),
    Row("a jump of 10⁻⁹", lambda x: x + 1e-9 * sklon.floor(x), 2.0, "jump", (inf, 1.0), 1.0, "", "from the right"),
)
REMOVABLES = (
    Row(
        "sin x / x", lambda x: sklon.sin(x) / x, 0.0, "removable", (0.0, 0.0), nan, "sin(x)/x", "missing", limits=(1, 1)
    ),
    Row(
        "(1 − cos x)/x²",
        lambda x: (1 - sklon.cos(x)) / x**2,
        0.0,
        "removable",
        (0.0, 0.0),
        nan,
        "(1-cos(x))/x^2",
        limits=(0.5, 0.5),
    ),
    Row(
        "(eˣ − 1)/x", lambda x: (sklon.exp(x) - 1) / x, 0.0, "removable", (0.5, 0.5), nan, "(exp(x)-1)/x", limits=(1, 1)
    ),
    Row(
        "(x² − 1)/(x − 1)",
        lambda x: (x * x - 1) / (x - 1),
        1.0,
        "removable",
        (1.0, 1.0),
        nan,
        "(x^2-1)/(x-1)",
        limits=(2, 2),
    ),
    Row(
        "a point moved",
        lambda x: filled(x, 5.0, sklon.sin),
        0.0,
        "removable",
        (1.0, 1.0),
        0.0,
        "",
        "moved",
        limits=(0, 0),
    ),
    Row("x²/x²·|x|", lambda x: sklon.abs(x) * x / x, 0.0, "removable", (-1.0, 1.0), nan, limits=(0, 0)),
    Row("x ln x", lambda x: x * sklon.log(x), 0.0, "removable", (nan, -inf), nan, "x*ln(x)", limits=(nan, 0)),
)
POLES = (
    Row(
        "1/x",
        lambda x: 1 / x,
        0.0,
        "pole",
        autodiff=-inf,
        formula="1/x",
        variety="−∞ from the left and +∞",
        limits=(-inf, inf),
    ),
    Row("1/x²", lambda x: 1 / x**2, 0.0, "pole", autodiff=nan, formula="1/x^2", variety="order 2", limits=(inf, inf)),
    Row("ln x", sklon.log, 0.0, "pole", autodiff=inf, formula="ln(x)", variety="logarithm", limits=(nan, -inf)),
    Row(
        "ln|x|", lambda x: sklon.log(sklon.abs(x)), 0.0, "pole", autodiff=0.0, formula="ln(abs(x))", limits=(-inf, -inf)
    ),
    Row("tan at π/2", sklon.tan, pi / 2, "pole", (inf, -inf), variety="order 1", limits=(inf, -inf), autodiff=2.667e32),
    Row("e^(1/x)", lambda x: sklon.exp(1 / x), 0.0, "pole", autodiff=-inf, formula="exp(1/x)", limits=(0, inf)),
    Row(
        "1/√x",
        lambda x: 1 / sklon.sqrt(x),
        0.0,
        "pole",
        autodiff=-inf,
        formula="1/sqrt(x)",
        variety="h",
        limits=(nan, inf),
    ),
    Row(
        "1/(x − 0.1)³",
        lambda x: 1 / (x - 0.1) ** 3,
        0.1,
        "pole",
        autodiff=nan,
        formula="1/(x-0.1)^3",
        variety="order 3",
    ),
    Row("Γ's logarithm", sklon.lgamma, 0.0, "pole", autodiff=-inf, variety="logarithm", limits=(inf, inf)),
)
CUSPS = (
    Row("√|x|", lambda x: sklon.sqrt(sklon.abs(x)), 0.0, "cusp", (-inf, inf), 0.0, "sqrt(abs(x))", "opposite signs"),
    Row("−√|x|", lambda x: -sklon.sqrt(sklon.abs(x)), 0.0, "cusp", (inf, -inf), 0.0, "-sqrt(abs(x))", "opposite signs"),
    Row("∛x", lambda x: sklon.sign(x) * sklon.abs(x) ** (1 / 3), 0.0, "cusp", (inf, inf), 0.0, "", "vertical tangent"),
    Row("x^⅔", lambda x: sklon.abs(x) ** (2 / 3), 0.0, "cusp", (-inf, inf), 0.0, "", "opposite signs"),
    Row("|x|^0.1", lambda x: sklon.abs(x) ** 0.1, 0.0, "cusp", (-inf, inf), 0.0, "", "opposite signs"),
    Row("√|3x − 0.3|", lambda x: sklon.sqrt(sklon.abs(3 * x - 0.3)), 0.1, "cusp", (-inf, inf), autodiff=2.01e8),
    Row("√ of relu", lambda x: sklon.sqrt(sklon.relu(x)), 0.0, "cusp", (0.0, inf), 0.0, "", "one side"),
    Row(
        "x ln|x|",
        lambda x: filled(x, 0.0, lambda x: x * sklon.log(sklon.abs(x))),
        0.0,
        "cusp",
        (-inf, -inf),
        nan,
        "",
        "vertical",
    ),
)
OSCILLATIONS = (
    Row("sin 1/x", lambda x: sklon.sin(1 / x), 0.0, "oscillating", formula="sin(1/x)", variety="no limit"),
    Row("sin(1/x)/x", lambda x: sklon.sin(1 / x) / x, 0.0, "oscillating", formula="sin(1/x)/x", variety="no bound"),
    Row("x sin 1/x", lambda x: filled(x, 0.0, lambda x: x * sklon.sin(1 / x)), 0.0, "oscillating", variety="quotients"),
    Row(
        "sin ln|x|",
        lambda x: sklon.sin(sklon.log(sklon.abs(x))),
        0.0,
        "oscillating",
        autodiff=0.0,
        formula="sin(ln(abs(x)))",
    ),
    Row("2 + cos(1/(x − 0.1))", lambda x: 2 + sklon.cos(1 / (x - 0.1)), 0.1, "oscillating"),
)
ROUGHS = (
    Row(
        "x² sin 1/x",
        lambda x: filled(x, 0.0, lambda x: x * x * sklon.sin(1 / x)),
        0.0,
        "discontinuous derivative",
        (0.0, 0.0),
        nan,
        clarke=(-1.0, 1.0),
    ),
    Row(
        "1 + x² cos 1/x",
        lambda x: filled(x, 1.0, lambda x: 1 + x * x * sklon.cos(1 / x)),
        0.0,
        "discontinuous derivative",
        (0.0, 0.0),
        nan,
        clarke=(-1.0, 1.0),
    ),
    Row(
        "|x|^1.5 sin 1/x",
        lambda x: filled(x, 0.0, lambda x: sklon.abs(x) ** 1.5 * sklon.sin(1 / x)),
        0.0,
        "discontinuous derivative",
        (0.0, 0.0),
        nan,
    ),
)
EDGES = (
    Row("√x", sklon.sqrt, 0.0, "edge", (nan, inf), inf, "sqrt(x)", "right"),
    Row("x^1.5", lambda x: x**1.5, 0.0, "edge", (nan, 0.0), 0.0, "x^1.5", "right"),
    Row("arcsin at 1", sklon.asin, 1.0, "edge", (inf, nan), inf, "arcsin(x)", "left"),
    Row("arccos at −1", sklon.acos, -1.0, "edge", (nan, -inf), -inf, "arccos(x)", "right"),
    Row("arcosh", sklon.acosh, 1.0, "edge", (nan, inf), inf, "", "right"),
    Row("√ outside", sklon.sqrt, -1.0, "outside", formula="sqrt(x)"),
    Row("√(−x²)", lambda x: sklon.sqrt(-x * x), 0.0, "edge", (nan, nan), nan, "sqrt(-x^2)", "isolated"),
)
UNDECIDED = (
    Row(
        "cos(3·10¹¹·x), faster than the steps",
        lambda x: sklon.cos(3e11 * x),
        33.3,
        "undecided",
        autodiff=-3e11 * sin(3e11 * 33.3),
        variety="faster",
    ),
    Row("1/ln(−ln|x|)", lambda x: 1 / sklon.log(-sklon.log(sklon.abs(x))), 0.0, "undecided", autodiff=0.0),
    Row("|x|^0.01", lambda x: sklon.abs(x) ** 0.01, 0.0, "undecided", autodiff=0.0),
    Row("ln(−ln|x|)", lambda x: sklon.log(-sklon.log(sklon.abs(x))), 0.0, "undecided", autodiff=0.0),
)
ROWS = (*SMOOTH, *KINKS, *JUMPS, *REMOVABLES, *POLES, *CUSPS, *OSCILLATIONS, *ROUGHS, *EDGES, *UNDECIDED)
