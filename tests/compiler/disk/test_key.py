"""A key changes with everything that decides about machine code, and with nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.networks import Perceptron
from sklon._base.dtypes import float32
from sklon.compiler import native
from sklon.compiler.disk import key as keys
from sklon.compiler.disk.key import PARTS, digest_of_sources, key_of
from sklon.compiler.pipeline import Settings
from sklon.compiler.target import Target
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b
from tests.test_floors import SOURCE, all_imports

MACHINE = Target("some-cpu", "+one,-two", "x86_64-unknown-linux-gnu", 32, 16, True)
SETTINGS = Settings(64, MACHINE)
LATER = 1e12  # seconds: every file is older


def graph(name: str = "w", output: str = "y", value: float = 0.0) -> Graph:
    """value·w."""
    w = slot(name, "state", (3,), float32)
    return Graph(((output, b.mul(b.full_like(value, w), w)),))


def test_the_same_graph_recorded_again_has_the_same_key() -> None:
    net = Perceptron((4, 3, 1), "binary", "adam")
    assert key_of(net.graph(), SETTINGS) == key_of(net.graph(), SETTINGS) is not None


@pytest.mark.parametrize("other", [graph("v"), graph(output="z"), graph(value=-0.0), graph(value=float("nan"))])
def test_names_and_numbers_belong_to_it(other: Graph) -> None:
    assert key_of(other, SETTINGS) != key_of(graph(), SETTINGS)


def test_all_that_is_set_and_all_that_is_known_of_a_machine_belong_to_it() -> None:
    others = [replace(SETTINGS, max_rows=65), replace(SETTINGS, level=native.QUICK)]
    for field in fields(Target):
        old = getattr(MACHINE, field.name)
        new = not old if isinstance(old, bool) else old * 2
        changed: dict[str, Any] = {field.name: new}
        others.append(replace(SETTINGS, target=replace(MACHINE, **changed)))
    found = {key_of(graph(), settings) for settings in (SETTINGS, *others)}
    assert len(found) == 1 + len(others)


@pytest.mark.parametrize("versions", [("1.0", "20.1.8"), ("0.45", "99")])
def test_versions_belong_to_it(versions: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(graph(), SETTINGS)
    monkeypatch.setattr(native, "versions", lambda: versions)
    assert key_of(graph(), SETTINGS) != before


# ---- the compiler's own source files
@pytest.fixture(name="package")
def _package(tmp_path: Path) -> Path:
    """A copy of all that belongs to the key."""
    for part in PARTS:
        copy: Callable[..., object] = shutil.copytree if (SOURCE / part).is_dir() else shutil.copy2
        copy(SOURCE / part, tmp_path / part)
    return tmp_path


def test_a_copy_has_the_same_digest(package: Path) -> None:
    assert digest_of_sources(package, LATER) == digest_of_sources(SOURCE, LATER) is not None


def _lengthen(package: Path) -> None:
    with open(package / "compiler" / "passes" / "fuse.py", "a", encoding="utf-8") as file:
        file.write("#\n")


def _add(package: Path) -> None:
    (package / "compiler" / "passes" / "new.py").touch()


def _rename(package: Path) -> None:
    (package / "ops" / "point.py").rename(package / "ops" / "points.py")


def _version(package: Path) -> None:
    path = package / "__init__.py"
    path.write_text(path.read_text("utf-8").replace('__version__ = "', '__version__ = "9'), "utf-8")


@pytest.mark.parametrize("change", [_lengthen, _add, _rename, _version])
def test_every_change_changes_it(change: Callable[[Path], None], package: Path) -> None:
    change(package)
    assert digest_of_sources(package, LATER) not in (None, digest_of_sources(SOURCE, LATER))


def test_a_file_changed_after_it_was_imported_leaves_no_key(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(package / "_base" / "shapes.py", (2e9, 2e9))
    assert digest_of_sources(package, 2e9 + 1) is not None
    assert digest_of_sources(package, 2e9 - 1) is None
    monkeypatch.setattr(keys, "_PACKAGE", package)
    assert key_of(graph(), SETTINGS) is None


@pytest.mark.parametrize("part", ["__init__.py", "compiler"])
def test_sources_that_are_not_there_leave_no_key(part: str, package: Path) -> None:
    path = package / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert digest_of_sources(package, LATER) is None


def test_nothing_that_the_compiler_imports_is_forgotten() -> None:
    """Passes and emitters run on what these parts know, and on nothing above or beside them."""
    inside = [i for i in all_imports() if i.file.startswith(PARTS) and i.module.startswith("sklon.")]
    assert len(inside) > 100
    outside = [str(i) for i in inside if i.file != "__init__.py" and i.module.split(".")[1] not in PARTS]
    assert outside == []
