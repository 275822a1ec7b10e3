"""A function along a line through a point: t ↦ f(c + t·u), with its slope by reverse mode.

Functions are compiled once where they can be recorded; one that asks for values (``if x > 0:``) is called anew at
each point. Nothing here judges what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sklon._base.errors import AutogradError, InputError
from sklon.autodiff import gradients
from sklon.calculus.subject import Array, Subject
from sklon.graph.build import Build
from sklon.graph.node import walk
from sklon.tensors import Tensor
from sklon.tensors.autograd import grad
from sklon.tensors.creation import tensor
from sklon.tensors.jit import jit

from .rounding import Recorded, evaluate, is_rounded


@dataclass(frozen=True, slots=True)
class Line:
    """t ↦ f(c + t·u) for a point c [n] and a unit direction u [n]; for one variable u = 1, and x = c + t."""

    subject: Subject
    point: Array
    direction: Array
    _value: Callable[[Tensor], Tensor]
    _slope: Callable[[Tensor], Tensor] | None
    #: the graph of f at c: its value, and its gradient if it has one
    recorded: Recorded = field(repr=False)
    #: whether that is its graph at every point
    is_one_graph: bool

    @property
    def center(self) -> float:
        """c for one variable; 0 along a direction, where t itself is the coordinate."""
        return float(self.point[0]) if len(self.point) == 1 else 0.0

    @property
    def has_slope(self) -> bool:
        """Whether a gradient flows from the value to the variable."""
        return self._slope is not None

    @property
    def epsilon(self) -> float:
        """The rounding of the coarsest floating type that the function computes in."""
        graph = walk(self.recorded.results[:1], above=(self.recorded.leaf,))
        types = {n.dtype.numpy for n in graph if is_rounded(n)}
        return float(max((np.finfo(t).eps for t in types), default=np.finfo(np.float64).eps))

    @property
    def spacing(self) -> float:
        """The distance of neighbouring numbers at c, along the line."""
        return float(np.max(np.spacing(np.abs(self.point)))) * self.epsilon / float(np.finfo(np.float64).eps)

    def where(self, t: float) -> Array:
        """The point at t. Shape: [n]."""
        return self.point + t * self.direction if t else self.point  # −0 stays −0

    def offset(self, t: float) -> float:
        """The t of the number that is next to c + t."""
        return t if len(self.point) > 1 else float((self.point[0] + t) - self.point[0])

    def value(self, t: float) -> float:
        """f(c + t·u)."""
        return float(self._value(tensor(self.where(t))).item())

    def slope(self, t: float) -> float:
        """What reverse mode returns for ⟨∇f(c + t·u), u⟩; NaN where f has no gradient."""
        if self._slope is None:
            return float("nan")
        with np.errstate(all="ignore"):
            return float(self._slope(tensor(self.where(t))).numpy() @ self.direction)

    def moved(self, t: float, random: np.random.Generator) -> tuple[float, float]:
        """f(c + t·u) and its slope, with every rounding made anew at random; NaN where that cannot be."""
        recorded = self.recorded if self.is_one_graph else _record(self.subject, self.where(t))
        found = evaluate(recorded, self.where(t), random)
        if found is None:
            return float("nan"), float("nan")
        value, *gradient = (found[r] for r in recorded.results)
        with np.errstate(all="ignore"):
            return float(value), float(gradient[0] @ self.direction) if gradient else float("nan")


def line_of(subject: Subject, point: Array, along: Sequence[float] | None) -> Line:
    """The line through ``point``; ``along`` is needed for several variables. Raises InputError for a direction that
    does not fit."""
    direction = _direction(subject, point, along)
    if not np.isfinite(point).all():
        raise InputError(f"a point that is examined is finite, not {point.tolist()}; look at large numbers instead")
    recorded = _record(subject, point)
    value = _compiled(subject.function, point)
    slope = _gradient_of(subject) if len(recorded.results) > 1 else None
    return Line(
        subject=subject,
        point=point,
        direction=direction,
        _value=value,
        _slope=None if slope is None else _compiled(slope, point),
        recorded=recorded,
        is_one_graph=value is not subject.function,
    )


def _record(subject: Subject, point: Array) -> Recorded:
    """The graph of f at a point: its value, and its gradient if it has one."""
    leaf = tensor(point, requires_grad=True)
    result = subject.function(leaf)
    node = result._node
    if not result.requires_grad:
        return Recorded((node,), leaf._node)
    (gradient,) = gradients({node: Build().full_like(1.0, node)}, [leaf._node])
    return Recorded((node,) if gradient is None else (node, gradient), leaf._node)


def _direction(subject: Subject, point: Array, along: Sequence[float] | None) -> Array:
    count = len(point)
    if along is None:
        if count != 1:
            example = ", ".join("1" for _ in range(count))
            raise InputError(
                f"a function of {count} variables ({', '.join(subject.names)}) is examined along a direction; "
                f"pass along=({example}), for instance"
            )
        return np.ones(1)
    direction = np.asarray(along, np.float64).reshape(-1)
    if len(direction) != count:
        raise InputError(f"a direction for {count} variables has as many numbers, not {len(direction)}")
    length = float(np.linalg.norm(direction))
    if not (np.isfinite(length) and length > 0):
        raise InputError(f"a direction has a length, {direction.tolist()} has none; pass along=(1, 0), for instance")
    return direction / length


def _gradient_of(subject: Subject) -> Callable[[Tensor], Tensor]:
    def gradient(x: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_(True)
        (found,) = grad(subject.function(leaf), leaf, allow_unused=True, materialize_grads=True)
        assert found is not None
        return found

    return gradient


def _compiled(function: Callable[[Tensor], Tensor], point: Array) -> Callable[[Tensor], Tensor]:
    """``function`` compiled, if it can be recorded without asking for values."""
    compiled = jit(function)
    try:
        compiled(tensor(point))
    except (InputError, AutogradError):
        return function
    return compiled
