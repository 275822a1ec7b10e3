"""Dropout layers. What they compute stands in nn.functional.

While training each layer draws from a random stream of its own: that of its place among the random layers of the
model, or the one of the number ``stream``, which stays the same whatever layers are added or taken out before it.
Layers of the same number draw from it in turn.
``inplace`` is PyTorch's; it is accepted and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sklon.tensors import Tensor

from . import functional
from .functional.dropout import check_dropout
from .module import Module


class _Dropping(Module):
    """A layer that drops something with probability ``p`` while training."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, p: float = 0.5, inplace: bool = False, *, stream: int | None = None) -> None:
        super().__init__()
        check_dropout(p, stream)
        self.p, self.stream = p, stream

    def forward(self, x: Tensor) -> Tensor:
        return type(self).function(x, self.p, self.training, stream=self.stream)

    def extra_repr(self) -> str:
        return f"p={self.p}" if self.stream is None else f"p={self.p}, stream={self.stream}"


class Dropout(_Dropping):
    """While training each element is dropped with probability ``p`` and the others are scaled by 1/(1 − p).

    In evaluation everything passes unchanged, so the expectation is the same in both. Shapes: x […] → y […].
    ``stream``, from 0 to 65535, asks for a random stream by its number; without it the layer's place decides. Raises
    InputError for a p outside [0, 1]. Srivastava et al., *Dropout: a simple way to prevent neural networks from
    overfitting*, JMLR 2014.

    >>> import sklon
    >>> from sklon import nn
    >>> _ = sklon.manual_seed(0)
    >>> drop, other = nn.Dropout(0.5, stream=7), nn.Dropout(0.5)
    >>> first = drop(sklon.ones(8)).tolist()
    >>> _ = sklon.manual_seed(0)
    >>> _ = other(sklon.ones(8))
    >>> drop(sklon.ones(8)).tolist() == first
    True
    """

    function = staticmethod(functional.dropout)


class Dropout1d(_Dropping):
    """While training each channel is dropped as a whole with probability ``p``; the others are scaled by 1/(1 − p).

    For neighbouring positions that say almost the same, of which dropping a few would drop nothing. Shapes: x
    [N, C, L] → y [N, C, L], or one sample [C, L], as in PyTorch: for rows of features [N, C] use Dropout. ``stream``
    as in Dropout. Raises ShapeError for other x, InputError for a p outside [0, 1]. Tompson et al., *Efficient object
    localization using convolutional networks*, CVPR 2015.

    >>> import sklon
    >>> from sklon import nn
    >>> y = nn.Dropout1d(0.5)(sklon.ones(2, 3, 4))
    >>> bool((y == y[:, :, :1]).all())
    True
    """

    function = staticmethod(functional.dropout1d)


class AlphaDropout(_Dropping):
    """While training each element is set to SELU's lowest value with probability ``p``; then all are scaled and moved.

    So inputs of mean 0 and variance 1, as SELU gives, keep both: y = a·(x where kept, s where dropped) + b with
    s = −λ·α, a = 1/√((1 − p)·(1 + p·s²)), b = −a·p·s. Shapes: x […] → y […]. ``stream`` as in Dropout. Raises
    InputError for a p outside [0, 1]. Klambauer et al., *Self-normalizing neural networks*, 2017.

    >>> import sklon
    >>> from sklon import nn
    >>> y = nn.AlphaDropout(0.1)(sklon.randn(10000))
    >>> bool((y.std() - 1).abs() < 0.05)
    True
    """

    function = staticmethod(functional.alpha_dropout)


class FeatureAlphaDropout(_Dropping):
    """Alpha dropout of whole channels: all positions of a channel are kept or dropped together.

    Shapes: x [N, C, …] → y [N, C, …]; with two axes it is AlphaDropout. ``stream`` as in Dropout. Raises ShapeError
    for fewer axes, InputError for a p outside [0, 1].

    >>> import sklon
    >>> from sklon import nn
    >>> y = nn.FeatureAlphaDropout(0.5)(sklon.zeros(2, 3, 4))
    >>> bool((y == y[:, :, :1]).all())
    True
    """

    function = staticmethod(functional.feature_alpha_dropout)


#: every layer that drops at random in training and passes on in evaluation
DROPPING = (Dropout, Dropout1d, AlphaDropout, FeatureAlphaDropout)
