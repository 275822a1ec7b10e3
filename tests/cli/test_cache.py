"""``sklon cache``: what it says of the folder, and that it removes what is the cache's and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sklon.compiler import cache
from sklon.compiler.disk.folder import LIMIT, opened
from tests.cli.commands import QUICK, Command


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two entries and a file that is not its own."""
    path = tmp_path / "cache"
    with opened(path, create=True) as folder:
        folder.write(bytes([1] * 32), bytes(2048))
        folder.write(bytes([2] * 32), bytes(1024))
    (path / "notes.txt").touch()
    monkeypatch.setenv("SKLON_CACHE", str(path))
    return path


@pytest.mark.parametrize("words", [["cache"], ["cache", "clear"]])
def test_both_have_help_with_an_example(words: list[str], command: Command) -> None:
    code, out, err = command(*words, "--help")
    assert code == 0 and err == "" and f"Example: sklon {' '.join(words)}" in out


def test_it_shows_the_place_the_number_and_the_size(folder: Path, command: Command) -> None:
    assert command("cache") == (0, f"{folder} holds 2 compiled programs, 3.0 KiB, of at most 256 MiB.\n", "")
    code, out, err = command("cache", "--json", "--quiet")
    told = {"folder": str(folder), "usable": True, "limit": LIMIT, "programs": 2, "bytes": 3072}
    assert (code, json.loads(out), err) == (0, told, "")


def test_clear_removes_the_entries_and_nothing_else(folder: Path, command: Command) -> None:
    assert command("cache", "clear") == (0, "Removed 2 compiled programs, 3.0 KiB.\n", "")
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    for words in (("cache", "clear", "--json", "--quiet"), ("cache", "--json", "clear")):
        code, out, err = command(*words)
        assert (code, json.loads(out), err) == (0, {"folder": str(folder), "programs": 0, "bytes": 0}, "")


def test_a_training_fills_it(place: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKLON_CACHE", str(place / "cache"))
    assert json.loads(command("cache", "--json")[1])["programs"] == 0 and not (place / "cache").exists()
    cache.clear()
    command("train", "table.csv", "--target", "answer", *QUICK)
    assert json.loads(command("cache", "--json")[1])["programs"] > 0


def test_it_says_that_it_is_off(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKLON_CACHE", "off")
    code, out, _ = command("cache")
    assert code == 0 and "SKLON_CACHE is off" in out
    assert json.loads(command("cache", "--json")[1])["folder"] is None
    assert command("cache", "clear") == (0, "Removed 0 compiled programs, 0.0 KiB.\n", "")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no modes")
def test_a_folder_that_others_may_write_is_named_and_left_alone(folder: Path, command: Command) -> None:
    folder.chmod(0o777)
    code, out, _ = command("cache")
    assert code == 0 and out == f"No compiled programs are kept: {folder} is not used: others may write to it.\n"
    assert json.loads(command("cache", "--json")[1])["usable"] is False
    code, out, err = command("cache", "clear")
    assert (code, out) == (2, "") and err.endswith("others may write to it; nothing was removed\n")
    assert len(list(folder.iterdir())) == 3
