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
from .plain import is_plain, is_plain_target

Array = np.ndarray[Any, Any]


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A network for quantities: scikit-learn's ``MLPRegressor`` by changing the import, trained by a compiled step.

    Parameters, defaults, attributes, methods, warnings and results are those of scikit-learn; only what is more than
    theirs is told here. With the same ``random_state`` the same weights and orders are drawn, so it is the same fit.
    ``y`` is [n] or [n, outputs]. Raises ValueError for data and parameters that cannot be used.

    Parameters
    ----------
    activation : str or Module
        Besides scikit-learn's names "gelu", "silu", "elu", "selu", "leaky_relu", "prelu", "mish", "softplus", or a
        layer of ``sklon.nn``.
    solver : str or Rule
        Besides "adam", "sgd" and "lbfgs" the name of any optimizer of sklon, at the rate ``learning_rate_init``, or
        a rule by value, such as ``optim.AdamWRule(lr=0.01)``; ``momentum``, ``beta_1``, … belong to "sgd" and "adam".
    early_stopping : bool, str or StoppingRule
        True watches the score of a validation set, as scikit-learn does; "loss" watches its loss in the same way; a
        rule of ``sklon.stopping`` or its text, such as "patience(20) | gl(5)", decides itself. The best weights are
        the result.
    loss : str, Loss or callable
        Besides "squared_error", and "poisson" for counts, by name "huber", "l1", "pinball" and other losses of sklon, a
        ``sklon.nn.Loss``, or a function of (outputs, targets).
    l1 : float
        λ of the penalty λ·Σ|w|/n, beside (α/2)·Σw²/n with α = ``alpha``, n the rows of a batch. Its proximal steps
        give exact zeros.
    dropout : float
        Share of the hidden values that are dropped while training, in [0, 1).
    batch_norm : bool
        Whether hidden layers are normalised by batch before the activation.
    average : float or Average
        Decay of an exponential average of the weights, in [0, 1), or ``optim.EMA``, ``optim.SWA``.
    callbacks : sequence of Callback
        Callbacks of sklon; scikit-learn's go to ``set_callbacks``, from its version 1.9 on.

    Attributes
    ----------
    module_ : Sequential
        The network as a module of ``sklon.nn``, which gives predictions, or their logarithms for counts.
    stopped_ : Reason
        Why the fit ended, in a word and in a sentence.
    validation_losses_ : list of float
        The losses on the validation set, where they are watched; the least is ``best_validation_loss_``.

    Notes
    -----
    ``fit`` takes a validation set as ``X_val`` and ``y_val``, each row of which counts one. Without ``early_stopping``
    it is told of in ``validation_scores_`` and changes nothing.

    What differs from scikit-learn: sums are added in another order, so that numbers agree to rounding. A batch whose
    rows all weigh 0 takes a step without gradients, where theirs is an error; negative weights are a mean's, as theirs
    are, and where they make the total of a batch 0 that is said. A fit whose weights stop being finite
    ends there, with their error. A warm start that finds no better score keeps the best weights, where theirs
    returns the last ones.

    Examples
    --------
    >>> import numpy as np
    >>> from sklon import MLPRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> regressor = MLPRegressor(solver="lbfgs", max_iter=2000, hidden_layer_sizes=(16,), random_state=0)
    >>> bool(regressor.fit(X, np.sin(X[:, 0]) + X[:, 1]).score(X, np.sin(X[:, 0]) + X[:, 1]) > 0.99)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson", *LOSSES}), Loss, callable],
    }

    def __init__(  # longer than other functions: scikit-learn reads the parameters here
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

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> MLPRegressor:
        """Train on rows X [n, features], dense or sparse, and quantities; ``sample_weight`` is what rows count."""
        self._fit(X, y, sample_weight, incremental=False, validation=(X_val, y_val))
        return self

    @available_if(lambda self: self._steps_by_batches())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """One epoch over these rows, from where the last call left."""
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        if is_plain(self, X, reset) and is_plain_target(y, len(X), "fiu"):
            self.n_features_in_ = X.shape[1]
        else:
            X, y = self._checked(X, y, reset)
        if self.loss == "poisson" and (y < 0).any():
            raise InputError(f"loss='poisson' is for counts, at least 0, and y has {y.min():g}; take another loss")
        return X, y

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Array]:
        types, sparse = (np.float64, np.float32), ["csr", "csc"]
        X, y = validate_data(
            self, X, y, accept_sparse=sparse, multi_output=True, y_numeric=True, dtype=types, reset=reset
        )
        if y.dtype.kind not in "biuf":
            raise InputError(f"y must be numbers, and it is of type {y.dtype}; convert it to float")
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _validate_held(self, X: Any, y: Any) -> tuple[Any, Array]:
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
        return float(np.where(total != 0, 1 - wrong / np.where(total != 0, total, 1.0), known).mean())

    def predict(self, X: Any) -> Array:
        """The quantities of each row: [n], or [n, outputs]."""
        output = self._outputs(X)
        return output.ravel() if output.shape[1] == 1 else output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
