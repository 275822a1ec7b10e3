"""The door to scikit-learn, imported on use: what runs take from it, or None where it is not installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scikit:
    """The parts of scikit-learn that runs use, and the limit on the threads of its linear algebra."""

    ridge: Any
    logistic_regression: Any
    tree_regressor: Any
    tree_classifier: Any
    permutation_importance: Any
    partial_dependence: Any
    threadpool_limits: Any


def scikit() -> Scikit | None:
    """scikit-learn, if it is there."""
    try:
        from sklearn.inspection import partial_dependence, permutation_importance
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    return Scikit(
        ridge=Ridge,
        logistic_regression=LogisticRegression,
        tree_regressor=DecisionTreeRegressor,
        tree_classifier=DecisionTreeClassifier,
        permutation_importance=permutation_importance,
        partial_dependence=partial_dependence,
        threadpool_limits=threadpool_limits,
    )


def regressor_of(predict: Callable[[Any], Any]) -> Any:
    """What scikit-learn takes for a fitted regressor: an estimator that predicts, for an X, what the function says.

    A prediction may be a number for a row, or several.
    """
    from sklearn.base import BaseEstimator, RegressorMixin

    class Fitted(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Fitted:
            return self

        def predict(self, X: Any) -> Any:
            return predict(X)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Fitted()
