"""The mean training loss as a function of the parameters: to differentiate twice, or to ask at many points at once.

It is the network of ``network`` in evaluation: no dropout, and batch norm by its running estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from sklon import nn
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor
from sklon.training.arrays import Samples

#: (parameters, buffers), each in the order of the model's names → the mean loss
MeanLoss: TypeAlias = Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]


def mean_loss_of(model: nn.Sequential, loss: nn.Loss, rows: Samples, dtype: Any) -> MeanLoss:
    """The mean loss on these rows, computed in a floating-point type."""
    assert rows.target is not None
    target = rows.target.astype(dtype) if rows.target.dtype.kind == "f" else rows.target
    X, y = tensor(rows.inputs[0].astype(dtype)), tensor(np.asarray(target))
    layers = [layer for layer in model if not isinstance(layer, nn.Dropout)]

    def mean(parameters: Sequence[Tensor], buffers: Sequence[Tensor]) -> Tensor:
        x, values, estimates = X, iter(parameters), iter(buffers)
        for layer in layers:
            if isinstance(layer, nn.Linear):
                x = nn.functional.linear(x, next(values), next(values))
            elif isinstance(layer, nn.BatchNorm1d):
                centre, spread = next(estimates), next(estimates)
                x = nn.functional.batch_norm(x, centre, spread, next(values), next(values), eps=layer.eps)
            else:
                x = layer(x)
        return loss.per_sample(x, y).mean()

    return mean


def estimates_of(model: nn.Module) -> list[str]:
    """The labels of batch norm's running estimates, in the order in which the mean loss takes them."""
    return [f"buffer.{name}" for name, b in model.named_buffers() if b.ndim]
