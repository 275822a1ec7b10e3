"""Clipping of gradients: values that turn all gradients of a step into others, and functions for eager loops.

In the Trainer a clip acts once for a batch, on the mean gradient, whatever its micro-batches. Norms that span several
parameters need all gradients before the first update, so such a step is one program without fused updates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Protocol

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.creation import zeros
from sklon.tensors.elementwise import clip
from sklon.tensors.modes import no_grad

from .rules.parts import above_zero, unit_norms
from .rules.rule import Tensors

#: what PyTorch adds to a norm before it divides by it
MARGIN = 1e-6


class Clip(Protocol):
    """Bounds the gradients of one step."""

    name: ClassVar[str]

    def apply(self, grads: Tensors, params: Tensors) -> dict[str, Tensor]:
        """The bounded gradients, by the names of their parameters."""
        ...


@dataclass(frozen=True, slots=True)
class ClipValue:
    """Each element between −``limit`` and ``limit``. The direction changes."""

    name: ClassVar[str] = "clip_value"
    limit: float

    def __post_init__(self) -> None:
        above_zero(limit=self.limit)

    def apply(self, grads: Tensors, params: Tensors) -> dict[str, Tensor]:
        return {name: clip(g, -self.limit, self.limit) for name, g in grads.items()}


@dataclass(frozen=True, slots=True)
class ClipNorm:
    """g ← g·min(1, ``limit``/(‖g‖ + 10⁻⁶)), where ‖g‖ is the norm of all gradients together. The direction stays.

    ``norm_type`` is 2, 1 or infinity. Source: Pascanu et al., *On the difficulty of training recurrent neural
    networks*, 2013; the margin is PyTorch's.
    """

    name: ClassVar[str] = "clip_norm"
    limit: float
    norm_type: float = 2.0

    def __post_init__(self) -> None:
        above_zero(limit=self.limit)
        _check_type(self.norm_type)

    def apply(self, grads: Tensors, params: Tensors) -> dict[str, Tensor]:
        if not grads:
            return {}
        scale = clip(self.limit / (total_norm(grads.values(), self.norm_type) + MARGIN), None, 1.0)
        return {name: g * _like(scale, g) for name, g in grads.items()}


@dataclass(frozen=True, slots=True)
class ClipLayerNorm:
    """The same for each parameter by itself."""

    name: ClassVar[str] = "clip_layer_norm"
    limit: float
    norm_type: float = 2.0

    def __post_init__(self) -> None:
        above_zero(limit=self.limit)
        _check_type(self.norm_type)

    def apply(self, grads: Tensors, params: Tensors) -> dict[str, Tensor]:
        one = ClipNorm(self.limit, self.norm_type)
        return {name: one.apply({name: g}, params)[name] for name, g in grads.items()}


@dataclass(frozen=True, slots=True)
class ClipAdaptive:
    """For each unit u: ‖g_u‖ ≤ ``clipping``·max(‖w_u‖, ``eps``).

    A unit is a row of a weight; of a vector each element is one. Source: Brock et al., *High-performance large-scale
    image recognition without normalization*, 2021.
    """

    name: ClassVar[str] = "clip_adaptive"
    clipping: float = 0.01
    eps: float = 1e-3

    def __post_init__(self) -> None:
        above_zero(clipping=self.clipping, eps=self.eps)

    def apply(self, grads: Tensors, params: Tensors) -> dict[str, Tensor]:
        return {name: self._one(g, params[name]) for name, g in grads.items()}

    def _one(self, grad: Tensor, param: Tensor) -> Tensor:
        allowed = self.clipping * F.maximum(unit_norms(param), self.eps)
        norms = unit_norms(grad)
        return F.where(norms > allowed, grad * (allowed / F.maximum(norms, MARGIN)), grad)


CLIPS: dict[str, type[Any]] = {c.name: c for c in (ClipValue, ClipNorm, ClipLayerNorm, ClipAdaptive)}


# ---- eager loops
def total_norm(tensors: Iterable[Tensor], norm_type: float = 2.0) -> Tensor:
    """The norm of all elements of several tensors together, as a scalar tensor."""
    _check_type(norm_type)
    found = list(tensors)
    if norm_type == inf:
        parts = [F.amax(F.abs(t)) for t in found]
        total = parts[0]
        for part in parts[1:]:
            total = F.maximum(total, part)
        return total
    total = _sum([F.sum(F.abs(t) if norm_type == 1 else t * t) for t in found])
    return total if norm_type == 1 else F.sqrt(total)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Clip ``.grad`` of all parameters together in place and return their norm before; PyTorch's function.

    >>> import sklon
    >>> x = sklon.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> clip_grad_norm_(x, 1.0).item(), [round(g, 4) for g in x.grad.tolist()]
    (10.0, [0.6, 0.8])
    """
    held = _with_gradient(parameters)
    if not held:
        return zeros(1).reshape(())
    with no_grad():
        grads = {str(i): p.grad for i, p in enumerate(held) if p.grad is not None}
        norm = total_norm(grads.values(), norm_type)
        if error_if_nonfinite and not np.isfinite(norm.item()):
            raise InputError(f"the norm of the gradients is {norm.item()}; look for the op that made it")
        for p, new in zip(held, ClipNorm(max_norm, norm_type).apply(grads, {}).values(), strict=True):
            assert p.grad is not None
            p.grad.copy_(new)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip each element of ``.grad`` of all parameters in place; PyTorch's function."""
    with no_grad():
        for p in _with_gradient(parameters):
            assert p.grad is not None
            p.grad.copy_(clip(p.grad, -clip_value, clip_value))


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p for p in given if p.grad is not None]


# ---- arithmetic
def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _like(scale: Tensor, grad: Tensor) -> Tensor:
    return scale if scale.dtype is grad.dtype else F.astype(scale, grad.dtype)


def _check_type(norm_type: float) -> None:
    if norm_type not in (1.0, 2.0, inf):
        raise InputError(f"norm_type is 1, 2 or infinity, not {norm_type}")
