"""How formulas are read: each row of the grammar, and what the answer says where it is ambiguous."""

from __future__ import annotations

import pytest

from sklon.calculus.expressions import parse

#: what is typed, and the same written out
READ = {
    # numbers
    "3": "3",
    "2.5": "2.5",
    ".5": "0.5",
    "1e-3": "0.001",
    "2.": "2",
    "0,5x²": "0.5*x^2",
    "sin(0,5x)": "sin(0.5*x)",
    "max(1,5; x)": "max(1.5, x)",
    "max((1,5), x)": "max(1.5, x)",
    "max(1,5)": "max(1, 5)",
    "1e300*1e-300x": "1e300*1e-300*x",
    # signs
    "x − y": "x - y",
    "2·x×y÷z": "2*x*y/z",
    "x**2": "x^2",
    "-x^2": "-x^2",
    "2^-1x": "2^(-1)*x",
    "a^b^c": "a^(b^c)",
    "x^-y^z": "x^(-y^z)",
    "x - -y": "x - -y",
    "2*-x": "2*(-x)",
    "+x": "x",
    "x - (y - z)": "x - (y - z)",
    "a/b/c*d": "a/b/c*d",
    "a/(b*c)": "a/(b*c)",
    "a*(b/c)": "a*(b/c)",
    "(-x)^2": "(-x)^2",
    # superscripts and roots
    "x²": "x^2",
    "x⁻¹": "x^(-1)",
    "x¹⁰": "x^10",
    "√x": "sqrt(x)",
    "√(x+1)": "sqrt(x + 1)",
    "√2x": "sqrt(2)*x",
    "√x²": "sqrt(x^2)",
    "∛x": "cbrt(x)",
    "root(x, 3) + root(x; 5)": "cbrt(x) + x^(1/5)",
    # bars and brackets
    "|x|": "abs(x)",
    "||x| - 1|": "abs(abs(x) - 1)",
    "2|x|²": "2*abs(x)^2",
    "|x|y|z|": "abs(x)*y*abs(z)",
    "sin|x|": "sin(abs(x))",
    "[x + {y}](z)": "(x + y)*z",
    # products without a sign
    "2x": "2*x",
    "2(x+1)": "2*(x + 1)",
    "(a)(b)": "a*b",
    "x1 x2": "x1*x2",
    "2x1x2": "2*x1*x2",
    "x sin x": "x*sin(x)",
    "3x²y": "3*x^2*y",
    "1/2x": "1/2*x",
    "2πr": "2*pi*r",
    "x(x+1)": "x*(x + 1)",
    "e^2x": "e^2*x",
    # names
    "x₁ + x_1 + x1": "x1 + x1 + x1",
    "x_{12} + x_a": "x12 + x_a",
    "α·β": "α*β",
    "цена·количество": "цена*количество",
    "х² + у": "х^2 + у",
    "sin х": "sin(х)",
    "𝑥 + 𝜋": "x + pi",
    "xy": "xy",
    "x + y + xy": "x + y + x*y",
    "f(x, y) = xy": "x*y",
    "xe^x": "x*e^x",
    "E + i": "E + i",
    "f(e) = e^2": "e^2",
    "f(x; y) = x": "x",
    "y = x^2": "x^2",
    # functions
    "sin x^2": "sin(x^2)",
    "sin 2x": "sin(2*x)",
    "sin2x": "sin(2*x)",
    "sinx + lnx": "sin(x) + ln(x)",
    "2xsinx + xtgx": "2*x*sin(x) + x*tan(x)",
    "sinxcosy": "sin(x)*cos(y)",
    "path + yacht": "path + yacht",
    "sin^2 x": "sin(x)^2",
    "sin²x": "sin(x)^2",
    "sin^n(x)": "sin(x)^n",
    "sin(x)^2": "sin(x)^2",
    "sin(x)y": "sin(x)*y",
    "sin x cos x": "sin(x)*cos(x)",
    "sin cos x": "sin(cos(x))",
    "sin -x": "sin(-x)",
    "sin x/2": "sin(x)/2",
    "ln x y": "ln(x*y)",
    "log x": "ln(x)",
    "log_2 x + log2(x) + log₂x": "log2(x) + log2(x) + log2(x)",
    "log_a x + log(x; a)": "log(x, a) + log(x, a)",
    "log_3(x)": "log(x, 3)",
    "tg x + ctg x + arcctg x": "tan(x) + cot(x) + arccot(x)",
    "sh x ch x": "sinh(x)*cosh(x)",
    "max(x, y, 0)": "max(x, y, 0)",
    "max(x)": "max(x)",
    "xy/sinx^y": "x*y/sin(x^y)",
    # cases
    "where(x>0, x, 0)": "where(x > 0, x, 0)",
    "where(0 ≤ x < 1; x; 0,5)": "where(0 <= x < 1, x, 0.5)",
    "where(x ≠ 0, 1, 2)": "where(x != 0, 1, 2)",
    "where(x == 0, 1, 2)": "where(x = 0, 1, 2)",
    "{x > 0: x; else 0}": "where(x > 0, x, 0)",
    "{x > 0: x²; x < -1: 1; иначе 0,5}": "where(x > 0, x^2, where(x < -1, 1, 0.5))",
}


@pytest.mark.parametrize("text", READ)
def test_it_is_read_like_this(text: str) -> None:
    found = parse(text)
    assert found.plain() == READ[text]
    assert parse(found.plain()).plain() == READ[text]


VARIABLES = {
    "x10 + x2 + x1": ("x1", "x2", "x10"),
    "f(y, x) = x": ("y", "x"),
    "f(x) = a x": ("x", "a"),
    "b + a": ("a", "b"),
    "2": (),
    "e^x": ("x",),
}


@pytest.mark.parametrize("text", VARIABLES)
def test_the_order_of_variables(text: str) -> None:
    assert parse(text).variables == VARIABLES[text]


#: what is ambiguous, and words of the note about it
NOTED = {
    "1/2x": "1/2x was read as 1/2*x",
    "xy": "xy was read as one variable; write x*y",
    "x + y + xy": "xy was read as the product x*y",
    "sinx": "sinx was read as sin x",
    "xsinx": "xsinx was read as x sin x",
    "[x]": "the brackets of [x] were read like ( ); write floor(x) for the whole part",
    "{2x}": "the brackets of {2x} were read like ( ); write x - floor(x) for the fractional part",
    "e^2x": "the exponent 2 ends before x",
    "e^x": "Euler's number",
    "е^х": "Cyrillic",
    "log x": "natural logarithm",
    "0,5x": "0,5 was read as the number 0.5",
    "max(1,5)": "two arguments",
    "f(x)": "read as a product",
    "f(x) = a x": "a is not named on the left side",
    "ln x y": "ln x y was read as ln(x*y)",
    "sin x/2": "sin x was read as sin(x)",
    "√2x": "√2 was read as sqrt(2)",
    "√x²": "√x² was read as sqrt(x^2)",
    "arcctg x": "from 0 to π",
    "step(x)": "1/2",
    "root(x, 5)": "x > 0",
}


@pytest.mark.parametrize("text", NOTED)
def test_what_is_ambiguous_is_told(text: str) -> None:
    assert any(NOTED[text] in note for note in parse(text).notes)


@pytest.mark.parametrize(
    "text", ["x^2 + 3x", "sin 2x", "-x^2", "x1*x2", "max(1, 5)", "|x|/2", "x^{2}", "[x1*(x2 + 1)]^2"]
)
def test_what_is_clear_has_no_notes(text: str) -> None:
    assert parse(text).notes == ()


FORMS = {
    "x1^2 + 2x1*x2": ("x₁² + 2·x₁·x₂", "{x_{1}}^{2} + 2 x_{1} x_{2}"),
    "-x/(1 + |x|)": ("−x/(1 + |x|)", r"-\frac{x}{1 + \left|x\right|}"),
    "sqrt(α)^-2": ("sqrt(α)⁻²", r"{\left(\sqrt{\alpha}\right)}^{-2}"),
    "where(x >= 0, pi, x_ab)": (
        "where(x ≥ 0, π, x_ab)",
        r"\begin{cases} \pi & \text{if } x \ge 0 \\ x_{ab} & \text{otherwise} \end{cases}",
    ),
    "log(x, 2)*2*1e-30": ("log(x, 2)·2·1e−30", r"\log_{2}\left(x\right) \cdot 2 \cdot 1 \cdot 10^{-30}"),
    "price^x12": ("price^x₁₂", r"{\mathrm{price}}^{x_{12}}"),
}


@pytest.mark.parametrize("text", FORMS)
def test_pretty_text_and_latex(text: str) -> None:
    found = parse(text)
    assert (found.pretty(), found.latex()) == FORMS[text]
