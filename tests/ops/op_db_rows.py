"""The operators of PyTorch's database that we have: one row each, with what differs and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklon.nn import functional as nnf
from sklon.tensors import Tensor
from sklon.tensors import elementwise as E
from sklon.tensors import functional as F

from . import op_db_arrays
from .op_db import Entry, torch

Leave = Callable[[Any], str | None]
#: integers and no booleans
NUMBERS = (torch.int32, torch.int64)


def same(names: str, home: Any, prefix: str = "", **options: Any) -> tuple[Entry, ...]:
    """Rows for functions that ``home`` calls as PyTorch does."""
    return tuple(Entry(prefix + name, getattr(home, name), **options) for name in names.split())


def layers(names: str, **options: Any) -> tuple[Entry, ...]:
    """Rows for functions of sklon.nn.functional; layers take floats."""
    return same(names, nnf, "nn.functional.", types=(), **options)


def unless(fits: Callable[[Any], bool], reason: str) -> Leave:
    """Leave out the samples that do not fit."""
    return lambda sample: None if fits(sample) else reason


def reduction(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A reduction with PyTorch's words; no axes are all axes."""
    return lambda x, dim=None, keepdim=False: function(x, dim if dim != () else None, keepdim)


def plain(sample: Any) -> bool:
    """Whether a sample asks for no other type of the result."""
    return "dtype" not in sample.kwargs


def axes(sample: Any) -> bool:
    """Whether a tensor has axes to speak of, and the result the tensor's type."""
    return bool(sample.input.ndim) and plain(sample)


def rank(n: int) -> Callable[[Any], bool]:
    """Whether the first tensor has ``n`` axes."""
    return lambda sample: sample.input.ndim == n


ROWS_AND_COLUMNS = unless(rank(2), "the first axis is the rows of a step, and one follows")
NO_AXES = unless(axes, "a number has no axes, not even axis 0; results keep their type")
ELEMENTS = unless(lambda s: axes(s) and s.input.numel(), "without elements there is no largest: refused")


def class_losses(sample: Any) -> str | None:
    """What losses on classes leave out."""
    weight = sample.kwargs.get("weight")
    negative = weight is not None and bool((weight < 0).any())
    return "weights of classes are not negative" if negative else ROWS_AND_COLUMNS(sample)


ELEMENTARY: tuple[Entry, ...] = (
    *same("sin cos tan asin acos atan sinh cosh asinh acosh atanh atan2 sinc deg2rad rad2deg", E),
    *same("expm1 exp2 log1p log2 log10 logaddexp logaddexp2 logit rsqrt hypot", E),
    *same("exp log sqrt sigmoid tanh", F),
    *same("erf erfc lgamma digamma xlogy", E),
    *same("xlog1py entr ndtr", E, "special."),
    Entry(
        "polygamma polygamma_n_0",
        lambda x, n: E.polygamma(n, x),
        leave=unless(lambda s: s.args[0] < 2, "each order is a derivative more, and takes longer"),
        single=1e-4,  # PyTorch's poles are less exact
    ),
)

ARITHMETIC: tuple[Entry, ...] = (
    Entry("add", lambda x, y, alpha=1: F.add(x, y if alpha == 1 else F.multiply(y, alpha))),
    Entry("sub", lambda x, y, alpha=1: F.subtract(x, y if alpha == 1 else F.multiply(y, alpha)), types=NUMBERS),
    Entry("rsub", lambda x, y, alpha=1: F.subtract(y, x if alpha == 1 else F.multiply(x, alpha)), types=NUMBERS),
    Entry("mul", F.multiply),
    Entry("true_divide", F.divide),
    Entry("div no_rounding_mode", F.divide),
    Entry("div floor_rounding", lambda x, y, rounding_mode: E.floor_divide(x, y)),
    Entry("div trunc_rounding", lambda x, y, rounding_mode: E.trunc(F.divide(x, y)), types=()),
    Entry("__radd__", lambda x, y: y + x),
    Entry("__rmul__", lambda x, y: y * x),
    Entry("__rsub__", lambda x, y: y - x, types=NUMBERS),
    Entry("__rdiv__", lambda x, y: y / x),
    Entry("neg", F.negative),
    Entry("abs", F.abs),
    Entry("pow", E.pow),
    Entry("maximum", F.maximum),
    Entry("max binary", F.maximum),
    Entry("min binary", E.minimum),
    Entry("clamp", E.clip),
    Entry("clamp_min", lambda x, low: E.clip(x, low)),
    Entry("clamp_max", lambda x, high: E.clip(x, None, high)),
    *same("floor_divide remainder fmod minimum fmax fmin reciprocal ldexp", E),
    *same("floor ceil trunc round frac sign copysign heaviside nan_to_num positive", E),
    *same("lerp addcmul addcdiv", E),
    *same("square", E, types=NUMBERS),
)

LOGIC: tuple[Entry, ...] = (
    *same("logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor", E),
    *same("bitwise_left_shift bitwise_right_shift signbit isnan isinf isfinite isposinf isneginf", E),
    *same("isclose", E, types=NUMBERS),
    Entry("bitwise_not", E.bitwise_invert),
    Entry("eq", F.equal),
    Entry("lt", F.less),
    Entry("gt", F.greater),
    Entry("ne", E.not_equal),
    Entry("le", E.less_equal),
    Entry("ge", E.greater_equal),
    Entry("where", lambda x, condition, other: F.where(condition, x, other)),
)

WHOLE_ARRAYS: tuple[Entry, ...] = (
    Entry("sum", reduction(F.sum), types=(torch.int64, torch.bool), leave=NO_AXES),
    Entry("mean", reduction(F.mean), leave=NO_AXES, accepted={"infer output": "integers have a mean, in float32"}),
    Entry("softmax", nnf.softmax, leave=ELEMENTS),
    Entry("log_softmax", nnf.log_softmax, leave=ELEMENTS),
)

LAYERS: tuple[Entry, ...] = (
    *layers("celu elu gelu hardshrink hardswish hardtanh leaky_relu logsigmoid mish relu6 selu silu"),
    *layers("softplus softshrink softsign tanhshrink threshold relu", leave=NO_AXES),
    *layers("softmin", leave=ELEMENTS),
    *layers(
        "prelu", leave=unless(lambda s: all(w.ndim == 1 for w in (*s.args, *s.kwargs.values())), "slopes have an axis")
    ),
    *layers("hardsigmoid", tolerance=1e-7),  # PyTorch's derivative is 1/6 in float32
    *layers("mse_loss l1_loss smooth_l1_loss soft_margin_loss poisson_nll_loss gaussian_nll_loss"),
    *layers("huber_loss"),
    *layers("binary_cross_entropy_with_logits hinge_embedding_loss"),
    *layers("multi_margin_loss cross_entropy nll_loss", leave=class_losses),
    *layers("linear bilinear", leave=ROWS_AND_COLUMNS),
    *layers("glu", leave=NO_AXES),
    *layers("layer_norm rms_norm"),
    Entry(
        "nn.functional.embedding",
        lambda weight, index: nnf.embedding(index, weight),
    ),
)

ENTRIES: tuple[Entry, ...] = (*ELEMENTARY, *ARITHMETIC, *LOGIC, *WHOLE_ARRAYS, *LAYERS, *op_db_arrays.ENTRIES)
