"""Functions of single elements as methods of the Tensor, under PyTorch's names: a row for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklon import tensors

if TYPE_CHECKING:
    from .tensor import Tensor


def _of(module: str, function: str) -> Callable[..., Tensor]:
    """The method that calls ``function`` with the tensor as its first operand."""

    def method(self: Any, *operands: Any, **options: Any) -> Tensor:
        result: Tensor = getattr(getattr(tensors, module), function)(self, *operands, **options)
        return result

    method.__name__, method.__doc__ = function, f"The same as ``sklon.{function}`` of this tensor."
    return method


class Elements:
    """What a Tensor's elements can be put through, one by one."""

    __slots__ = ()

    # ---- arithmetic
    add = _of("functional", "add")
    sub = subtract = _of("functional", "subtract")
    mul = multiply = _of("functional", "multiply")
    div = divide = _of("functional", "divide")
    neg = negative = _of("functional", "negative")
    abs = _of("functional", "abs")
    maximum = _of("functional", "maximum")
    minimum = _of("elementwise", "minimum")
    pow = _of("elementwise", "pow")
    remainder = _of("elementwise", "remainder")
    floor_divide = _of("elementwise", "floor_divide")
    fmod = _of("elementwise", "fmod")
    square = _of("elementwise", "square")
    reciprocal = _of("elementwise", "reciprocal")
    sign = _of("elementwise", "sign")
    clamp = clip = _of("elementwise", "clip")
    lerp = _of("elementwise", "lerp")
    floor = _of("elementwise", "floor")
    ceil = _of("elementwise", "ceil")
    trunc = _of("elementwise", "trunc")
    round = _of("elementwise", "round")
    frac = _of("elementwise", "frac")
    # ---- roots, powers, logarithms
    sqrt = _of("functional", "sqrt")
    rsqrt = _of("elementwise", "rsqrt")
    exp = _of("functional", "exp")
    exp2 = _of("elementwise", "exp2")
    expm1 = _of("elementwise", "expm1")
    log = _of("functional", "log")
    log2 = _of("elementwise", "log2")
    log10 = _of("elementwise", "log10")
    log1p = _of("elementwise", "log1p")
    # ---- of angles, and hyperbolic
    sin = _of("elementwise", "sin")
    cos = _of("elementwise", "cos")
    tan = _of("elementwise", "tan")
    asin = _of("elementwise", "asin")
    acos = _of("elementwise", "acos")
    atan = _of("elementwise", "atan")
    atan2 = _of("elementwise", "atan2")
    sinh = _of("elementwise", "sinh")
    cosh = _of("elementwise", "cosh")
    tanh = _of("functional", "tanh")
    asinh = _of("elementwise", "asinh")
    acosh = _of("elementwise", "acosh")
    atanh = _of("elementwise", "atanh")
    hypot = _of("elementwise", "hypot")
    # ---- of neural networks and statistics
    relu = _of("functional", "relu")
    sigmoid = _of("functional", "sigmoid")
    erf = _of("elementwise", "erf")
    erfc = _of("elementwise", "erfc")
    lgamma = _of("elementwise", "lgamma")
    # ---- comparisons and logic
    eq = _of("functional", "equal")
    ne = _of("elementwise", "not_equal")
    lt = _of("functional", "less")
    le = _of("elementwise", "less_equal")
    gt = _of("functional", "greater")
    ge = _of("elementwise", "greater_equal")
    isnan = _of("elementwise", "isnan")
    isinf = _of("elementwise", "isinf")
    isfinite = _of("elementwise", "isfinite")
    logical_and = _of("elementwise", "logical_and")
    logical_or = _of("elementwise", "logical_or")
    logical_xor = _of("elementwise", "logical_xor")
    logical_not = _of("elementwise", "logical_not")
    # ---- products
    matmul = _of("products", "matmul")
    mm = _of("products", "matmul")
    bmm = _of("products", "matmul")
    dot = _of("products", "matmul")
    outer = _of("products", "outer")

    # ---- types
    def long(self: Any) -> Tensor:
        """The same numbers in int64, without their fractions."""
        return self.to("int64")  # type: ignore[no-any-return]

    def int(self: Any) -> Tensor:
        """The same numbers in int32, without their fractions."""
        return self.to("int32")  # type: ignore[no-any-return]

    def bool(self: Any) -> Tensor:
        """Whether each element is not zero."""
        return self.to("bool")  # type: ignore[no-any-return]

    def float(self: Any) -> Tensor:
        """The same numbers in float32."""
        return self.to("float32")  # type: ignore[no-any-return]

    def double(self: Any) -> Tensor:
        """The same numbers in float64."""
        return self.to("float64")  # type: ignore[no-any-return]
