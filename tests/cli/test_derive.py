"""``sklon derive``: what it prints where, what it draws, and what it says to mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sklon._base.errors import InputError
from sklon._base.picture import Picture
from sklon.calculus.expressions import expression
from sklon.cli.terminal import Terminal, encodable
from tests.cli.commands import Command
from tests.docs.markdown import ROOT, blocks

SADDLE = "x1^2 + x1*x2"


def strictly(text: str) -> Any:
    """JSON without NaN and Infinity."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_formulas_and_the_point_go_to_standard_output(command: Command) -> None:
    code, out, err = command("derive", SADDLE, "--at", "x1=1,x2=2", "--along", "1,1")
    assert code == 0 and err == ""
    assert out.startswith(
        "f(x₁, x₂) = x₁² + x₁·x₂\n\n  ∂f/∂x₁ = 2·x₁ + x₂\n  ∂f/∂x₂ = x₁\n\nAt x₁ = 1, x₂ = 2: f = 3\n"
    )
    for said in (
        "formula  reverse mode  differences",
        "The three ways agree.",
        "along −∇f/‖∇f‖ = (−0.970143, −0.242536), at the rate −‖∇f‖ = −4.12311.",
        "Along (1, 1), normalised to u = (0.707107, 0.707107): ∇f·u = 3.53553;",
        "eigenvalues −0.414214, 2.41421.",
        "Not stationary: ‖∇f‖ = 4.12311, not 0.",
    ):
        assert said in out


def test_without_a_point_there_are_formulas_only(command: Command) -> None:
    assert command("derive", "x^2") == (0, "f(x) = x²\n\n  f′(x) = 2·x\n", "")
    assert command("derive", "x^2", "--latex")[1].endswith("f'(x) = 2 x\n")


POINTS = {
    "names": "x1=1,x2=2",
    "names in another order": "x2=2, x1=1",
    "order": "1,2",
    "names with indices": "x₁=1, x_2=2",
    "semicolons": "x1=1; x2=2",
    "decimal commas": "x1=1,0; x2=2,00",
    "constants": "x1=pi/pi, x2=sqrt(4)",
    "a comma at the end": "1,2,",
}


@pytest.mark.parametrize("name", POINTS)
def test_points_are_read_as_they_are_written(name: str, command: Command) -> None:
    code, out, err = command("derive", SADDLE, "--at", POINTS[name], "--json")
    assert code == 0 and err == ""
    assert strictly(out)["point"]["at"] == {"x1": 1.0, "x2": 2.0}


def test_decimal_commas_are_decimal_only_with_semicolons(command: Command) -> None:
    assert strictly(command("derive", "x + y", "--at", "0,5; -2", "--json")[1])["point"]["at"] == {"x": 0.5, "y": -2.0}
    code, _, err = command("derive", "x + y", "--at", "x=0,5,y=2")
    assert code == 2 and "with decimal commas, separate by ;" in err


@pytest.mark.parametrize("formula", ["-x^2", "-x^2 + 3", "-2x", "-sin x"])
def test_a_formula_may_begin_with_a_minus(formula: str, command: Command) -> None:
    code, out, _ = command("derive", formula, "--at", "-1")
    assert code == 0 and out.startswith("f(x) = −")


@pytest.mark.parametrize("formula", ["|x|", "sqrt(x)", "cbrt(x)", "sign(x)", "x^2", "relu(x) - relu(-x)"])
def test_json_is_one_strict_object(formula: str, command: Command) -> None:
    flags = ["--at", "0", "--along", "1", "--steps", "--stationary", "--examine", "0", "--json"]
    code, out, _ = command("derive", formula, *flags)
    told = strictly(out)
    assert code == 0 and out.count("\n") == 1
    assert list(told) == ["function", "variables", "formulas", "point", "steps", "stationary", "examination"]


def test_steps_name_their_rules(command: Command) -> None:
    out = command("derive", "3x^2", "--steps")[1]
    assert "\n  constant factor  d/dx[3·x²] = 3·d/dx[x²]\n  power            d/dx[x²] = 2·x\n" in out
    assert "\n  power            (x^n)′ = n·x^(n − 1)\n" in out
    told = strictly(command("derive", SADDLE, "--steps", "--json")[1])["steps"]
    assert list(told) == ["x1", "x2"] and told["x1"][0]["rule"] == "sum"


def test_stationary_points_are_found_and_told_what_they_are(command: Command) -> None:
    code, out, _ = command("derive", "x^4 - 2x^2 + y^2", "--stationary")
    assert code == 0 and out.endswith(
        "Stationary points\n  x = −1, y = 0  f = −1  minimum\n  x = 0, y = 0   f = 0   saddle\n"
        "  x = 1, y = 0   f = −1  minimum\n"
    )
    told = strictly(command("derive", "x^3 - 6x", "--stationary", "--json")[1])["stationary"]
    assert [point["exact"] for point in told["points"]] == [{"x": "-sqrt(2)"}, {"x": "sqrt(2)"}]


def test_a_point_is_examined(command: Command) -> None:
    code, out, _ = command("derive", "|x|", "--examine", "x=0")
    assert code == 0 and "\n\nx = 0: kink\n" in out and "[−1, 1]" in out
    for way in ("1,0", "x=2"):
        code, out, _ = command("derive", "|x| + y", "--examine", "0,0", "--along", way)
        assert code == 0 and "kink" in out


# ---- descents
@pytest.mark.parametrize("rule", [["--lr", "0.1"], ["--optimizer", "adam", "--lr", "0.1"], ["--optimizer", "lbfgs"]])
def test_a_descent_goes_down_from_the_point(rule: list[str], command: Command) -> None:
    code, out, _ = command("derive", "x^2 + 3y^2", "--at", "1,1", "--descend", "10", *rule, "--json")
    told = strictly(out)
    values = told["descent"]["values"]
    assert told["plot"] is None
    assert code == 0 and values[0] == 4.0 and values[-1] < 1.0 and 2 <= len(values) <= 11


def test_a_descent_is_told_in_lines_that_the_terminal_shows_whole(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Terminal, "width", 60)
    out = command("derive", "x^2 + 10y^2", "--at", "5,1", "--descend", "50", "--lr", "0.11")[1]
    told = out[out.index("SGD") :].splitlines()
    assert max(map(len, out.splitlines())) <= 60
    assert "  to        x = 2.01233e−5, y = 9100.44, f = 8.2818e8" in told
    assert told[-1] == f"{'':12}η below 0.1 converges" and not any("-" in line for line in told)


@pytest.mark.parametrize("name", ["path.svg", "path.png"])
@pytest.mark.parametrize(("formula", "at"), [("x^2 + 3y^2", "1,1"), ("x^2", "1")])
def test_the_picture_of_a_descent_appears_whole(
    formula: str, at: str, name: str, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ["--at", at, "--descend", "5", "--lr", "0.1", "--plot", name]
    code, _, err = command("derive", formula, *flags)
    assert code == 0 and err == f"The picture is {name}.\n" and [p.name for p in tmp_path.iterdir()] == [name]
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(b"<svg" if name.endswith("svg") else b"\x89PNG")

    def fail(self: Picture, path: Path) -> Path:
        Path(path).write_bytes(b"half")
        raise InputError("no space is left")

    monkeypatch.setattr(Picture, "save", fail)
    assert command("derive", formula, *flags)[0] == 2
    assert [p.name for p in tmp_path.iterdir()] == [name] and (tmp_path / name).read_bytes() == drawn


# ---- streams
def test_notes_go_to_standard_error_unless_quiet(command: Command) -> None:
    code, out, err = command("derive", "e^x")
    assert code == 0 and err.startswith("note: e was read as Euler's number") and "note" not in out
    assert command("derive", "e^x", "--quiet") == (0, out, "")


def test_a_terminal_without_unicode_gets_plain_letters(command: Command) -> None:
    out = command("derive", "|x1|^3 - 2x2^10 + sqrt(pi)*x1", "--at", "1,-1", "--along", "1,0", "--steps")[1]
    out += command("derive", "1/x", "--examine", "0")[1]

    class Plain:
        encoding = "ascii"

    plain = encodable(out, Plain())
    assert "?" not in plain and "df/dx1" in plain and "x2^10" in plain and "grad f" in plain


BAD: dict[str, tuple[list[str], str]] = {
    "no formula": ([""], "the formula is empty"),
    "half a formula": (["x +"], "missing after '+'"),
    "no variables": (["3"], "has no variables to differentiate by"),
    "a wrong name": ([SADDLE, "--at", "x1=1,y=2"], "gives no value for 'x2'"),
    "one name too many": (["x", "--at", "x=1,y=2"], "names 'y'"),
    "a missing value": ([SADDLE, "--at", "x1=1"], "gives no value for 'x2'"),
    "too few numbers": ([SADDLE, "--at", "1"], "has the variables x1, x2, but 1 number was given"),
    "a point of no variables": (["5", "--at", "0"], "'5' has no variables, so it needs no point"),
    "a Cyrillic name": (["x^2", "--at", "х=1"], "that of the formula is Latin"),
    "a formula in Cyrillic": (["х^2", "--at", "x=1"], "that of the formula is Cyrillic"),
    "a name twice": (["x", "--at", "x=1,x=2"], "--at gives 'x' twice"),
    "half of the names": ([SADDLE, "--at", "x1=1,2,3"], "name all or none"),
    "one number of two": ([SADDLE, "--at", "x1=1,2"], "gives no value for 'x2'"),
    "no number": (["x", "--at", "x="], "--at lacks a number"),
    "no name": (["x", "--at", "=1"], "--at has no name before ="),
    "a letter for a number": (["x", "--at", "x=y"], "--at takes numbers, not 'y'"),
    "a constant as a name": (["x", "--at", "pi=3"], "'pi' is none"),
    "outside the domain": (["ln x", "--at", "-1"], "f has no value at x = −1: ln(x) is no real number there"),
    "a hole": (["sin(x)/x", "--at", "0"], "divides by 0"),
    "the zero vector": (["x + y", "--at", "1,1", "--along", "0,0"], "(0, 0) has no direction"),
    "a direction of another size": (["x + y", "--at", "1,1", "--along", "1"], "the direction has 1 numbers"),
    "a direction without a point": (["x", "--along", "1"], "--along is a direction at a point"),
    "a descent without a start": (["x^2", "--descend", "5"], "--descend starts at a point"),
    "a picture of nothing": (["x^2", "--at", "1", "--plot", "a.svg"], "--plot draws a descent"),
    "another suffix": (["x^2", "--at", "1", "--descend", "5", "--plot", "a.pdf"], "as .svg or .png, not 'a.pdf'"),
    "a folder that is not there": (
        ["x^2", "--at", "1", "--descend", "5", "--plot", "none/a.svg"],
        "there is no folder none",
    ),
    "an unknown rule": (["x^2", "--at", "1", "--descend", "5", "--optimizer", "sdg"], "sgd"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_end_with_one_sentence_and_nothing_written(
    case: str, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, clause = BAD[case]
    code, out, err = command("derive", *arguments)
    assert code == 2 and out == "" and err.startswith("error: ") and clause in err
    assert err.count("\n") == (4 if "^\n" in err else 1) and list(tmp_path.iterdir()) == []


def test_an_unknown_flag_is_named(command: Command) -> None:
    code, out, err = command("derive", "x^2", "--att", "1")
    assert code == 2 and out == "" and "--att" in err


def test_without_sympy_one_sentence_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "find_spec", lambda name: None)
    code, out, err = command("derive", "x^2")
    assert (code, out) == (2, "") and err.startswith("error: formulas need SymPy: pip install 'sklon[calculus]'")


def test_the_page_shows_what_the_command_prints(command: Command) -> None:
    shown = next(block.text for block in blocks(ROOT / "docs" / "howto" / "differentiate-a-formula.md", "text"))
    out = command("derive", SADDLE, "--at", "x1=1,x2=2", "--along", "1,1")[1]
    assert [without_error(line) for line in out.splitlines()] == [without_error(line) for line in shown.splitlines()]


def without_error(line: str) -> str:
    """A line without the errors of differences, which are rounding and not the same on every machine."""
    return re.sub("± [0-9e−]+", "±", line)
