"""The functions that a formula may name: one row each, with all that is known of them.

A row tells the spellings (English, Russian, programmers'), the function of tensors, which is the engine's and has
the engine's conventions at kinks, the names in mpmath and SymPy, and the derivative as a formula in u and v, which
our own reader reads. A row with ``means`` is defined by a formula over other rows. A new function is a new row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sklon.tensors import Tensor, elementwise, functional


@dataclass(frozen=True, slots=True)
class Function:
    """One function of u (and v, …).

    ``spellings``: all names, the first of which is printed. ``slopes``: its partial derivatives as formulas; none
    for min, max and root, which have rules of their own. ``kink``: a formula that is zero where it has no
    derivative. ``computed``: the name in mpmath, ``symbolic``: in SymPy, the same unless told. ``note``: a convention
    that whoever typed it should know.
    """

    spellings: str
    english: str
    russian: str
    slopes: tuple[str, ...] = ()
    tensor: Callable[..., Tensor] | None = None
    means: str = ""
    computed: str = ""
    symbolic: str = ""
    latex: str = ""
    kink: str = ""
    note: str = ""
    least: int = 1
    most: int = 1

    @property
    def name(self) -> str:
        """The name that is printed."""
        return self.spellings.split()[0]


def cube_root(x: Tensor) -> Tensor:
    """∛x, of negative numbers too; its derivative at 0 is ∞. What is not chosen reads 1, and so makes no NaN."""
    negative = functional.less(x, 0.0)
    below = elementwise.pow(functional.where(negative, functional.negative(x), 1.0), 1 / 3)
    above = elementwise.pow(functional.where(negative, 1.0, x), 1 / 3)
    return functional.where(negative, functional.negative(below), above)


def step(x: Tensor) -> Tensor:
    """0 below 0, ½ at 0, 1 above."""
    return elementwise.heaviside(x, 0.5)


MANY = 1000
LOG = "log is the natural logarithm, as in NumPy and PyTorch; write lg for base 10, log2 for base 2"
ARCCOT = "arcctg goes from 0 to π, as in Russian schools: arcctg x = π/2 − arctg x"
ROOT = "root(x, n) is x^(1/n), which is defined for x > 0 only unless n is 2 or 3"
STEP = "step(0) is 1/2"

_ROWS = (
    # ---- angles
    Function("sin", "sine", "синус", ("cos(u)",), elementwise.sin, latex=r"\sin"),
    Function("cos", "cosine", "косинус", ("-sin(u)",), elementwise.cos, latex=r"\cos"),
    Function("tan tg", "tangent", "тангенс", ("1/cos(u)^2",), elementwise.tan, latex=r"\tan"),
    Function("cot ctg cotan", "cotangent", "котангенс", ("-1/sin(u)^2",), means="cos(u)/sin(u)", latex=r"\cot"),
    Function("sec", "secant", "секанс", ("sin(u)/cos(u)^2",), means="1/cos(u)", latex=r"\sec"),
    Function("csc cosec", "cosecant", "косеканс", ("-cos(u)/sin(u)^2",), means="1/sin(u)", latex=r"\csc"),
    Function("arcsin asin", "arc sine", "арксинус", ("1/sqrt(1 - u^2)",), elementwise.asin, computed="asin",
             latex=r"\arcsin"),
    Function("arccos acos", "arc cosine", "арккосинус", ("-1/sqrt(1 - u^2)",), elementwise.acos, computed="acos",
             latex=r"\arccos"),
    Function("arctan atan arctg", "arc tangent", "арктангенс", ("1/(1 + u^2)",), elementwise.atan, computed="atan",
             latex=r"\arctan"),
    Function("arccot acot arcctg", "arc cotangent", "арккотангенс", ("-1/(1 + u^2)",), means="pi/2 - arctan(u)",
             latex=r"\operatorname{arccot}", note=ARCCOT),
    Function("atan2 arctan2", "angle of the point (v, u)", "угол точки (v, u)", ("v/(u^2 + v^2)", "-u/(u^2 + v^2)"),
             elementwise.atan2, latex=r"\operatorname{atan2}", least=2, most=2),
    # ---- hyperbolic functions
    Function("sinh sh", "hyperbolic sine", "гиперболический синус", ("cosh(u)",), elementwise.sinh, latex=r"\sinh"),
    Function("cosh ch", "hyperbolic cosine", "гиперболический косинус", ("sinh(u)",), elementwise.cosh,
             latex=r"\cosh"),
    Function("tanh th", "hyperbolic tangent", "гиперболический тангенс", ("1 - tanh(u)^2",), functional.tanh,
             latex=r"\tanh"),
    Function("coth cth", "hyperbolic cotangent", "гиперболический котангенс", ("-1/sinh(u)^2",), means="1/tanh(u)",
             latex=r"\coth"),
    Function("arsinh asinh arcsinh arsh", "area hyperbolic sine", "ареасинус", ("1/sqrt(u^2 + 1)",), elementwise.asinh,
             computed="asinh"),
    Function("arcosh acosh arccosh arch", "area hyperbolic cosine", "ареакосинус", ("1/(sqrt(u - 1)*sqrt(u + 1))",),
             elementwise.acosh, computed="acosh"),
    Function("artanh atanh arctanh arth", "area hyperbolic tangent", "ареатангенс", ("1/(1 - u^2)",),
             elementwise.atanh, computed="atanh"),
    # ---- exponentials and logarithms
    Function("exp", "exponential function", "экспонента", ("exp(u)",), functional.exp, latex=r"\exp"),
    Function("ln", "natural logarithm", "натуральный логарифм", ("1/u",), functional.log, computed="log",
             latex=r"\ln"),
    Function("lg log10", "decimal logarithm", "десятичный логарифм", ("1/(u*ln(10))",), elementwise.log10,
             computed="log10", symbolic="ln(u)/ln(10)", latex=r"\lg"),
    Function("log2", "binary logarithm", "двоичный логарифм", ("1/(u*ln(2))",), elementwise.log2,
             means="ln(u)/ln(2)", latex=r"\log_{2}"),
    Function("log", "logarithm of u to the base v", "логарифм u по основанию v",
             ("1/(u*ln(v))", "-ln(u)/(v*ln(v)^2)"), means="ln(u)/ln(v)", note=LOG, least=1, most=2, latex=r"\log"),
    # ---- roots
    Function("sqrt", "square root", "квадратный корень", ("1/(2*sqrt(u))",), functional.sqrt),
    Function("cbrt", "cube root", "кубический корень", ("1/(3*cbrt(u)^2)",), cube_root),
    Function("root", "root of degree v", "корень степени v", least=2, most=2, note=ROOT),
    # ---- signs, steps and corners
    Function("abs", "absolute value", "модуль", ("sign(u)",), functional.abs, kink="u", computed="fabs"),
    Function("sign sgn", "sign", "знак", ("0",), elementwise.sign, kink="u", latex=r"\operatorname{sign}"),
    Function("step heaviside", "unit step", "единичная ступенька", ("0",), step, kink="u", note=STEP),
    Function("floor", "floor", "целая часть", ("0",), elementwise.floor, kink="u - floor(u)"),
    Function("ceil", "ceiling", "округление вверх", ("0",), elementwise.ceil, kink="u - floor(u)"),
    Function("frac", "fractional part", "дробная часть", ("1",), means="u - floor(u)", kink="u - floor(u)"),
    Function("min", "smallest", "наименьшее", (), elementwise.minimum, latex=r"\min", most=MANY),
    Function("max", "largest", "наибольшее", (), functional.maximum, latex=r"\max", most=MANY),
    # ---- of neural networks
    Function("relu", "rectifier", "выпрямитель", ("where(u > 0, 1, 0)",), functional.relu, kink="u"),
    Function("sigmoid", "logistic sigmoid", "сигмоида", ("sigmoid(u)*(1 - sigmoid(u))",), functional.sigmoid),
    Function("softplus", "softplus", "софтплюс", ("sigmoid(u)",), functional.softplus),
    Function("silu swish", "SiLU", "SiLU", ("sigmoid(u)*(1 + u*(1 - sigmoid(u)))",), means="u*sigmoid(u)"),
    Function("gelu", "GELU", "GELU", ("(1 + erf(u/sqrt(2)))/2 + u*exp(-u^2/2)/sqrt(2*pi)",),
             means="u*(1 + erf(u/sqrt(2)))/2"),
    Function("erf", "error function", "функция ошибок", ("2*exp(-u^2)/sqrt(pi)",), elementwise.erf),
)  # fmt: skip

#: by the name that is printed
FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}
#: by every spelling
SPELLINGS: dict[str, Function] = {spelling: row for row in _ROWS for spelling in row.spellings.split()}
