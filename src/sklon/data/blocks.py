"""Data larger than memory: rows that are read block by block.

A block is what ``Trainer.fit`` takes, small enough to lie in memory. Which blocks are read when, and in which order
their rows come, is decided by who reads; here is only how to read them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError, ShapeError

from .database import fetch
from .table import nearest

Array = np.ndarray[Any, Any]
#: the size and the time of the last change of a file
Stamp: TypeAlias = tuple[int, int]
#: rows that are read at once, and so many times as many are shuffled together
ARRAY_ROWS, PARQUET_ROWS, TOGETHER = 16_384, 65_536, 8
#: DuckDB's types of whole numbers within 32 bits, and of other numbers
WHOLE = frozenset({"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
REAL = frozenset({"FLOAT", "DOUBLE", "HUGEINT", "UBIGINT", "DECIMAL"})


class Blocks(ABC):
    """Rows in blocks. Subclass it to read from a place of your own: give ``lengths`` and ``read``.

    Training shuffles the blocks, and the rows of ``together`` blocks at a time, which lie in memory with as many that
    are read ahead. Reading happens in another thread; a block may be read more than once, and must be the same then.
    """

    together: int = TOGETHER

    @property
    @abstractmethod
    def lengths(self) -> Sequence[int]:
        """The rows of each block."""

    @abstractmethod
    def read(self, number: int) -> Any:
        """The block of this number, from 0: (inputs, targets) or (inputs, targets, weights) as for ``Trainer.fit``."""

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(self.lengths)


class ArrayBlocks(Blocks):
    """Arrays on disk (``np.load(…, mmap_mode="r")``, ``np.memmap``), or what is sliced like them, by blocks of rows.

    ``inputs`` is an array, or a tuple for a model with several; ``target`` and ``weight`` are as for ``Trainer.fit``.
    A block has ``rows`` rows, the last one what is left. Raises ShapeError where the numbers of rows differ.

    >>> import numpy as np
    >>> from sklon.data import ArrayBlocks
    >>> blocks = ArrayBlocks(np.ones((10, 3), np.float32), np.arange(10), rows=4)
    >>> blocks.lengths, blocks.read(2)[1].tolist()
    ((4, 4, 2), [8, 9])
    """

    def __init__(
        self, inputs: Any, target: Any, weight: Any = None, *, rows: int = ARRAY_ROWS, together: int = TOGETHER
    ) -> None:
        check_whole(1, rows=rows, together=together)
        self.inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        self.target, self.weight, self.rows, self.together = target, weight, rows, together
        counts = [len(a) for a in (*self.inputs, target, *(() if weight is None else (weight,)))]
        if len(set(counts)) != 1:
            raise ShapeError(f"inputs, target and weights must have the same number of rows, not {counts}")
        self.total = counts[0]

    @property
    def lengths(self) -> Sequence[int]:
        return tuple(min(self.rows, self.total - first) for first in range(0, self.total, self.rows))

    def read(self, number: int) -> Any:
        rows = slice(number * self.rows, (number + 1) * self.rows)
        inputs = tuple(np.array(x[rows]) for x in self.inputs)
        weights = () if self.weight is None else (np.array(self.weight[rows]),)
        return inputs if len(inputs) > 1 else inputs[0], np.array(self.target[rows]), *weights


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows ``first`` to ``last`` of a file."""

    path: Path
    first: int
    last: int


@dataclass(kw_only=True)
class ParquetBlocks(Blocks):
    """Columns of numbers in Parquet files, by blocks of at most ``rows`` rows (a block lies within one row group).

    ``paths`` is a file or several with the same columns. ``inputs`` names the columns that the model sees, by default
    all others; they make one float32 array [rows, columns]. ``target`` is a column: whole numbers are classes
    [rows], others make float32 [rows, 1]. ``weight`` is a column too. Missing values and text are refused.

    Raises InputError for what cannot be read, and where a file changes while it is used.
    """

    paths: str | PathLike[str] | Sequence[str | PathLike[str]]
    target: str
    inputs: Sequence[str] | None = None
    weight: str | None = None
    rows: int = PARQUET_ROWS
    together: int = TOGETHER
    files: tuple[Path, ...] = field(init=False, repr=False)
    stamps: dict[Path, Stamp] = field(init=False, repr=False)
    types: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_whole(1, rows=self.rows, together=self.together)
        given = [self.paths] if isinstance(self.paths, str | PathLike) else self.paths
        if not given or not all(isinstance(path, str | PathLike) for path in given):
            raise InputError("there is no file to read; pass the path of a Parquet file, or several")
        if isinstance(self.inputs, str) or not all(
            isinstance(name, str) for name in (self.target, *(self.inputs or ()))
        ):
            raise InputError("target is the name of a column, and inputs are a list of names")
        self.files = tuple(Path(path) for path in given)
        self.stamps = {path: _stamp(path) for path in self.files}
        self.types = _types(self.files[0])
        for path in self.files[1:]:
            if _types(path) != self.types:
                raise InputError(f"{path.name} and {self.files[0].name} have different columns")
        if not self.columns:
            raise InputError(f"{self.files[0].name} has no column beside {self.target!r} that a model could see")
        for name in self.names:
            if name not in self.types:
                raise InputError(f"{self.files[0].name} has no column {name!r}; {nearest(name, list(self.types))}")
            if self.types[name] not in WHOLE | REAL:
                raise InputError(
                    f"column {name!r} of {self.files[0].name} holds {self.types[name]}, not numbers; encode it, or "
                    "leave it out of inputs"
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the model sees, in their order."""
        if self.inputs is not None:
            return tuple(self.inputs)
        return tuple(name for name in self.types if name not in (self.target, self.weight))

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are read."""
        return (*self.columns, self.target, *(() if self.weight is None else (self.weight,)))

    @cached_property
    def pieces(self) -> tuple[_Piece, ...]:
        """Where each block lies: no block reaches over the end of a row group."""
        found = []
        for path in self.files:
            first = 0
            for rows in _row_groups(path):
                for start in range(first, first + rows, self.rows):
                    found.append(_Piece(path, start, min(start + self.rows, first + rows)))
                first += rows
        return tuple(found)

    @property
    def lengths(self) -> Sequence[int]:
        return tuple(piece.last - piece.first for piece in self.pieces)

    def read(self, number: int) -> Any:
        piece = self.pieces[number]
        if _stamp(piece.path) != self.stamps[piece.path]:
            raise InputError(f"{piece.path.name} has changed since its blocks were counted; begin anew")
        chosen = ", ".join(_quoted(name) for name in self.names)
        query = (
            f"SELECT {chosen} FROM read_parquet(?, file_row_number=true) WHERE file_row_number >= ? "
            "AND file_row_number < ?"
        )
        found = fetch(piece.path.name, query, [_literal(piece.path), piece.first, piece.last])
        arrays = {
            name: self._complete(piece, name, array) for name, array in zip(self.names, found.values(), strict=True)
        }
        inputs = np.stack([arrays[name].astype(np.float32) for name in self.columns], axis=1)
        target = arrays[self.target]
        whole = self.types[self.target] in WHOLE
        weights = () if self.weight is None else (arrays[self.weight],)
        return inputs, target if whole else target.astype(np.float32).reshape(-1, 1), *weights

    def _complete(self, piece: _Piece, name: str, values: Any) -> Array:
        if np.ma.getmaskarray(values).any():
            row = piece.first + int(np.flatnonzero(np.ma.getmaskarray(values))[0])
            raise InputError(f"{piece.path.name} has no value for {name!r} in row {row}; fill or drop such rows first")
        return np.asarray(values)


def _types(path: Path) -> dict[str, str]:
    """The columns of a Parquet file and DuckDB's types, without their parameters."""
    query = "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))"
    found = fetch(path.name, query, [_literal(path)])
    return {name: kind.partition("(")[0] for name, kind in zip(*found.values(), strict=True)}


def _row_groups(path: Path) -> list[int]:
    """The rows of each row group of a file."""
    query = "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(?) ORDER BY row_group_id"
    found: list[int] = fetch(path.name, query, [_literal(path)])["row_group_num_rows"].tolist()
    return found


def _literal(path: Path) -> str:
    """A path that DuckDB does not take as a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not path.is_file():
        raise InputError(f"{path} is no file; pass Parquet files, as in sorted(folder.glob('*.parquet'))")
    return found.st_size, found.st_mtime_ns
