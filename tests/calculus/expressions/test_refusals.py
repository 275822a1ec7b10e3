"""What is no formula is refused with the place and one repair; what is hostile, within bounded work."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.calculus.expressions import expression, parse
from sklon.calculus.expressions.reading import MOST_NESTED
from sklon.calculus.expressions.tokens import MOST_CHARACTERS

#: what is typed, where the caret stands, and words of the message
REFUSED = {
    "": (0, "empty"),
    "   ": (3, "empty"),
    "x +": (3, "missing after '+'"),
    "x*": (2, "missing after '*'"),
    "(x": (0, "not closed"),
    "x)": (1, "closes no bracket"),
    "(x]": (2, "closes '('"),
    "|x": (0, "not closed"),
    "()": (1, "empty"),
    "x + *y": (4, "cannot stand here"),
    "2..3": (2, "without a sign"),
    "2 3": (2, "without a sign"),
    "x 2": (2, "without a sign"),
    "x @ y": (2, "no meaning"),
    "x!": (1, "no meaning"),
    "x'": (1, "no meaning"),
    "x + y = 3": (6, "equation"),
    "y = y + 1": (4, "both sides"),
    "x > 0": (2, "compares"),
    "f(x, x) = x": (5, "named twice"),
    "y =": (3, "empty"),
    "x, y": (1, "separates arguments"),
    "x; y": (1, "separates arguments"),
    "sen(x)": (0, "did you mean sin?"),
    "sine(x)": (0, "did you mean sin"),
    "foo(x)": (0, "no known function"),
    "sin": (0, "no argument"),
    "sin()": (4, "empty"),
    "cos(x, y)": (5, "one argument"),
    "atan2(x)": (5, "2 arguments"),
    "sin⁻¹ x": (3, "arcsin(x) or 1/sin(x)"),
    "sin^-1 x": (3, "arcsin(x) or 1/sin(x)"),
    "x⁻": (1, "superscript"),
    "where(x, 1, 2)": (7, "condition"),
    "where(x > 0, 1)": (14, "two values"),
    "{x > 0: x}": (9, "';' is missing"),
    "x1^2 + х1*x2": (7, "Cyrillic letter (U+0445), which looks like the Latin x"),
    "siх": (2, "Cyrillic"),
    "ехр(x)": (0, "Cyrillic"),
    "cos(x) + сos(x)": (9, "Cyrillic"),
    # hostile
    "__import__('os')": (0, "underscore"),
    "x.__class__": (1, "a point stands between digits only"),
    "x__y": (1, "underscore"),
    "lambda: 0": (6, "cannot stand here"),
    "[x for x in y]": (3, "no variable"),
    "eval(x)": (0, "no known function"),
    "exec(x)": (0, "no known function"),
    'x + "y"': (4, "quotes"),
    "x\0": (1, "U+0000"),
    "x\u202e + y": (1, "RIGHT-TO-LEFT OVERRIDE"),
    "x\u200by": (1, "ZERO WIDTH SPACE"),
    "א + x": (0, "no meaning"),
    "x\u0304": (1, "no meaning"),
    "x^(1e400)": (3, "beyond what float64 holds"),
    "1e999999999": (0, "beyond what float64 holds"),
    "1e-999999999": (0, "beyond what float64 holds"),
}
#: what is refused as a whole
TOO_MUCH = {
    "9**9**9**9": "too large",
    "10^10^10": "too large",
    "2^(2^(2^(2^(2^x))))*0 + 7^7^7^7": "too large",
    "exp(exp(exp(9)))": "too large",
    "x^1001": "exponent 1001",
    "((2x)^100)^100": "exponent",
    "(1/(2x)^100)^-100": "exponent",
    "1/0": "divides by 0",
    "x + ln(0)": "not defined",
    "sqrt(-1)x": "no real number",
    "x" * 1_000_000: "too long",
    "(" * 100_000 + "x" + ")" * 100_000: "too long",
    "(" * 2000 + "x" + ")" * 2000: "nested",
    "√" * 4000 + "x": "nested",
    "|" * 2000 + "x" + "|" * 2000: "nested",
    "x" + "^x" * 2000: "nested",
    "sin " * 1000 + "x": "nested",
    "{x>0:" * 300 + "x" + ";else 0}" * 300: "nested",
    "where(x>0,x," * 300 + "x" + ")" * 300: "nested",
    "x" + "/x" * 500: "within each other",
    "x" + " ²" * 500: "within each other",
    "{" + "x > 0: 1; " * 400 + "else 2}": "within each other",
}


@pytest.mark.parametrize("text", REFUSED)
def test_it_is_refused_at_the_place(text: str) -> None:
    place, words = REFUSED[text]
    with pytest.raises(InputError) as caught:
        parse(text)
    message = str(caught.value)
    assert words in message
    _, shown, caret, repair = message.split("\n")
    assert len(caret) - 1 == 4 + place
    assert len(shown) - 4 == len(text)
    assert repair


@pytest.mark.parametrize("text", TOO_MUCH, ids=lambda t: t[:20])
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=TOO_MUCH[text]):
        parse(text)


#: strange, and harmless
HARMLESS = (
    "-" * (MOST_CHARACTERS - 1) + "x",
    "0e999999999",
    "+".join(["x"] * 2000),
    "*".join(["x"] * 100),
    "x" + "/x" * 80,
    "-(1 + 2*" * 20 + "x^2" + ")" * 20,
    "(" * (MOST_NESTED - 1) + "x" + ")" * (MOST_NESTED - 1),
    "x" + "^x" * (MOST_NESTED - 1),
    "sin " * (MOST_NESTED - 1) + "x",
    "(1e300x)^1000",
    "1e300x*" * 100 + "x",
    "x^-1000",
    "x/(x-x)",
    "lambda*x",
)


@pytest.mark.parametrize("text", HARMLESS, ids=lambda t: t[:20])
def test_what_is_strange_but_a_formula_can_be_used(text: str) -> None:
    found = parse(text)
    assert found.plain() and found.pretty() and found.latex()
    for partial in found.gradient():
        assert partial.plain()
        partial.evaluate(dict.fromkeys(found.variables, 1.0))


def test_a_derivative_that_nobody_reads_is_refused() -> None:
    with pytest.raises(InputError, match=r"terms and factors|too large"):
        parse("*".join(f"(x+{i})" for i in range(400))).partial("x")


PIECES = st.one_of(
    st.sampled_from(["x", "y", "x1", "sin", "max", "log", "where", "else", "e", "π", "2", "0,5", "1e3", "х", "(x+1)"]),
    st.sampled_from(list("_²⁻^+-*/()[]{}|√,;<>=:.@ ")),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=12))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return
    again = parse(found.plain())
    assert again.plain() == found.plain()
    for name in found.variables:
        found.partial(name).evaluate(dict.fromkeys(found.variables, 0.5))


def test_without_sympy_the_repair_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"sklon\[calculus\]"):
        parse("x")


def test_long_formulas_are_shown_around_the_place() -> None:
    with pytest.raises(InputError) as caught:
        parse("x + " * 100 + "@" + " + x" * 100)
    shown, caret = str(caught.value).split("\n")[1:3]
    assert shown[len(caret) - 1] == "@" and len(shown) < 80
