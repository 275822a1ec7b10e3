"""exp, log, log(1+x) and tanh over lanes, for both widths of floating point.

Coefficients are computed here, from the series or by Chebyshev interpolation, not copied from tables. Error
bounds, in units in the last place over the whole range, are listed in docs/numerics.md and tested. Results that
are subnormal are flushed to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import chebyshev

from sklon._base.dtypes import Dtype, int32, int64

if TYPE_CHECKING:
    from .lanes import Lanes, Value

#: per width: mantissa bits, exponent bias, largest and smallest arguments of exp with a finite, normal result
_MANTISSA = {32: 23, 64: 52}
_BIAS = {32: 127, 64: 1023}
_EXP_RANGE = {32: (-87.3365447, 88.7228390), 64: (-708.3964185322641, 709.782712893384)}
#: ln 2 in two parts: the upper one has so few bits that its multiples by exponents are exact
_LN2 = {32: (0.693359375, -2.12194440054690583e-4), 64: (0.6931471803691238, 1.9082149292705877e-10)}
_EXP_TERMS = {32: 7, 64: 13}
_LOG_TERMS = {32: 5, 64: 11}
_LOG1P_TERMS = {32: 8, 64: 17}
_TANH_TERMS = {32: 6, 64: 13}
_TANH_SPLIT = 0.625
_TANH_SERIES = 28  # terms until the series at the split is exact: 0.158²⁸ < 10⁻²²


def _integer(dtype: Dtype) -> Dtype:
    return int32 if dtype.bits == 32 else int64


def _horner(b: Lanes, x: Value, coefficients: Sequence[float]) -> Value:
    """Σ cᵢ xⁱ."""
    result = b.const(coefficients[-1], x)
    for c in reversed(coefficients[:-1]):
        result = b.fma(result, x, b.const(c, x))
    return result


@cache
def _tanh_terms(terms: int) -> tuple[float, ...]:
    """The polynomial in s = x² that interpolates (tanh x − x)/x³ for |x| ≤ 0.625 at Chebyshev nodes."""
    fitted = chebyshev.Chebyshev.interpolate(_tanh_remainder, terms - 1, domain=[0.0, _TANH_SPLIT**2])
    return tuple(float(c) for c in fitted.convert(kind=np.polynomial.Polynomial).coef)


def _tanh_remainder(s: np.ndarray) -> np.ndarray:
    """(tanh x − x)/x³ at s = x², by its series: t = Σ tₖ x²ᵏ⁺¹ with (2k + 1)·tₖ = −Σ tᵢ·tⱼ over i + j = k − 1."""
    t = [1.0]
    for k in range(1, _TANH_SERIES):
        t.append(-sum(t[i] * t[k - 1 - i] for i in range(k)) / (2 * k + 1))
    return np.asarray(np.polynomial.polynomial.polyval(s, t[1:]))


@cache
def _inverse_factorials(terms: int) -> tuple[float, ...]:
    result, value = [1.0], 1.0
    for i in range(1, terms):
        value /= i
        result.append(value)
    return tuple(result)


def exp(b: Lanes, x: Value) -> Value:
    """eˣ = 2ⁿ·eʳ with n = round(x / ln 2), r = x − n·ln 2, |r| ≤ ln 2 / 2.

    Above the range +∞; below the smallest normal result 0; NaN stays NaN.
    """
    bits = x.dtype.bits
    low, high = _EXP_RANGE[bits]
    n = b.rint(b.mul(x, b.const(1.4426950408889634, x)))
    upper, lower = _LN2[bits]
    r = b.fma(n, b.const(-upper, x), x)
    r = b.fma(n, b.const(-lower, x), r)
    terms = _inverse_factorials(_EXP_TERMS[bits] + 1)
    tail = _horner(b, r, terms[2:])
    p = b.add(b.fma(b.mul(r, r), tail, r), b.const(1.0, x))
    result = _scale(b, p, n)
    result = b.select(b.compare("gt", x, b.const(high, x)), b.const(np.inf, x), result)
    result = b.select(b.compare("lt", x, b.const(low, x)), b.const(0.0, x), result)
    return b.select(b.compare("unordered", x, x), x, result)


def _scale(b: Lanes, p: Value, n: Value) -> Value:
    """p·2ⁿ for integral n, in two steps, so that 2ⁿ itself need not be a number."""
    whole = b.cast(n, _integer(p.dtype))
    half = b.shift_right(whole, 1)
    return b.mul(b.mul(p, _power(b, half, p)), _power(b, b.sub(whole, half), p))


def _power(b: Lanes, n: Value, like: Value) -> Value:
    """2ⁿ, by its bits."""
    biased = b.add(n, b.const(_BIAS[like.dtype.bits], n))
    return b.bitcast(b.shift_left(biased, _MANTISSA[like.dtype.bits]), like.dtype)


def log(b: Lanes, x: Value) -> Value:
    """ln x = e·ln 2 + 2·artanh(f), f = (m − 1)/(m + 1), x = m·2ᵉ with m between √½ and √2.

    −∞ at 0 and for subnormals, NaN below 0, +∞ at +∞.
    """
    bits, integer = x.dtype.bits, _integer(x.dtype)
    word = b.bitcast(x, integer)
    root_half = int(np.array(np.sqrt(0.5), x.dtype.numpy).view(integer.numpy))
    exponent = b.shift_right(b.sub(word, b.const(root_half, word)), _MANTISSA[bits])
    m = b.bitcast(b.sub(word, b.shift_left(exponent, _MANTISSA[bits])), x.dtype)
    e = b.cast(exponent, x.dtype)
    one = b.const(1.0, x)
    f = b.sub(m, one)
    s = b.div(f, b.add(f, b.const(2.0, x)))
    square = b.mul(s, s)
    series = b.mul(square, _horner(b, square, [2 / (2 * k + 3) for k in range(_LOG_TERMS[bits])]))
    # ln m = f − s·(f − series): the rounding of s is scaled down by f
    upper, lower = _LN2[bits]
    correction = b.fma(e, b.const(lower, x), b.mul(s, b.sub(series, f)))
    result = b.fma(e, b.const(upper, x), b.add(f, correction))
    tiny = float(np.finfo(x.dtype.numpy).tiny)
    result = b.select(b.compare("lt", x, b.const(tiny, x)), b.const(-np.inf, x), result)
    result = b.select(b.compare("lt", x, b.const(0.0, x)), b.const(np.nan, x), result)
    result = b.select(b.compare("eq", x, b.const(np.inf, x)), x, result)
    return b.select(b.compare("unordered", x, x), x, result)


def log1p_of_unit(b: Lanes, x: Value) -> Value:
    """ln(1 + x) = 2·artanh(t / 2) = t + t³/12 + t⁵/80 + … with t = 2x / (2 + x), for 0 ≤ x ≤ 1."""
    t = b.div(b.add(x, x), b.add(x, b.const(2.0, x)))
    square = b.mul(t, t)
    terms = [1 / ((2 * k + 1) * 4**k) for k in range(1, _LOG1P_TERMS[x.dtype.bits])]
    return b.fma(b.mul(t, square), _horner(b, square, terms), t)


def tanh(b: Lanes, x: Value) -> Value:
    """x + x³·P(x²) for |x| < 0.625; beyond, sign(x)·(1 − 2/(e^2|x| + 1))."""
    square = b.mul(x, x)
    near = b.fma(b.mul(x, square), _horner(b, square, _tanh_terms(_TANH_TERMS[x.dtype.bits])), x)
    size = b.abs(x)
    one, two = b.const(1.0, x), b.const(2.0, x)
    far = b.sub(one, b.div(two, b.add(exp(b, b.mul(two, size)), one)))
    signed = b.select(b.compare("lt", x, b.const(0.0, x)), b.neg(far), far)
    return b.select(b.compare("lt", size, b.const(_TANH_SPLIT, x)), near, signed)
