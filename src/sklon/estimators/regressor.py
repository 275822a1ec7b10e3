"""The regressor: quantities, one or several for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from sklon._base.errors import InputError
from sklon.nn import Loss, PoissonNLLLoss
from sklon.nn.loss import LOSSES
from sklon.optim.averaging import Average
from sklon.training.stopping import StoppingRule

from .keeping import keep
from .mlp import BaseMLP
from .parameters import CONSTRAINTS

Array = np.ndarray[Any, Any]


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A network for quantities."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson", *LOSSES}), Loss, callable],
    }

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | str | StoppingRule = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        l1: float = 0.0,
        dropout: float = 0.0,
        batch_norm: bool = False,
        average: float | Average | None = None,
        callbacks: Any = None,
    ) -> None:
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> MLPRegressor:
        """Fit."""
        self._fit(X, y, sample_weight, incremental=False, validation=(X_val, y_val))
        return self

    @available_if(lambda self: self._steps_by_batches())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """One epoch."""
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        types = (np.float64, np.float32)
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True, dtype=types, reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise InputError(f"loss='poisson' is for counts, at least 0, and y has {y.min():g}; take another loss")
        return X, y

    def _validate_held(self, X: Any, y: Any) -> tuple[Any, Array]:
        if y is None:
            raise InputError("a validation set has both X_val and y_val; pass y_val too")
        return self._validate_input(X, y, incremental=True, reset=False)

    def _target(self, y: Array, dtype: Any) -> Array:
        target: Array = y.astype(dtype).reshape(len(y), -1)
        self.n_outputs_ = target.shape[1]
        return target

    def _link(self) -> str:
        counts = self.loss in ("poisson", "poisson_nll") or (
            isinstance(self.loss, PoissonNLLLoss) and self.loss.log_input
        )
        return "exp" if counts else "identity"

    def _judged(self, output: Array, target: Array, weight: Array | None) -> float:
        spread = target - np.average(target, axis=0, weights=weight)
        counted = 1.0 if weight is None else weight[:, None]
        wrong = (counted * (target - output) ** 2).sum(axis=0, dtype=np.float64)
        total = (counted * spread**2).sum(axis=0, dtype=np.float64)
        known = np.where(wrong == 0, 1.0, 0.0)  # of an output that does not vary
        return float(np.where(total > 0, 1 - wrong / np.where(total > 0, total, 1.0), known).mean())

    def predict(self, X: Any) -> Array:
        """Quantities."""
        output = self._outputs(X)
        return output.ravel() if output.shape[1] == 1 else output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
