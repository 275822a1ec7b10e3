"""Rows from memory, from a mapped array and from Parquet: seconds of two epochs, and the process's own memory.

    python -m benchmarks.blocks [--rows 5000000]

Each way runs in a process of its own. Memory is what Linux calls anonymous: pages of mapped files can be dropped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, BATCH, EPOCHS = 10, 256, 2
WAYS = ("memory", "mapped", "parquet")


def make(folder: Path, rows: int) -> None:
    """The same numbers as arrays and as Parquet."""
    import duckdb

    names = [f"x{i}" for i in range(COLUMNS)]
    columns = ", ".join(f"(hash(i * {COLUMNS} + {k}) % 1000000) / 1e6::FLOAT AS x{k}" for k in range(COLUMNS))
    with duckdb.connect() as connection:
        query = f"SELECT {columns}, random()::FLOAT AS y FROM range({rows}) t(i)"
        connection.execute(f"COPY ({query}) TO '{folder}/rows.parquet' (FORMAT parquet)")
        table = connection.execute(f"SELECT * FROM read_parquet('{folder}/rows.parquet')").fetchnumpy()
    np.save(folder / "X.npy", np.stack([table[name].astype(np.float32) for name in names], axis=1))
    np.save(folder / "y.npy", table["y"].astype(np.float32).reshape(-1, 1))


def data_of(way: str, folder: Path) -> Any:
    """What ``fit`` is given."""
    from sklon.data import ArrayBlocks, ParquetBlocks

    if way == "parquet":
        return ParquetBlocks(paths=folder / "rows.parquet", target="y")
    mode: Any = "r" if way == "mapped" else None
    X, y = (np.load(folder / name, mmap_mode=mode) for name in ("X.npy", "y.npy"))
    return ArrayBlocks(X, y) if way == "mapped" else (X, y)


def train(way: str, folder: Path) -> None:
    """Two epochs of a small network; print seconds and memory."""
    from sklon import Trainer, nn

    model = nn.Sequential(nn.Linear(COLUMNS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    data = data_of(way, folder)
    start = time.perf_counter()
    Trainer(model, loss="mse").fit(data, epochs=EPOCHS, batch_size=BATCH)
    seconds = time.perf_counter() - start
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    print(f"{way:8} {seconds:6.2f} s  {int(own.split()[1]) / 1024:6.0f} MiB")


def main() -> None:
    """Make the data, and train from each place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        train(given.way, given.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), given.rows)
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.blocks", "--way", way, "--folder", name]
            subprocess.run(command, cwd=Path(__file__).resolve().parents[1], check=True)


if __name__ == "__main__":
    main()
