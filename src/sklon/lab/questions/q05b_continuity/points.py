"""What a point of a function can be: one example of each kind at 0, with what theory says, written down beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan

import numpy as np

import sklon
from sklon import Tensor
from sklon.calculus import Examination, examine

from .conventions import Kinked


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A function at 0: the kind of the point, the derivatives from the left and the right, and what autodiff returns.

    NaN stands for what does not exist; ``slopes`` is Clarke's subdifferential, None where there is none.
    """

    function: Callable[[Kinked, Tensor], Tensor]
    kind: str
    sides: tuple[float, float]
    slopes: tuple[float, float] | None = None
    returns: float = nan

    def examined(self, kinked: Kinked) -> Examination:
        """What ``calculus.examine`` finds."""
        return examine(lambda x: self.function(kinked, x), 0.0)


def differs(found: float | None, exact: float) -> bool:
    """Whether a number is another one; what does not exist equals what does not exist."""
    return not bool(np.isclose(nan if found is None else found, exact, rtol=0.0, atol=CLOSE, equal_nan=True))


def distance(found: tuple[float, float] | None, exact: tuple[float, float] | None) -> float:
    """By how much the ends of two intervals differ; infinite where only one of them exists."""
    if found is None or exact is None:
        return 0.0 if found is exact else inf
    return float(np.abs(np.subtract(found, exact)).max())


def _filled(x: Tensor, beside: Tensor) -> Tensor:
    """A function with the value 0 at 0."""
    return sklon.where(sklon.equal(x, 0.0), 0.0, beside)


#: by how much a derivative may differ from that of theory
CLOSE = 1e-9
EXAMPLES: dict[str, Example] = {
    "x²": Example(function=lambda k, x: x * x, kind="smooth", sides=(0, 0), slopes=(0, 0), returns=0),
    "|x|": Example(function=lambda k, x: k.absolute(x), kind="kink", sides=(-1, 1), slopes=(-1, 1), returns=0),
    "ReLU": Example(function=lambda k, x: k.relu(x), kind="kink", sides=(0, 1), slopes=(0, 1), returns=0),
    "relu(x) − relu(−x)": Example(
        function=lambda k, x: k.relu(x) - k.relu(-x), kind="smooth", sides=(1, 1), slopes=(1, 1), returns=0
    ),
    "step": Example(function=lambda k, x: sklon.heaviside(x, 1.0), kind="jump", sides=(inf, 0)),
    "√|x|": Example(function=lambda k, x: sklon.sqrt(k.absolute(x)), kind="cusp", sides=(-inf, inf), returns=0),
    "sin(x)/x": Example(function=lambda k, x: sklon.sin(x) / x, kind="removable", sides=(0, 0)),
    "1/x": Example(function=lambda k, x: 1 / x, kind="pole", sides=(nan, nan), returns=-inf),
    "x·sin(1/x)": Example(function=lambda k, x: _filled(x, x * sklon.sin(1 / x)), kind="oscillating", sides=(nan, nan)),
    "x²·sin(1/x)": Example(
        function=lambda k, x: _filled(x, x * x * sklon.sin(1 / x)),
        kind="discontinuous derivative",
        sides=(0, 0),
        slopes=(-1, 1),
    ),
}
