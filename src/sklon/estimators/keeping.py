"""Parameters of estimators: arguments of ``__init__`` as attributes, all that scikit-learn lets an estimator do there.

Scikit-learn reads the signature for every question, and checks every parameter in every fit. Here the signature is
read once for each class, and parameters that are still the default's own object are not checked again.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import validate_parameter_constraints


def keep(estimator: object, arguments: Mapping[str, Any]) -> None:
    """Set each argument, as it is, under its name."""
    for name, value in arguments.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


class KeptParameters(BaseEstimator):  # type: ignore[misc]
    """An estimator whose parameters are the arguments of ``__init__``, with defaults that need no check."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]]

    @classmethod
    def _get_param_names(cls) -> list[str]:
        kind: Any = cls
        return list(_defaults(kind))

    def _validate_params(self) -> None:
        kind: Any = type(self)
        valid = _valid_defaults(kind)
        given = {name: getattr(self, name) for name in _defaults(kind)}
        chosen = {name: value for name, value in given.items() if name not in valid or value is not valid[name]}
        validate_parameter_constraints(self._parameter_constraints, chosen, caller_name=kind.__name__)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """The default of each parameter of a class, by name."""
    parameters = inspect.signature(kind.__init__).parameters
    return {name: parameters[name].default for name in BaseEstimator._get_param_names.__func__(kind)}


@cache
def _valid_defaults(kind: Any) -> dict[str, Any]:
    """Those that are allowed; a subclass may have others."""
    return {name: value for name, value in _defaults(kind).items() if _is_valid(kind, name, value)}


def _is_valid(kind: Any, name: str, value: Any) -> bool:
    try:
        validate_parameter_constraints(kind._parameter_constraints, {name: value}, caller_name=kind.__name__)
    except ValueError:
        return False
    return True
