"""The key of a program: a digest of all that decides about its machine code.

    SHA-256 of the compiler's own source files, the versions of llvmlite and LLVM, the settings (the declared maximum
    of rows; the CPU's name, features and triple; all that chooses tiles), and the graph as text

The graph stands for the program, so that a known one needs neither passes nor emitters. Therefore the source files of
everything between a graph and its machine code belong to the key, and a changed checkout finds nothing old.
"""

from __future__ import annotations

import functools
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sklon.compiler import native
from sklon.compiler.pipeline import Settings
from sklon.graph.node import Graph
from sklon.graph.text import print_graph

#: what lies between a graph and its machine code; the package's own file holds its version
PARTS = ("__init__.py", "_base", "graph", "ops", "program", "compiler")
_PACKAGE = Path(__file__).parents[2]
_IMPORTED = time.time()


def key_of(graph: Graph, settings: Settings) -> bytes | None:
    """32 bytes for a graph and how it is compiled; None where the sources are not those that run."""
    sources = digest_of_sources(_PACKAGE, _IMPORTED)
    if sources is None:
        return None
    parts = (sources, *native.versions(), repr(settings), print_graph(graph))
    return _digest([part.encode() for part in parts])


@functools.cache
def digest_of_sources(package: Path, imported: float) -> str | None:
    """Of the files of ``PARTS``; None if one cannot be read or is newer than ``imported``, a time in seconds.

    A file that was changed after it had been imported is not what this process runs.
    """
    parts: list[bytes] = []
    try:
        for path in sorted(_sources(str(package))):
            with open(path, "rb") as file:
                if os.fstat(file.fileno()).st_mtime > imported:
                    return None
                parts += path.removeprefix(str(package)).encode(), file.read()
    except OSError:
        return None
    return _digest(parts).hex()


def _sources(package: str) -> Iterator[str]:
    """The files of ``PARTS``; by ``os``, since ``pathlib`` takes longer than to read and digest them."""
    for path in (os.path.join(package, part) for part in PARTS):
        if path.endswith(".py"):
            yield path
            continue
        for folder, _, names in os.walk(path, onerror=_raised):
            yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def _raised(error: OSError) -> None:
    raise error


def _digest(parts: Iterable[bytes]) -> bytes:
    """Of the parts and where they end."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
