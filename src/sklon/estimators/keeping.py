"""Arguments of ``__init__`` as attributes: all that scikit-learn lets an estimator do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def keep(estimator: object, arguments: Mapping[str, Any]) -> None:
    """Set each argument, as it is, under its name."""
    for name, value in arguments.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
