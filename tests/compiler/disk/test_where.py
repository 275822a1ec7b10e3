"""The place of the cache on each system, and what ``SKLON_CACHE`` and the home folder have to say about it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sklon.compiler.disk.where import chosen


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and none of the variables set."""
    for name in ("SKLON_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_each_system_has_its_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert chosen() == home / ".cache" / "sklon"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert chosen() == home / "Library" / "Caches" / "sklon"
    monkeypatch.setattr(sys, "platform", "win32")
    assert chosen() is None
    monkeypatch.setenv("LOCALAPPDATA", str(home / "Local"))
    assert chosen() == home / "Local" / "sklon" / "cache"


def test_a_folder_for_caches_may_be_told_but_not_a_relative_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "caches"))
    assert chosen() == home / "caches" / "sklon"
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert chosen() == home / ".cache" / "sklon"


def test_the_variable_moves_it_or_turns_it_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKLON_CACHE", "~/mine")
    assert chosen() == home / "mine"
    monkeypatch.chdir(home)
    monkeypatch.setenv("SKLON_CACHE", "here")
    assert chosen() == home / "here"
    for word in ("off", "OFF"):
        monkeypatch.setenv("SKLON_CACHE", word)
        assert chosen() is None


def test_without_a_home_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(sys, "platform", "linux")
    assert chosen() is None
