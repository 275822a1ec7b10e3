"""Why a training diverged: which bound was violated, where theory knows one.

Gradient descent with momentum μ on a quadratic is stable while η·λmax < 2·(1 + μ), where λmax is the largest curvature
of what is minimised, L2 included (Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964).
For networks it holds near where they are. It needs the whole batch, plain SGD, no dropout and no batch norm; elsewhere
all that is said is that the loss is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon import nn
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor
from sklon.tensors.jit import jit
from sklon.tensors.transforms import hvp

from ..text import Text, number
from .bench import Bench
from .moment import Moment

Array = np.ndarray[Any, Any]
#: products with the Hessian of a power iteration, and the change below which it has come to its end
MOST_PRODUCTS, SETTLED = 60, 1e-4
#: snapshots that are looked at, from the last one back
MOST_LOOKS = 12


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a training diverged: λmax, the rate and the bound at ``step``, where theory has one; and a sentence."""

    says: Text
    step: int | None = None
    curvature: float | None = None
    rate: float | None = None
    bound: float | None = None


def explanation(moment: Moment) -> Explanation | None:
    """Why the training of a moment diverged; None where it did not."""
    if moment.ended is None or moment.ended.reason != "diverged":
        return None
    for snapshot in reversed(moment.past[-MOST_LOOKS:]):
        if not _theory_holds(moment, snapshot.settings):
            continue
        found = _violated(moment, snapshot.step, snapshot.state, snapshot.settings)
        if found is not None:
            return found
    return Explanation(moment.ended.says)


def curvature(moment: Moment, state: Mapping[str, Array], l2: float = 0.0) -> float:
    """λmax of the mean training loss plus l2/2·Σw² at a state, by power iteration in float64.

    The products with the Hessian are ``sklon.hvp``'s; l2 is that of weights, which biases do not pay. The eigenvalue
    has the largest size; a negative one is returned as it is.
    """
    bench = moment.bench
    product_of = bench.once("curvature", lambda: _products(bench))
    point = [np.asarray(state[f"param.{name}"], np.float64) for name, _ in bench.model.named_parameters()]
    random = np.random.default_rng(0)
    direction = [random.standard_normal(p.shape) for p in point]
    found = 0.0
    for _ in range(MOST_PRODUCTS):
        size = np.sqrt(sum(float((d * d).sum()) for d in direction))
        if not size or not np.isfinite(size):
            return found
        direction = [d / size for d in direction]
        pairs = zip(product_of(point, direction), direction, strict=True)
        product = [p.numpy() + (l2 * d if d.ndim > 1 else 0.0) for p, d in pairs]
        before, found = found, sum(float((d * p).sum()) for d, p in zip(direction, product, strict=True))
        if abs(found - before) <= SETTLED * abs(found):
            break
        direction = product
    return found


def _products(bench: Bench) -> Any:
    """A program that multiplies directions with the Hessian of the mean training loss."""
    mean = _loss_of_parameters(bench)

    @jit
    def product_of(point: Any, direction: Any) -> Any:
        return hvp(mean, point, direction)

    return product_of


def _loss_of_parameters(bench: Bench) -> Callable[..., Tensor]:
    """The mean training loss as a function of the parameters, of a network without batch norm, in float64."""
    rows, loss = bench.training, bench.loss
    assert rows.target is not None
    target = rows.target.astype(np.float64) if rows.target.dtype.kind == "f" else rows.target
    X, y = tensor(rows.inputs[0].astype(np.float64)), tensor(np.asarray(target))
    layers = [layer for layer in bench.model if not isinstance(layer, nn.Dropout)]

    def mean(*parameters: Tensor) -> Tensor:
        x, values = X, iter(parameters)
        for layer in layers:
            linear = isinstance(layer, nn.Linear)
            x = nn.functional.linear(x, next(values), next(values)) if linear else layer(x)
        return loss.per_sample(x, y).mean()

    return mean


def _violated(moment: Moment, step: int, state: Mapping[str, Array], settings: Mapping[str, Any]) -> Explanation | None:
    bound = 2.0 * (1.0 + settings["momentum"])
    largest = curvature(moment, state, settings["l2"])
    rate = float(settings["learning_rate"])
    if not rate * largest > bound:
        return None
    said = {
        language: f"η·λmax = {number(rate, language)}·{number(largest, language)} = {number(rate * largest, language)}"
        for language in ("en", "ru")
    }
    limit = "2" if not settings["momentum"] else "2·(1 + μ)"
    shown = {language: limit if limit == "2" else f"{limit} = {number(bound, language)}" for language in ("en", "ru")}
    return Explanation(
        Text(
            f"the step is too long for the curvature: {said['en']} > {shown['en']} at step {step}",
            f"шаг слишком длинный для такой кривизны: {said['ru']} > {shown['ru']} на шаге {step}",
        ),
        step,
        largest,
        rate,
        bound,
    )


def _theory_holds(moment: Moment, settings: Mapping[str, Any]) -> bool:
    """Whether these settings are plain gradient descent with momentum on all training samples."""
    return (
        settings["optimizer"] == "sgd"
        and settings["schedule"] == "none"
        and not settings["dropout"]
        and not settings["l1"]
        and (settings["batch_norm"] == "off" or not settings["depth"])
        and moment.bench.batches(settings) == 1
    )
