"""The tools of these tests see what they should, and fail when they should."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from tests.docs import stages
from tests.docs.markdown import Block, anchors, blocks, links, prose, run_python

PAGE = """# A page: one, two

A [link](other.md#there) and a ![picture](p.png).

```python
x = 1
```

## Second part

```text
[no link](nowhere.md)
```

```python
y = x / 0
```
"""


@pytest.fixture(name="page")
def _page(tmp_path: Path) -> Path:
    path = tmp_path / "a-page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_blocks_have_their_language_their_text_and_their_line(page: Path) -> None:
    assert [b.language for b in blocks(page)] == ["python", "text", "python"]
    assert blocks(page, "python") == [Block("python", "x = 1\n", 6), Block("python", "y = x / 0\n", 16)]


def test_links_are_those_of_the_prose(page: Path) -> None:
    assert links(page) == ["other.md#there", "p.png"]
    assert "nowhere" not in prose(page)


def test_headings_can_be_linked(page: Path) -> None:
    assert anchors(page) == {"a-page-one-two", "second-part"}


def test_a_block_that_fails_fails_with_the_line_of_the_page(page: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_python(page)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(last.filename), last.lineno) == (page, 16)


def test_native_losses_on_the_page_are_those_of_the_interpreter() -> None:
    _, *rows = stages.run().splitlines()
    for row in rows:
        _, meant, native = row.split()
        assert meant == native
