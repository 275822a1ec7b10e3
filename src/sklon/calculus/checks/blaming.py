"""Why a gradient is not the derivative: the op, the user's line, and a repair.

Each op below a result is checked alone, with the values that it had: its derivative beside differences of its meaning.
What was cut off by ``stop_gradient`` is put together again, to see whether the derivative is right then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from sklon._base.dtypes import float64
from sklon._base.errors import DtypeError
from sklon.autodiff import gradients
from sklon.autodiff.backward import depending
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import REGISTRY, Node, apply, slot

from ..nonfinite import origin_of
from ..recording import Array, Recording, stated_name
from .comparing import PRECISIONS, Comparison, compared, size_of

#: ops whose derivative is 0, or none, by what they are
_CUT = ("stop_gradient", "cast")


@dataclass(frozen=True, slots=True)
class Suspect:
    """An op whose own derivative disagrees, and where it was recorded."""

    what: str
    line: str
    layer: str
    comparison: Comparison

    @property
    def place(self) -> str:
        """What it is with the layer and the line, as far as they are known."""
        layer = f" in layer {self.layer!r}" if self.layer else ""
        return f"{self.what}{layer}" + (f" ({self.line})" if self.line else "")


def suspect_of(recording: Recording, leaves: Sequence[Node]) -> Suspect | None:
    """The first op between some leaves and the result whose derivative is wrong, or who stands at a kink."""
    values, rng = recording.values(), np.random.default_rng(0)
    above = depending(recording.order, leaves)
    for node in recording.order:
        if node in above and node.inputs and node.dtype.is_floating and node.op.name not in _CUT:
            stated = node.op.name == "custom"
            found = _stated(recording, node, values, rng) if stated else _alone(node, values, rng)
            if found is not None and found.verdict != "right":
                what = f"the function {stated_name(node)!r}" if stated else f"the op {node.op.name!r}"
                return Suspect(what, *recording.line_and_layer(node), found)
    return None


def _alone(node: Node, values: Mapping[Node, Array], rng: np.random.Generator) -> Comparison | None:
    """One op at its inputs, in float64, along a random direction; None where it takes no such type."""
    known: dict[Node, Any] = {}
    slots = []
    for x in node.inputs:
        made = slot("x", "state", values[x].shape, float64 if x.dtype.is_floating else x.dtype)
        known[made] = values[x].astype(made.dtype.numpy)
        slots.append(made)
    try:
        result = apply(node.op, *slots)
    except DtypeError:
        return None
    scalar = _weighted(result, known, rng)
    moving = [s for s in slots if s.dtype is float64]
    direction = {s: _unit(rng, known[s].shape) for s in moving}
    grads = gradients({scalar: Build().full_like(1.0, scalar)}, moving)

    def along(t: float) -> float:
        return float(evaluate((scalar,), {**known, **{s: known[s] + t * direction[s] for s in moving}}, 0)[scalar])

    with np.errstate(all="ignore"):
        found = evaluate(tuple(g for g in grads if g is not None), known, 0)
        terms = [np.sum(found[g] * direction[s]) for s, g in zip(moving, grads, strict=True) if g is not None]
        size = max((float(np.abs(known[s]).max(initial=0.0)) for s in moving), default=0.0)
        return compared(float(sum(terms)), along, PRECISIONS[float64], size=size)


def _stated(
    recording: Recording, node: Node, values: Mapping[Node, Array], rng: np.random.Generator
) -> Comparison | None:
    """A derivative that somebody stated, beside differences of the function that it was stated for."""
    count, index = node.op.form.count, node.op.index  # type: ignore[attr-defined]
    arguments = [x for x in node.inputs[count:] if x.dtype.is_floating]
    between = depending(recording.order, arguments)
    inner = [n for n in recording.order if n in between and n not in arguments]
    weights = slot("c", "state", values[node].shape, node.dtype)
    c = np.asarray(rng.standard_normal(values[node].shape)).astype(node.dtype.numpy)
    directions = {x: _unit(rng, values[x].shape).astype(x.dtype.numpy) for x in arguments}
    pulled = dict(zip(node.inputs, node.op.vjp(Build(), node, weights), strict=True))
    found = {x: g for x in arguments if (g := pulled[x]) is not None}
    known = recording.values(recording.result, *found.values(), also={weights: c})

    def along(t: float) -> float:
        moved = {**values, **{x: values[x] + (t * d).astype(d.dtype) for x, d in directions.items()}}
        for n in inner:
            moved[n] = np.asarray(n.op.evaluate(0, *(moved[i] for i in n.inputs)))
        return float((c * moved[node.inputs[index]]).sum())

    with np.errstate(all="ignore"):
        slope = float(sum((known[g] * directions[x]).sum() for x, g in found.items()))
        size = max((float(np.abs(values[x]).max(initial=0.0)) for x in arguments), default=0.0)
        return compared(slope, along, PRECISIONS[node.dtype], size=size) if arguments else None


def _weighted(result: Node, known: dict[Node, Any], rng: np.random.Generator) -> Node:
    """Σ c·result for a random c."""
    weights = slot("c", "state", result.shape, result.dtype)
    known[weights] = rng.standard_normal([int(str(e)) for e in result.shape]).astype(result.dtype.numpy)
    product = Build().mul(result, weights)
    return Build().reduce(product, fn="sum", axes=tuple(range(len(result.shape)))) if result.shape else product


def _unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    v = np.asarray(rng.standard_normal(shape))
    return np.asarray(v / max(float(np.linalg.norm(v)), 1e-300))


# ---- in words
def cause_of(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    """Why the derivative along a direction of a leaf is wrong, with a repair; empty if unknown."""
    if not leaves:
        return f"Reverse mode never sees it: {_OUTSIDE}"
    for answer in (_not_finite, _cut_off, _wrong_op, _at_a_kink, _outside):
        if said := answer(recording, leaves, wrong, along):
            return said
    return ""


_OUTSIDE = (
    "its values left the graph, through detach(), numpy(), item(), float() or a jitted function, and came back as "
    "constants; compute with tensors all the way"
)


def _not_finite(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    if isfinite(wrong.derivative) and isfinite(wrong.quotient):
        return ""
    origin = origin_of(recording, leaves)
    return origin.sentence if origin is not None else "The function is not finite on both sides; move the point inside"


def _cut_off(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    whole = uncut(recording, leaves)
    if whole is None or not abs(float((whole.gradient * along).sum()) - wrong.quotient) <= wrong.tolerance:
        return ""
    read = f" (read in {', '.join(whole.lines)})" if whole.lines else ""
    return f"detach() or stop_gradient cuts the gradient off{read}; leave it out if it is not meant"


def _wrong_op(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    suspect = suspect_of(recording, leaves)
    if suspect is None or suspect.comparison.verdict != "wrong":
        return ""
    return (
        f"The derivative of {suspect.place} is wrong: along a random direction it gives "
        f"{suspect.comparison.derivative:.6g}, differences of its values {suspect.comparison.quotient:.6g}; correct "
        "the rule"
    )


def _at_a_kink(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    if wrong.verdict != "kink":
        return ""
    suspect = suspect_of(recording, leaves)
    of = f" of {suspect.place}" if suspect is not None else ""
    return (
        f"This is a kink{of}: the slope is {wrong.left:.6g} from the left and {wrong.right:.6g} from the right, so "
        "there is no derivative; move the point away from it"
    )


def _outside(recording: Recording, leaves: Sequence[Node], wrong: Comparison, along: Array) -> str:
    """Whether what was recorded has this derivative, and the function another one."""
    leaf, here = leaves[0], recording.leaves[leaves[0]]

    def line(t: float) -> float:
        return float(recording.values(also={leaf: here + t * along})[recording.result].sum())

    own = compared(wrong.derivative, line, PRECISIONS[leaf.dtype], size_of(here[along != 0]))
    return (
        f"What was recorded has this derivative, so a part of it was not: {_OUTSIDE}" if own.verdict == "right" else ""
    )


# ---- what was cut off
@dataclass(frozen=True, slots=True)
class Uncut:
    """A gradient as it would be if nothing had been cut off, and the lines where it is."""

    gradient: Array
    lines: tuple[str, ...]


def uncut(recording: Recording, leaves: Sequence[Node]) -> Uncut | None:
    """∂result/∂leaf without ``detach`` and ``stop_gradient``; None where no cut is found."""
    lines: dict[str, None] = {}
    whole: dict[Node, Node] = {}
    above = depending(recording.order, [*leaves, *recording.detached])
    for node in recording.order:
        if node in recording.detached:
            whole[node] = whole.get(recording.detached[node], node)
            readers = (n for n in recording.order if node in n.inputs)
            lines.update((recording.line_and_layer(n)[0], None) for n in readers)
            continue
        cut = node.op.name == "stop_gradient" and node in above
        if cut:
            lines[recording.line_and_layer(node)[0]] = None
        inputs = tuple(whole[i] for i in node.inputs)
        op = REGISTRY["copy"]() if cut else node.op
        whole[node] = Node(op, inputs, node.shape, node.dtype, node.source) if inputs else node
    if not lines:
        return None
    result = whole[recording.result]
    found = [g for g in gradients({result: Build().full_like(1.0, result)}, leaves) if g is not None]
    known = recording.values(*found)
    return Uncut(np.asarray(sum(known[g] for g in found)), tuple(filter(None, lines))) if found else None
