"""Floor 10: the lab. Every question of the twelve topics, with an answer that an experiment on this engine proves.

What lives here: questions as data, experiments as values, and what is made of them: terminal lines, a report, cards,
learners' notes with the blanks filled in, a self-test (``learning``). Everything that trains or differentiates is
sklon itself. No browser needed.

>>> from sklon import lab
>>> outcome = lab.run("Q1")
>>> outcome.passed
True
"""

from __future__ import annotations

from .catalogue import all_questions, find
from .check import Check
from .experiment import Experiment, Fault, Record
from .figure import Figure
from .question import Question
from .running import Outcome, Result, run
from .text import Text

__all__ = [
    "Check",
    "Experiment",
    "Fault",
    "Figure",
    "Outcome",
    "Question",
    "Record",
    "Result",
    "Text",
    "all_questions",
    "find",
    "run",
]
