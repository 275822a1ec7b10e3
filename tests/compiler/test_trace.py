"""SKLON_TRACE: what is told, and where; nothing on standard output, and no data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sklon import Trainer, nn
from sklon._base.errors import InputError
from sklon.compiler.cache import load_or_compile
from sklon.compiler.executable import Steps, compile_graph
from sklon.compiler.trace import SILENT, VARIABLE, watch
from tests.docs.stages import step

PARTS = {"1": (True, True), "passes": (True, False), "program": (False, True)}


@pytest.mark.parametrize("asked", ["", "0"])
def test_nobody_looks_on_unless_asked(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, asked)
    assert watch() is SILENT


@pytest.mark.parametrize("asked", PARTS)
def test_a_compilation_is_told_on_standard_error(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, asked)
    compile_graph(step(), 64)
    told = capsys.readouterr()
    assert told.out == ""
    assert ("merge: Merge equal nodes. Exact." in told.err, "\nphase 0" in told.err) == PARTS[asked]
    for stage in ("compiled in", "compile times", "  passes", "    merge", "  kernels", "  machine code"):
        assert stage in told.err


def test_a_traced_program_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    arrays = {"x0": x, "y": x[:, :1].copy(), "rows": np.arange(8, dtype=np.int32)}
    shapes = {"param.0.weight": (4, 3), "param.0.bias": (4,), "param.2.weight": (1, 4)}

    def trained() -> list[bytes]:
        state = {name: np.full(shape, 0.5, np.float32) for name, shape in shapes.items()}
        compile_graph(step(), 64).run({**arrays, **state}, Steps.single(8, [0.1]))
        return [array.tobytes() for array in state.values()]

    plain = trained()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "trace.txt"))
    assert trained() == plain
    assert (tmp_path / "trace.txt").stat().st_size > 0


def test_a_file_gets_everything_and_a_folder_a_file_for_each_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "trace.txt"))
    compile_graph(step(), 64)
    compile_graph(step(), 32)
    text = (tmp_path / "trace.txt").read_text("utf-8")
    assert text.count("compile times") == 2 and "at most 64 rows" in text and "at most 32 rows" in text
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "folder"))
    compile_graph(step(), 64)
    compile_graph(step(), 32)
    assert len(list((tmp_path / "folder").glob("program-*.txt"))) == 2
    assert capsys.readouterr() == ("", "")


def test_a_program_that_lies_on_disk_is_told_as_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "program")
    monkeypatch.setenv("SKLON_CACHE", str(tmp_path))
    for told in ("compiled in", "found on disk in"):
        load_or_compile(step(), 64)
        text = capsys.readouterr().err
        assert told in text and "\nphase 0" in text and "  disk " in text
        assert ("machine code" in text) == (told == "compiled in")


@pytest.mark.parametrize("asked", ["pass", "yes", "./there/is/no/such/folder/trace.txt"])
def test_what_means_nothing_is_an_error(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, asked)
    with pytest.raises(InputError, match=VARIABLE):
        watch()


def test_no_data_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.full((40, 7), 1234.5678, np.float32)
    monkeypatch.setenv(VARIABLE, "1")
    Trainer(nn.Linear(7, 1), loss="mse", lr=0.0).fit((rows, rows[:, :1]), epochs=1, validation=0.2)
    told = capsys.readouterr()
    assert told.out == "" and "f32[T,7]" in told.err
    assert "1234" not in told.err
