"""What parameters of estimators may be: rows that scikit-learn's validation reads, and values made of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from sklon._base.errors import InputError
from sklon.nn import Module
from sklon.optim import EMA, Rule
from sklon.optim.averaging import Average
from sklon.optim.named import rule_of
from sklon.optim.rules import RULES
from sklon.training.stopping import StoppingRule, rule_for

from .network import ACTIVATIONS
from .rules import PaperAdamRule, VelocityRule

#: what may be asked of ``early_stopping`` by a word; other texts are stopping rules
SCORE, LOSS = "score", "loss"
#: what is watched where a rule of sklon decides
RULE = "rule"

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), Module],
    "solver": [StrOptions({"lbfgs", *RULES}), HasMethods(["scalars", "update"])],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean", str, StoppingRule],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "l1": [Interval(Real, 0, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "batch_norm": ["boolean"],
    "average": [None, Interval(Real, 0, 1, closed="left"), HasMethods(["shares"])],
    "callbacks": [None, "array-like", list, tuple],
}


def rule_in_force(estimator: Any) -> tuple[Rule, Rule]:
    """The rule of a solver with its numbers, and the one that its program is recorded with."""
    e = estimator
    if e.solver == "adam":
        return PaperAdamRule(float(e.learning_rate_init), (e.beta_1, e.beta_2), float(e.epsilon)), PaperAdamRule()
    if e.solver == "sgd":
        nesterov = bool(e.nesterovs_momentum)
        rule = VelocityRule(float(e.learning_rate_init), float(e.momentum), nesterov)
        return rule, VelocityRule(nesterov=nesterov)
    found: Any = rule_of(e.solver, e.learning_rate_init) if isinstance(e.solver, str) else e.solver
    return found, replace(found, lr=1.0)


def decay_of(estimator: Any) -> Callable[[int], float] | None:
    """The rate after so many rows, where it falls by itself."""
    e = estimator
    if e.solver != "sgd" or e.learning_rate != "invscaling":
        return None
    return lambda seen: float(e.learning_rate_init) / (seen + 1) ** e.power_t


def average_of(average: Any) -> Average | None:
    """An average of weights; a number is the decay of an exponential one."""
    return EMA(float(average)) if isinstance(average, Real) else average


def stopping_of(early_stopping: Any) -> str | StoppingRule | None:
    """What watches: "score", "loss", a rule, or None for the training loss.

    >>> stopping_of(True), stopping_of("loss"), str(stopping_of("patience(5) | gl"))
    ('score', 'loss', 'patience(5) | gl')
    """
    if isinstance(early_stopping, bool | np.bool_):
        return SCORE if early_stopping else None
    return early_stopping if early_stopping in (SCORE, LOSS) else rule_for(early_stopping)


def word_for(watching: str | StoppingRule | None) -> str | None:
    """What is watched, in a word."""
    return RULE if isinstance(watching, StoppingRule) else watching


def check_for_lbfgs(estimator: Any) -> None:
    """Refuse what a solver that sees all rows at once, several times a step, cannot do."""
    e = estimator
    asked = {
        "l1": e.l1 > 0,
        "dropout": e.dropout > 0,
        "batch_norm": e.batch_norm,
        "average": e.average is not None,
        "callbacks": bool(e.callbacks),
    }
    for name, is_set in asked.items():
        if is_set:
            raise InputError(f"{name} needs a solver that steps batch by batch, such as 'adam'; 'lbfgs' does not")
