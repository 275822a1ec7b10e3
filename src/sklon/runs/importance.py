"""Which columns a network leans on, and which one alone gives the answer away. Uses scikit-learn, on use.

The importance of a column is what the score loses when its values are shuffled among the validation rows
(Breiman, *Random Forests*, 2001; scikit-learn's ``permutation_importance``). A suspect is a column from which
a small decision tree predicts the held-out rows almost perfectly: often the target in other words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon.data import Codes, Dropped, Table, sample_rows
from sklon.data.preparation import Preparation
from sklon.estimators.scikit import scikit

from . import scores

MOST_ROWS = 1000
"""Validation rows, drawn at random, that are shuffled; more change an importance in its third digit."""
MOST_TREE_ROWS = 20_000
REPEATS = 3
LEAVES = 64
ALMOST_PERFECT = 0.99
"""Share of the wrong answers (or of the squared error) of the trivial predictor that a suspect avoids."""
FEWEST_ROWS = 10
"""Fewer validation rows agree with some column by chance."""


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a column matters: by how much the score falls without it, and the spread over the shuffles."""

    column: str
    mean: float
    spread: float


def importances(
    names: tuple[str, ...], table: Table, score: Callable[[Table, NDArray[np.int64]], float], seed: int
) -> tuple[Importance, ...]:
    """The importance of each of these columns for a score (higher is better), the largest first.

    ``score`` takes a table and the numbers of its rows among those of ``table``.
    """
    learn = scikit()
    if learn is None:
        return ()
    some = sample_rows(len(table), MOST_ROWS, seed=seed)
    table = table.take(some)
    places = np.repeat(np.arange(len(table))[:, None], len(names), axis=1)
    estimator = _Shuffled(names, table, lambda shuffled: score(shuffled, some))
    found = learn.permutation_importance(
        estimator, places, None, scoring=estimator.score, n_repeats=REPEATS, random_state=seed % 2**32
    )
    parts = zip(names, found.importances_mean.tolist(), found.importances_std.tolist(), strict=True)
    return tuple(sorted((Importance(*part) for part in parts), key=lambda one: -one.mean))


def suspects(
    preparation: Preparation,
    training: tuple[Table, scores.Values],
    validation: tuple[Table, scores.Values],
    seed: int,
) -> tuple[str, ...]:
    """The columns that alone predict the validation rows almost perfectly."""
    learn = scikit()
    if learn is None or len(validation[1]) < FEWEST_ROWS:
        return ()
    regression = preparation.target.loss == "mse"
    make = learn.tree_regressor if regression else learn.tree_classifier
    table, seen = training
    some = sample_rows(len(seen), MOST_TREE_ROWS, seed=seed)
    table, seen = table.take(some), seen[some]
    guess = np.mean(seen) if regression else np.bincount(seen).argmax()
    limit = (1 - ALMOST_PERFECT) * _loss(validation[1], np.full(len(validation[1]), guess), regression)
    found = []
    for recipe in preparation.recipes:
        if isinstance(recipe, Dropped) or not limit:
            continue
        X, unseen = (_alone(recipe, part) for part in (table, validation[0]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = make(max_leaf_nodes=LEAVES, random_state=0).fit(X, seen)
        if _loss(validation[1], model.predict(unseen), regression) <= limit:
            found.append(recipe.name)
    return tuple(found)


def to_json(found: tuple[Importance, ...]) -> list[dict[str, Any]]:
    """The importances as what ``json`` can write."""
    return [asdict(one) for one in found]


class _Shuffled:
    """What scikit-learn sees: an estimator whose X holds, for each row and column, which row's value to take."""

    def __init__(self, names: tuple[str, ...], table: Table, score: Callable[[Table], float]) -> None:
        self.names, self.table, self.of = names, table, score

    def fit(self, X: Any, y: Any) -> _Shuffled:
        """Nothing: the network is trained."""
        return self

    def score(self, _: Any, places: NDArray[np.int64], y: Any) -> float:
        """The score of the table whose columns are shuffled as ``places`` says."""
        rows = dict(zip(self.names, places.T, strict=True))
        columns = tuple(
            column.take(rows[column.name]) if column.name in rows else column for column in self.table.columns
        )
        return self.of(Table(columns, self.table.source, self.table.sha256))


def _alone(recipe: Any, table: Table) -> NDArray[Any]:
    column = table.column(recipe.name)
    if isinstance(recipe, Codes):
        return recipe.codes(column)[:, None]
    return np.concatenate([recipe.values(column), recipe.features(column)], axis=1)


def _loss(truth: scores.Values, predicted: scores.Values, regression: bool) -> float:
    return float(np.mean(np.square(truth - predicted))) if regression else float(np.mean(truth != predicted))
