"""Scikit-learn's functions that fit an estimator many times, whose fits run side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

from sklearn import model_selection as scikit

from .beside import beside

Result = TypeVar("Result")


def _side_by_side(theirs: Callable[..., Result]) -> Callable[..., Result]:
    """A function of scikit-learn with an ``estimator`` and ``n_jobs``, run in threads where nobody asks otherwise."""
    known = signature(theirs)

    @wraps(theirs)
    def function(*args: Any, **named: Any) -> Result:
        given = known.bind_partial(*args, **named).arguments
        return beside(lambda: theirs(*args, **named), given.get("estimator"), given.get("n_jobs"))

    function.__module__ = __name__
    function.__doc__ = f"Scikit-learn's ``{theirs.__name__}``; networks of sklon are trained side by side."
    return function


cross_validate: Callable[..., dict[str, Any]] = _side_by_side(scikit.cross_validate)
cross_val_score: Callable[..., Any] = _side_by_side(scikit.cross_val_score)
cross_val_predict: Callable[..., Any] = _side_by_side(scikit.cross_val_predict)
learning_curve: Callable[..., tuple[Any, ...]] = _side_by_side(scikit.learning_curve)
validation_curve: Callable[..., tuple[Any, Any]] = _side_by_side(scikit.validation_curve)
permutation_test_score: Callable[..., tuple[float, Any, float]] = _side_by_side(scikit.permutation_test_score)
