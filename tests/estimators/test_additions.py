"""What these estimators have besides: each addition does what it says, and says so where it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, r2_score

import sklon
from sklon import nn, optim, stopping
from sklon._base.errors import InputError
from sklon.estimators.network import ACTIVATIONS
from sklon.optim.rules import RULES
from sklon.training import Callback

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray[Any, Any]

X: Array
y: Array
X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
VALIDATION = np.arange(len(X)) % 3 == 0
QUANTITY = X[:, 0] * 2 + X[:, 1]


def classifier(**settings: Any) -> Any:
    common = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 40, "learning_rate_init": 0.02}
    return sklon.MLPClassifier(**{**common, **settings})


def regressor(**settings: Any) -> Any:
    common = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 40, "learning_rate_init": 0.02}
    return sklon.MLPRegressor(**{**common, **settings})


def changed(one: Any, other: Any) -> bool:
    """Whether two fits ended elsewhere."""
    return not np.allclose(one.coefs_[0], other.coefs_[0], atol=1e-8)


# ---- solvers, activations, losses
@pytest.mark.parametrize("name", RULES)
def test_every_optimizer(name: str) -> None:
    fitted = classifier(solver=name).fit(X, y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    fitted.partial_fit(X, y)
    assert fitted.t_ == 41 * len(X)


def test_an_optimizer_by_value_is_that_of_its_name() -> None:
    by_name = classifier(solver="adamw").fit(X, y)
    assert not changed(by_name, classifier(solver=optim.AdamWRule(lr=0.02)).fit(X, y))
    assert changed(by_name, classifier(solver=optim.AdamWRule(lr=0.02, weight_decay=0.5)).fit(X, y))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name: str) -> None:
    fitted = classifier(activation=name).fit(X, y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_an_activation_by_value() -> None:
    by_name = classifier(activation="leaky_relu").fit(X, y)
    assert not changed(by_name, classifier(activation=nn.LeakyReLU(0.01)).fit(X, y))
    assert changed(by_name, classifier(activation=nn.LeakyReLU(0.5)).fit(X, y))


@pytest.mark.parametrize("loss", ["huber", "l1", "smooth_l1", "pinball", "mse", nn.HuberLoss(delta=0.3)])
def test_losses_of_quantities(loss: Any) -> None:
    assert regressor(loss=loss, max_iter=150).fit(X, QUANTITY).score(X, QUANTITY) > 0.7


def test_a_loss_of_ones_own_is_the_named_one() -> None:
    own = regressor(loss=lambda output, target: (output - target) ** 2).fit(X, QUANTITY)
    assert not changed(own, regressor(loss="mse").fit(X, QUANTITY))


def test_a_quantile() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=500)
    high = regressor(loss=nn.PinballLoss(0.9), max_iter=200).fit(np.zeros((500, 1)), noise)
    assert np.mean(noise < high.predict([[0.0]])[0]) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("loss", ["cross_entropy", "multi_margin", nn.CrossEntropyLoss(label_smoothing=0.1)])
def test_losses_of_classes(loss: Any) -> None:
    assert classifier(loss=loss).fit(X, y).score(X, y) > 0.8


def test_losses_of_two_classes() -> None:
    theirs = classifier().fit(X, y > 0)
    assert not changed(theirs, classifier(loss="bce_with_logits").fit(X, y > 0))
    assert changed(theirs, classifier(loss="focal").fit(X, y > 0))


def test_counts_by_a_loss_of_sklon() -> None:
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0] / 2)).astype(float)
    theirs, own = (regressor(loss=loss).fit(X, counts) for loss in ("poisson", "poisson_nll"))
    assert own.out_activation_ == "exp"
    np.testing.assert_allclose(own.predict(X), theirs.predict(X), atol=1e-8)


# ---- what stands beside
def test_l1_gives_exact_zeros() -> None:
    fitted = classifier(l1=3.0, max_iter=100).fit(X, y)
    assert (fitted.coefs_[0] == 0).mean() > 0.3
    assert not (classifier(max_iter=100).fit(X, y).coefs_[0] == 0).any()


def test_the_loss_that_is_told_includes_l1() -> None:
    fitted = [classifier(l1=l1, max_iter=1, batch_size=len(X)).fit(X, y) for l1 in (0.0, 2.0)]
    start = classifier(l1=2.0, max_iter=1, learning_rate_init=1e-12, batch_size=len(X)).fit(X, y)
    paid = 2.0 * sum(np.abs(coef).sum() for coef in start.coefs_) / len(X)
    assert fitted[1].loss_ - fitted[0].loss_ == pytest.approx(paid)


def test_dropout_is_for_training_alone() -> None:
    plain, dropped = classifier().fit(X, y), classifier(dropout=0.5).fit(X, y)
    assert changed(plain, dropped)
    assert not changed(dropped, classifier(dropout=0.5).fit(X, y))
    assert changed(dropped, classifier(dropout=0.5, random_state=1).fit(X, y))
    np.testing.assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))


def test_batch_norm() -> None:
    fitted = classifier(batch_norm=True, batch_size=149).fit(X, y)  # the last batch has one row
    assert fitted.score(X, y) > 0.85
    module = fitted.module_.eval()
    np.testing.assert_allclose(module(sklon.tensor(X)).numpy(), fitted.decision_function(X), atol=1e-12)
    assert not np.allclose(module[1].running_mean.numpy(), 0)


def test_an_average_lags_behind() -> None:
    plain, averaged = classifier().fit(X, y), classifier(average=0.95).fit(X, y)
    assert averaged.loss_curve_ == plain.loss_curve_  # the rule never sees it
    assert changed(plain, averaged)
    assert not changed(averaged, classifier(average=optim.EMA(0.95)).fit(X, y))


def test_an_average_of_the_last_epochs_is_their_mean() -> None:
    seen = []

    class Keeps(Callback):
        def on_epoch_end(self, trainer: Any, row: Any) -> None:
            seen.append(trainer.model[0].weight.numpy().T.copy())

    classifier(callbacks=[Keeps()], max_iter=10).fit(X, y)
    averaged = classifier(average=optim.SWA(6), max_iter=10).fit(X, y)
    np.testing.assert_allclose(averaged.coefs_[0], np.mean(seen[5:], axis=0), atol=1e-12)


def test_an_average_with_batch_norm_has_statistics_of_its_own() -> None:
    fitted = classifier(average=0.9, batch_norm=True).fit(X, y)
    first, norm = fitted.module_[0], fitted.module_[1]
    hidden = first(sklon.tensor(X)).numpy()
    np.testing.assert_allclose(norm.running_mean.numpy(), hidden.mean(axis=0), atol=1e-12)


def test_partial_fits_go_on_behind_an_average() -> None:
    whole = classifier(average=0.9, max_iter=6, shuffle=False).fit(X, y)
    parts = classifier(average=0.9, shuffle=False)
    for _ in range(6):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert not changed(whole, parts)


# ---- classes that weigh
def test_class_weights_are_weights_of_rows() -> None:
    by_class = classifier(class_weight={0: 1.0, 1: 2.0, 2: 0.5}).fit(X, y)
    by_row = classifier().fit(X, y, sample_weight=np.choose(y, [1.0, 2.0, 0.5]))
    assert not changed(by_class, by_row)
    both = classifier(class_weight={0: 1.0, 1: 2.0, 2: 0.5}).fit(X, y, sample_weight=np.full(len(y), 3.0))
    assert both.loss_curve_[0] == pytest.approx(by_row.loss_curve_[0], rel=1e-3)


def test_balanced_classes() -> None:
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:5]]
    X_few, y_few = X[few] + np.random.default_rng(0).normal(size=(len(few), 4)), y[few]
    recall = [
        classifier(class_weight=weight, max_iter=20).fit(X_few, y_few).predict(X_few)[y_few == 1].mean()
        for weight in (None, "balanced")
    ]
    assert recall[1] > recall[0]
    with pytest.raises(ValueError, match="balanced"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


# ---- validation and stopping
def test_a_validation_set_of_ones_own() -> None:
    fitted = classifier(early_stopping=True, max_iter=300, n_iter_no_change=5)
    fitted.fit(X[~VALIDATION], y[~VALIDATION], X_val=X[VALIDATION], y_val=y[VALIDATION])
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    assert accuracy_score(y[VALIDATION], fitted.predict(X[VALIDATION])) == fitted.best_validation_score_
    assert fitted.stopped_.name == "no_improvement"


def test_a_validation_set_without_early_stopping_changes_nothing() -> None:
    watched = classifier().fit(X[~VALIDATION], y[~VALIDATION], X_val=X[VALIDATION], y_val=y[VALIDATION])
    assert len(watched.validation_scores_) == watched.n_iter_
    assert not changed(watched, classifier().fit(X[~VALIDATION], y[~VALIDATION]))


def test_the_score_of_quantities_is_r2() -> None:
    targets = np.c_[QUANTITY, np.ones(len(X))]
    fitted = regressor(max_iter=5).fit(X, targets, X_val=X[VALIDATION], y_val=targets[VALIDATION])
    expected = r2_score(targets[VALIDATION], fitted.predict(X[VALIDATION]))
    assert fitted.validation_scores_[-1] == pytest.approx(expected)


def test_a_warm_start_that_finds_nothing_better_keeps_the_best() -> None:
    fitted = classifier(early_stopping=True, warm_start=True).fit(X, y)
    best, score = fitted.coefs_[0], fitted.best_validation_score_
    fitted.set_params(max_iter=2, learning_rate_init=1.0).fit(X, y)
    assert max(fitted.validation_scores_[-2:]) < score == fitted.best_validation_score_
    np.testing.assert_array_equal(fitted.coefs_[0], best)


def test_stopping_on_the_loss_keeps_the_best_weights() -> None:
    data = {"X_val": X[VALIDATION], "y_val": y[VALIDATION]}
    fitted = classifier(early_stopping="loss", max_iter=3000, learning_rate_init=0.1, n_iter_no_change=3)
    fitted.fit(X[~VALIDATION], y[~VALIDATION], **data)
    assert fitted.n_iter_ < 3000
    assert fitted.best_validation_loss_ == min(fitted.validation_losses_)
    probabilities = fitted.predict_proba(X[VALIDATION])[np.arange(VALIDATION.sum()), y[VALIDATION]]
    assert -np.log(probabilities).mean() == pytest.approx(fitted.best_validation_loss_, rel=1e-6)


@pytest.mark.parametrize("rule", ["patience(3)", stopping.Patience(3)])
def test_stopping_by_a_rule(rule: Any) -> None:
    fitted = classifier(early_stopping=rule, max_iter=3000, learning_rate_init=0.1).fit(X, y)
    losses = fitted.validation_losses_
    assert fitted.stopped_.name == "patience"
    assert fitted.n_iter_ == int(np.argmin(losses)) + 1 + 3
    assert fitted.best_validation_loss_ == min(losses)


def test_a_rule_about_training_needs_no_validation() -> None:
    fitted = classifier(early_stopping="no_progress(2, tol=0.01)", max_iter=3000).fit(X, y)
    assert fitted.stopped_.name == "no_progress"
    assert fitted.validation_losses_ == []


# ---- callbacks
def test_callbacks_of_sklon_see_each_epoch_and_stop() -> None:
    rows = []

    class Enough(Callback):
        def on_fit_start(self, trainer: Any, epochs: int) -> None:
            rows.append(epochs)

        def on_epoch_end(self, trainer: Any, row: Any) -> stopping.Reason | None:
            rows.append(row["train_loss"])
            return stopping.Reason("enough", "it is enough") if len(rows) == 6 else None

        def on_fit_end(self, trainer: Any) -> None:
            rows.append(trainer.stopped.reason)

    fitted = classifier(callbacks=[Enough()]).fit(X, y)
    assert fitted.n_iter_ == 5
    assert rows == [40, *fitted.loss_curve_, "enough"]
    assert not changed(fitted, classifier(max_iter=5).fit(X, y))


def test_callbacks_of_scikit_learn() -> None:
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    for solver in ("adam", "lbfgs"):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        fitted = classifier(solver=solver, max_iter=7).set_callbacks(monitor).fit(X, y)
        scores = [row["accuracy"] for row in monitor.get_logs().data if "accuracy" in row]
        assert len(scores) == fitted.n_iter_ + 1  # and the fit as a whole
        assert fitted.score(X, y) in scores[-2:]


def test_a_callback_of_scikit_learn_stops() -> None:
    class Third:
        def setup(self, estimator: Any, context: Any) -> None: ...
        def teardown(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
            return bool(context.task_id == 2)

    assert classifier().set_callbacks(Third()).fit(X, y).n_iter_ == 3
    assert classifier(solver="lbfgs").set_callbacks(Third()).fit(X, y).n_iter_ == 3


def test_an_error_of_a_callback_goes_on_and_the_end_is_told() -> None:
    told = []

    class Breaks(Callback):
        def on_epoch_end(self, trainer: Any, row: Any) -> None:
            raise RuntimeError("broken")

        def on_fit_end(self, trainer: Any) -> None:
            told.append(len(trainer.history))

    with pytest.raises(RuntimeError, match="broken"):
        classifier(callbacks=[Breaks()]).fit(X, y)
    assert told == [1]


# ---- errors
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "lbfgs", "dropout": 0.1}, "dropout needs a solver"),
        ({"solver": "lbfgs", "average": 0.9}, "average needs a solver"),
        ({"solver": "sdg"}, "The 'solver' parameter of MLPClassifier"),
        ({"activation": "rellu"}, "The 'activation' parameter"),
        ({"early_stopping": "patince(3)"}, "did you mean patience"),
        ({"dropout": 1.0}, "The 'dropout' parameter"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"callbacks": [Callback]}, "pass an object of it, not the class"),
    ],
)
def test_what_cannot_be_is_said(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier(**settings).fit(X, y)


def test_errors_about_data() -> None:
    with pytest.raises(InputError, match="at least 0"):
        regressor(loss="poisson").fit(X, QUANTITY)
    with pytest.raises(InputError, match="pass the other one too"):
        classifier().fit(X, y, X_val=X)
    with pytest.raises(InputError, match="pass the other one too"):
        regressor().fit(X, QUANTITY, y_val=y)
    with pytest.raises(InputError, match="unseen classes"):
        classifier().fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match="validation set is too small"):
        classifier(early_stopping=True, validation_fraction=0.001).fit(X, y)
    with pytest.raises(ValueError, match="early stopping"):
        classifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be passed"):
        classifier().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"not in `self\.classes_`"):
        classifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(AttributeError, match="partial_fit"):
        classifier(solver="lbfgs").partial_fit(X, y)


def test_a_warm_start_goes_on_with_another_solver() -> None:
    fitted = classifier(solver="lbfgs", max_iter=5).fit(X, y)
    before = fitted.loss_
    fitted.set_params(solver="adam", warm_start=True, max_iter=30).fit(X, y)
    assert fitted.loss_curve_[0] < before * 1.5
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_other_sizes_need_another_fit() -> None:
    fitted = classifier(warm_start=True).fit(X, y)
    with pytest.raises(InputError, match="warm_start=False"):
        fitted.set_params(hidden_layer_sizes=(9,)).fit(X, y)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_explode_are_an_error() -> None:
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        regressor(solver="sgd", learning_rate_init=10.0).fit(X * 1e3, QUANTITY)


def test_a_batch_that_counts_nothing_is_a_step_without_gradients() -> None:
    weight = (y == 0).astype(float)
    fitted = classifier(shuffle=False, batch_size=50, solver="sgd", momentum=0.0, alpha=0.0, max_iter=1)
    fitted.fit(X, y, sample_weight=weight)
    alone = classifier(shuffle=False, batch_size=50, solver="sgd", momentum=0.0, alpha=0.0, max_iter=1)
    alone.partial_fit(X[:50], y[:50], classes=[0, 1, 2])
    assert not changed(fitted, alone)
