"""Batch norm's running estimates, computed anew for the weights that a model has now.

Running estimates belong to the weights with which they were made. After weights were averaged, loaded or changed by
hand, these are the plain mean over the batches that are given; frozen layers keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor
from sklon.tensors.modes import no_grad
from sklon.tensors.realise import realise

from .module import Module
from .normalization import BatchNorm1d


@no_grad()
def recalibrate(model: Module, batches: Iterable[Any]) -> None:
    """Compute the running estimates of all batch norms anew over ``batches``; PyTorch's ``update_bn``.

    A batch is the model's input, or a tuple or list whose first part is; a loader gives such. The model is called in
    training mode (dropout drops), without gradients; all batches count alike, as with ``momentum=None``. Parameters,
    modes and momenta stay as they are. Frozen layers, and those that no batch reaches, keep their estimates. Raises
    InputError where there is no batch; after an error the model is as it was.

    >>> import sklon
    >>> from sklon import nn
    >>> model = nn.Sequential(nn.BatchNorm1d(1))
    >>> nn.recalibrate(model, [sklon.tensor([[1.0], [3.0]]), sklon.tensor([[5.0], [7.0]])])
    >>> model[0].running_mean.tolist(), model[0].running_var.tolist()
    ([4.0], [2.0])
    """
    norms = [m for m in model.modules() if isinstance(m, BatchNorm1d) and m.follows_batches]
    if not norms:
        return
    with _kept_unless_moved(norms), _plain_means(norms), _training(model):
        seen = False
        for batch in batches:
            model(_input(batch))
            seen = True
            realise(buffer for norm in norms for buffer in norm.buffers())
        if not seen:
            raise InputError("there is no batch to compute running estimates from; pass batches of inputs")


def _input(batch: Any) -> Tensor:
    first = batch[0] if isinstance(batch, tuple | list) else batch
    return first if isinstance(first, Tensor) else tensor(first)


@contextmanager
def _kept_unless_moved(norms: Sequence[BatchNorm1d]) -> Iterator[None]:
    """Start from fresh estimates; give the old ones back to those that saw no batch, and to all after an error."""
    before = [[(buffer, buffer.node) for buffer in norm.buffers()] for norm in norms]
    done = False
    try:
        for norm in norms:
            norm.reset_running_stats()
        yield
        done = True
    finally:
        for norm, held in zip(norms, before, strict=True):
            if not (done and norm.num_batches_tracked.item()):
                for buffer, node in held:
                    buffer._adopt(node)


@contextmanager
def _plain_means(norms: Sequence[BatchNorm1d]) -> Iterator[None]:
    """Average all batches alike."""
    before = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = None
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum


@contextmanager
def _training(model: Module) -> Iterator[None]:
    """Switch to training, and put each module back as it was."""
    before = [(module, module.training) for module in model.modules()]
    model.train()
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode
