"""Run folders appear whole or not at all; what is none is refused in one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sklon._base.errors import InputError, RunFolderError
from sklon.runs import Run, folder, load


@pytest.fixture(name="saved")
def _saved(run_of: Callable[[str], Run], tmp_path: Path) -> Path:
    """A copy of a run folder, to be damaged."""
    path = run_of("binary").path
    assert path is not None
    return Path(shutil.copytree(path, tmp_path / "copy"))


def test_a_folder_holds_the_four_files_and_the_last_checkpoints_alone(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "checkpoints",
        "history.csv",
        "model.safetensors",
        "report.html",
        "run.json",
    ]


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        folder.write_run(tmp_path / "new" / "run", {}, {"not JSON": object()}, [], "")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_exists_is_never_overwritten(kind: str, tmp_path: Path, run_of: Callable[[str], Run]) -> None:
    out = tmp_path / "run"
    if kind == "folder":
        out.mkdir()
    (out / "precious" if kind == "folder" else out).write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        run_of("binary").save(out)
    assert (out / "precious" if kind == "folder" else out).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_empty_folder_may_be_filled(tmp_path: Path, run_of: Callable[[str], Run]) -> None:
    (tmp_path / "run").mkdir()
    assert load(run_of("binary").save(tmp_path / "run").path or "").record == run_of("binary").record


def test_free_names_count_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("a-run", "a-run-2", "a-run-3"):
        name = folder.free_name("a")
        assert str(name) == expected
        name.mkdir()


def break_record(path: Path, **changes: Any) -> None:
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    (path / "run.json").write_text(json.dumps(record | changes), encoding="utf-8")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "absent": (shutil.rmtree, "does not exist"),
    "a folder of something else": (lambda path: (path / "run.json").unlink(), "is not a run folder"),
    "not JSON": (lambda path: (path / "run.json").write_text("{"), "is damaged"),
    "other JSON": (lambda path: (path / "run.json").write_text("[]"), "is damaged"),
    "a later version": (lambda path: break_record(path, schema=99), "another version: schema 99"),
    "no weights": (lambda path: (path / "model.safetensors").unlink(), "lacks model.safetensors"),
    "cut weights": (lambda path: (path / "model.safetensors").write_bytes(b"cut"), "is damaged"),
    "a broken history": (lambda path: (path / "history.csv").write_text("epoch\nx\n"), "is damaged"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_no_run_folder_is_refused(case: str, saved: Path) -> None:
    damage, clause = DAMAGE[case]
    damage(saved)
    with pytest.raises(RunFolderError, match=clause) as caught:
        load(saved)
    assert "\n" not in str(caught.value)


def test_replacing_a_file_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), folder.replacing(path) as file:
        file.write("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with folder.replacing(path) as file:
        file.write("new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"), folder.replacing(tmp_path / "none" / "x"):
        pass
