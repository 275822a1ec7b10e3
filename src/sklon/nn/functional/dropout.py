"""Randomness in layers: the bits follow from the seed, the step, the stream and the element alone.

A stream is numbered by the order of the layers, or asked for by its number; then other layers do not matter. What is
dropped depends on the position of a row in its batch, not in a micro-batch. At p = 1 everything is multiplied by 0.

Shape legend: N samples, C channels, L positions, … any axes.
"""

from __future__ import annotations

from math import sqrt

from sklon._base.dtypes import Dtype, float32, uint32
from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Shape, Symbol
from sklon.graph.build import Build
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.modes import STREAM_NUMBERS, first_row, random_words
from sklon.tensors.record import wrap

__all__ = ["alpha_dropout", "check_dropout", "dropout", "dropout1d", "feature_alpha_dropout", "unit_interval"]

#: −λ·α of SELU: its value far below zero, which takes the place of what alpha dropout drops
SATURATION = -1.7580993408473766


def dropout(x: Tensor, p: float = 0.5, training: bool = True, *, stream: int | None = None) -> Tensor:
    """x·m/(1 − p), where m is 0 with probability p for each element; x itself where not training or p = 0.

    Shapes: x […]. ``stream`` asks for a random stream by its number, from 0 to 65535. Raises InputError for a p outside
    [0, 1]. Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 2014.

    >>> import sklon
    >>> sklon.nn.functional.dropout(sklon.ones(4), p=1.0).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    return _scaled(x, p, training, x.shape, stream)


def dropout1d(x: Tensor, p: float = 0.5, training: bool = True, *, stream: int | None = None) -> Tensor:
    """x·m/(1 − p), where m is 0 with probability p for all positions of a channel; x where not training or p = 0.

    Shapes: x [N, C, L] loses channels [n, c, :]. As in PyTorch, x with two axes is one sample [C, L], which loses its
    first axis' rows; inside a training step, where the first axis are samples, that is refused. Raises ShapeError for
    other x, InputError for a p outside [0, 1]. Tompson et al., *Efficient object localization using convolutional
    networks*, CVPR 2015.

    >>> import sklon
    >>> y = sklon.nn.functional.dropout1d(sklon.ones(8, 4, 3))
    >>> bool((y == y[:, :, :1]).all())
    True
    """
    if x.ndim not in (2, 3):
        raise ShapeError(f"dropout1d takes x [N, C, L], or one sample [C, L], not {x.shape}; use dropout for elements")
    if x.ndim == 2 and isinstance(x.shape[0], Symbol):
        raise ShapeError(
            f"dropout1d takes x [N, C, L] in a training step, not {x.shape}: of two axes the first would be channels, "
            "and whole samples would be dropped; use dropout"
        )
    return _scaled(x, p, training, (*x.shape[:-1], 1), stream)


def alpha_dropout(x: Tensor, p: float = 0.5, training: bool = False, *, stream: int | None = None) -> Tensor:
    """a·(x where kept, s where dropped) + b, with s = −λ·α, SELU's value far below zero, dropped with probability p.

    a = 1/√((1 − p)·(1 + p·s²)) and b = −a·p·s keep a mean of 0 and a variance of 1. Shapes: x […]. ``stream`` asks for
    a random stream by its number, from 0 to 65535. Raises InputError for a p outside [0, 1]. Klambauer et al.,
    *Self-normalizing neural networks*, 2017.

    >>> import sklon
    >>> y = sklon.nn.functional.alpha_dropout(sklon.randn(10000), p=0.2, training=True)
    >>> bool(y.mean().abs() < 0.05), bool((y.var() - 1).abs() < 0.05)
    (True, True)
    """
    return _self_normalising(x, p, training, x.shape, stream)


def feature_alpha_dropout(x: Tensor, p: float = 0.5, training: bool = False, *, stream: int | None = None) -> Tensor:
    """Alpha dropout of whole channels: all positions of a channel are kept or dropped together.

    Shapes: x [N, C, …] loses channels [n, c, …]; with two axes those are elements. Raises ShapeError for fewer axes,
    InputError for a p outside [0, 1].

    >>> import sklon
    >>> y = sklon.nn.functional.feature_alpha_dropout(sklon.zeros(8, 4, 3), training=True)
    >>> bool((y == y[:, :, :1]).all())
    True
    """
    if x.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout takes x [N, C, …], not {x.shape}; use alpha_dropout for elements")
    return _self_normalising(x, p, training, (*x.shape[:2], *(1 for _ in x.shape[2:])), stream)


def check_dropout(p: float, stream: int | None) -> None:
    """Refuse what is no probability, and what is no number of a stream."""
    if not 0 <= p <= 1:
        raise InputError(f"the probability of dropout must lie between 0 and 1, not {p}")
    if stream is None:
        return
    if not isinstance(stream, int) or isinstance(stream, bool) or not 0 <= stream < STREAM_NUMBERS:
        raise InputError(f"a stream is a whole number from 0 to {STREAM_NUMBERS - 1}, or None, not {stream!r}")


def _scaled(x: Tensor, p: float, training: bool, drawn: Shape, stream: int | None) -> Tensor:
    """x/(1 − p) where kept and 0 where dropped, with one draw for each element of ``drawn``."""
    check_dropout(p, stream)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    return F.where(unit_interval(drawn, x.dtype, stream) < p, 0.0, x * (1 / (1 - p)))


def _self_normalising(x: Tensor, p: float, training: bool, drawn: Shape, stream: int | None) -> Tensor:
    """a·x + b where kept and a·s + b where dropped, with one draw for each element of ``drawn``."""
    check_dropout(p, stream)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    a = 1 / sqrt((1 - p) * (1 + p * SATURATION**2))
    b = -a * p * SATURATION
    return F.where(unit_interval(drawn, x.dtype, stream) < p, a * SATURATION + b, x * a + b)


def unit_interval(shape: Shape, dtype: Dtype, stream: int | None = None) -> Tensor:
    """A number in [0, 1) for each element of a shape [N, …], from the words of the random source in force."""
    if not shape:
        return unit_interval((1,), dtype, stream).reshape(())
    b = Build()
    step, stream_word, low, high = (b.expand(w, shape=shape, dims=()) for w in random_words(stream))
    position = b.iota(axis=0, shape=shape, dtype=uint32)
    first = first_row()
    if first is not None:
        position = b.add(position, b.expand(first, shape=shape, dims=()))
    element = b.iota(axis=len(shape) - 1, shape=shape, dtype=uint32) if len(shape) > 1 else b.full(0, shape, uint32)
    stride = 1
    for axis in range(len(shape) - 2, 0, -1):
        extent = shape[axis + 1]
        assert isinstance(extent, int)
        stride *= extent
        along = b.iota(axis=axis, shape=shape, dtype=uint32)
        element = b.add(element, b.mul(along, b.full(stride, shape, uint32)))
    bits = b.random_bits(element, position, step, stream_word, low, high)
    unit = b.unit_interval(bits)
    return wrap(unit if dtype is float32 else b.cast(unit, dtype=dtype))
