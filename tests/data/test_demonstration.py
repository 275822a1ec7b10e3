"""The data set in the package is there, small, attributed, and what it says it is."""

from __future__ import annotations

from collections import Counter

from sklon.data import LETTERS, read


def test_the_demonstration_is_whole_small_and_attributed() -> None:
    table = read(LETTERS.path)
    counts = Counter(table.column(LETTERS.target).text)
    assert len(counts) == 26 and set(counts.values()) == {100}
    assert all(column.numbers is not None for column in table.columns if column.name != LETTERS.target)
    assert LETTERS.path.stat().st_size < 100_000
    readme = LETTERS.path.with_name("README.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in readme and "Changes:" in readme
