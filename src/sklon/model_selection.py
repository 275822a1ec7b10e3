"""Scikit-learn's ``model_selection``, whose searches and cross-validations train networks of sklon side by side.

``GridSearchCV``, ``RandomizedSearchCV``, ``cross_validate`` and their like stand here; every other name of
``sklearn.model_selection`` is scikit-learn's own, so that a line of imports is changed as a whole.

>>> from sklon.model_selection import GridSearchCV, KFold, train_test_split
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklon.estimators.searching import (
        GridSearchCV,
        RandomizedSearchCV,
        cross_val_predict,
        cross_val_score,
        cross_validate,
        learning_curve,
        permutation_test_score,
        validation_curve,
    )

__all__ = [
    "GridSearchCV",
    "RandomizedSearchCV",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "permutation_test_score",
    "validation_curve",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is used; say what to install where scikit-learn is missing."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        searching = import_module("sklon.estimators.searching")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy", "joblib"):
            raise
        raise ImportError(
            "sklon.model_selection needs scikit-learn; repair it by: pip install 'sklon[table]'"
        ) from error
    return getattr(searching if name in __all__ else searching.scikit, name)


def __dir__() -> list[str]:
    """The names that are made here, and scikit-learn's."""
    return sorted({*globals(), *import_module("sklon.estimators.searching").scikit.__all__})
