"""A folder with a table in it, and a way to run commands there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sklon.cli import main
from tests.cli.commands import ROWS, Command


@pytest.fixture(name="place")
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one table in it."""
    random = np.random.default_rng(0)
    x, colour = random.normal(size=ROWS), random.choice(["red", "blue"], ROWS)
    answers = np.where(x + (colour == "red") > 0, "yes", "no")
    lines = [f"{number:.4f},{name},{answer}" for number, name, answer in zip(x, colour, answers, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(["x,colour,answer", *lines]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="command")
def _command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process: its exit code, standard output and standard error."""

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return command
