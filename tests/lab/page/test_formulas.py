"""Formulas on a narrow page: what belongs to one line stays there, and what is long may be broken."""

from __future__ import annotations

import pytest

from sklon.lab.breaking import parts_of
from sklon.lab.markdown import html_of, inline_html_of
from sklon.lab.page.shell import reachable


def shown(text: str) -> str:
    return reachable(inline_html_of(text, lambda experiment, name: ""))


@pytest.mark.parametrize(
    ("text", "before", "behind"), [("($x$), so", "(", "),"), ("see $x$.", "", "."), ("an $N$-th one", "", "-th")]
)
def test_brackets_and_signs_stay_with_their_formula(text: str, before: str, behind: str) -> None:
    html = shown(text)
    assert f'<span class="held">{before}<span class="math inline"><math' in html
    assert f"</math></span>{behind}</span>" in html


def test_a_formula_among_words_is_held_by_nothing() -> None:
    assert "held" not in shown("where $x$ is small")


def test_a_long_one_scrolls_and_a_list_is_broken() -> None:
    long = "+".join("abcdefghijklmnop")
    assert 'tabindex="0" class="math long"' in shown(f"(${long}$)") and "held" not in shown(f"(${long}$)")
    listed = shown(r"at $1;\ 2;\ 3;\ 4;\ 5;\ 6;\ 7;\ 8;\ 9;\ 10;\ 11;\ 12;\ 13;\ 14;\ 15$.")
    assert listed.count("<math") == 15 and "long" not in listed and "</math> <math" in listed


def test_statements_stand_side_by_side_and_a_long_one_is_broken_before_its_relation() -> None:
    html = html_of(r"$$a = 1, \qquad b = 2$$", lambda experiment, name: "")
    assert html.count("<math") == 2 and '</math><span class="quad"> </span><math' in html
    long = r"\lVert a - b + c - d + e\rVert = f + g + h + i + j + k + l + m"
    assert [part.latex for part in parts_of(long, True)] == [
        r"\lVert a - b + c - d + e\rVert",
        "= f + g + h + i + j + k + l + m",
    ]


@pytest.mark.parametrize(
    "latex", [r"P(m = 0) + x_{i = 1} + \left(a \quad b\right) + c + d + e + f + g + h + i", "x", ""]
)
def test_nothing_within_brackets_is_broken(latex: str) -> None:
    assert [part.latex for part in parts_of(latex, True)] == [latex]
