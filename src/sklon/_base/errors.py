"""Every error that sklon raises on purpose, as one tree.

::

    SklonError
    ├── InputError (ValueError)          what a user gave cannot be used: a file, a column, a shape, an option
    │   ├── ShapeError                   shapes that do not fit together
    │   ├── DtypeError (also TypeError)  element types that do not fit together
    │   ├── IndexRangeError (IndexError) an index that names no element
    │   └── RunFolderError               a run folder that is none, damaged, or of another version
    ├── AutogradError (RuntimeError)     a gradient that cannot be had, with the reason
    ├── UndecidedError                   a question that a limit of time or depth left open
    ├── GradientError (AssertionError)   a gradient that is not the derivative of what the user's code computes
    ├── ClaimError                       an experiment that does not check what it claims: its author's bug
    ├── VerificationError                a graph or a program that breaks its own rules: our bug
    └── CompilerError                    a graph that the compiler cannot turn into a program: our bug

A message says what is wrong, where, the values seen, and one repair.
"""

from typing import Any


class SklonError(Exception):
    """The root of all errors raised on purpose by sklon."""


class InputError(SklonError, ValueError):
    """What the user gave cannot be used.

    A sentence may have gaps, kept apart from what fills them, so that it can be told in another language:

    >>> str(InputError("{file} is empty", file="data.csv"))
    'data.csv is empty'
    """

    def __init__(self, sentence: str = "", /, **gaps: Any) -> None:
        super().__init__(sentence.format(**gaps) if gaps else sentence)
        self.sentence, self.gaps = sentence, gaps


class ShapeError(InputError):
    """Shapes that do not fit together."""


class DtypeError(InputError, TypeError):
    """Element types that do not fit together."""


class IndexRangeError(InputError, IndexError):
    """An index that names no element."""


class RunFolderError(InputError):
    """A run folder that is none, is damaged, or was written by another version."""


class AutogradError(SklonError, RuntimeError):
    """A gradient that cannot be computed, with the reason."""


class GradientError(SklonError, AssertionError):
    """A gradient that a check found to be another number than the derivative. A check fails, so it is an assertion."""


class UndecidedError(SklonError):
    """A question about a formula that was not decided within its limit of time or depth. Neither yes nor no."""


class ClaimError(SklonError):
    """An experiment of the lab whose run did not check each of its claims once. Always its author's bug."""


class VerificationError(SklonError):
    """A graph or program that violates its grammar. Always a bug in sklon, never the user's."""


class CompilerError(SklonError):
    """A graph that cannot be compiled. Always a bug in sklon, never the user's."""


class InterpretedWarning(UserWarning):
    """LLVM is missing, and what is slow without it runs all the same."""
