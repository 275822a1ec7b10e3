"""Ops that take a part of an array, put it into a larger one, turn it around or cut its axes differently.

All of them are index maps. The leading axis N stays as it is: the rows of a step are not known when it is recorded.
Each is the other's gradient: slice and pad, flip and flip, reshape and reshape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import ShapeError
from sklon._base.shapes import Extent, Shape, Symbol, check_shape, concrete, groups
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("slice")
@dataclass(frozen=True)
class Slice(Op):
    """y[i₀, i₁, …] = x[starts[0] + i₀, starts[1] + i₁, …]."""

    kind: ClassVar[str] = "movement"
    starts: tuple[int, ...]
    shape: Shape

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        _check_inside(f"{x} has no part of shape {self.shape} at {self.starts}", self.starts, self.shape, x.shape)
        return Type(check_shape(self.shape), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        (x,) = inputs
        return x[tuple(slice(s, s + e) for s, e in zip(self.starts, concrete(self.shape, rows), strict=True))]

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (build.pad(g, before=self.starts, shape=node.inputs[0].shape),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        (x,) = build.together(node.inputs, lifted)
        return build.slice(x, starts=(0, *self.starts), shape=(x.shape[0], *self.shape))


@primitive("pad")
@dataclass(frozen=True)
class Pad(Op):
    """y[i₀, i₁, …] = x[i₀ − before[0], i₁ − before[1], …] where that exists, 0 elsewhere."""

    kind: ClassVar[str] = "movement"
    before: tuple[int, ...]
    shape: Shape

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        _check_inside(f"{x} does not fit into {self.shape} at {self.before}", self.before, x.shape, self.shape)
        return Type(check_shape(self.shape), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        (x,) = inputs
        result = np.zeros(concrete(self.shape, rows), x.dtype)
        result[tuple(slice(s, s + e) for s, e in zip(self.before, x.shape, strict=True))] = x
        return result

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (build.slice(g, starts=self.before, shape=node.inputs[0].shape),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        (x,) = build.together(node.inputs, lifted)
        return build.pad(x, before=(0, *self.before), shape=(x.shape[0], *self.shape))


@primitive("flip")
@dataclass(frozen=True)
class Flip(Op):
    """The order along ``axes`` reversed."""

    kind: ClassVar[str] = "movement"
    axes: tuple[int, ...]

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        fits = list(self.axes) == sorted(set(self.axes)) and all(0 <= a < len(x.shape) for a in self.axes)
        if not fits or any(isinstance(x.shape[a], Symbol) for a in self.axes):
            raise ShapeError(f"{x} cannot be turned around along {self.axes}")
        return x

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return np.flip(inputs[0], self.axes)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (build.flip(g, axes=self.axes),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        return build.flip(*build.together(node.inputs, lifted), axes=tuple(a + 1 for a in self.axes))


@primitive("reshape")
@dataclass(frozen=True)
class Reshape(Op):
    """The same elements in row-major order under another shape."""

    kind: ClassVar[str] = "movement"
    shape: Shape

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        if groups(x.shape, self.shape) is None and not (0 in x.shape and 0 in self.shape):
            raise ShapeError(f"{x} cannot take the shape {self.shape}")
        return Type(check_shape(self.shape), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return np.reshape(inputs[0], concrete(self.shape, rows))

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (build.reshape(g, shape=node.inputs[0].shape),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        (x,) = build.together(node.inputs, lifted)
        return build.reshape(x, shape=(x.shape[0], *self.shape))


def _check_inside(otherwise: str, starts: tuple[int, ...], inner: Shape, outer: Shape) -> None:
    fits = len(starts) == len(inner) == len(outer)
    if not fits or not all(_inside(*each) for each in zip(starts, inner, outer, strict=True)):
        raise ShapeError(otherwise)


def _inside(start: int, inner: Extent, outer: Extent) -> bool:
    if isinstance(inner, Symbol) or isinstance(outer, Symbol):
        return inner == outer and start == 0
    return start >= 0 and inner >= 0 and start + inner <= outer
