"""What the classifier and the regressor for tables share: scikit-learn's contract around ``predictor``."""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklon._base.errors import InputError
from sklon.data import Column, Table
from sklon.nn.activation import ACTIVATIONS

from .frames import note_columns, table_like, table_of
from .predictor import Predictor, Problem, fold_sides, free_name, learned_each, sides, with_target
from .regimen import Regimen
from .weights import counted, row_weights

Array = np.ndarray[Any, Any]


class BaseTabular(BaseEstimator):  # type: ignore[misc]
    """A network for tables behind scikit-learn's interface."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "members": [Interval(Integral, 1, None, closed="left")],
        "folds": [Interval(Integral, 1, None, closed="left")],
        "hidden": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "time_limit": [None, Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "categorical": [None, "array-like"],
        "random_state": ["random_state"],
        "verbose": ["boolean"],
    }

    # parameters
    members: int
    folds: int
    hidden: Any
    activation: str
    dropout: float
    lr: float
    weight_decay: float
    batch_size: int | str
    epochs: int | str
    time_limit: float | None
    validation_fraction: float
    categorical: Any
    random_state: Any
    verbose: bool
    # what a fit leaves
    predictors_: list[Predictor]
    n_features_in_: int
    _columns: tuple[str, ...]

    # ---- what differs
    @abstractmethod
    def _target(self, y: Any, name: str) -> tuple[Column, str]:
        """The target as a column, and the task."""

    @abstractmethod
    def _classes_of(self, target: Column) -> Array | None:
        """What the sides of a split keep the proportions of."""

    def _class_weights(self, target: Column) -> Array | None:
        """What rows of each class count, of targets that have classes with weights."""
        return None

    @abstractmethod
    def _calibrate(self, predicted: Array, target: Column, weight: Array | None) -> None:
        """Learn from predictions for rows that no network was trained on how sure to be."""

    # ---- fitting
    def _fit(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any) -> None:
        began = time.perf_counter()
        if (X_val is None) != (y_val is None):
            raise InputError("a validation set has both X_val and y_val; pass the other one too")
        note_columns(self, X, y)
        table, y, weight = counted(table_of(X, self._named), y, sample_weight)
        self._columns = table.names
        name = free_name(table)
        target, task = self._target(y, name)
        if len(table) == len(target) < 2:
            raise InputError("X has 1 sample, and nothing is learned from one sample; give more rows")
        table = with_target(table, target)
        rows = len(table)
        if X_val is not None:
            table = _joined(table, with_target(self._table(X_val), self._target_again(y_val, name)))
        column = table.column(name)
        weight = row_weights(weight, self._class_weights(target), self._classes_of(column), len(table))
        problem = self._problem(table, name, task, weight)
        pairs = self._sides(rows, len(table), problem.seed, self._classes_of(target))
        ends = None if self.time_limit is None else began + float(self.time_limit)
        self.predictors_ = learned_each(problem, pairs, ends)
        self.history_ = [list(one.fitted.history) for one in self.predictors_]
        self.n_iter_ = max(len(one) for one in self.history_)
        self._tell(table, stacklevel=5)  # scikit-learn's wrapper stands between
        self._judge(problem, [held for _, held in pairs])

    def _problem(self, table: Table, name: str, task: str, weight: Array | None) -> Problem:
        hidden = self.hidden if hasattr(self.hidden, "__iter__") else (self.hidden,)
        regimen = Regimen(
            hidden=tuple(int(width) for width in hidden),
            activation=self.activation,
            dropout=float(self.dropout),
            lr=float(self.lr),
            weight_decay=float(self.weight_decay),
            label_smoothing=float(getattr(self, "label_smoothing", 0.0)),
            batch_size=self.batch_size if self.batch_size == "auto" else int(self.batch_size),
            epochs=self.epochs if self.epochs == "auto" else int(self.epochs),
        )
        return Problem(
            table=table,
            target=name,
            task=task,
            weight=weight,
            regimen=regimen,
            members=int(self.members),
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            progress=bool(self.verbose),
        )

    def _sides(self, rows: int, all_rows: int, seed: int, classes: Array | None) -> list[tuple[Array, Array]]:
        """The rows that train and those that validate, of each network."""
        if all_rows > rows:
            if self.folds > 1:
                raise InputError("X_val says which rows validate, and folds take turns; leave one of them out")
            return [(np.arange(rows), np.arange(rows, all_rows))]
        if self.folds > 1:
            return fold_sides(rows, int(self.folds), seed, classes)
        return [sides(rows, float(self.validation_fraction), seed, classes)]

    def _judge(self, problem: Problem, held: list[Array]) -> None:
        """Calibrate on what each network says of the rows that watched it."""
        table, rows = problem.table, np.concatenate(held)
        if not len(rows):
            return
        pairs = [(one, table.take(own)) for one, own in zip(self.predictors_, held, strict=True) if len(own)]
        predicted = np.concatenate([one.predict(own) for one, own in pairs])
        weight = None if problem.weight is None else problem.weight[rows]
        self._calibrate(predicted, table.take(rows).column(problem.target), weight)

    # ---- use
    def _table(self, X: Any) -> Table:
        """A table with the columns of the fit."""
        return table_like(self, X, self._columns, self._named)

    @property
    def _named(self) -> tuple[Any, ...]:
        """Columns whose numbers are names."""
        return () if self.categorical is None else tuple(self.categorical)

    @abstractmethod
    def _target_again(self, y: Any, name: str) -> Column:
        """The target of rows beside those of the fit."""

    def _predicted(self, X: Any) -> Array:
        """The mean of what the networks say of each row."""
        check_is_fitted(self)
        table = self._table(X)
        self._tell(table)
        return np.asarray(np.mean([one.predict(table) for one in self.predictors_], axis=0))

    def _tell(self, table: Table, stacklevel: int = 4) -> None:
        """Warn of values that count as missing although they are there."""
        for note in self.predictors_[0].preparation.notes(table):
            warnings.warn(f"{note}.", UserWarning, stacklevel=stacklevel)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags


def _joined(table: Table, more: Table) -> Table:
    """The rows of two tables with the same columns, one below the other."""
    columns = tuple(_below(column, more.column(column.name)) for column in table.columns)
    return Table(columns, table.source, table.sha256)


def _below(column: Column, more: Column) -> Column:
    known = None
    if column.numbers is not None:
        known = np.concatenate([column.numbers, more.as_numbers()])
    return Column(column.name, np.concatenate([column.text, more.text]), known, column.decimal)
