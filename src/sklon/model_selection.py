"""Scikit-learn's ``model_selection``, whose searches and cross-validations train networks of sklon side by side.

``GridSearchCV``, ``RandomizedSearchCV``, ``cross_validate`` and their like stand here; every other name of
``sklearn.model_selection`` is scikit-learn's own, so that a line of imports is changed as a whole.

>>> from sklon.model_selection import GridSearchCV, KFold, train_test_split
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklon.estimators.searching.functions import (
        cross_val_predict,
        cross_val_score,
        cross_validate,
        learning_curve,
        permutation_test_score,
        validation_curve,
    )
    from sklon.estimators.searching.searches import GridSearchCV, RandomizedSearchCV

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


#: what is made here besides the functions
_SEARCHES = ("GridSearchCV", "RandomizedSearchCV")


def __getattr__(name: str) -> Any:
    """Import a name when it is used."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = _room("searches" if name in _SEARCHES else "functions")
    return getattr(room if name in __all__ else room.scikit, name)


def __dir__() -> list[str]:
    """The names that are made here, and scikit-learn's."""
    return sorted({*globals(), *_room("functions").scikit.__all__})


def _room(name: str) -> Any:
    """A module of ``estimators.searching``; says what to install where scikit-learn is missing."""
    try:
        return import_module(f"sklon.estimators.searching.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy", "joblib"):
            raise
        raise ImportError(
            "sklon.model_selection needs scikit-learn; repair it by: pip install 'sklon[table]'"
        ) from error
