"""Blocks give the rows that lie on disk, all of them once, and refuse what is no number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError, ShapeError
from sklon.data import ArrayBlocks, Blocks, ParquetBlocks

duckdb = pytest.importorskip("duckdb")


def write(path: Path, select: str, group: int = 2048) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group})")
    return path


def joined(blocks: Blocks) -> list[Any]:
    read = [blocks.read(i) for i in range(len(blocks.lengths))]
    assert [len(block[0]) for block in read] == list(blocks.lengths)
    return [np.concatenate(parts) for parts in zip(*read, strict=True)]


COLUMNS = "i::FLOAT AS a, (i * 2)::DOUBLE AS b, (i % 3)::BIGINT AS kind, (i / 7.0)::DECIMAL(9, 2) AS price"


@pytest.mark.parametrize("rows", [1000, 2048, 3000, 10_000])
def test_parquet_blocks_are_the_rows_of_the_files_in_order(rows: int, tmp_path: Path) -> None:
    one = write(tmp_path / "one.parquet", f"SELECT {COLUMNS} FROM range(5000) t(i)")
    two = write(tmp_path / "two[1]*.parquet", f"SELECT {COLUMNS} FROM range(5000, 7001) t(i)")
    blocks = ParquetBlocks(paths=[one, two], target="kind", weight="price", rows=rows)
    i = np.arange(7001)
    inputs, target, weight = joined(blocks)
    assert len(blocks) == 7001 and max(blocks.lengths) <= min(rows, 2048)
    assert inputs.dtype == np.float32 and (inputs == np.stack([i, 2 * i], axis=1)).all()
    assert target.shape == (7001,) and (target == i % 3).all()
    assert np.abs(weight - i / 7).max() <= 0.005 + 1e-9


def test_a_target_that_is_no_whole_number_is_a_column_of_values(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", f"SELECT {COLUMNS} FROM range(10) t(i)")
    inputs, target = ParquetBlocks(paths=path, target="b", inputs=["price", "a"]).read(0)
    assert target.shape == (10, 1) and target.dtype == np.float32 and inputs.shape == (10, 2)
    assert (inputs[:, 1] == np.arange(10)).all()


@pytest.mark.parametrize(
    ("select", "options", "says"),
    [
        ("1 AS a, 'x' AS t, 2 AS y", {}, "column 't' of t.parquet holds VARCHAR, not numbers"),
        ("1 AS a, 2 AS y", {"target": "z"}, "no column 'z'"),
        ("1 AS a, 2 AS yes", {"target": "Yes"}, "did you mean 'yes'"),
        ("1 AS a, 2 AS y", {"rows": 0}, "rows must be a whole number of at least 1"),
        ("1 AS a, 2 AS y", {"paths": "nowhere.parquet"}, "nowhere.parquet cannot be read: No such file"),
        ("1 AS a, 2 AS y", {"paths": []}, "there is no file to read"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(
    select: str, options: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "t.parquet", f"SELECT {select}")
    with pytest.raises(InputError, match=says):
        ParquetBlocks(**{"paths": path, "target": "y", **options})


def test_missing_values_a_changed_file_and_no_parquet_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", "SELECT CASE WHEN i = 7 THEN NULL ELSE i END AS a, i AS y FROM range(9) t(i)")
    with pytest.raises(InputError, match=r"t.parquet has no value for 'a' in row 7"):
        ParquetBlocks(paths=path, target="y").read(0)
    blocks = ParquetBlocks(paths=write(tmp_path / "u.parquet", "SELECT 1 AS a, 2 AS y"), target="y")
    write(tmp_path / "u.parquet", "SELECT 1 AS a, 2 AS y FROM range(5)")
    with pytest.raises(InputError, match=r"u.parquet has changed"):
        blocks.read(0)
    (tmp_path / "v.parquet").write_text("a,y\n1,2\n")
    with pytest.raises(InputError, match=r"v.parquet cannot be read"):
        ParquetBlocks(paths=tmp_path / "v.parquet", target="y")
    other = write(tmp_path / "w.parquet", "SELECT 1 AS b, 2 AS y")
    with pytest.raises(InputError, match="have different columns"):
        ParquetBlocks(paths=[path, other], target="y")


def test_array_blocks_read_only_their_rows_of_a_memory_map(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32), np.arange(10.0)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    blocks = ArrayBlocks((mapped, X), y, y + 1, rows=4)
    inputs, target, weight = blocks.read(1)
    assert all((x == X[4:8]).all() and not isinstance(x, np.memmap) for x in inputs)
    assert (target == y[4:8]).all() and (weight == y[4:8] + 1).all()
    with pytest.raises(ShapeError, match="the same number of rows"):
        ArrayBlocks(X, y[:3])
