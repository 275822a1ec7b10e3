"""The linear model bends numbers as the network's first layer does, and is scikit-learn's on what that gives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon.data import Inputs, Preparation, Table, fit_preparation, read
from sklon.runs import baseline, scores

linear_model = pytest.importorskip("sklearn.linear_model")
preprocessing = pytest.importorskip("sklearn.preprocessing")
pipelines = pytest.importorskip("sklearn.pipeline")

ROWS = 3000


def bent_table(task: str) -> Table:
    """Two columns: the target follows the sine of the first and the size of the second."""
    random = np.random.default_rng(0)
    x, z = random.uniform(-3, 3, (2, ROWS))
    y = np.sin(2 * x) + np.abs(z) + random.normal(size=ROWS) / 10
    target = y if task == "regression" else np.where(y > np.median(y), "high", "low")
    return read({"x": x, "z": z, "y": target})


def prepared(table: Table, task: str) -> tuple[Preparation, Inputs, Any]:
    preparation = fit_preparation(table, "y", task)
    return preparation, preparation.inputs(table), preparation.target.encode(table.column("y"))


def ramps(X: Any, bends: tuple[tuple[float, ...], ...]) -> Any:
    """By ``np.interp``, a column per piece: 0 before it, 1 behind it, straight between."""
    found = [np.interp(X[:, f], ends, [0, 1]) for f, edges in enumerate(bends) for ends in pairwise(edges)]
    return np.stack(found, axis=1).astype(np.float32)


def test_pieces_are_what_piecewise_linear_embeddings_see() -> None:
    preparation, (X,), _ = prepared(bent_table("regression"), "regression")
    layer = nn.PiecewiseLinearEmbeddings(preparation.bends, 3)
    weight = np.random.default_rng(1).normal(size=np.shape(layer.weight.numpy())).astype(np.float32)
    layer.weight.assign(weight)
    for part in (layer.linear0.weight, layer.linear0.bias):
        part.assign(np.zeros(part.shape, np.float32))
    counts = [len(edges) - 1 for edges in preparation.bends]
    flat = np.concatenate([weight[f, :count] for f, count in enumerate(counts)])
    embedded = layer(sklon.tensor(X)).numpy().sum(axis=1)
    np.testing.assert_allclose(baseline.bent(preparation.bends, X) @ flat, embedded, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_it_is_scikit_learns_pipeline_on_the_pieces(task: str) -> None:
    preparation, (X,), y = prepared(bent_table(task), task)
    bends = tuple(
        tuple(edges[i] for i in np.linspace(0, len(edges) - 1, 33).round().astype(int)) for edges in preparation.bends
    )
    model = linear_model.Ridge() if task == "regression" else linear_model.LogisticRegression()
    pipeline = pipelines.make_pipeline(preprocessing.FunctionTransformer(ramps, kw_args={"bends": bends}), model)
    predict = baseline.fit_linear(preparation, (X,), y, seed=0)
    assert predict is not None
    pipeline.fit(X, y.ravel())
    if task == "regression":
        expected = preparation.target.decode(pipeline.predict(X)[:, None])
        np.testing.assert_allclose(predict((X,)), expected, rtol=1e-3, atol=1e-3)
    else:
        np.testing.assert_allclose(predict((X,)), pipeline.predict_proba(X), atol=2e-2)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_it_beats_a_straight_model_on_a_bent_function(task: str) -> None:
    table = bent_table(task)
    learning, watching = table.take(np.arange(0, ROWS // 2)), table.take(np.arange(ROWS // 2, ROWS))
    preparation, inputs, y = prepared(learning, task)
    predict = baseline.fit_linear(preparation, inputs, y, seed=0)
    assert predict is not None
    (X,), truth = preparation.inputs(watching), scores.truth_of(preparation.target, watching.column("y"))
    if task == "regression":
        straight = linear_model.Ridge().fit(inputs[0], y.ravel())
        plain = scores.rmse(truth, preparation.target.decode(straight.predict(X)[:, None]))
        assert scores.rmse(truth, predict((X,))) < 0.25 * plain
    else:
        straight = linear_model.LogisticRegression().fit(inputs[0], y.ravel())
        plain = 1 - scores.accuracy(truth, straight.predict_proba(X))
        assert 1 - scores.accuracy(truth, predict((X,))) < 0.25 * plain


def test_a_wide_table_gives_fewer_pieces_to_each_column() -> None:
    random = np.random.default_rng(0)
    columns = {f"x{j}": random.normal(size=900) for j in range(100)}
    table = read({**columns, "y": random.normal(size=900)})
    preparation, inputs, y = prepared(table, "regression")
    assert sum(len(edges) - 1 for edges in preparation.bends) == 2200
    coarse = baseline._coarse(preparation.bends, baseline.WIDTH)
    assert [len(edges) - 1 for edges in coarse] == [baseline.WIDTH // 100] * 100
    assert all(
        one[0] == edges[0] and one[-1] == edges[-1] for one, edges in zip(coarse, preparation.bends, strict=True)
    )
    assert baseline.fit_linear(preparation, inputs, y, seed=0) is not None


def test_codes_stand_beside_the_pieces() -> None:
    random = np.random.default_rng(0)
    x, city = random.uniform(-3, 3, ROWS), random.integers(0, 60, ROWS)
    height = random.normal(size=60)
    table = read({"x": x, "city": [f"c{i:02d}" for i in city], "y": np.abs(x) + height[city]})
    preparation, inputs, y = prepared(table, "regression")
    assert len(preparation.embedded) == 1
    predict = baseline.fit_linear(preparation, inputs, y, seed=0)
    assert predict is not None
    assert scores.r2(table.column("y").as_numbers(), predict(inputs)) > 0.98
