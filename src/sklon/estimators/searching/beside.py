"""Where fits run side by side: asked of scikit-learn without ``n_jobs``, with an estimator of sklon among them.

Everything else runs as scikit-learn would run it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from joblib import parallel_config
from joblib.parallel import get_active_backend
from sklearn.base import BaseEstimator

from sklon._base.settings import get_num_threads
from sklon.estimators.mlp import BaseMLP
from sklon.estimators.tabular.estimator import BaseTabular

from .backend import SideBySide

Result = TypeVar("Result")


def beside(run: Callable[[], Result], estimator: Any, n_jobs: Any, grid: Any = None) -> Result:
    """What a function of scikit-learn returns; its fits run in threads, if an estimator of sklon is in one of them.

    ``grid`` holds values of parameters, which may be estimators too.
    """
    asked = n_jobs is not None or _is_configured()
    if asked or get_num_threads() == 1 or not _holds_ours([estimator, *_values(grid)]):
        return run()
    backend = SideBySide()
    try:
        # threads that change filters of warnings for a while may leave them changed: here they are put back
        with warnings.catch_warnings(), parallel_config(backend, n_jobs=-1):
            return run()
    except Exception as error:
        if (failure := backend.first_failure(error)) is None:
            raise
        raise failure.error.with_traceback(failure.frames)  # noqa: B904


def _is_configured() -> bool:
    """Whether joblib was told how to run, by ``parallel_config``, or because this is one of its workers."""
    backend, n_jobs = get_active_backend()
    return n_jobs is not None or bool(backend.nesting_level)


def _holds_ours(values: Iterable[Any]) -> bool:
    """Whether one of the values is an estimator of sklon, or has one among its parameters."""
    return any(
        isinstance(one, BaseMLP | BaseTabular)
        for value in values
        if isinstance(value, BaseEstimator)
        for one in (value, *value.get_params().values())
    )


def _values(grid: Any) -> Iterator[Any]:
    """The values that a grid lists; those that are drawn from distributions are not known."""
    for part in grid if isinstance(grid, list) else [grid]:
        for listed in part.values() if isinstance(part, Mapping) else ():
            if isinstance(listed, list | tuple | np.ndarray):
                yield from listed
