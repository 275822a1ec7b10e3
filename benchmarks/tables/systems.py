"""The systems: for each a name, the package that it needs, and how its estimator is made with its defaults.

A peer gets its columns in the way that its own documentation recommends; nothing else differs from the defaults but the
seed, the threads, and a switch that keeps it quiet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from .sets import REGRESSION

Make = Callable[[str, Any, int, int], Any]
"""From task, the training frame, the seed and the threads to an estimator with fit, predict and predict_proba."""


@dataclass(frozen=True, slots=True)
class System:
    """One row: the name in tables, the package, and how to make it; ``as_text`` if it takes categories as text."""

    name: str
    package: str
    make: Make
    as_text: bool = False

    @property
    def absent(self) -> bool:
        """Whether the package is not installed."""
        return find_spec(self.package) is None


def _ours(**settings: Any) -> Make:
    def make(task: str, X: Any, seed: int, threads: int) -> Any:
        import sklon

        sklon.set_num_threads(threads)
        kind = sklon.TabularRegressor if task == REGRESSION else sklon.TabularClassifier
        return kind(random_state=seed, **settings)

    return make


def _scikit_mlp(task: str, X: Any, seed: int, threads: int) -> Any:
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
    )
    return make_pipeline(columns, (MLPRegressor if task == REGRESSION else MLPClassifier)(random_state=seed))


def _histogram_boosting(task: str, X: Any, seed: int, threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    return (HistGradientBoostingRegressor if task == REGRESSION else HistGradientBoostingClassifier)(random_state=seed)


def _lightgbm(task: str, X: Any, seed: int, threads: int) -> Any:
    import lightgbm

    kind = lightgbm.LGBMRegressor if task == REGRESSION else lightgbm.LGBMClassifier
    return kind(random_state=seed, n_jobs=threads, verbose=-1)


def _xgboost(task: str, X: Any, seed: int, threads: int) -> Any:
    import xgboost

    kind = xgboost.XGBRegressor if task == REGRESSION else xgboost.XGBClassifier
    return kind(random_state=seed, n_jobs=threads, enable_categorical=True)


def _catboost(task: str, X: Any, seed: int, threads: int) -> Any:
    import catboost

    kind = catboost.CatBoostRegressor if task == REGRESSION else catboost.CatBoostClassifier
    named = [name for name in X.columns if X[name].dtype == object or str(X[name].dtype).startswith("str")]
    return kind(random_seed=seed, thread_count=threads, cat_features=named, verbose=False, allow_writing_files=False)


def _realmlp(task: str, X: Any, seed: int, threads: int) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Regressor if task == REGRESSION else RealMLP_TD_Classifier
    return kind(device="cpu", random_state=seed, n_threads=threads)


SYSTEMS = (
    System("sklon", "sklon", _ours()),
    System("sklon, 8 members", "sklon", _ours(members=8)),
    System("scikit-learn MLP", "sklearn", _scikit_mlp),
    System("scikit-learn boosting", "sklearn", _histogram_boosting),
    System("LightGBM", "lightgbm", _lightgbm),
    System("XGBoost", "xgboost", _xgboost),
    System("CatBoost", "catboost", _catboost, as_text=True),
    System("RealMLP", "pytabkit", _realmlp),
)
BY_NAME = {system.name: system for system in SYSTEMS}
