"""Programs come from disk with the bits of those compiled now, and whatever lies there stops nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from benchmarks.networks import DEEP, Perceptron
from sklon import Trainer, nn
from sklon.compiler import cache, native
from sklon.compiler.disk import folder as folders
from sklon.compiler.disk import store
from sklon.compiler.disk.folder import opened
from sklon.tensors import programs
from tests.compiler.test_gate import Run
from tests.executors import compiled, same_bits

Array = np.ndarray[Any, Any]
OWNERS = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners and modes")
NET = Perceptron((5, 4, 1), "binary", "adam")


@pytest.fixture(name="place")
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SKLON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(name="generated")
def _generated(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of the texts for which LLVM has generated code; at its end nothing is left in memory."""
    sizes: list[int] = []
    real = native.object_code

    def counting(text: str, target: Any, level: int) -> bytes:
        sizes.append(len(text))
        return real(text, target, level)

    monkeypatch.setattr(native, "object_code", counting)
    forget()
    yield sizes
    forget()


def forget() -> None:
    """What a process forgets at its end."""
    cache.clear()
    programs.programs.clear()


def fitted() -> list[Array]:
    """The parameters of a network after two epochs of a fit with dropout and validation."""
    sklon.manual_seed(0)
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3)).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 1))
    Trainer(model, loss="mse", optimizer="adam", seed=1).fit(
        (X, X[:, :1]), batch_size=16, epochs=2, validation=(X, X[:, 1:2])
    )
    return [parameter.numpy() for parameter in model.parameters()]


def eager() -> list[Array]:
    """A loop of eager steps."""
    w = sklon.tensor([0.5, -1.0], requires_grad=True)
    seen = []
    for _ in range(3):
        loss = ((w * w).sum() - w.exp()[0]).abs()
        loss.backward()
        assert w.grad is not None
        seen += [loss.numpy(), w.grad.numpy()]
        w = (w - 0.1 * w.grad).detach().requires_grad_()
    return seen


@pytest.mark.parametrize("work", [fitted, eager])
def test_a_later_process_generates_no_code_and_gets_the_same_bits(
    work: Callable[[], list[Array]], place: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("SKLON_CACHE", "off")
        expected = work()
    assert generated and not place.exists()
    del generated[:]
    forget()
    first = work()
    assert len(generated) == len(list(place.iterdir())) > 0
    del generated[:]
    forget()
    monkeypatch.setattr(cache, "translated", None)  # nor are there passes
    second = work()
    assert generated == []
    for one, two, three in zip(expected, first, second, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()


def test_code_from_disk_is_the_same_for_any_number_of_threads(place: Path, generated: list[int]) -> None:
    trial = Run(DEEP, (64, 40), 300).trial()
    fresh = compiled(trial, cache.load_or_compile(trial.graph, trial.max_rows))
    loaded = cache.load_or_compile(trial.graph, trial.max_rows)
    assert len(generated) == 1
    for threads in (1, 3):
        same_bits(compiled(trial, loaded, threads), fresh, f"{threads} threads")


def test_another_maximum_of_rows_is_another_program(place: Path, generated: list[int]) -> None:
    for rows in (64, 65, 64, 65):
        assert cache.load_or_compile(NET.graph(), rows).program.max_rows == rows
    assert len(generated) == 2


# ---- what lies there is no good
def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _turned(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-100] ^= 4
    file.write_bytes(data)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _another(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:12] + bytes(32) + data[44:])


def _writable(file: Path) -> None:
    file.chmod(0o666)


def _linked(file: Path) -> None:
    file.symlink_to(file.rename(file.with_name("real")))


@pytest.mark.parametrize(
    "spoil",
    [_cut, _turned, _empty, _another, pytest.param(_writable, marks=OWNERS), pytest.param(_linked, marks=OWNERS)],
)
def test_what_is_damaged_or_not_to_be_trusted_is_compiled_again_and_replaced(
    spoil: Callable[[Path], None], place: Path, generated: list[int]
) -> None:
    cache.load_or_compile(NET.graph(), 8)
    (file,) = place.iterdir()
    good = file.read_bytes()
    spoil(file)
    cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 2
    cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 2 and file.read_bytes() == good and not file.is_symlink()


@OWNERS
def test_a_folder_that_others_may_write_is_neither_read_nor_written(place: Path, generated: list[int]) -> None:
    cache.load_or_compile(NET.graph(), 8)
    (file,) = place.iterdir()
    file.rename(place.parent / "good")
    place.chmod(0o777)
    cache.load_or_compile(NET.graph(), 8)
    assert list(place.iterdir()) == []
    (place.parent / "good").rename(file)
    cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 3


def test_sources_that_are_not_those_that_run_leave_nothing(
    place: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sklon.compiler.disk.key._IMPORTED", 0.0)
    for _ in range(2):
        cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 2 and not place.exists()


# ---- a disk that is full or cannot be written
@pytest.mark.parametrize(("debug", "told"), [("0", False), ("1", True)])
def test_a_full_disk_stops_nobody_and_is_told_to_who_looks_for_faults(
    debug: str,
    told: bool,
    place: Path,
    generated: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    store._tell.cache_clear()
    monkeypatch.setenv("SKLON_DEBUG", debug)
    monkeypatch.setattr(os, "replace", full)
    for _ in range(2):
        cache.load_or_compile(NET.graph(), 8)
    out, err = capsys.readouterr()
    assert out == "" and list(place.iterdir()) == [] and len(generated) == 2
    line = f"compiled programs are not kept on disk: {place} cannot be written: No space left on device\n"
    assert err == (line if told else "")


def test_a_disk_that_cannot_be_written_is_read_all_the_same(
    place: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    cache.load_or_compile(NET.graph(), 8)
    (file,) = place.iterdir()
    os.utime(file, (0, 0))
    for name in ("replace", "utime", "mkdir", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 1


def test_a_folder_that_cannot_be_made_stops_nobody(
    place: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.parent.joinpath("file").touch()
    monkeypatch.setenv("SKLON_CACHE", str(place.parent / "file" / "cache"))
    cache.load_or_compile(NET.graph(), 8)
    assert len(generated) == 1


def test_old_programs_make_room_for_new_ones(
    place: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "LIMIT", 40_000)
    for width in range(2, 12):
        cache.load_or_compile(Perceptron((width, 1), "binary", "sgd").graph(), 8)
    with opened(place) as folder:
        files = folder.entries()
    assert 0 < sum(file.size for file in files) <= 40_000 and len(files) < len(generated)
