"""What the defaults reach on real tables: ``python -m benchmarks.scores [--data FOLDER]``.

A random fifth of each set is held out here, before the command sees the rest (Adult comes with its own test
file). Each set is one ``sklon train`` with defaults and seed 0, and one ``sklon predict``; MNIST goes through the
Python API. Data are read from ``shared/data`` beside the checkout; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Rows = list[list[str]]


@dataclass(frozen=True)
class Table:
    """A data set: its files, its target, and the score that is wanted."""

    name: str
    target: str
    metric: str  # "rmse" (at most) or "accuracy" (at least)
    wanted: float
    test: str = ""


TABLES = (
    Table("california", "median_house_value", "rmse", 0.55),
    Table("adult_train", "income", "accuracy", 0.850, "adult_test"),
    Table("letter", "class", "accuracy", 0.95),
    Table("kin8nm", "y", "rmse", 0.10),
)


def _read(path: Path) -> tuple[list[str], Rows]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def _write(path: Path, header: list[str], rows: Rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _split(table: Table, data: Path, folder: Path) -> tuple[Path, Path]:
    """The training file and the held-out file."""
    if table.test:
        return data / f"{table.name}.csv", data / f"{table.test}.csv"
    header, rows = _read(data / f"{table.name}.csv")
    order = np.random.default_rng(0).permutation(len(rows))
    fifth = len(rows) // 5
    held, kept = ([rows[i] for i in part] for part in (order[:fifth], order[fifth:]))
    return _write(folder / "train.csv", header, kept), _write(folder / "test.csv", header, held)


def _sklon(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sklon", *arguments], check=True, capture_output=True)


def _score(table: Table, test: Path, predictions: Path) -> float:
    header, rows = _read(test)
    truth = [row[header.index(table.target)].strip() for row in rows]
    header, rows = _read(predictions)
    answers = [row[header.index("prediction")] for row in rows]
    if table.metric == "accuracy":
        return float(np.mean([a == t for a, t in zip(answers, truth, strict=True)]))
    return float(np.sqrt(np.mean((np.asarray(answers, float) - np.asarray(truth, float)) ** 2)))


def measure(table: Table, data: Path) -> tuple[float, float]:
    """The held-out score and the seconds of the training command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, test = _split(table, data, folder)
        start = time.perf_counter()
        _sklon("train", str(train), "--target", table.target, "--seed", "0", "--out", str(folder / "run"))
        seconds = time.perf_counter() - start
        _sklon("predict", str(folder / "run"), str(test), "-o", str(folder / "out.csv"))
        return _score(table, test, folder / "out.csv"), seconds


def read_mnist(folder: Path, part: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images as float32 [n, 784] in [0, 1], and digits as int32 [n]."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)
    return pixels.astype(np.float32) / 255, np.frombuffer(labels, np.uint8, offset=8).astype(np.int32)


def measure_mnist(folder: Path, epochs: int = 10) -> tuple[float, float]:
    """The test accuracy of 784-256-10 and the seconds of fit."""
    import sklon
    from sklon import Trainer, nn

    X, y = read_mnist(folder, "train")
    sklon.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    trainer = Trainer(model, loss="cross_entropy", optimizer="adam", lr=1e-3)
    start = time.perf_counter()
    trainer.fit((X, y), epochs=epochs, batch_size=128, validation=0.1, early_stopping="patience(3)")
    seconds = time.perf_counter() - start
    X, y = read_mnist(folder, "t10k")
    return float((trainer.predict(X).argmax(1) == y).mean()), seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    if not data.is_dir():
        print("the data sets are not there; name their folder with --data")
        return
    print(f"{'set':14} {'metric':9} {'wanted':>8} {'reached':>8} {'seconds':>8}")
    for table in TABLES:
        score, seconds = measure(table, data)
        print(f"{table.name:14} {table.metric:9} {table.wanted:8.3f} {score:8.4f} {seconds:8.1f}", flush=True)
    score, seconds = measure_mnist(data / "mnist")
    print(f"{'mnist':14} {'accuracy':9} {0.975:8.3f} {score:8.4f} {seconds:8.1f}")


if __name__ == "__main__":
    main()
