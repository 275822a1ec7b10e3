"""Figures and tables of runs, as the page shows them; computed beside the loop, one figure at a time."""

from __future__ import annotations

from threading import Lock

from sklon.lab.parts import figure_of, outcome_of, picture_of
from sklon.lab.running import Result
from sklon.lab.text import Language

from .shell import reachable

#: matplotlib's settings are those of the process
DRAWING = Lock()


def drawn_result(result: Result, language: Language) -> str:
    """The figure of a run and its checks."""
    with DRAWING:
        return reachable(outcome_of(result, language))


def drawn_figure(result: Result, language: Language) -> str:
    """The figure of a run, with its caption."""
    with DRAWING:
        return reachable(figure_of(result, language))


def drawn_picture(result: Result, language: Language) -> str:
    """The figure of a run alone."""
    with DRAWING:
        return reachable(picture_of(result, language))
