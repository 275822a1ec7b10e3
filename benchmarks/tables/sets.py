"""The tables: files, targets, metrics, splits, the scores that are wanted, and those that were published.

A random fifth of the rows tests, always the same; Adult has a test file of its own. Sources of the published scores:
reports of the TabM and TabR papers (arXiv 2410.24210 and 2307.14338) on their own splits of the same data; where their
version of the data is another one, nothing stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REGRESSION, BINARY, MULTICLASS = "regression", "binary", "multiclass"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSet:
    """A data set. ``wanted`` are the scores that one network and eight members should reach."""

    name: str
    target: str
    task: str
    metric: str
    wanted: tuple[float | None, float | None] = (None, None)
    published: dict[str, float] = field(default_factory=dict)
    test_file: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether the metric is a share that was right."""
        return self.metric in ("accuracy", "auc")


def _published(*scores: float) -> dict[str, float]:
    names = ("XGBoost", "LightGBM", "CatBoost", "MLP tuned", "MLP+PLE tuned", "MLP-PLR tuned", "TabM tuned")
    return dict(zip((*names, "TabM+PLE tuned"), scores, strict=True))


SETS = (
    TableSet(
        name="california",
        target="median_house_value",
        task=REGRESSION,
        metric="rmse",
        wanted=(0.465, 0.455),
        published=_published(0.4707, 0.4495, 0.4334, 0.4948, 0.4530, 0.4597, 0.4414, 0.4293),
    ),
    TableSet(
        name="adult_train",
        target="income",
        task=BINARY,
        metric="accuracy",
        wanted=(0.863, 0.868),
        published=_published(0.8714, 0.8694, 0.8730, 0.8540, 0.8603, 0.8694, 0.8575, 0.8694),
        test_file="adult_test",
    ),
    TableSet(
        name="diamonds",
        target="price",
        task=REGRESSION,
        metric="rmse_standardised",
        wanted=(0.135, 0.1330),
        published=_published(0.1425, 0.1372, 0.1331, 0.1404, 0.1323, 0.1337, 0.1310, 0.1302),
    ),
    TableSet(
        name="pol",
        target="foo",
        task=REGRESSION,
        metric="rmse",
        wanted=(2.8, 2.6),
        published=_published(5.25, 4.38, 4.48, 5.52, 2.50, 2.55, 3.02, 2.33),
    ),
    TableSet(name="kin8nm", target="y", task=REGRESSION, metric="rmse", wanted=(0.075, None)),
    TableSet(name="letter", target="class", task=MULTICLASS, metric="accuracy", wanted=(0.975, None)),
    TableSet(
        name="wine_quality",
        target="quality",
        task=REGRESSION,
        metric="rmse",
        published=_published(0.648, 0.641, 0.628, 0.671, 0.672, 0.653, 0.633, 0.633),
    ),
    TableSet(name="phoneme", target="nasal", task=BINARY, metric="auc"),
    TableSet(name="bank_marketing", target="y", task=BINARY, metric="auc"),
    TableSet(name="splice", target="Class", task=MULTICLASS, metric="accuracy"),
)
BY_NAME = {one.name: one for one in SETS}


def read_set(one: TableSet, data: Path) -> tuple[Any, Any, Any, Any]:
    """X and y of the training rows and of the test rows, as pandas frames with categories where there is text."""
    import pandas as pd

    def frame(name: str) -> Any:
        kept = one.name == "splice"
        return pd.read_csv(
            data / f"{name}.csv",
            na_values=[] if kept else ["?"],
            keep_default_na=not kept,
            skipinitialspace=True,
        )

    whole = frame(one.name)
    if one.test_file:
        other = frame(one.test_file)
        train, test = whole, other.assign(**{one.target: other[one.target].str.rstrip(".")})
    else:
        order = np.random.default_rng(0).permutation(len(whole))
        fifth = len(whole) // 5
        train, test = whole.iloc[order[fifth:]], whole.iloc[order[:fifth]]
    train, test = train.reset_index(drop=True), test.reset_index(drop=True)
    for name in train.columns.drop(one.target):
        if not pd.api.types.is_numeric_dtype(train[name]):
            categories = sorted(train[name].dropna().unique())
            train[name] = pd.Categorical(train[name], categories)
            test[name] = pd.Categorical(test[name].where(test[name].isin(categories)), categories)
    X, X_test = (part.drop(columns=one.target) for part in (train, test))
    return X, train[one.target].to_numpy(), X_test, test[one.target].to_numpy()


def score(one: TableSet, truth: Any, predicted: Any, classes: Any = None) -> float:
    """The metric of predictions [rows], or of probabilities [rows, classes].

    >>> score(BY_NAME["kin8nm"], np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 2**0.5
    True
    """
    if one.task == REGRESSION:
        error = float(np.sqrt(np.mean((np.asarray(predicted) - truth) ** 2)))
        return error / float(np.std(truth)) if one.metric == "rmse_standardised" else error
    if one.metric == "auc":
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(truth == classes[1], predicted[:, 1]))
    return float(np.mean(np.asarray(classes)[np.argmax(predicted, axis=1)] == truth))


def error_of(one: TableSet, value: float) -> float:
    """A score as an error, which can be divided by another one: what is lacking to 1, or the error itself."""
    return 1 - value if one.higher_is_better else value
