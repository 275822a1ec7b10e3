"""The last part of a training step: from sums of gradients to new parameters, for a batch at once or in parts.

The gradient of a batch is the sum over its rows divided by what they count for, once. In parts (micro-batches) the sums
are state: each part adds to them, the last one divides, updates and empties them. Until then every parameter and slot
keeps its value, so clipping, decay and the count of steps happen once for a batch, whatever its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sklon._base.dtypes import Dtype, float32, float64, uint32
from sklon.graph.build import Build
from sklon.graph.node import Node, slot
from sklon.optim import Rule
from sklon.tensors import Tensor
from sklon.tensors.functional import astype, where
from sklon.tensors.modes import no_grad

Updates = list[tuple[Node, Node]]


@dataclass(frozen=True, slots=True)
class Trained:
    """A parameter's slot, the sum of its gradients over the rows of the step, its group and its rule."""

    node: Node
    grad: Node
    group: str
    rule: Rule


@dataclass(slots=True)
class Parts:
    """What a batch in parts needs: whether this is its last part, where its rows begin, and sums that are state."""

    last: Node = field(default_factory=lambda: slot("last", "scalar", (), float32))
    offset: Node = field(default_factory=lambda: slot("offset", "scalar", (), uint32))
    updates: Updates = field(default_factory=list)

    def total(self, name: str, part: Tensor) -> Tensor:
        """The sum over the parts so far, this one included; empty again after the last one."""
        held = slot(f"sum.{name}", "state", part.node.shape, part.dtype)
        total = Tensor(held) + part
        self.updates.append((held, where(self._is_last(), 0.0, total).node))
        return total

    def after_last(self, new: Tensor, old: Node) -> Node:
        """The new value after the last part, the old one before."""
        return where(self._is_last(), new, Tensor(old)).node

    def _is_last(self) -> Tensor:
        return Tensor(self.last) > 0


def updates_of(trained: Mapping[str, Trained], weight: Tensor | None, parts: Parts | None) -> Updates:
    """The new values of all parameters and their slots; ``weight`` is what the rows of the step count for."""
    with no_grad():
        counts = _Counts(weight, parts)
        scalars = _Scalars()
        updates = [u for name, one in trained.items() for u in _update(name, one, counts, scalars, parts)]
    return updates + (parts.updates if parts is not None else [])


def _update(name: str, one: Trained, counts: _Counts, scalars: _Scalars, parts: Parts | None) -> Updates:
    """The new values of one parameter and of its slots."""
    slots = {s: slot(f"slot.{s}.{name}", "state", one.node.shape, one.node.dtype) for s in one.rule.slots}
    grad = Tensor(one.grad) if parts is None else parts.total(f"grad.{name}", Tensor(one.grad))
    handles = {s: Tensor(n) for s, n in slots.items()}
    mean = grad / counts.of(grad.dtype)
    new, moved = one.rule.update(Tensor(one.node), mean, handles, scalars.of(one.group, one.rule, one.node.dtype))
    pairs = [(one.node, new), *((slots[s], t) for s, t in moved.items())]
    return [(old, value.node if parts is None else parts.after_last(value, old)) for old, value in pairs]


class _Counts:
    """What the rows of a batch count for, by element type; 1 where no row counts, as the sums are 0 then."""

    def __init__(self, weight: Tensor | None, parts: Parts | None) -> None:
        self.weight, self.parts = weight, parts
        if parts is not None:
            part = weight if weight is not None else Tensor(Build().size(dtype=float64))
            self.weight = parts.total("count", part)

    def of(self, dtype: Dtype) -> Tensor:
        """The count as a scalar of this type."""
        if self.weight is None:
            return Tensor(Build().size(dtype=dtype))
        count = self.weight if self.weight.dtype is dtype else astype(self.weight, dtype)
        return where(count > 0, count, 1.0)


class _Scalars:
    """Scalar slots by group, name and type, made when first needed."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, str, Dtype], Tensor] = {}

    def of(self, group: str, rule: Rule, dtype: Dtype) -> dict[str, Tensor]:
        """The scalars of a rule as tensors."""
        return {
            name: self.nodes.setdefault((group, name, dtype), Tensor(slot(f"{group}.{name}", "scalar", (), dtype)))
            for name in rule.scalars(1)
        }
