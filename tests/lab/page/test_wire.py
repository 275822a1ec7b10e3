"""What NiceGUI does not promise is used in one module; scripts of ours are shipped, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sklon.lab.page

PAGE = Path(sklon.lab.page.__file__).parent
#: ways into NiceGUI that are its own affair
INSIDE = re.compile(r"\bcore\b|\bsio\b|client\.(layout|content|page_container|outbox|_\w+)|has_socket_connection")


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in sorted(PAGE.glob("*.py")) if p.stem != "wire"])
def test_only_one_module_reaches_inside(path: Path) -> None:
    assert INSIDE.findall(path.read_text("utf-8")) == []


def test_the_module_that_reaches_inside_is_seen_to_do_so() -> None:
    assert INSIDE.search((PAGE / "wire.py").read_text("utf-8"))


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in sorted(PAGE.glob("*.js"))])
def test_scripts_ask_for_nothing_and_make_no_code(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"https?://|\beval\b|\bFunction\(|fetch\(|XMLHttpRequest|import\(|innerHTML", text)
