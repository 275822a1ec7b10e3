"""Estimators: networks behind scikit-learn's contract. The only importer of scikit-learn.

Scikit-learn is an optional dependency, so names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classifier import MLPClassifier
    from .regressor import MLPRegressor
    from .tabular.classifier import TabularClassifier
    from .tabular.regressor import TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]

_PLACES = {
    "MLPClassifier": "classifier",
    "MLPRegressor": "regressor",
    "TabularClassifier": "tabular.classifier",
    "TabularRegressor": "tabular.regressor",
}


def __getattr__(name: str) -> Any:
    """Import an estimator; say what to install where scikit-learn is missing."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy"):
            raise
        raise ImportError(f"{name} needs scikit-learn; repair it by: pip install 'sklon[table]'") from error
