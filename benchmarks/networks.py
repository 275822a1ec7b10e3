"""The networks of the gate, as graphs: perceptrons with a loss and an optimizer, and what they are bound to.

    x_NI rows of the step, w_OI weights, b_O biases, y targets, s a sum of losses

The tests that compare the engine with PyTorch use them too. Everything is built from primitives, so that what is
measured and compared are the floors below the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, float32, int32
from sklon._base.shapes import N, T, concrete
from sklon.autodiff import gradients
from sklon.compiler.executable import aligned_zeros
from sklon.graph.node import Graph, Node, Slot, slot, slots
from sklon.ops import BUILD as b

Array = np.ndarray[Any, Any]
INDEX = "index"
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class Perceptron:
    """The widths of the layers, the loss after the last one, and the rule of the updates."""

    widths: tuple[int, ...]
    loss: str  # "binary" or "classes"
    rule: str  # "sgd" or "adam"
    dtype: Dtype = float32

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.widths))} {self.loss} {self.rule} {self.dtype.name}"

    def graph(self) -> Graph:
        """One training step: the mean loss, and the new values of all state."""
        parameters, total = self._sum_of_losses()
        seed = {total: b.full_like(1.0, total)}
        share = b.div(b.constant(value=1.0, dtype=self.dtype), b.size(dtype=self.dtype))
        updates = RULES[self.rule](self.dtype, parameters, gradients(seed, parameters), share)
        return Graph((("loss", b.mul(total, share)),), tuple(updates))

    def gradients(self) -> Graph:
        """The loss of a batch and the gradient of each parameter, both as sums over the rows, as outputs."""
        parameters, total = self._sum_of_losses()
        grads = gradients({total: b.full_like(1.0, total)}, parameters)
        named = [(f"gradient{i}", g) for i, g in enumerate(grads) if g is not None]
        return Graph((("loss", total), *named))

    def _sum_of_losses(self) -> tuple[list[Node], Node]:
        index = slot(INDEX, "index", (N,), int32)
        h = b.gather(slot("X", "data", (T, self.widths[0]), self.dtype), index)
        parameters: list[Node] = []
        for layer, (into, out) in enumerate(pairwise(self.widths)):
            if layer:
                h = b.relu(h)
            weight = slot(f"w{layer}", "state", (out, into), self.dtype)
            bias = slot(f"b{layer}", "state", (out,), self.dtype)
            parameters += [weight, bias]
            h = b.contract(h, weight, a="ni", b="oi", out="no")
            h = b.add(h, b.expand(bias, shape=h.shape, dims=(1,)))
        return parameters, LOSSES[self.loss](h, index)

    def flops(self, rows: int) -> float:
        """Floating-point operations of the products of a step: forward, for the weights, and for the inputs."""
        pairs = list(pairwise(self.widths))
        return float(sum(2 * rows * i * o * (3 if layer else 2) for layer, (i, o) in enumerate(pairs)))

    def values(self, graph: Graph, table_rows: int, seed: int = 0) -> dict[str, Array]:
        """State as it begins and a table of random data, by name."""
        rng = np.random.default_rng(seed)
        return {op.label: self._value(op, table_rows, rng) for op in slot_ops(graph) if op.space in ("state", "data")}

    def _value(self, op: Slot, table_rows: int, rng: np.random.Generator) -> Array:
        array = aligned_zeros(concrete(op.shape, table_rows), op.dtype.numpy)
        if op.label == "X":
            array[...] = rng.standard_normal(array.shape)
        elif op.label == "Y":
            array[...] = rng.integers(0, 2 if self.loss == "binary" else self.widths[-1], array.shape)
        elif op.label.startswith("w"):
            array[...] = rng.standard_normal(array.shape) * np.sqrt(2 / array.shape[1])
        elif op.label.startswith("b") and op.space == "state":
            array[...] = rng.standard_normal(array.shape) * 0.1
        return array

    def scalars(self, graph: Graph, steps: int, lr: float = 1e-3) -> Array:
        """A row of scalars for each step, in the order of the graph's slots."""
        t = np.arange(1, steps + 1)
        known = {
            "lr": lr / (1 - BETA1**t) if self.rule == "adam" else lr,
            "root": 1 / np.sqrt(1 - BETA2**t),
            "beta1": BETA1,
            "rest1": 1 - BETA1,
            "beta2": BETA2,
            "rest2": 1 - BETA2,
            "eps": EPS,
        }
        columns = [np.broadcast_to(known[op.label], steps) for op in slot_ops(graph) if op.space == "scalar"]
        return np.array(columns, np.float64).reshape(-1, steps).T


def slot_ops(graph: Graph) -> list[Slot]:
    """The slots of a graph in the order of a program's arguments."""
    return [n.op for n in slots(graph) if isinstance(n.op, Slot)]


# ---- losses: Σ over rows, as a scalar
def _binary(z: Node, index: Node) -> Node:
    """Σ ln(1 + e^z) − z·y."""
    y = b.gather(slot("Y", "data", (T, 1), z.dtype), index)
    return b.reduce(b.sub(b.softplus(z), b.mul(z, y)), fn="sum", axes=(0, 1))


def _classes(z: Node, index: Node) -> Node:
    """Σ ln Σ e^z − z[y], shifted by the largest z of a row."""
    y = b.gather(slot("Y", "data", (T,), int32), index)
    top = b.stop_gradient(b.reduce(z, fn="max", axes=(1,)))
    shifted = b.sub(z, b.expand(top, shape=z.shape, dims=(0,)))
    chosen = b.equal(b.expand(y, shape=z.shape, dims=(0,)), b.iota(axis=1, shape=z.shape, dtype=int32))
    own = b.reduce(b.where(chosen, shifted, b.full_like(0.0, shifted)), fn="sum", axes=(1,))
    total = b.log(b.reduce(b.exp(shifted), fn="sum", axes=(1,)))
    return b.reduce(b.sub(total, own), fn="sum", axes=(0,))


LOSSES: dict[str, Callable[[Node, Node], Node]] = {"binary": _binary, "classes": _classes}
Updates = list[tuple[Node, Node]]


# ---- rules: the new values of parameters and of their slots
def _sgd(dtype: Dtype, parameters: Sequence[Node], grads: Sequence[Node | None], share: Node) -> Updates:
    """p ← p − lr·g."""
    lr = slot("lr", "scalar", (), dtype)
    updates: Updates = []
    for p, g in _pairs(parameters, grads):
        mean = b.mul(g, b.expand(share, shape=p.shape, dims=()))
        updates.append((p, b.sub(p, b.mul(b.expand(lr, shape=p.shape, dims=()), mean))))
    return updates


def _adam(dtype: Dtype, parameters: Sequence[Node], grads: Sequence[Node | None], share: Node) -> Updates:
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − lr·m/(1−β₁ᵗ) / (√v/√(1−β₂ᵗ) + ε)."""
    names = ("lr", "root", "beta1", "beta2", "rest1", "rest2", "eps")
    scalars = {name: slot(name, "scalar", (), dtype) for name in names}
    updates: Updates = []
    for i, (p, g) in enumerate(_pairs(parameters, grads)):
        e = {name: b.expand(node, shape=p.shape, dims=()) for name, node in scalars.items()}
        m, v = (slot(f"{letter}{i}", "state", p.shape, dtype) for letter in "mv")
        g = b.mul(g, b.expand(share, shape=p.shape, dims=()))
        m_new = b.add(b.mul(e["beta1"], m), b.mul(e["rest1"], g))
        v_new = b.add(b.mul(e["beta2"], v), b.mul(e["rest2"], b.mul(g, g)))
        below = b.add(b.mul(b.sqrt(v_new), e["root"]), e["eps"])
        updates += [(m, m_new), (v, v_new), (p, b.sub(p, b.mul(e["lr"], b.div(m_new, below))))]
    return updates


def _pairs(parameters: Sequence[Node], grads: Sequence[Node | None]) -> list[tuple[Node, Node]]:
    return [(p, g) for p, g in zip(parameters, grads, strict=True) if g is not None]


RULES: dict[str, Callable[..., Updates]] = {"sgd": _sgd, "adam": _adam}

SMALL = Perceptron((32, 64, 64, 1), "binary", "adam")
LARGE = Perceptron((784, 512, 512, 10), "classes", "adam")
DEEP = Perceptron((32, *(64,) * 12, 1), "binary", "adam")
