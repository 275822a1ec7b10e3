"""Losses on classes: scores, and for each row the number of the true class or a probability for each.

A class loss is a value and a weight for each row: the mean is Σ values / Σ weights, as PyTorch's is. The weight of
a row is that of its class, 1 without class weights, 0 where the target is ``ignore_index``. An ``ignore_index`` of
None says that no row is ignored, and then rows without class weights cost no weight either.
Shape legend: N samples, C classes, … positions: pixels or words, each with a class. Scores without N are one sample.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Symbol
from sklon.tensors import Tensor, realise, tracing
from sklon.tensors import functional as F
from sklon.tensors.elementwise import not_equal
from sklon.tensors.manipulation import index_along

from .axes import along_channels
from .distribution import log_softmax
from .logits import check_logits
from .loss import check_reduction

Array = np.ndarray[Any, Any]
#: the class that PyTorch ignores where nothing else is said
IGNORE_INDEX = -100


# ---- values and weights of rows
def cross_entropy_rows(
    output: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int | None = IGNORE_INDEX,
    label_smoothing: float = 0.0,
) -> Tensor:
    """−Σ_c w_c·q_c·ln softmax(z)_c, q the smoothed target. Shapes: logits [N, C, …], classes [N, …] → [N, …].

    Instead of classes there may be probabilities [N, C, …].
    """
    classes = _classes(output, target, "cross-entropy", soft=True)
    check_logits(output, "cross-entropy")
    if not 0 <= label_smoothing <= 1:
        raise InputError(f"label smoothing must lie between 0 and 1, not {label_smoothing}")
    axis = class_axis(output.ndim)
    if target.ndim == output.ndim:
        return _soft_rows(output, target * (1 - label_smoothing) + label_smoothing / classes, weight)
    ignored = ignored_in(target, ignore_index)
    shifted = output - F.amax(output, axis, keepdims=True).detach()
    normaliser = F.log(F.sum(F.exp(shifted), axis))
    value = _times(normaliser - _chosen(shifted, target, ignored), class_weights(target, classes, weight, ignored))
    if not label_smoothing:
        return value
    spread = F.expand_dims(normaliser, axis) - shifted
    smooth = F.sum(_of_classes(spread, weight), axis)
    kept = smooth if ignored is None else F.where(not_equal(target, ignored), smooth, 0.0)
    return value * (1 - label_smoothing) + kept * (label_smoothing / classes)


def _soft_rows(output: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    axis = class_axis(output.ndim)
    return -F.sum(_of_classes(target, weight) * log_softmax(output, axis), axis)


def nll_rows(
    output: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int | None = IGNORE_INDEX
) -> Tensor:
    """−w_t·yₜ for log-probabilities y. Shapes: [N, C, …], [N, …] → [N, …]."""
    classes = _classes(output, target, "the negative log-likelihood")
    ignored = ignored_in(target, ignore_index)
    return _times(-_chosen(output, target, ignored), class_weights(target, classes, weight, ignored))


def multi_margin_rows(
    output: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """w_t/C·Σ_{c≠t} max(0, margin − z_t + z_c)^p, the hinge loss of several classes. Shapes: [N, C], [N] → [N]."""
    if p not in (1, 2):
        raise InputError(f"the power of the margin must be 1 or 2, not {p}")
    classes = _classes(output, target, "the multi-class margin")
    if output.ndim > 2:
        raise ShapeError(f"the multi-class margin takes scores [N, C], not {output.shape}; move other axes to the rows")
    true = _is_class(target, classes, None)
    reached = F.expand_dims(F.sum(F.where(true, output, 0.0), -1), -1)
    short = F.relu(margin - reached + output)
    value = F.sum(F.where(true, 0.0, short * short if p == 2 else short), -1) / classes
    return value if weight is None else value * _weight_of(target, classes, weight, None)


def ignored_in(target: Tensor, ignore_index: int | None) -> int | None:
    """``ignore_index``, or None where the target is known and no row of it has that class."""
    if ignore_index is None or any(isinstance(extent, Symbol) for extent in target.shape):
        return ignore_index
    test, trace = partial(_has_class, wanted=ignore_index), tracing.current()
    known = realise.of_all(target)
    some = test(realise.value(known)) if trace is None else trace.decide(known.node, test)
    return None if some is False else ignore_index


def _has_class(array: Array, wanted: int) -> bool:
    return bool((array == wanted).any())


def class_weights(target: Tensor, classes: int, weight: Tensor | None, ignored: int | None) -> Tensor | None:
    """The weight of each row: that of its class, 0 where it is ignored; None where each counts one. [N, …] → [N, …]."""
    if ignored is None:
        return None if weight is None else _weight_of(target, classes, weight, None)
    kept = not_equal(target, ignored)
    if weight is None:
        return F.where(kept, 1.0, 0.0)
    return F.where(kept, _weight_of(target, classes, weight, ignored), 0.0)


def class_axis(rank: int) -> int:
    """The axis of the classes in scores [N, C, …], or in scores [C] of one sample."""
    return min(1, rank - 1)


def _times(values: Tensor, weight: Tensor | None) -> Tensor:
    return values if weight is None else values * weight


def _of_classes(values: Tensor, weight: Tensor | None) -> Tensor:
    """Values [N, C, …] times weights [C]."""
    return values if weight is None else values * along_channels(weight, values.ndim)


def _weight_of(target: Tensor, classes: int, weight: Tensor, ignored: int | None) -> Tensor:
    true = _is_class(target, classes, ignored)
    return F.sum(F.where(true, along_channels(weight, true.ndim), 0.0), class_axis(true.ndim))


def _chosen(scores: Tensor, target: Tensor, ignored: int | None) -> Tensor:
    """The score of each row's class."""
    axis = class_axis(scores.ndim)
    classes = scores.shape[axis]
    assert isinstance(classes, int)
    return F.sum(F.where(_is_class(target, classes, ignored), scores, 0.0), axis)


def _is_class(target: Tensor, classes: int, ignored: int | None) -> Tensor:
    """Whether a class is the true one; class 0 is where the target is ignored. Shapes: [N, …] → [N, C, …]."""
    _check_range(target, classes, ignored)
    target = _allowed(target, ignored)
    axis = class_axis(target.ndim + 1)
    shape = (*target.shape[:axis], classes, *target.shape[axis:])
    wide = F.broadcast_to(F.expand_dims(F.astype(target, "int32"), axis), shape)  # type: ignore[arg-type]
    return F.equal(wide, index_along(wide, axis))


def _check_range(target: Tensor, classes: int, ignored: int | None) -> None:
    """Refuse classes that do not exist. Inside a training step they are checked when data are bound."""
    if any(isinstance(extent, Symbol) for extent in target.shape):
        return
    test, trace = partial(_refuse_outside, classes=classes, ignored=ignored), tracing.current()
    checked = realise.of_all(target)
    if trace is None:
        test(realise.value(checked))
    else:
        trace.check_result(checked.node, test)


def _refuse_outside(array: Array, classes: int, ignored: int | None) -> None:
    outside = (array < 0) | (array >= classes)
    if ignored is not None:
        outside &= array != ignored
    if outside.any():
        wrong = array[outside]
        worst = wrong.min() if wrong.min() < 0 else wrong.max()
        raise InputError(f"a class is {worst}, but there are {classes} classes, from 0")


def _allowed(target: Tensor, ignored: int | None) -> Tensor:
    """The target with 0 where it is ignored: those rows have no weight."""
    return target if ignored is None else F.where(F.equal(target, ignored), 0, target)


def _classes(output: Tensor, target: Tensor, what: str, soft: bool = False) -> int:
    """The number of classes, after a look at the shapes."""
    axis = class_axis(output.ndim)
    hard = target.dtype.kind == "integer" and target.shape == (*output.shape[:axis], *output.shape[axis + 1 :])
    if not output.ndim or not (hard or (soft and target.dtype.is_floating and target.shape == output.shape)):
        raise ShapeError(
            f"{what} takes logits [N, C] and classes [N] as whole numbers{' (or probabilities [N, C])' if soft else ''}"
            f", both with the same further axes, not {output.shape} and {target.shape} of {target.dtype!r}"
        )
    classes = output.shape[axis]
    assert isinstance(classes, int)
    return classes


# ---- PyTorch's functions
def cross_entropy(
    output: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross-entropy of logits and classes, or of logits and probabilities."""
    values = cross_entropy_rows(output, target, weight, ignore_index, label_smoothing)
    return weighted(values, row_weights(output, target, weight, ignore_index), reduction)


def nll_loss(
    output: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of log-probabilities and classes."""
    values = nll_rows(output, target, weight, ignore_index)
    return weighted(values, row_weights(output, target, weight, ignore_index), reduction)


def multi_margin_loss(
    output: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The hinge loss of several classes; its mean divides by the rows, whatever the weights."""
    return weighted(multi_margin_rows(output, target, p, margin, weight), None, reduction)


def row_weights(output: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int | None) -> Tensor | None:
    """What a mean divides by; None where every row counts one."""
    if target.ndim == output.ndim:
        return None
    classes = output.shape[class_axis(output.ndim)]
    assert isinstance(classes, int)
    return class_weights(target, classes, weight, ignored_in(target, ignore_index))


def weighted(values: Tensor, weights: Tensor | None, reduction: str) -> Tensor:
    """Σ values / Σ weights, the sum, or the values; a mean of rows that all count nothing is NaN, its gradient 0."""
    check_reduction(reduction)
    if reduction == "none":
        return values
    total = F.sum(values)
    if reduction == "sum":
        return total
    if weights is None:
        return F.mean(values)
    count = F.sum(weights)
    some = F.greater(count, 0)
    return F.where(some, total / F.where(some, count, 1.0), float("nan"))
