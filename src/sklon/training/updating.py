"""The last part of a training step: from sums of gradients to new parameters, for a batch at once or in parts.

The gradient of a batch is the sum over its rows divided by what they count for, once. In parts (micro-batches) the sums
are state: each part adds to them, the last one divides, updates and empties them. Until then every parameter and slot
keeps its value, so clipping, decay and the count of steps happen once for a batch, whatever its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sklon._base.dtypes import Dtype, float32, float64, uint32
from sklon.graph.build import Build
from sklon.graph.node import Node, slot
from sklon.optim import Rule
from sklon.optim.clipping import Clip
from sklon.tensors import Tensor
from sklon.tensors.functional import astype, equal, where
from sklon.tensors.functional import sum as total
from sklon.tensors.modes import no_grad

Updates = list[tuple[Node, Node]]
#: the scalar that says by which share an average moves to the parameter
FRESH = "average.fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a step does besides: nothing of it is in the program unless it is asked for.

    ``in_parts``: batches come in micro-batches. ``clip`` bounds the gradients. ``skip``: a batch whose loss or
    gradients are not finite changes nothing. ``averaged``: parameters have running averages beside them.
    ``members`` of an ensemble have rows of their own, if they are several.
    """

    in_parts: bool = False
    clip: Clip | None = None
    skip: bool = False
    averaged: bool = False
    members: int = 1


PLAIN = Options()


@dataclass(frozen=True, slots=True)
class Trained:
    """A parameter's slot, the sum of its gradients over the rows of the step, its group and its rule."""

    node: Node
    grad: Node
    group: str
    rule: Rule


@dataclass(slots=True)
class PartSums:
    """What a batch in parts needs: whether this is its last part, where its rows begin, and sums that are state."""

    last: Node = field(default_factory=lambda: slot("last", "scalar", (), float32))
    offset: Node = field(default_factory=lambda: slot("offset", "scalar", (), uint32))
    updates: Updates = field(default_factory=list)

    def total(self, name: str, part: Tensor) -> Tensor:
        """The sum over the parts so far, this one included; empty again after the last one."""
        held = slot(f"sum.{name}", "state", part.node.shape, part.dtype)
        so_far = Tensor(held) + part
        self.updates.append((held, where(self._is_last(), 0.0, so_far).node))
        return so_far

    def after_last(self, new: Tensor, old: Node) -> Tensor:
        """The new value after the last part, the old one before."""
        return where(self._is_last(), new, Tensor(old))

    def _is_last(self) -> Tensor:
        return Tensor(self.last) > 0


@dataclass(frozen=True, slots=True)
class Computed:
    """What the first part of a step gives: sums over its rows, and the buffers that it moved."""

    loss: Tensor
    weight: Tensor | None  # what the rows count for, if they have weights
    trained: Mapping[str, Trained]
    moved: Sequence[tuple[Node, Tensor]]
    frozen: Mapping[str, Node]  # parameters that keep their values, whose averages go on


def updates_of(computed: Computed, options: Options, parts: PartSums | None) -> tuple[Updates, Tensor | None]:
    """The new values of buffers, parameters, slots and averages; and, to skip batches, whether this one is finite."""
    trained = computed.trained
    with no_grad():
        counts, scalars = _Counts(computed.weight, parts), _Scalars()
        sums = {name: Tensor(one.grad) for name, one in trained.items()}
        if parts is not None:
            sums = {name: parts.total(f"grad.{name}", part) for name, part in sums.items()}
        means = {name: grad * counts.share(grad.dtype) for name, grad in sums.items()}
        if options.clip is not None:
            means = options.clip.apply(means, {name: Tensor(one.node) for name, one in trained.items()})
        finite = None
        if options.skip:
            loss = computed.loss if parts is None else parts.total("loss", computed.loss)
            finite = _finite([loss, *means.values()])
        at_end: list[tuple[Node, Tensor]] = []
        for name, one in trained.items():
            at_end += _update(name, one, means[name], scalars, options)
        if options.averaged:
            at_end += [_average(name, node, Tensor(node), scalars) for name, node in computed.frozen.items()]
        updates = [(old, _unless_skipped(old, new, finite)) for old, new in computed.moved]
        for old, new in at_end:
            complete = _unless_skipped(old, new, finite)
            updates.append((old, complete if parts is None else parts.after_last(complete, old)))
        ends = parts.updates if parts is not None else []
        return [*((old, new.node) for old, new in updates), *ends], finite


def _update(name: str, one: Trained, mean: Tensor, scalars: _Scalars, options: Options) -> list[tuple[Node, Tensor]]:
    """The new values of one parameter, of its slots and of its average."""
    slots = {s: slot(f"slot.{s}.{name}", "state", one.node.shape, one.node.dtype) for s in one.rule.slots}
    handles = {s: Tensor(n) for s, n in slots.items()}
    new, moved = one.rule.update(Tensor(one.node), mean, handles, scalars.of(one.group, one.rule, one.node.dtype))
    pairs = [(one.node, new), *((slots[s], t) for s, t in moved.items())]
    return [*pairs, _average(name, one.node, new, scalars)] if options.averaged else pairs


def _average(name: str, param: Node, new: Tensor, scalars: _Scalars) -> tuple[Node, Tensor]:
    """The average of a parameter, moved by a share towards its new value."""
    average = slot(f"average.{name}", "state", param.shape, param.dtype)
    fresh = scalars.named(FRESH, param.dtype)
    return average, Tensor(average) + fresh * (new - Tensor(average))


def _unless_skipped(old: Node, new: Tensor, finite: Tensor | None) -> Tensor:
    """The new value, or the old one of a batch that counts for nothing."""
    return new if finite is None else where(finite, new, Tensor(old))


def _finite(values: Sequence[Tensor]) -> Tensor:
    """Whether all elements are finite numbers: then each of them times 0 is 0."""
    zeros = [astype(total(v * 0.0), float32) for v in values]
    found = zeros[0]
    for zero in zeros[1:]:
        found = found + zero
    return equal(found, 0.0)


class _Counts:
    """What the rows of a batch count for, by element type; 1 where no row counts, as the sums are 0 then."""

    def __init__(self, weight: Tensor | None, parts: PartSums | None) -> None:
        self.weight, self.parts = weight, parts
        self.shares: dict[Dtype, Tensor] = {}
        if parts is not None:
            part = weight if weight is not None else Tensor(Build().size(dtype=float64))
            self.weight = parts.total("count", part)

    def share(self, dtype: Dtype) -> Tensor:
        """1/count as a scalar of this type: one division for a step, not one for each element of each gradient."""
        if dtype not in self.shares:
            self.shares[dtype] = 1.0 / self._count(dtype)
        return self.shares[dtype]

    def _count(self, dtype: Dtype) -> Tensor:
        if self.weight is None:
            return Tensor(Build().size(dtype=dtype))
        count = self.weight if self.weight.dtype is dtype else astype(self.weight, dtype)
        return where(count == 0, 1.0, count)


class _Scalars:
    """Scalar slots by group, name and type, made when first needed."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, Dtype], Tensor] = {}

    def of(self, group: str, rule: Rule, dtype: Dtype) -> dict[str, Tensor]:
        """The scalars of a rule as tensors."""
        return {name: self.named(f"{group}.{name}", dtype) for name in rule.scalars(1)}

    def named(self, label: str, dtype: Dtype) -> Tensor:
        """One scalar as a tensor."""
        found = self.nodes.get((label, dtype))
        if found is None:
            found = self.nodes[label, dtype] = Tensor(slot(label, "scalar", (), dtype))
        return found
