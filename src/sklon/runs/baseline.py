"""The linear predictor that a network has to beat, on the same prepared inputs. Uses scikit-learn, on use.

Codes of embedded columns enter one-hot. For quantities it is ridge regression, for classes logistic
regression, both with scikit-learn's penalty; at most ``MOST_ROWS`` training rows are used, on one thread:
on a busy machine the threads of its linear algebra wait for each other, ten times longer than they work.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sklon.data import Inputs, Preparation, Quantity

from .scikit import scikit
from .scores import Values

MOST_ROWS = 20_000
"""More rows change a linear model's score in the third digit, and cost seconds."""
MOST_ITERATIONS = 100


def linear(preparation: Preparation, inputs: Inputs, y: Values, validation: Inputs) -> Values | None:
    """Predictions of the linear model for the validation rows; ``None`` without scikit-learn.

    ``y`` is the encoded target of the training rows. The result is what the target's ``decode`` gives.
    """
    learn = scikit()
    if learn is None:
        return None
    target = preparation.target
    some = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(np.int64)
    X, unseen = _flat(preparation, tuple(part[some] for part in inputs)), _flat(preparation, validation)
    known = y[some].ravel()
    with warnings.catch_warnings(), learn.threadpool_limits(1):
        warnings.simplefilter("ignore")
        if isinstance(target, Quantity):
            return target.decode(learn.ridge().fit(X, known).predict(unseen)[:, None])
        model = learn.logistic_regression(max_iter=MOST_ITERATIONS).fit(X, known.astype(np.int64))
        probabilities = np.zeros((unseen.shape[0], len(target.labels)))
        probabilities[:, model.classes_] = model.predict_proba(unseen)
    return probabilities


def _flat(preparation: Preparation, inputs: Inputs) -> Any:
    """X with the codes one-hot beside it, sparse if there are any."""
    from scipy import sparse  # type: ignore[import-untyped]

    X, *codes = inputs
    if not codes:
        return X
    one_hot = [
        sparse.csr_array((np.ones(len(code), np.float32), (np.arange(len(code)), code)), (len(code), recipe.count))
        for code, recipe in zip(codes, preparation.embedded, strict=True)
    ]
    return sparse.hstack([sparse.csr_array(X), *one_hot]).tocsr()
