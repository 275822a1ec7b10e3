"""The table of conventions in ``docs/numerics.md``: what each line says is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import nan
from typing import Any

import pytest

import sklon
from tests.docs.markdown import ROOT

ROW = re.compile(r"^\|.*\| `(?P<source>[^`]+)` \| `(?P<result>[^`]+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "numerics.md").read_text(encoding="utf-8"))


def _on_lists(name: str) -> Callable[..., Any]:
    def function(*arguments: Any) -> Any:
        return getattr(sklon, name)(*(sklon.tensor(a) if isinstance(a, list) else a for a in arguments))

    return function


def _grad(function: Callable[[Any], Any], values: list[float]) -> Any:
    x = sklon.tensor(values, requires_grad=True)
    function(x).sum().backward()
    return x.grad


def evaluated(source: str) -> str:
    """What an expression of the table gives."""
    names: dict[str, Any] = {name: _on_lists(name) for name in re.findall(r"[a-z_]+", source) if hasattr(sklon, name)}
    return repr(eval(source, {**names, "grad": _grad, "nan": nan}).tolist())


@pytest.mark.parametrize(("source", "result"), ROWS)
def test_a_convention_holds(source: str, result: str) -> None:
    assert evaluated(source) == result


def test_the_table_is_found_and_a_wrong_line_is_seen() -> None:
    assert len(ROWS) >= 12
    assert evaluated("argmax([1.0, 3.0, 3.0])") != "2"
