"""Functions that read the same for PyTorch and for sklon, and what transforms both have for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import sklon

Function = Callable[..., Any]

#: R³ → R
SCALAR: dict[str, Callable[[Any], Function]] = {
    "polynomial": lambda t: lambda x: (x**3).sum() + x[0] * x[1] * x[2],
    "products": lambda t: lambda x: (t.outer(x, x) @ t.sin(x)).sum() * x.mean(),
    "elementary": lambda t: (
        lambda x: (t.exp(-(x**2)) * t.tanh(x) + t.log(1 + x**2)).sum() / (1 + t.sqrt(x[1] ** 2 + 1))
    ),
    "kinks beside": lambda t: lambda x: (t.abs(x) * t.relu(x + 0.3)).sum() + t.maximum(x[0], x[1]) * x[2],
    "a maximum": lambda t: lambda x: t.amax(x * x) * t.sum(x) + t.logsumexp(x, 0),
    "parts": lambda t: lambda x: t.flip(x, (0,))[1:] @ x[:2] + t.stack((x, 2 * x)).reshape(-1)[3] ** 2,
    "a choice": lambda t: lambda x: t.where(x > 0.2, x * x, t.sin(x)).sum() ** 2,
    "does not depend": lambda t: lambda x: (x.detach() ** 2).sum() + 0 * x.sum(),
}
#: R³ → R² or other shapes
VECTOR: dict[str, Callable[[Any], Function]] = {
    "two results": lambda t: lambda x: t.stack((x[0] * x[1], t.sin(x[2]) + x[0])),
    "a matrix": lambda t: lambda x: t.outer(t.exp(x), x[:2]),
    "as many": lambda t: lambda x: t.cumsum(x * x, 0) if hasattr(t, "cumsum") else t.cumulative_sum(x * x, axis=0),
    "standardized": lambda t: lambda x: (x - x.mean()) / t.sqrt(((x - x.mean()) ** 2).mean() + 1e-3),
    "softmax": lambda t: lambda x: t.exp(x - t.logsumexp(x, 0)),
}
POINT = np.array([0.7, -0.4, 0.25])


def array(found: Any) -> Any:
    """A tensor of either library as an array; nested ones as they are nested."""
    if isinstance(found, tuple | list):
        return [array(one) for one in found]
    if isinstance(found, dict):
        return {name: array(one) for name, one in found.items()}
    return found.numpy() if isinstance(found, sklon.Tensor) else found.detach().numpy()


def close(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    """Both are nested alike and hold the same numbers."""
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            close(one, other, tolerance)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for name in theirs:
            close(ours[name], theirs[name], tolerance)
    else:
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
