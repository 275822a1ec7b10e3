"""The three functions under test, with their names and colours, and functions that are wrong in known ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from sklon import Tensor
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, apply
from sklon.lab.text import Text
from sklon.nn import functional
from sklon.ops.point import Relu, Tanh
from sklon.tensors.record import wrap

Activation: TypeAlias = Callable[[Tensor], Tensor]
Gradients: TypeAlias = Sequence[Node | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """The subject: one function for each name."""

    sigmoid: Activation = functional.sigmoid
    tanh: Activation = functional.tanh
    relu: Activation = functional.relu

    def of(self, name: str) -> Activation:
        """The function of a name."""
        found: Activation = getattr(self, name)
        return found


NAMES = tuple(f.name for f in fields(Activations))
LABELS = {
    "sigmoid": Text("sigmoid", "сигмоида"),
    "tanh": Text("tanh", "tanh"),
    "relu": Text("ReLU", "ReLU"),
}
TONES = {name: tone for tone, name in enumerate(NAMES)}


def applied(op: Op) -> Activation:
    """The function that records an op of its own."""
    return lambda x: wrap(apply(op, x.node), x)


@dataclass(frozen=True)
class TanhUnsquared(Tanh):
    """tanh whose derivative is taken to be 1 − tanh."""

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (build.mul(g, build.sub(build.full_like(1.0, node), node)),)


@dataclass(frozen=True)
class ReluOpen(Relu):
    """ReLU whose gradient passes where the unit is silent too."""

    def vjp(self, build: Build, node: Node, g: Node) -> Gradients:
        return (g,)
