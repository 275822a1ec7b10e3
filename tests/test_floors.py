"""The house stands: imports go down only, each dependency has one door, and importing the package is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "sklon"

#: folders from the ground up; those of one floor do not import each other
FLOORS: tuple[tuple[str, ...], ...] = (
    ("_base",),
    ("graph",),
    ("ops",),
    ("autodiff",),
    ("program",),
    ("compiler",),
    ("tensors",),
    ("nn", "optim", "data"),
    ("calculus",),
    ("training",),
    ("estimators",),
    ("runs", "doctor"),
    ("lab",),
    ("cli",),
)
#: what is written like a user's program: it may import the public package itself
USERS = ("lab/questions/", "lab/apparatus.py", "lab/page/small.py")
FLOOR = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}

#: dependency → the only place that imports it, or the only ones; a folder stands for all its files
DOORS: dict[str, str | tuple[str, ...]] = {
    "llvmlite": "compiler/native.py",
    "safetensors": "training/folder.py",
    "duckdb": "data/database.py",
    "sympy": "calculus/expressions/",
    "mpmath": "calculus/expressions/",
    "matplotlib": "_base/canvas.py",
    "sklearn": "estimators/",
    "scipy": ("estimators/", "runs/baseline.py"),
    "joblib": "estimators/",
    "threadpoolctl": "estimators/",
    "rich": "training/progress.py",
    "typer": "cli/",
    "rapidfuzz": "lab/notes/words.py",
    "markdown_it": "lab/markdown.py",
    "mdit_py_plugins": "lab/markdown.py",
    "latex2mathml": "lab/markdown.py",
    "fsrs": "lab/learning/scheduling.py",
    "nicegui": "lab/page/",
    "fastapi": "lab/page/application.py",
    "starlette": "lab/page/application.py",
    "uvicorn": "lab/page/server.py",
}
EVERYWHERE = {"numpy", "sklon", *sys.stdlib_module_names}
#: what ``import sklon`` does not load
LATER = (
    "llvmlite",
    "sympy",
    "duckdb",
    "sklearn",
    "scipy",
    "matplotlib",
    "typer",
    "rich",
    "torch",
    "nicegui",
    "uvicorn",
    "sklon.cli",
    "sklon.estimators",
    "sklon.runs",
    "sklon.lab",
)


@dataclass(frozen=True, slots=True)
class Import:
    """A module that a file names, anywhere in it: at the top, in a function, for types only."""

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(text: str, file: str) -> Iterator[Import]:
    """All imports in a file, relative ones resolved."""
    package = ["sklon", *Path(file).parent.parts]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (Import(file, node.lineno, f"{module}.{alias.name}") for alias in node.names)


def files() -> list[Path]:
    """Every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def all_imports() -> list[Import]:
    """Every import of the package."""
    return [i for path in files() for i in imports_of(path.read_text("utf-8"), path.relative_to(SOURCE).as_posix())]


def climbs(found: Import) -> bool:
    """Whether a file imports from above, or from a neighbour on its floor."""
    own, parts = found.file.split("/")[0], found.module.split(".")
    if "/" not in found.file or parts[0] != "sklon":
        return False  # the package's own __init__ stands on the roof
    if len(parts) == 1 or parts[1] not in FLOOR:
        return not found.file.startswith(USERS)  # from the package itself: the roof
    return own != parts[1] and FLOOR[parts[1]] >= FLOOR[own]


def strays(found: Import) -> bool:
    """Whether a dependency is imported other than by its door."""
    package = found.module.split(".")[0]
    return package not in EVERYWHERE and not found.file.startswith(DOORS.get(package, "nowhere"))


def test_every_folder_has_a_floor() -> None:
    folders = {p.name for p in SOURCE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert folders <= FLOOR.keys()


def test_imports_go_down_only() -> None:
    assert [str(i) for i in all_imports() if climbs(i)] == []


def test_each_dependency_has_one_door() -> None:
    assert [str(i) for i in all_imports() if strays(i)] == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("graph/node.py", "from sklon.ops import point"),
        ("graph/node.py", "def f():\n    import sklon.ops"),
        ("graph/node.py", "from ..tensors import Tensor"),
        ("ops/point.py", "from sklon import Tensor"),
        ("ops/point.py", "import sklon"),
        ("nn/linear.py", "from sklon.optim import SGD"),
        ("compiler/kernels/nest.py", "from ...tensors.record import wrap"),
        ("training/step.py", "if True:\n    from sklon.runs.run import Run"),
    ],
)
def test_climbing_is_seen(file: str, text: str) -> None:
    assert any(climbs(i) for i in imports_of(text, file))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("compiler/module.py", "import llvmlite.binding"),
        ("data/table.py", "def f():\n    from duckdb import connect"),
        ("nn/linear.py", "import torch"),
        ("training/step.py", "from typer import Typer"),
    ],
)
def test_another_door_is_seen(file: str, text: str) -> None:
    assert any(strays(i) for i in imports_of(text, file))


def test_downward_imports_are_allowed() -> None:
    text = "from ..target import Target\nfrom .nest import emit_map\nfrom sklon.program.ir import Loop\nimport numpy"
    assert not any(climbs(i) or strays(i) for i in imports_of(text, "compiler/kernels/body.py"))


def test_importing_the_package_loads_little() -> None:
    code = f"import sys, sklon; print([m for m in {LATER!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
