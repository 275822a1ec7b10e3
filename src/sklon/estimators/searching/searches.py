"""Scikit-learn's searches, whose fits run side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

from sklearn import model_selection as scikit

from .beside import beside


class GridSearchCV(scikit.GridSearchCV):  # type: ignore[misc]
    """Scikit-learn's ``GridSearchCV`` by changing the import; networks of sklon are trained side by side.

    Parameters, attributes, warnings, errors and results are scikit-learn's, to the bit where ``random_state`` is set;
    ``fit_time`` and ``score_time`` hold what a fit waited for others as well. Fits of one structure (layers,
    activation, solver, loss) share a program, and rates, penalties, seeds and rows may differ.

    Without ``n_jobs``, fits that an estimator of sklon has a part in, as the estimator, in a pipeline, in another
    estimator or among the values of the grid, run in as many threads as sklon may use (``sklon.set_num_threads``).
    With ``n_jobs``, in joblib's ``parallel_config``, in a worker of joblib, and where no estimator is of sklon, they
    run as scikit-learn would run them.

    Ctrl-C ends the fits that are under way, and KeyboardInterrupt is raised when they have ended.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklon import MLPClassifier
    >>> from sklon.model_selection import GridSearchCV
    >>> pipeline = make_pipeline(StandardScaler(), MLPClassifier((20,), learning_rate_init=0.05, tol=1e-3))
    >>> grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__random_state": [0, 1, 2]}
    >>> search = GridSearchCV(pipeline, grid).fit(*load_iris(return_X_y=True))
    >>> len(search.cv_results_["params"]), bool(search.best_score_ > 0.9)
    (6, True)
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> GridSearchCV:
        """Run all fits, side by side, and refit the best; parameters are scikit-learn's."""
        beside(partial(super().fit, X, y, **params), self.estimator, self.n_jobs, self.param_grid)
        return self


class RandomizedSearchCV(scikit.RandomizedSearchCV):  # type: ignore[misc]
    """Scikit-learn's ``RandomizedSearchCV`` by changing the import; networks of sklon are trained side by side.

    What is said of ``GridSearchCV`` holds here too. Of estimators as values those are seen that are listed.

    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from sklon import MLPClassifier
    >>> from sklon.model_selection import RandomizedSearchCV
    >>> network = MLPClassifier((20,), learning_rate_init=0.05, tol=1e-3, random_state=0)
    >>> search = RandomizedSearchCV(network, {"alpha": loguniform(1e-5, 1)}, n_iter=4, cv=2, random_state=0)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.9)
    True
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> RandomizedSearchCV:
        """Run all fits, side by side, and refit the best; parameters are scikit-learn's."""
        beside(partial(super().fit, X, y, **params), self.estimator, self.n_jobs, self.param_distributions)
        return self
