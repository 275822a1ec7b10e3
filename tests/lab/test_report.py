"""The page with everything: complete in both languages, offline, and with the numbers that were measured."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from xml.etree import ElementTree

import pytest

from sklon.lab import Outcome, all_questions
from sklon.lab.markdown import html_for_cards, mathml
from sklon.lab.report import render
from sklon.lab.showing import shown
from sklon.lab.text import LANGUAGES, Language, number
from tests.lab.results import result_of


@cache
def outcomes() -> dict[str, Outcome]:
    """Everything measured once, shared with the other tests."""
    return {q.number: Outcome(q, tuple(result_of(e.number) for e in q.experiments)) for q in all_questions()}


@cache
def page(language: Language) -> str:
    return render(all_questions(), outcomes(), language, "0")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_figure_and_measured_value_is_on_the_page(language: Language) -> None:
    html = page(language)
    assert html.startswith("<!doctype html>") and f'<html lang="{language}">' in html
    results = [r for o in outcomes().values() for r in o.results]
    assert html.count("<svg") == len(results)
    for question in all_questions():
        assert f'<section id="{question.slug}">' in html and f'href="#{question.slug}"' in html
    for result in results:
        assert escape(result.figure.caption.of(language)) in html
        for check in result.checks:
            assert escape(check.says.of(language)) in html
            assert number(check.measured, language) in html
    for question in all_questions():
        for experiment, name in question.answers[language].citations:
            cited = outcomes()[question.number].check(experiment, name)
            assert cited is not None and escape(shown(cited, language)) in html
    assert 'class="fails"' not in html and "badge fails" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched_and_nothing_is_left_unrendered(language: Language) -> None:
    html = page(language)
    assert not re.search(r"<(script|link|img|iframe|video|object)\b", html)
    assert not re.search(r"url\(\s*[\"']?(?!#)", html)
    text = re.sub(r"<pre>.*?</pre>|<style>.*?</style>", "", html, flags=re.DOTALL)
    assert "[[" not in text and "$" not in text and "**" not in text and "\\frac" not in text


@pytest.mark.parametrize("question", [pytest.param(q, id=q.number) for q in all_questions()])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_formula_is_one_that_browsers_can_show(question: object, language: Language) -> None:
    for formula in question.answers[language].formulas:  # type: ignore[attr-defined]
        made = mathml(formula, display=True)
        ElementTree.fromstring(made)
        assert "\\" not in re.sub(r"<mtext>.*?</mtext>", "", made), formula
        assert "merror" not in made


def test_decimal_commas_and_limits_are_written_as_people_do() -> None:
    assert "<mn>0,25</mn>" in mathml("0{,}25")
    assert "<munder>" in mathml(r"\lim_{h\to 0} x", display=True)
    assert "<munder>" not in mathml(r"\lim_{h\to 0} x")


def test_cards_keep_formulas_as_latex() -> None:
    assert html_for_cards("so $x<1$ [[E1/a]].") == r'<p>so <span class="math inline">\(x&lt;1\)</span>.</p>'
