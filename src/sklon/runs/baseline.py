"""The linear predictor that a network has to beat, on the same prepared inputs. Uses scikit-learn, on use.

A value that the network bends is bent here too, at some of the edges of its bins: it enters as the share of each piece
that lies below it, what a layer of piecewise linear embeddings sees. Codes of embedded columns enter one-hot. For
quantities it is ridge regression, for classes logistic regression, both with scikit-learn's penalty; at most
``MOST_ROWS`` training rows are used, on one thread: on a busy machine the threads of its linear algebra wait for each
other, ten times longer than they work.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon.data import Inputs, Preparation, Quantity, sample_rows
from sklon.data.recipes import Bends
from sklon.estimators.scikit import scikit

from .scores import Values

MOST_ROWS = 20_000
"""More rows change a linear model's score in the third digit, and cost seconds."""
MOST_ITERATIONS = 100
MOST_PIECES = 32
"""A column is bent in so many pieces at the most; with 96 the few rows of a small table are followed one by one."""
WIDTH, SPARSE_WIDTH = 400, 100
"""All columns together give about so many pieces; fewer where codes make X sparse, since none of them is zero often."""


def fit_linear(preparation: Preparation, inputs: Inputs, y: Values, seed: int) -> Callable[[Inputs], Values] | None:
    """The linear model of these rows, as a function from inputs to predictions; ``None`` without scikit-learn.

    ``y`` is the encoded target of the training rows. A prediction is what the target's ``decode`` gives.
    """
    learn = scikit()
    if learn is None:
        return None
    some = _enough(y.ravel(), seed)
    bends = _coarse(preparation.bends, SPARSE_WIDTH if preparation.embedded else WIDTH)

    def flat(inputs: Inputs) -> Any:
        return _beside_codes(preparation, bent(bends, inputs[0]), inputs[1:])

    X, known = flat(tuple(part[some] for part in inputs)), y.ravel()[some]
    regression = isinstance(preparation.target, Quantity)
    model = learn.ridge() if regression else learn.logistic_regression(max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings(), learn.threadpool_limits(1):
        warnings.simplefilter("ignore")
        model.fit(X, known if regression else known.astype(np.int64))

    def predict(unseen: Inputs) -> Values:
        with learn.threadpool_limits(1):
            return _predict(model, preparation, flat(unseen))

    return predict


def _predict(model: Any, preparation: Preparation, X: Any) -> Values:
    target = preparation.target
    if isinstance(target, Quantity):
        return target.decode(model.predict(X)[:, None])
    probabilities = np.zeros((X.shape[0], len(target.labels)))
    probabilities[:, model.classes_] = model.predict_proba(X)
    return probabilities


def _enough(y: Values, seed: int) -> NDArray[np.int64]:
    """A sample of the rows; all of them where the sample has a single answer."""
    some = sample_rows(len(y), MOST_ROWS, seed=seed)
    return some if len(np.unique(y[some])) > 1 else np.arange(len(y))


def bent(bends: Bends, X: Values) -> Values:
    """X with each of its first columns as one per piece between edges e: (x − e_t)/(e_{t+1} − e_t), within 0 and 1.

    A weight for each piece and an intercept make any piecewise linear function of the column.

    >>> bent(((0.0, 1.0, 3.0),), np.array([[0.5, 7.0], [2.0, 8.0]])).tolist()
    [[0.5, 0.0, 7.0], [1.0, 0.5, 8.0]]
    """
    edges = [np.asarray(one, X.dtype) for one in bends]
    pieces = [np.clip((X[:, f, None] - e[:-1]) / np.diff(e), 0, 1) for f, e in enumerate(edges)]
    return np.concatenate([*pieces, X[:, len(bends) :]], axis=1)


def _coarse(bends: Bends, width: int) -> Bends:
    """Of the edges of each column so many, the first and the last among them, that all pieces are about ``width``."""
    most = min(MOST_PIECES, max(1, width // max(1, len(bends))))
    return tuple(tuple(edges[i] for i in _evenly(len(edges), most + 1)) for edges in bends)


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of the numbers below ``count``, evenly spaced, from the first to the last."""
    return [round(place) for place in np.linspace(0, count - 1, min(count, most)).tolist()]


def _beside_codes(preparation: Preparation, X: Values, codes: Sequence[NDArray[Any]]) -> Any:
    """X with the codes one-hot beside it, sparse if there are any."""
    if not codes:
        return X
    from scipy import sparse

    one_hot = [
        sparse.csr_array((np.ones(len(code), np.float32), (np.arange(len(code)), code)), (len(code), recipe.count))
        for code, recipe in zip(codes, preparation.embedded, strict=True)
    ]
    return sparse.hstack([sparse.csr_array(X), *one_hot]).tocsr()
