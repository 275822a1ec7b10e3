"""The data set that comes with the package, so that there is something to try without a file of one's own.

Its source, licence and changes stand in ``demo/README.md`` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A file in the package, the column to predict, and one sentence about both."""

    path: Path
    target: str
    about: str


LETTERS = Demonstration(
    path=Path(__file__).parent / "demo" / "letters.csv",
    target="letter",
    about="Which letter does a picture show, given 16 measurements of it? (2,600 pictures, UCI, CC BY 4.0)",
)
