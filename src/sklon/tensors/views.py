"""Views: results that share memory with their argument in PyTorch, and share none here.

Reading them is the same. Writing to one in place would change the tensor behind it there and not here, so it is
refused: ``leaves.write`` asks for the mark that ``view`` leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sklon import tensors

P = ParamSpec("P")
T = TypeVar("T")


def view(function: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Mark the results of a function of a tensor as views."""

    @wraps(function)
    def marked(x: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: Any = function(x, *args, **kwargs)
        if result is x:
            result = tensors.record.wrap(x.node, x)
        for one in result if isinstance(result, tuple) else (result,):
            one._shares = f"{function.__name__}()"
        return result  # type: ignore[no-any-return]

    return marked
