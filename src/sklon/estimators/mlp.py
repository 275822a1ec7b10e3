"""What the classifier and the regressor share: scikit-learn's contract around networks that sklon trains.

The order of what is drawn from ``random_state`` is scikit-learn's: the weights and biases of each layer, the split of
a validation set, an order for each epoch. So a fit with the same ``random_state`` is scikit-learn's fit, up to the
order of sums.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from itertools import pairwise
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from sklon._base.errors import InputError
from sklon.nn import Loss, Module, Sequential
from sklon.nn.module import assign
from sklon.optim.rules import RULES
from sklon.training.losses import loss_of
from sklon.training.step import state_tensors
from sklon.training.stopping import Reason, StoppingRule

from . import parameters
from .course import Costs, Course, Moving
from .keeping import KeptParameters
from .lbfgs import Objective, minimized
from .losses import SCIKIT
from .network import Network, aligned
from .plain import is_plain
from .programs import LossKey, Structure, Task, gradients_of, predictions_of, step_of
from .rows import Rows
from .stochastic import Stochastic
from .telling import OwnTeller, ScikitTeller, Teller, Tellers
from .watching import ByRule, Held, Patient, Watch

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Scikit-learn has no callbacks yet."""


Array = np.ndarray[Any, Any]
#: rows of a batch that is chosen automatically, at most
AUTO_BATCH = 200


class BaseMLP(CallbackSupportMixin, KeptParameters):  # type: ignore[misc]
    """A network of linear layers behind scikit-learn's interface."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = parameters.CONSTRAINTS

    # parameters
    hidden_layer_sizes: Any
    activation: str | Module
    solver: Any
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    loss: Any
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool | str | StoppingRule
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    l1: float
    dropout: float
    batch_norm: bool
    average: Any
    callbacks: Any
    # what a fit leaves
    coefs_: list[Array]
    intercepts_: list[Array]
    n_features_in_: int

    # ---- what differs
    @abstractmethod
    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """X and y as arrays of known types."""

    @abstractmethod
    def _target(self, y: Array, dtype: Any) -> Array:
        """What the loss reads: [n, outputs], or the numbers of classes [n]."""

    @abstractmethod
    def _link(self) -> str:
        """The activation of the last layer."""

    @abstractmethod
    def _judged(self, output: Array, target: Array, weight: Array | None) -> float:
        """Accuracy or R² of predictions."""

    @property
    def _stratifies(self) -> bool:
        """Whether a split keeps the shares of the classes."""
        return False

    def _weights(self, sample_weight: Any, X: Any, y: Array, incremental: bool) -> Array | None:
        """What rows count."""
        return None if sample_weight is None else _check_sample_weight(sample_weight, X)

    # ---- fitting
    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation: Any = (None, None)) -> Any:
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        hidden = _hidden(self.hidden_layer_sizes)
        given_X, given_y = X, y = self._validate_input(X, y, incremental, reset=first)
        weight = self._weights(sample_weight, X, y, incremental)
        self._random_state = check_random_state(self.random_state)
        target = self._target(y, np.float64 if self.solver == "lbfgs" else X.dtype)
        if first:
            self._initialize([X.shape[1], *hidden, self.n_outputs_], X.dtype)
        self._check_sizes([X.shape[1], *hidden, self.n_outputs_])
        metadata = None if sample_weight is None else {"sample_weight": weight}
        teller = self._scikit_teller(given_X, given_y, metadata, incremental)
        if self.solver == "lbfgs":
            self._fit_lbfgs(X, target, weight, teller)
        else:
            self._fit_steps(X, target, weight, incremental, validation, teller)
        if not all(np.isfinite(w).all() for w in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                "Solver produced non-finite parameter weights: the input data may contain large values; scale them "
                "before, or pass a smaller learning_rate_init"
            )
        if teller is not None:
            teller.finish(self)
        return self

    def _initialize(self, sizes: list[int], dtype: Any) -> None:
        """Draw weights as scikit-learn does: U(−b, b), b = √(6/(in + out)), or √(2/(in + out)) for the logistic."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._link()
        self.coefs_, self.intercepts_ = [], []
        factor = 2.0 if self.activation == "logistic" else 6.0
        for fan_in, fan_out in pairwise(sizes):
            bound = np.sqrt(factor / (fan_in + fan_out))
            self.coefs_.append(self._random_state.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype, copy=False))
            self.intercepts_.append(self._random_state.uniform(-bound, bound, fan_out).astype(dtype, copy=False))
        self._beside = self._network.first_extras()
        self._best = self.coefs_, self.intercepts_, self._beside
        self._moving: Moving | None = None
        if self.solver == "lbfgs":
            return
        self.loss_curve_: list[float] = []
        self._begin_curves()

    def _begin_curves(self) -> None:
        """What the parameters now say is watched: the training loss, a score, or a loss."""
        watching = parameters.stopping_of(self.early_stopping)
        by_score, by_loss = watching == parameters.SCORE, watching not in (None, parameters.SCORE)
        self._watched = parameters.word_for(watching)
        self._no_improvement_count = 0
        self.best_loss_ = np.inf if watching is None else None
        self.validation_scores_: list[float] | None = [] if by_score else None
        self.best_validation_score_ = -np.inf if by_score else None
        self.validation_losses_: list[float] | None = [] if by_loss else None
        self.best_validation_loss_ = np.inf if by_loss else None

    def _check_sizes(self, sizes: list[int]) -> None:
        known = [self.coefs_[0].shape[0], *(coef.shape[1] for coef in self.coefs_)]
        if known != sizes:
            raise InputError(
                f"the network has layers of {known}, and hidden_layer_sizes and data now ask for {sizes}; fit anew, "
                "with warm_start=False"
            )

    def _scikit_teller(self, X: Any, y: Any, metadata: Any, incremental: bool) -> ScikitTeller | None:
        if not getattr(self, "_skl_callbacks", None):
            return None
        return ScikitTeller(self, X, y, metadata, 1 if incremental else self.max_iter)

    # ---- the pieces of a fit
    @property
    def _network(self) -> Network:
        return Network(
            (self.coefs_[0].shape[0], *(coef.shape[1] for coef in self.coefs_)),
            self.activation,
            float(self.dropout),
            bool(self.batch_norm),
            str(self.coefs_[0].dtype),
        )

    def _loss_key(self) -> LossKey:
        """The loss of this name and link, or one of sklon's."""
        known = SCIKIT.get((self.loss, self.out_activation_)) if isinstance(self.loss, str) else None
        return known or loss_of(self.loss, None)

    def _task(self, target: Array, weighted: bool) -> Task:
        loss = self._loss_key()
        if isinstance(loss, Loss):
            loss.check_target(target, (len(target), self.n_outputs_))
            loss = loss.for_target(target)
        return Task(self._network, loss, target.ndim == 1, weighted)

    def _fit_steps(
        self,
        X: Any,
        target: Array,
        weight: Array | None,
        incremental: bool,
        validation: Any,
        teller: ScikitTeller | None,
    ) -> None:
        watching = parameters.stopping_of(self.early_stopping)
        if watching is not None and incremental:
            raise ValueError("partial_fit makes one pass and has no early stopping; leave out early_stopping")
        if not hasattr(self, "loss_curve_"):  # it was fitted by L-BFGS before
            self.loss_curve_ = []
            self._begin_curves()
        if self._watched != parameters.word_for(watching):
            self._begin_curves()
        held, (X, target, weight) = self._held(X, target, weight, watching, validation)
        if held is not None and watching is None and self.validation_scores_ is None:
            self.validation_scores_ = []
        task, dtype = self._task(target, weight is not None), self.coefs_[0].dtype
        course = self._course(task, Rows.of(X, str(dtype), target, weight), incremental)
        tellers: list[Teller] = [] if teller is None else [teller]
        if self.callbacks:
            tellers.append(OwnTeller(self.callbacks, task.network, task))
        run = Stochastic(self, task.network, course.rule, course, self._watch(watching, held), Tellers(tellers))
        run.run(1 if incremental else self.max_iter)
        self._take_over(run, watching is not None and held is not None)
        assert run.reason is not None
        if run.reason.name == "epochs" and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _held(
        self, X: Any, target: Array, weight: Array | None, watching: str | StoppingRule | None, validation: Any
    ) -> tuple[Held | None, tuple[Any, Array, Array | None]]:
        """The validation set, given or split off, and the rows to train on."""
        X_val, y_val = validation
        weight_val = None
        if (X_val is None) != (y_val is None):
            raise InputError("a validation set has both X_val and y_val; pass the other one too")
        if X_val is None:
            needs = watching is not None and (isinstance(watching, str) or watching.needs_validation)
            if not needs:
                return None, (X, target, weight)
            parts = [X, target] if weight is None else [X, target, weight]
            stratify = target if self._stratifies else None
            test_size, random = self.validation_fraction, self._random_state
            found = train_test_split(*parts, random_state=random, test_size=test_size, stratify=stratify)
            X, target, weight = (*found[::2], None)[:3]
            X_val, target_val, weight_val = (*found[1::2], None)[:3]
            if X_val.shape[0] < 2:
                raise ValueError("The validation set is too small: increase validation_fraction, or fit on more rows")
        else:
            X_val, y_val = self._validate_held(X_val, y_val)
            target_val = self._target(y_val, X.dtype)
        rows = Rows.of(X_val, str(self.coefs_[0].dtype), target_val, weight_val)
        task = self._task(target_val, weight_val is not None)
        return Held(rows=rows, task=task, link=self.out_activation_, judged=self._judged), (X, target, weight)

    @abstractmethod
    def _validate_held(self, X: Any, y: Any) -> tuple[Any, Array]:
        """A validation set that was given."""

    def _watch(self, watching: str | StoppingRule | None, held: Held | None) -> Watch:
        if isinstance(watching, StoppingRule):
            return ByRule(estimator=self, rule=watching, held=held)
        return Patient(estimator=self, held=held, watches=watching or "training")

    def _course(self, task: Task, rows: Rows, incremental: bool) -> Course:
        rule, recorded_with = parameters.rule_in_force(self)
        average = parameters.average_of(self.average)
        recorded = step_of(Structure(task, recorded_with, self.l1 > 0, average is not None))
        if self._moving is None or not incremental:
            self._moving = Moving(float(rule.lr))
        state = {**task.network.state(self.coefs_, self.intercepts_, self._beside), **aligned(self._moving.state)}
        return Course(
            recorded=recorded,
            rule=rule,
            rows=rows,
            batch=self._batch_rows(len(rows)),
            state=recorded.complete(state, dict(rule.slots)),
            moving=self._moving,
            costs=Costs(alpha=float(self.alpha), l1=float(self.l1)),
            shuffled=bool(self.shuffle),
            random=self._random_state,
            seen=self.t_,
            decay=parameters.decay_of(self),
            average=average,
            seed=int(self._random_state.randint(np.iinfo(np.int32).max)) if recorded.draws else 0,
        )

    def _batch_rows(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(AUTO_BATCH, rows)
        size = int(self.batch_size)
        if size > rows:
            warnings.warn(f"batch_size is {size}, but there are {rows} rows; it is clipped to them", stacklevel=5)
        return min(size, rows)

    def _take_over(self, run: Stochastic, watched: bool) -> None:
        """Keep what a fit found: the best values where a validation set watched, else the last ones."""
        assert self._moving is not None
        if watched:
            if run.best is not None:
                self._best = run.network.read(run.best)
            values = self._best
        else:
            values = run.network.read(run.values())
        self.coefs_, self.intercepts_, self._beside = values
        self._moving.state = run.kept()
        self.stopped_ = run.reason

    def _fit_lbfgs(self, X: Any, target: Array, weight: Array | None, teller: ScikitTeller | None) -> None:
        parameters.check_for_lbfgs(self)
        self.coefs_ = [coef.astype(np.float64) for coef in self.coefs_]
        self.intercepts_ = [intercept.astype(np.float64) for intercept in self.intercepts_]
        task, rows = self._task(target, weight is not None), Rows.of(X, "float64", target, weight)
        state = task.network.state(self.coefs_, self.intercepts_, self._beside)
        objective = Objective(gradients_of(task), task.network, rows, Costs(alpha=float(self.alpha)), state)
        told = None if teller is None else teller.iterations(self, objective)
        found = minimized(objective, max_iter=self.max_iter, max_fun=self.max_fun, tol=self.tol, told=told)
        self.n_iter_, self.loss_ = min(int(found.nit), self.max_iter), float(found.fun)
        self.coefs_, self.intercepts_, self._beside = task.network.read(objective.move_to(found.x))
        self.stopped_ = Reason("converged" if found.status == 0 else "not_converged", str(found.message))
        if found.status not in (0, 99):  # 99: a callback stopped it
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) (status={found.status}): {found.message}. "
                "Increase max_iter, or scale the data",
                ConvergenceWarning,
                stacklevel=4,
            )

    # ---- use
    def _outputs(self, X: Any, link: str | None = None) -> Array:
        """What the network says of rows, through its last activation or another one: [n, outputs]."""
        check_is_fitted(self)
        if not is_plain(self, X, reset=False):
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        single = X.dtype == np.float32 and self.coefs_[0].dtype == np.float32
        dtype = "float32" if single else "float64"
        known = self._network
        network = Network(known.sizes, known.activation, known.dropout, known.batch_norm, dtype)
        state = network.state(self.coefs_, self.intercepts_, self._beside)
        return Rows.of(X, dtype).pass_of(predictions_of(network, link or self.out_activation_))(state)["output"]

    @property
    def module_(self) -> Sequential:
        """The network as a ``sklon.nn.Sequential`` with the learned values, without the last activation."""
        check_is_fitted(self)
        network = self._network
        module, state = network.module(), network.state(self.coefs_, self.intercepts_, self._beside)
        for label, tensor in state_tensors(module).items():
            assign(tensor, state[label])
        return module

    def _steps_by_batches(self) -> bool:
        """Whether there is a ``partial_fit``."""
        if self.solver == "lbfgs":
            raise AttributeError(
                f"partial_fit needs a solver that steps batch by batch, of {', '.join(RULES)}; "
                f"{self.solver!r} sees all rows at once"
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _hidden(sizes: Any) -> list[int]:
    """The sizes of the hidden layers."""
    given = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if not all(isinstance(size, Integral) for size in given):
        raise InputError(f"hidden_layer_sizes must be whole numbers, got {given}")
    found = [int(size) for size in given]
    if any(size <= 0 for size in found):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {found}.")
    return found
