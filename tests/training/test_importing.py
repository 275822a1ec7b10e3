"""``import sklon`` loads what tensors need; what trains, reads and draws comes when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sklon

LATER = (
    "duckdb", "llvmlite", "matplotlib", "scipy", "sklearn", "torch",
    "importlib.metadata", "sklon.cli", "sklon.data", "sklon.nn", "sklon.optim", "sklon.runs", "sklon.training",
)  # fmt: skip


def loaded_by(program: str) -> list[str]:
    """Which of the modules that come later a program has loaded."""
    code = f"import sys\n{program}\nprint(*(m for m in {LATER!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_loads_nothing_that_is_not_used() -> None:
    assert loaded_by("import sklon") == []
    assert loaded_by("import sklon.nn, sklon.optim") == ["sklon.nn", "sklon.optim"]


def test_a_check_that_cannot_fail_is_none() -> None:
    assert "sklon.data" in loaded_by("import sklon; sklon.data.DataLoader")


@pytest.mark.parametrize(
    "name", ["Trainer", "data", "load", "model_selection", "nn", "optim", "stopping", "train", "training"]
)
def test_what_comes_later_is_there_and_listed(name: str) -> None:
    assert getattr(sklon, name) is not None and name in dir(sklon)
