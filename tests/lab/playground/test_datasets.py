"""What is learned from: made data and columns of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.lab.playground import Course, made, own_data, settled
from sklon.lab.playground.datasets import MADE, MOST_ROWS


def of(name: str, **given: Any) -> Any:
    return made(name, **{"points": 100, "noise": 0.1, "test_share": 0.3, "seed": 0, **given})


@pytest.mark.parametrize("name", MADE)
def test_made_data_are_well_formed_and_follow_from_the_seed(name: str) -> None:
    data, again, other = of(name), of(name), of(name, seed=1)
    assert data.X.tobytes() == again.X.tobytes() != other.X.tobytes()
    assert data.X.dtype == np.float32 and len(data.X) == len(data.y) == 100
    assert sorted([*data.train, *data.test]) == list(range(100)) and abs(len(data.test) - 30) <= 2
    assert np.isfinite(data.X).all() and np.abs(data.X).max() < 4
    assert len(data.names) == data.X.shape[1] + 1
    for count in (20, 2000):
        assert len(of(name, points=count, noise=1.0, test_share=0.5).X) == count


@pytest.mark.parametrize("name", [name for name in MADE if name != "curve"])
def test_without_noise_the_nearest_neighbour_has_the_same_class(name: str) -> None:
    data = of(name, points=400, noise=0.0)
    distances = np.linalg.norm(data.X[:, None] - data.X[None], axis=2) + 1e9 * np.eye(400)
    y = data.y.ravel()
    assert (y[distances.argmin(axis=1)] == y).mean() > 0.99
    assert np.bincount(y.astype(int)).min() >= 400 // len(data.labels) - 1


def table(rows: int = 40) -> dict[str, Any]:
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, rows))
    return {
        "a": 100 + 5 * a,
        "b": b,
        "size": a + 0.1,
        "kind": np.array(list("xyz"))[np.arange(rows) % 3],
        "text": ["t"] * rows,
    }


def test_own_columns_are_standardised_and_their_task_is_found() -> None:
    course = Course(settled({"data": "own"})[0], own_data(table(), ("a", "b"), "kind"))
    data = course.data
    assert data.task == "multiclass" and data.labels == ("x", "y", "z") and data.names == ("a", "b", "kind")
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(data.X.std(axis=0), 1, atol=1e-5)
    assert course.advance(1) == 1
    one = Course(settled({"data": "own"})[0], own_data(table(), ("b",), "size"))
    assert one.data.task == "regression" and one.data.X.shape == (40, 1) and one.advance(1) == 1


def test_a_csv_is_read_as_everywhere(tmp_path: Path) -> None:
    lines = ["height;weight;answer", *(f"{i},5;{i * i};{'yes' if i % 2 else 'no'}" for i in range(30)), ";1;yes"]
    (tmp_path / "own.csv").write_text("\n".join(lines), "utf-8")
    own = own_data(tmp_path / "own.csv", ("height", "weight"), "answer")
    assert own.inputs[0].tolist() == [0.5, 0.0] and own.left_out == 1 and own.task == "binary"


def test_a_long_table_is_sampled_and_a_constant_column_does_no_harm() -> None:
    long = {"a": np.arange(5000.0), "b": np.ones(5000), "y": np.arange(5000) % 2}
    course = Course(settled({"data": "own"})[0], own_data(long, ("a", "b"), "y"))
    assert len(course.data.X) == MOST_ROWS and np.isfinite(course.data.X).all()


@pytest.mark.parametrize("rare", [1, 3, 8999])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_sample_of_a_long_table_keeps_every_class(rare: int, seed: int) -> None:
    kind = np.where(np.arange(9000) < rare, "y", "n")
    own = own_data({"a": np.arange(9000.0), "kind": np.random.default_rng(0).permutation(kind)}, ("a",), "kind")
    data = Course(settled({"data": "own", "seed": seed})[0], own).data
    counts = np.bincount(data.y.ravel().astype(int), minlength=2)
    assert data.labels == ("n", "y") and counts.sum() == MOST_ROWS and counts.min() >= 1
    assert abs(counts[1] - MOST_ROWS * rare / 9000) <= 2


def test_a_sample_of_quantities_is_one_of_rows() -> None:
    own = own_data({"a": np.arange(9000.0), "b": np.arange(9000.0) ** 0.5}, ("a",), "b")
    assert len(Course(settled({"data": "own"})[0], own).data.X) == MOST_ROWS


@pytest.mark.parametrize(
    ("features", "target", "said"),
    [
        (("a", "b", "size"), "kind", "one or two inputs"),
        (("a", "a"), "kind", "different names"),
        (("a", "kind"), "kind", "different names"),
        ((), "kind", "one or two inputs"),
        (("a", "nothing"), "kind", "there is no column 'nothing'"),
        (("a", "text"), "kind", "holds text"),
        (("a", "b"), "text", "nothing to learn"),
    ],
)
def test_what_no_picture_can_show_is_said(features: tuple[str, ...], target: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        own_data(table(), features, target)


def test_too_few_rows_and_too_many_classes_are_said() -> None:
    with pytest.raises(InputError, match="20 are the least"):
        own_data(table(10), ("a", "b"), "size")
    many = {"a": np.arange(60.0), "b": np.arange(60.0), "y": [f"class {i % 15}" for i in range(60)]}
    with pytest.raises(InputError, match="more than 10 classes"):
        own_data(many, ("a", "b"), "y")
    with pytest.raises(InputError, match="no data set"):
        of("nothing")
    with pytest.raises(InputError, match="your own data"):
        Course(settled({"data": "own"})[0])
