"""What the playground's networks learn from: points in a plane, a noisy curve, or columns of a user's own table.

Everything follows from the settings and the seed alone. Shapes: X is [rows, 1 or 2] in float32; y is [rows, 1] in
float32, or [rows] in int32 for three classes and more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS, REGRESSION, Column, decide_task, fit_target, read, sample_rows, split_rows

from ..apparatus import moons
from ..controls import Settings

Array: TypeAlias = np.ndarray[Any, Any]
#: rows of one's own table that are needed and taken, and classes that can be told apart in a picture
LEAST_ROWS, MOST_ROWS, MOST_CLASSES = 20, 2000, 10
#: radius of the inner circle over that of the outer one; turns of a spiral; blobs and the distance of their centres
INNER, TURNS, BLOBS, BLOB_RADIUS = 0.5, 1.25, 3, 1.2
#: mixed into the seed, so that points are drawn from other bits than anything else
DRAW = 0x706C_6179


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """Columns of a user's own table, all rows that have values: inputs [rows, 1 or 2], target, and what it is."""

    names: tuple[str, ...]
    inputs: Array
    target: Column
    task: str
    left_out: int  # rows


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Data:
    """Samples to train on and to test on; ``names`` are those of the inputs and of the target, at last.

    ``task`` is "regression", "binary" or "multiclass"; ``labels`` name the classes.
    """

    X: Array
    y: Array
    train: Array
    test: Array
    names: tuple[str, ...]
    task: str
    labels: tuple[str, ...] = ()

    @property
    def loss(self) -> str:
        """The loss that fits the task, by its name."""
        return {REGRESSION: "mse", BINARY: "bce_with_logits", MULTICLASS: "cross_entropy"}[self.task]

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for a row."""
        return len(self.labels) if self.task == MULTICLASS else 1

    @property
    def training(self) -> tuple[Array, Array]:
        """X and y to train on."""
        return self.X[self.train], self.y[self.train]

    @property
    def testing(self) -> tuple[Array, Array]:
        """X and y that training never sees."""
        return self.X[self.test], self.y[self.test]


def own_data(source: Any, features: Sequence[str], target: str) -> Own:
    """One or two numeric columns and a target of a table: a path, a frame or a mapping, read by ``sklon.data``.

    Rows without a value are left out. Raises InputError for columns that do not exist or are no numbers, for a target
    with nothing to learn, and for more than ten classes.
    """
    if len(features) not in (1, 2) or len({*features, target}) != len(features) + 1:
        raise InputError("a picture has one or two inputs and a target, three columns of different names; choose those")
    table = read(source)
    for name in (*features, target):
        if name not in table.names:
            known = ", ".join(table.names[:20])
            raise InputError("there is no column {column!r}; the table has {known}", column=name, known=known)
    columns = [next(c for c in table.columns if c.name == name) for name in (*features, target)]
    for column in columns[:-1]:
        if column.numbers is None:
            sentence = "the column {column!r} holds text, and an axis needs numbers; choose another one"
            raise InputError(sentence, column=column.name)
    usable = ~columns[-1].missing
    for column in columns[:-1]:
        assert column.numbers is not None
        usable &= np.isfinite(column.numbers)
    rows = np.flatnonzero(usable).astype(np.int64)
    if len(rows) < LEAST_ROWS:
        sentence = "only {rows} rows have values in all chosen columns, and {least} are the least; add some"
        raise InputError(sentence, rows=len(rows), least=LEAST_ROWS)
    aim = columns[-1].take(rows)
    task = decide_task(aim).kind
    if task == MULTICLASS and len(set(aim.values.tolist())) > MOST_CLASSES:
        sentence = "{target!r} has more than {most} classes; choose a target with fewer"
        raise InputError(sentence, target=target, most=MOST_CLASSES)
    inputs = np.stack([c.take(rows).as_numbers() for c in columns[:-1]], axis=1)
    return Own((*features, target), inputs, aim, task, len(usable) - len(rows))


def data_of(settings: Settings, own: Own | None = None) -> Data:
    """The data that settings describe; InputError where they are a user's own and none are given."""
    if settings["data"] == "own":
        if own is None:
            raise InputError("the settings use your own data, and there are none; choose a file, or another data set")
        return _own(own, settings)
    return made(
        settings["data"],
        points=settings["points"],
        noise=settings["noise"],
        test_share=settings["test_share"],
        seed=settings["seed"],
    )


def made(name: str, *, points: int, noise: float, test_share: float, seed: int) -> Data:
    """A made data set: moons, circles, spirals, blobs (three classes) or curve (a function of one input).

    >>> from sklon.lab.playground import made
    >>> made("moons", points=100, noise=0.1, test_share=0.3, seed=0).X.shape
    (100, 2)
    """
    if name not in MADE:
        raise InputError(f"there is no data set {name!r}; there are {', '.join(MADE)}")
    random = np.random.default_rng([DRAW, seed])
    X, y = MADE[name](points, noise, random)
    task = REGRESSION if name == "curve" else MULTICLASS if name == "blobs" else BINARY
    labels = {REGRESSION: (), BINARY: ("0", "1"), MULTICLASS: tuple(map(str, range(BLOBS)))}[task]
    names = ("x", "y") if name == "curve" else ("x1", "x2", "class")
    target = y.astype(np.int32) if task == MULTICLASS else y.astype(np.float32)[:, None]
    return _split(X.astype(np.float32), target, names, task, labels, test_share, seed)


def _split(
    X: Array, y: Array, names: tuple[str, ...], task: str, labels: tuple[str, ...], share: float, seed: int
) -> Data:
    classes = None if task == REGRESSION else y.ravel()
    split = split_rows(len(X), share, seed=seed, classes=classes)
    return Data(X=X, y=y, train=split.train, test=split.validation, names=names, task=task, labels=labels)


def _own(own: Own, settings: Settings) -> Data:
    """One's own columns: sampled if there are many rows, inputs and a quantity standardised."""
    rows = _sampled(own, settings["seed"])
    X, aim = own.inputs[rows], own.target.take(rows)
    scale = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    target = fit_target(aim, own.task)
    labels = () if own.task == REGRESSION else tuple(getattr(target, "labels", ()))
    encoded = target.encode(aim)
    return _split(X.astype(np.float32), encoded, own.names, own.task, labels, settings["test_share"], settings["seed"])


def _sampled(own: Own, seed: int) -> Array:
    """The rows of one's own table that are taken: of many a sample, and of each class that is there at least one."""
    rows = len(own.inputs)
    if rows <= MOST_ROWS or own.task == REGRESSION:
        return sample_rows(rows, MOST_ROWS, seed=seed)
    _, codes = np.unique(np.asarray(own.target.values).astype(str), return_inverse=True)
    share = [(np.flatnonzero(codes == k), max(1, MOST_ROWS * int(n) // rows)) for k, n in enumerate(np.bincount(codes))]
    chosen = [of[sample_rows(len(of), most, seed=seed)] for of, most in share]
    taken = np.concatenate(chosen)
    rest = np.setdiff1d(np.arange(rows), taken)
    more = sample_rows(len(rest), max(0, MOST_ROWS - len(taken)), seed=seed)
    return np.sort(np.concatenate([taken, rest[more]]))


# ---- made data sets: points [count, 1 or 2] and their targets [count]
def _moons(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    points, labels = moons(count, noise, random)
    return points - np.array([0.5, 0.25]), labels[:, 0]


def _circles(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    labels = np.arange(count) % 2
    angles = 2 * np.pi * random.random(count)
    radius = np.where(labels == 0, 1.0, INNER)[:, None]
    points = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points + noise * random.standard_normal((count, 2)), labels


def _spirals(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    labels = np.arange(count) % 2
    radius = 0.1 + 1.1 * random.random(count)
    angles = 2 * np.pi * TURNS * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points + 0.5 * noise * random.standard_normal((count, 2)), labels


def _blobs(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    labels = np.arange(count) % BLOBS
    angles = 2 * np.pi * labels / BLOBS + np.pi / 2
    centres = BLOB_RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres + (0.2 + noise) * random.standard_normal((count, 2)), labels


def _curve(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    x = 2 * random.random(count) - 1
    return x[:, None], np.sin(3 * np.pi * x) * (0.4 + 0.6 * x) + noise * random.standard_normal(count)


MADE: dict[str, Callable[[int, float, np.random.Generator], tuple[Array, Array]]] = {
    "moons": _moons,
    "circles": _circles,
    "spirals": _spirals,
    "blobs": _blobs,
    "curve": _curve,
}
