"""Numbers as people type them, in both languages."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.lab.learning import read_number
from sklon.lab.text import LANGUAGES, Language, number

WRITTEN = [
    ("0.25", 0.25),
    ("0,25", 0.25),
    (" .5 ", 0.5),
    ("5.", 5.0),
    ("+3", 3.0),
    ("-3", -3.0),
    ("−3", -3.0),
    ("–3,5", -3.5),
    ("— 3".replace("—", "‒"), -3.0),
    ("1e-3", 1e-3),
    ("1E−3", 1e-3),
    ("2,5е3", 2500.0),  # a Cyrillic letter
    ("10^-3", 1e-3),
    ("10^(-3)", 1e-3),
    ("10**3", 1000.0),
    ("10⁻³", 1e-3),
    ("−10⁻³", -1e-3),
    ("2.5·10⁻³", 2.5e-3),
    ("2,5 × 10^−3", 2.5e-3),
    ("2.5*10**-3", 2.5e-3),
    ("2,5 х 10^3", 2500.0),  # a Cyrillic letter
    ("50 %", 0.5),
    ("12,5%", 0.125),
    ("1/8", 0.125),
    ("-1/4", -0.25),
    ("3/2e1", 0.15),
    ("54,9°", 54.9),
    ("27 008", 27008.0),
    ("27\u00a0008,5", 27008.5),
    ("1,000,000", 1e6),
    ("11,014.2", 11014.2),
    ("0,125", 0.125),
    ("1000", 1000.0),
]
REFUSED = [
    "",
    "abc",
    "1..2",
    "1,2,3",
    "1.2,3",
    "--1",
    "1e",
    "10^",
    "1/0",
    "1e999",
    "10^400",
    "nan",
    "inf",
    "∞",
    "%",
    "1 2/",
    "1 2",
    "1 1/2",
    "1_0",
]


@pytest.mark.parametrize(("text", "value"), WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_to_write_a_number(text: str, value: float, language: Language) -> None:
    assert isclose(read_number(text, language), value, rel_tol=1e-15)


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_finite_number_is_refused_with_an_example(text: str, language: Language) -> None:
    with pytest.raises(
        InputError,
        match=r"is no (finite )?number; write one such as 0\.25|не (конечное )?число; напишите, например, 0,25",
    ):
        read_number(text, language)


def test_what_english_reads_in_two_ways_is_refused_and_russian_reads_as_a_decimal() -> None:
    with pytest.raises(InputError, match=r"write 1467 or 1\.467"):
        read_number("1,467")
    assert read_number("1,467", "ru") == 1.467
    assert read_number("-1,467", "ru") == -1.467


@given(st.floats(-1e9, 1e9), st.sampled_from(LANGUAGES))
def test_what_the_lab_writes_it_can_read(value: float, language: Language) -> None:
    written = number(value, language)
    try:
        read = read_number(written, language)
    except InputError as error:
        assert "two ways" in str(error)
        return
    assert isclose(read, value, rel_tol=1e-3, abs_tol=1e-300)


@given(st.text(alphabet="0123456789.,eе+-−*^·/ %⁻³10()х", max_size=12), st.sampled_from(LANGUAGES))
def test_any_text_is_a_finite_number_or_refused(text: str, language: Language) -> None:
    try:
        value = read_number(text, language)
    except InputError:
        return
    assert abs(value) < float("inf")
