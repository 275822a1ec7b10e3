"""Proximal steps of penalties in closed form, or by a few steps of Newton's method.

A proximal step is the w that minimises d·penalty(w) + ½·(w − u)² for what a rule's step left, u; it alone gives exact
zeros. Here is arithmetic on tensors: which penalty takes which step stands in ``penalties``.
"""

from __future__ import annotations

from sklon.tensors import Tensor
from sklon.tensors import functional as F

#: below this a norm counts as zero: what is divided by it is zero too
TINY = 1e-30
#: steps of Newton's method for a unit's norm; the error squares in each of them
NEWTON_STEPS = 6


def soft(x: Tensor, threshold: Tensor | float) -> Tensor:
    """sign(x)·max(|x| − threshold, 0): the proximal step of |x|."""
    return F.maximum(x - threshold, 0.0) - F.maximum(-x - threshold, 0.0)


def shrunk_units(u: Tensor, pull: Tensor) -> Tensor:
    """The w with w + d·w/‖w‖ = u for each row, where d = ``pull``; zero where Σ(u/d)² ≤ 1.

    w = u·s/(s + d), where s = ‖w‖ is the root of Σ(u/(s + d))² = 1. Newton's method for 1/√Σ = 1, a concave function of
    s, comes to it from below, from max(‖u‖ − max d, 0) on; where all d are equal, that is the root.
    """
    axes = tuple(range(1, u.ndim)) if u.ndim > 1 else ()

    def total(x: Tensor) -> Tensor:
        return F.sum(x, axes, keepdims=True) if axes else x

    pull = F.maximum(pull, TINY)
    largest = F.amax(pull, axes, keepdims=True) if axes else pull
    s = F.maximum(F.sqrt(total(u * u)) - largest, 0.0)
    for _ in range(NEWTON_STEPS):
        share = u / (s + pull)
        q, slope = total(share * share), total(share * share / (s + pull))
        s = s + (q * F.sqrt(q) - q) / F.maximum(slope, TINY)
    alive = total((u / pull) * (u / pull)) > 1.0
    return F.where(alive, u * (s / (s + pull)), 0.0)
