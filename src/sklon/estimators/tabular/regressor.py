"""The regressor for tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context

from sklon.data import REGRESSION, Column, column_from_array

from ..keeping import keep
from .calibration import half_width
from .estimator import BaseTabular
from .targets import quantities_of

Array = np.ndarray[Any, Any]


class TabularRegressor(RegressorMixin, BaseTabular):  # type: ignore[misc]
    """A quantity from the columns of a table as it is: numbers, texts, categories, dates, missing values.

    The network and its training are those of :class:`TabularClassifier`, with the squared error of the standardised
    target as loss; predictions stay within the range of the target that was seen. Parameters are the same, without
    ``label_smoothing``.

    After ``fit``: ``residuals_`` (of the rows that validated, in the target's unit), ``residual_weights_`` (what those
    rows count, or None), ``predictors_``, ``history_``, ``n_iter_``, ``n_features_in_``, ``feature_names_in_``.

    >>> import numpy as np
    >>> from sklon import TabularRegressor
    >>> x = np.linspace(0, 1, 400)
    >>> model = TabularRegressor(epochs=20, random_state=0).fit({"x": x}, np.sin(6 * x))
    >>> low, high = model.predict_interval({"x": [0.25]}, coverage=0.8).T
    >>> bool(low[0] < np.sin(1.5) < high[0])
    True
    """

    residuals_: Array
    residual_weights_: Array | None

    def __init__(
        self,
        *,
        members: int = 1,
        folds: int = 1,
        hidden: Any = (256, 256, 256),
        activation: str = "mish",
        dropout: float = 0.0,
        lr: float = 6e-3,
        weight_decay: float = 0.2,
        batch_size: int | str = "auto",
        epochs: int | str = "auto",
        time_limit: float | None = None,
        validation_fraction: float = 0.1,
        categorical: Any = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> TabularRegressor:
        """Train; ``sample_weight`` is what rows count; ``X_val`` and ``y_val`` watch in place of a part of the rows."""
        self.residuals_, self.residual_weights_ = np.empty(0), None
        self._fit(X, y, sample_weight, X_val, y_val)
        return self

    def predict(self, X: Any) -> Array:
        """The expected quantity of each row, in the target's unit."""
        return self._predicted(X)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """An interval around each prediction, [rows, 2], that holds the truth with this probability.

        Split conformal prediction: all intervals are as wide as the ⌈(m + 1)·coverage⌉-th smallest residual of the m
        validation rows is far. The same rows chose the epoch, which makes intervals slightly too narrow; with ``folds``
        the residuals are those of single networks, which makes them wider than their mean needs. Raises InputError
        where validation rows are too few. Source: Lei et al., 2018.
        """
        predicted = self._predicted(X)
        far = half_width(self.residuals_, coverage, self.residual_weights_)
        return np.stack([predicted - far, predicted + far], axis=1)

    def _target(self, y: Any, name: str) -> tuple[Column, str]:
        return column_from_array(name, quantities_of(y, self)), REGRESSION

    def _target_again(self, y: Any, name: str) -> Column:
        return column_from_array(name, quantities_of(y, self, "y_val"))

    def _classes_of(self, target: Column) -> Array | None:
        return None

    def _calibrate(self, predicted: Array, target: Column, weight: Array | None) -> None:
        self.residuals_ = target.as_numbers() - predicted
        self.residual_weights_ = weight
