"""The README's commands exist in both forms and are what CI runs; its promise is the package's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
COMMANDS = ("demo", "test")
TOPICS = 12


def command(name: str, shell: str) -> str:
    """The one line of a command."""
    found = re.findall(rf"^<!-- {name}: {shell} -->\n```\w+\n(.*)\n```$", README, re.MULTILINE)
    assert len(found) == 1, f"{name} for {shell} is not there once, on one line"
    return str(found[0])


def steps(line: str) -> list[str]:
    """What a command does, without the spelling of the shell."""
    bare = re.sub(r"if \(\$\?\) \{ (.*?) \}", r"\1", line)
    parts = re.split(r" && |; ", bare)
    plain = (p.replace("python3 -m", "py -m").replace("\\", "/").replace("/bin/", "/Scripts/") for p in parts)
    return [p.strip() for p in plain]


@pytest.mark.parametrize("name", COMMANDS)
def test_both_forms_of_a_command_do_the_same(name: str) -> None:
    assert steps(command(name, "POSIX")) == steps(command(name, "PowerShell"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_all_its_set_up(name: str) -> None:
    make, install, *_ = steps(command(name, "POSIX"))
    assert make == "py -m venv .venv"
    assert install.startswith(".venv/Scripts/pip install")


def test_the_commands_are_the_demonstration_and_all_tests() -> None:
    assert command("demo", "POSIX").endswith("sklon demo")
    assert command("test", "POSIX").endswith("python -m pytest -n 2 --dist worksteal")


@pytest.mark.parametrize("name", COMMANDS)
def test_ci_runs_the_command_that_it_finds_in_the_readme(name: str) -> None:
    function = CI[CI.index("readme_command() {") : CI.index("}\n", CI.index("readme_command() {")) + 2]
    script = f"set -euo pipefail\n{function}readme_command {name}"
    printed = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed == command(name, "POSIX") + "\n"
    assert f"{name}_command=$(readme_command {name})" in CI
    assert re.search(rf"^step bash .*\${name}_command", CI, re.MULTILINE)


def test_ci_fails_with_what_fails() -> None:
    assert CI.startswith("#!/usr/bin/env bash\n") and "\nset -euo pipefail\n" in CI
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_the_map_has_the_twelve_topics() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| ")]
    first = next(i for i, line in enumerate(rows) if line.startswith("| topic |"))
    assert len(rows[first + 1 : first + 1 + TOPICS]) == TOPICS
    assert "L1/L2" in rows[first + TOPICS]


def test_nothing_is_left_to_be_filled_in() -> None:
    assert not re.search(r"^(MEASURED|OUTPUT|TODO)", README, re.MULTILINE)
    assert Path(ROOT / "docs" / "pictures" / "report.png").stat().st_size < 400_000
