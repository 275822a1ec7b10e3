"""Searches and cross-validation whose fits run side by side: scikit-learn's own, in threads of this process."""

from sklearn import model_selection as scikit

from .functions import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from .searches import GridSearchCV, RandomizedSearchCV

__all__ = [
    "GridSearchCV",
    "RandomizedSearchCV",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "permutation_test_score",
    "scikit",
    "validation_curve",
]
