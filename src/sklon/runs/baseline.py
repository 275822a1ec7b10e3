"""The linear predictor that a network has to beat, on the same prepared inputs. Uses scikit-learn, on use.

Codes of embedded columns enter one-hot. For quantities it is ridge regression, for classes logistic
regression, both with scikit-learn's penalty; at most ``MOST_ROWS`` training rows are used, on one thread:
on a busy machine the threads of its linear algebra wait for each other, ten times longer than they work.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon.data import Inputs, Preparation, Quantity, sample_rows
from sklon.estimators.scikit import scikit

from .scores import Values

MOST_ROWS = 20_000
"""More rows change a linear model's score in the third digit, and cost seconds."""
MOST_ITERATIONS = 100


def fit_linear(preparation: Preparation, inputs: Inputs, y: Values, seed: int) -> Callable[[Inputs], Values] | None:
    """The linear model of these rows, as a function from inputs to predictions; ``None`` without scikit-learn.

    ``y`` is the encoded target of the training rows. A prediction is what the target's ``decode`` gives.
    """
    learn = scikit()
    if learn is None:
        return None
    some = _enough(y.ravel(), seed)
    X, known = _flat(preparation, tuple(part[some] for part in inputs)), y.ravel()[some]
    regression = isinstance(preparation.target, Quantity)
    model = learn.ridge() if regression else learn.logistic_regression(max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings(), learn.threadpool_limits(1):
        warnings.simplefilter("ignore")
        model.fit(X, known if regression else known.astype(np.int64))

    def predict(unseen: Inputs) -> Values:
        with learn.threadpool_limits(1):
            return _predict(model, preparation, _flat(preparation, unseen))

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


def _flat(preparation: Preparation, inputs: Inputs) -> Any:
    """X with the codes one-hot beside it, sparse if there are any."""
    from scipy import sparse

    X, *codes = inputs
    if not codes:
        return X
    one_hot = [
        sparse.csr_array((np.ones(len(code), np.float32), (np.arange(len(code)), code)), (len(code), recipe.count))
        for code, recipe in zip(codes, preparation.embedded, strict=True)
    ]
    return sparse.hstack([sparse.csr_array(X), *one_hot]).tocsr()
