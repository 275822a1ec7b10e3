"""Batch norm folded into the linear layer beside it, for inference.

In evaluation batch norm is a scale and a shift of each feature, y = s·x + t with s = w/√(σ² + ε) and t = b − s·μ, which
the neighbour's weight W and bias c can hold:

    after it,   s·(W·x + c) + t = (s·W)·x + (s·c + t)
    before it,  W·(s·x + t) + c = (W·s)·x + (W·t + c)

The invariant: what is returned computes what the model computes in evaluation, up to rounding, for x [N, features].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from .container import Sequential
from .dropout import AlphaDropout, Dropout, Dropout1d, FeatureAlphaDropout
from .linear import Identity, Linear
from .module import Module, Parameter
from .normalization import BatchNorm1d

Array = np.ndarray[Any, Any]


#: layers that pass everything in evaluation
_PASSING = (Identity, Dropout, Dropout1d, AlphaDropout, FeatureAlphaDropout)


class _Place(NamedTuple):
    """A layer, where it stands, and whether it must stay: another place shares it, or a hook watches it."""

    path: str
    owner: Module
    name: str
    layer: Module
    stays: bool


def fold_batch_norm(model: Sequential) -> Sequential:
    """A copy of the model in evaluation mode in which batch norms are folded into the linear layers beside them.

    Each BatchNorm1d directly after a Linear, or else directly before one, in the Sequential or in those inside it, is
    replaced by an Identity, so that all other layers keep their names; dropout, which passes everything in evaluation,
    may stand between. Other batch norms stay, as the copy's repr shows: without a Linear beside them, without running
    estimates, shared between two places, with hooks, or in modules of your own (fold the Sequentials in those one by
    one). The model itself does not change.

    Shapes: x [N, features]; with more axes, a Linear's outputs are not batch norm's channels. Raises InputError where
    the model is no Sequential, or has batch norms of which none can be folded.

    >>> from sklon import nn
    >>> nn.fold_batch_norm(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU()))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Identity()
      (2): ReLU()
    )
    """
    if type(model) is not Sequential:
        raise InputError(f"a Sequential can be folded, not {type(model).__name__}; fold those that it consists of")
    folded = deepcopy(model).eval()
    reasons = [reason for run in _runs(folded) for reason in _fold_all(run)]
    if reasons and all(reasons):
        raise InputError(f"no batch norm of this model can be folded ({'; '.join(map(str, reasons))})")
    return folded


# ---- where layers stand
def _runs(model: Sequential) -> list[list[_Place]]:
    """The layers that follow each other directly, through nested Sequentials, cut where a hook watches one."""
    runs: list[list[_Place]] = [[]]
    for place in _places(model, "", _shared(model)):
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return runs


def _places(owner: Module, prefix: str, shared: AbstractSet[int]) -> Iterator[_Place | None]:
    """All layers in their order but those that pass everything; None where a run ends."""
    watched = _has_hooks(owner)
    if watched:
        yield None
    for name, layer in owner._modules.items():
        path = f"{prefix}{name}"
        if type(layer) is Sequential:
            yield from _places(layer, f"{path}.", shared)
        elif type(layer) not in _PASSING or _has_hooks(layer):
            parts = (layer, *layer.parameters(), *layer.buffers())
            yield _Place(path, owner, name, layer, _has_hooks(layer) or any(id(part) in shared for part in parts))
    if watched:
        yield None


def _has_hooks(module: Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _shared(model: Module) -> AbstractSet[int]:
    """The modules, parameters and buffers that stand in more than one place."""
    counts: Counter[int] = Counter()
    for _, module in model.named_modules(remove_duplicate=False):
        parts = (module, *module._parameters.values(), *module._buffers.values())
        counts.update(id(part) for part in parts if part is not None)
    return {part for part, count in counts.items() if count > 1}


# ---- folding
def _fold_all(run: list[_Place]) -> Iterator[str | None]:
    """Fold the batch norms of a run; for each of them None, or why it stays."""
    i = 0
    while i < len(run):
        if not isinstance(run[i].layer, BatchNorm1d):
            i += 1
            continue
        place, reason = run[i], _fold(run, i)
        if reason is None:
            place.owner.add_module(place.name, Identity().eval())
            del run[i]
            yield None
        else:
            i += 1
            yield f"{place.path}: {reason}"


def _fold(run: list[_Place], i: int) -> str | None:
    """Fold the batch norm at a place of a run into its neighbour; the reason if that cannot be."""
    norm = run[i].layer
    assert isinstance(norm, BatchNorm1d)
    if run[i].stays or type(norm) is not BatchNorm1d:
        return "it is shared, has hooks, or is of a class of your own"
    if norm.running_mean is None or norm.running_var is None:
        return "it has no running estimates"
    scale, shift = _scale_and_shift(norm)
    before, after = (run[j] if 0 <= j < len(run) else None for j in (i - 1, i + 1))
    if before and _takes(before) and before.layer.out_features == norm.num_features:
        weight, bias = _values(before.layer)
        _give(before.layer, weight * scale[:, None], bias * scale + shift)
    elif after and _takes(after) and after.layer.in_features == norm.num_features:
        weight, bias = _values(after.layer)
        _give(after.layer, weight * scale, bias + weight @ shift)
    else:
        return "no Linear that could take it stands directly before or after it"
    return None


def _takes(place: _Place) -> bool:
    """Whether a layer can take a scale and a shift."""
    return type(place.layer) is Linear and not place.stays


def _scale_and_shift(norm: BatchNorm1d) -> tuple[Array, Array]:
    """s and t of y = s·x + t, which is what batch norm computes in evaluation."""
    weight, bias = (None if p is None else _float64(p) for p in norm._parameters.values())
    scale = 1 / np.sqrt(_float64(norm.running_var) + norm.eps)
    scale = scale if weight is None else scale * weight
    shift = -scale * _float64(norm.running_mean)
    return scale, shift if bias is None else shift + bias


def _values(linear: Module) -> tuple[Array, Array]:
    """Weight and bias; zeros where there is none."""
    weight, bias = (
        None if p is None else _float64(p) for p in (linear._parameters["weight"], linear._parameters["bias"])
    )
    assert weight is not None
    return weight, np.zeros(len(weight)) if bias is None else bias


def _give(linear: Module, weight: Array, bias: Array) -> None:
    """Put new values into a linear layer, and a bias where it had none."""
    held = linear._parameters["weight"]
    assert held is not None
    held.assign(weight)
    if linear._parameters["bias"] is None:
        linear.register_parameter("bias", Parameter(bias.astype(held.dtype.numpy), held.requires_grad))
    else:
        linear._parameters["bias"].assign(bias)


def _float64(part: Tensor) -> Array:
    return part.numpy().astype(np.float64)
