"""Pictures: their colours can be seen wherever they are shown, and every tone has its colour in every palette."""

from __future__ import annotations

import re

import pytest

from sklon._base.canvas import (
    ACCENT,
    FILE,
    GRID,
    INK,
    NOTEBOOK,
    PAGE,
    PAPER,
    STAND_INS,
    TONES,
    canvas,
    for_file,
    for_notebook,
    for_page,
)

#: WCAG 2.2, success criterion 1.4.11: what parts of a picture need against their ground
LEAST_CONTRAST = 3.0
GROUNDS = {"white": "#ffffff", "a dark notebook": "#1e1e1e", "black": "#000000"}


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", GROUNDS)
def test_the_tones_of_a_notebook_are_seen_on_any_ground(ground: str) -> None:
    low = {tone for tone in TONES if contrast(NOTEBOOK[tone], GROUNDS[ground]) < LEAST_CONTRAST}
    assert low == set()


def test_a_picture_has_only_colours_that_a_browser_knows() -> None:
    """Whatever is no colour is drawn black, the paper too."""
    with canvas(2.0, 2.0) as (axes, svg):
        axes[0].plot([0, 1], color=ACCENT)
        axes[0].grid(color=GRID)
        axes[0].set_title("title", color=INK)
        axes[0].legend(["line"], facecolor=PAPER, edgecolor="none", frameon=True)
    for shown, palette in ((for_file, FILE), (for_page, PAGE), (for_notebook, NOTEBOOK)):
        used = set(re.findall(r'(?:fill|stroke)(?:: |=")([^;"]+)', shown(svg[0])))
        known = set(palette.values()) | {"none"}
        assert used - known == set()
        assert {palette[ACCENT], palette[INK], palette[GRID], palette[PAPER]} <= used


def test_the_paper_of_a_file_is_white() -> None:
    with canvas(2.0, 2.0) as (axes, svg):
        axes[0].plot([0, 1])
    first = for_file(svg[0]).split("<rect", 1)[1].split("/>", 1)[0]
    assert 'fill="#ffffff"' in first


def test_the_tones_of_a_file_are_seen_on_white() -> None:
    assert all(contrast(FILE[tone], "#ffffff") >= LEAST_CONTRAST for tone in TONES)


def test_every_palette_has_every_tone() -> None:
    assert STAND_INS.keys() == PAGE.keys() == FILE.keys() == NOTEBOOK.keys()
    assert len(set(STAND_INS.values())) == len(STAND_INS)
