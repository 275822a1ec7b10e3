"""The classifier: labels to what a loss reads, and outputs to labels and probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from sklon._base.errors import InputError
from sklon.nn import Loss
from sklon.nn.loss import LOSSES
from sklon.optim.averaging import Average
from sklon.training.stopping import StoppingRule

from .keeping import keep
from .mlp import BaseMLP
from .parameters import CONSTRAINTS
from .plain import is_plain, is_plain_target

Array = np.ndarray[Any, Any]


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """A network for classes: scikit-learn's ``MLPClassifier`` by changing the import, trained by a compiled step.

    Parameters, defaults, attributes, methods, warnings and results are those of scikit-learn; only what is more than
    theirs is told here. With the same ``random_state`` the same weights and orders are drawn, so it is the same fit.
    ``y`` holds classes of any type, two or more, or several labels a row as a matrix of 0 and 1. Raises ValueError for
    data and parameters that cannot be used.

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
        "log_loss"; by name "focal" and other losses of sklon on logits, a ``sklon.nn.Loss``, or a function of (logits,
        targets). Targets are the numbers of classes, [n], or 0 and 1 of two classes and of labels, [n, outputs].
    class_weight : dict or str
        What rows of each class count, or "balanced" for all classes alike.
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
        The network as a module of ``sklon.nn``, which gives the logits.
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
    returns the last ones. There is a ``decision_function``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklon import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> classifier = MLPClassifier((16,), learning_rate_init=0.05, early_stopping=True, random_state=0)
    >>> labels = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    >>> classifier.fit(X, labels).predict([[1.0, 1.0], [1.0, -1.0]]).tolist()
    ['same', 'other']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"log_loss", *LOSSES}), Loss, callable],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    classes_: Any

    def __init__(  # longer than other functions: scikit-learn reads the parameters here
        self,
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
        loss: str | Loss | Callable[..., Any] = "log_loss",
        class_weight: Any = None,
        l1: float = 0.0,
        dropout: float = 0.0,
        batch_norm: bool = False,
        average: float | Average | None = None,
        callbacks: Any = None,
    ) -> None:
        keep(self, locals())

    # ---- fitting
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> MLPClassifier:
        """Train on rows X [n, features], dense or sparse, and labels; ``sample_weight`` is what rows count."""
        self._fit(X, y, sample_weight, incremental=False, validation=(X_val, y_val))
        return self

    @available_if(lambda self: self._steps_by_batches())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """One epoch over these rows, from where the last call left; ``classes`` are needed in the first one."""
        if self.class_weight == "balanced":
            raise ValueError("class_weight='balanced' needs all rows at once; pass a dict of weights to partial_fit")
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            self._first_classes(y, classes)
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def _first_classes(self, y: Any, classes: Any) -> None:
        """Take the classes of the first partial_fit, and refuse other ones later."""
        given = unique_labels(classes)
        if getattr(self, "classes_", None) is not None:
            if not np.array_equal(self.classes_, given):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
                )
            return
        self._binarizer = LabelBinarizer().fit(y if type_of_target(y).startswith("multilabel") else given)
        self.classes_ = given

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        if is_plain(self, X, reset) and is_plain_target(y, len(X), "iub"):
            self.n_features_in_ = X.shape[1]
        else:
            X, y = self._checked(X, y, reset)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._binarizer = binarizer_of(y)
            self.classes_ = self._binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, y

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Array]:
        types = (np.float64, np.float32)
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=types, reset=reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _check_classes(self, found: Array) -> None:
        """The classes of later rows: with warm_start the same, else none that is new."""
        if self.warm_start and set(found) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {found}"
            )
        if len(np.setdiff1d(found, self.classes_, assume_unique=True)):
            raise ValueError(f"`y` has classes not in `self.classes_`. It has {self.classes_}, and 'y' has {found}.")

    def _validate_held(self, X: Any, y: Any) -> tuple[Any, Array]:
        X, y = self._checked(X, y, reset=False)
        self._check_held(unique_labels(y))
        return X, y

    def _check_held(self, found: Array) -> None:
        if len(np.setdiff1d(found, self.classes_, assume_unique=True)):
            raise InputError(f"y_val has classes {found}, and y has {self.classes_}; leave out rows of unseen classes")

    def _weights(self, sample_weight: Any, X: Any, y: Array, incremental: bool) -> Array | None:
        given = super()._weights(sample_weight, X, y, incremental)
        if self.class_weight is None:
            return given
        of_classes: Array = compute_sample_weight(self.class_weight, y)
        return of_classes if given is None else given * of_classes

    def _target(self, y: Array, dtype: Any) -> Array:
        kind = self._binarizer.y_type_
        if kind == "multiclass":
            self.n_outputs_ = len(self.classes_)
            return np.searchsorted(self.classes_, y).astype(np.int32)
        if kind.startswith("multilabel"):
            self.n_outputs_ = y.shape[1]
            found: Array = self._binarizer.transform(y).astype(dtype)
            return found
        self.n_outputs_ = 1
        positive = y == self.classes_[1] if len(self.classes_) > 1 else np.zeros(len(y), bool)
        return positive.astype(dtype).reshape(-1, 1)

    def _link(self) -> str:
        return "softmax" if self._binarizer.y_type_ == "multiclass" else "logistic"

    @property
    def _stratifies(self) -> bool:
        return self.n_outputs_ == 1

    def _judged(self, output: Array, target: Array, weight: Array | None) -> float:
        one_of_many = target.ndim == 1
        right = output.argmax(axis=1) == target if one_of_many else ((output > 0.5) == (target > 0.5)).all(axis=1)
        return float(np.average(right, weights=weight))

    # ---- use
    def predict(self, X: Any) -> Array:
        """The label of each row, or its labels as 0 and 1."""
        output = self._outputs(X)
        if self._binarizer.y_type_ == "multiclass":
            found: Array = self.classes_[output.argmax(axis=1)]
        else:
            found = self._binarizer.inverse_transform(output.ravel() if self.n_outputs_ == 1 else output)
        return found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy: the share of rows, by weight, whose label is predicted, or whose labels all are."""
        if sample_weight is None and _are_numbers(y):
            predicted = self.predict(X)
            if predicted.dtype == y.dtype and predicted.shape == y.shape:
                return float(np.mean(predicted == y))
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, [n, classes], in the order of ``classes_``; of each label by itself."""
        output = self._outputs(X)
        return np.hstack([1 - output, output]) if self.n_outputs_ == 1 else output

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            found: Array = np.log(self.predict_proba(X))
        return found

    def decision_function(self, X: Any) -> Array:
        """The logits: [n] of the second of two classes, else [n, outputs]."""
        output = self._outputs(X, "identity")
        return output.ravel() if self.n_outputs_ == 1 else output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def binarizer_of(y: Array) -> LabelBinarizer:
    """``LabelBinarizer().fit(y)``, whose looks at labels take as long as a small network's epochs."""
    found = LabelBinarizer()
    if not _are_numbers(y):
        return found.fit(y)
    found.classes_, found.sparse_input_ = np.unique(y), False
    found.y_type_ = "multiclass" if len(found.classes_) > 2 else "binary"
    return found


def _are_numbers(y: Any) -> bool:
    """Whether labels are whole numbers, one a row, of which nothing has to be found out."""
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biu"
