"""The classifier for tables."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions

from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS, Column, column_from_array

from ..keeping import keep
from .calibration import fit_temperature, tempered
from .estimator import BaseTabular
from .targets import labels_of

Array = np.ndarray[Any, Any]
LEAST = 1e-12
"""Probabilities are kept above this before their logarithm is taken."""


class TabularClassifier(ClassifierMixin, BaseTabular):  # type: ignore[misc]
    """Classes from the columns of a table as it is: numbers, texts, categories, dates, missing values.

    A multilayer perceptron over piecewise linear embeddings of numbers and over categories, trained by AdamW with
    warm-up and cosine, whose averaged weights of the best epoch are kept; ``sklon.estimators.tabular.network`` has the
    equations. Defaults are meant to be left alone.

    ``members`` networks share their matrices, and their probabilities are averaged, for about as many times the work.
    ``folds`` > 1 trains a network for each fold of a cross-validation, so that every row both trains and validates:
    side by side, a core each, and each with a best epoch of its own; the temperature is that of all rows.
    ``categorical`` says by name or place which columns of numbers are names of things. ``time_limit`` is in seconds,
    for all folds together; what it takes to compile a network for the first time comes on top.
    ``class_weight`` is what rows of a class count, a dict or "balanced" (n/(classes·rows of the class)), times their
    ``sample_weight``, in training and in validation; probabilities then are those of a population with such shares.
    ``label_smoothing`` moves so much of the target to all classes alike, in validation too; the temperature makes up
    for it.
    ``validation_fraction`` of the rows choose the epoch and the temperature, unless ``fit`` is given others; few of
    them move it little from 1, and where they would be fewer than ten, all rows train, for all epochs, and it is 1.

    After ``fit``: ``classes_``, ``temperature_`` (probabilities are p^(1/T), normalised), ``predictors_``,
    ``history_`` (a list of rows for each network), ``n_iter_``, ``n_features_in_``, ``feature_names_in_``.

    >>> import numpy as np
    >>> from sklon import TabularClassifier
    >>> colour, size = np.array(["red", "blue"] * 100), np.arange(200)
    >>> model = TabularClassifier(epochs=5, random_state=0).fit({"colour": colour, "size": size}, colour == "red")
    >>> model.predict({"colour": ["red", "blue"], "size": [3, 4]}).tolist()
    [True, False]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTabular._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [None, StrOptions({"balanced"}), dict],
    }

    def __init__(
        self,
        *,
        members: int = 1,
        folds: int = 1,
        hidden: Any = (256, 256, 256),
        activation: str = "mish",
        dropout: float = 0.2,
        lr: float = 6e-3,
        weight_decay: float = 0.2,
        label_smoothing: float = 0.05,
        batch_size: int | str = "auto",
        epochs: int | str = "auto",
        time_limit: float | None = None,
        validation_fraction: float = 0.1,
        categorical: Any = None,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> TabularClassifier:
        """Train; ``sample_weight`` is what rows count; ``X_val`` and ``y_val`` watch in place of a part of the rows."""
        self.temperature_ = 1.0
        self._fit(X, y, sample_weight, X_val, y_val)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, [rows, classes], in the order of ``classes_``."""
        return tempered(np.log(np.maximum(self._predicted(X), LEAST)), self.temperature_)

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])

    def _target(self, y: Any, name: str) -> tuple[Column, str]:
        self.classes_, indices = np.unique(labels_of(y, self), return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"y has one class, {str(self.classes_[0])!r}; a classifier needs two")
        return column_from_array(name, indices), BINARY if len(self.classes_) == 2 else MULTICLASS

    def _target_again(self, y: Any, name: str) -> Column:
        y = labels_of(y, self, "y_val")
        places = np.searchsorted(self.classes_, y).clip(0, len(self.classes_) - 1)
        strange = y[self.classes_[places] != y]
        if len(strange):
            raise InputError(f"y_val has the class {str(strange[0])!r}, which y has not in a row that counts")
        return column_from_array(name, places)

    def _classes_of(self, target: Column) -> Array | None:
        return target.as_numbers().astype(np.int64)

    def _class_weights(self, target: Column) -> Array | None:
        if self.class_weight is None:
            return None
        labels = self.classes_[target.as_numbers().astype(np.int64)]
        found: Array = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
        if not ((found > 0) & np.isfinite(found)).all():
            raise InputError(
                f"class_weight must be above 0 and finite for each class, not {found.tolist()}; leave out the rows of "
                "classes that are not to count"
            )
        return found

    def _calibrate(self, predicted: Array, target: Column, weight: Array | None) -> None:
        classes = target.as_numbers().astype(np.int64)
        self.temperature_ = fit_temperature(np.log(np.maximum(predicted, LEAST)), classes, weight)
