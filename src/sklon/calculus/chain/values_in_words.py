"""Values in few words: a number, a short list, or a shape with a range."""

from __future__ import annotations

from typing import Any

import numpy as np

#: vectors of up to so many numbers are written out
FEW = 4
#: letters up to which a list is brief
SHORT = 18


def number(value: Any) -> str:
    """Four digits that mean something, with a minus sign that can be seen.

    >>> number(-0.123456), number(12.0)
    ('−0.1235', '12')
    """
    return f"{float(value):.4g}".replace("-", "−")


def brief(value: Any) -> str:
    """A value in as few letters as can be.

    >>> brief(np.eye(8)), brief(np.float64(-1 / 3))
    ('[8×8] 0 … 1', '−0.3333')
    """
    array = np.asarray(value)
    text = shown(array)
    if array.ndim == 0 or not array.size or (array.ndim == 1 and len(text) <= SHORT):
        return text
    low, high = (f"{float(x):.3g}".replace("-", "−") for x in (array.min(), array.max()))
    return f"[{'×'.join(map(str, array.shape))}] {low}" + (f" … {high}" if low != high else "")


def shown(value: Any) -> str:
    """A value in words.

    >>> shown(np.float64(3)), shown(np.arange(3)), shown(np.eye(8))
    ('3', '[0, 1, 2]', '8×8 numbers from 0 to 1')
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array)
    if array.ndim == 1 and array.size <= FEW:
        return f"[{', '.join(map(number, array))}]"
    shape = "×".join(map(str, array.shape))
    if not array.size:
        return f"{shape} numbers"
    low, high = float(array.min()), float(array.max())
    return (
        f"{shape} numbers, all {number(low)}"
        if low == high
        else f"{shape} numbers from {number(low)} to {number(high)}"
    )
