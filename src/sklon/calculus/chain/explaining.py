"""The chain rule through what was recorded: from a loss down to one parameter, with values and gradients.

Only nodes on a way from the loss to the parameter are told. What only repeats or reshapes a value is told as a part of
its reader, so that the text reads like the formula. At each node the gradients of all ways are added up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklon._base.canvas import can_draw
from sklon._base.errors import InputError
from sklon._base.notebook import card, paragraph, table
from sklon._base.picture import Picture
from sklon.autodiff.backward import depending
from sklon.graph.build import Build
from sklon.graph.node import Node, Slot
from sklon.ops import Constant
from sklon.tensors import Tensor

from ..recording import Array, Recording, check_tensor, recording_of
from .folding import MOST, Part, folded
from .naming import Names, variables
from .ops_in_words import product, words_of
from .values_in_words import number, shown

#: what is given is told up to so many; ``given`` has all of it
MOST_GIVEN = 12
#: ops that only arrange values: told as a part of what reads them
ARRANGING = ("expand", "reshape", "copy", "cast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one reader adds to the gradient of a node: in words, with numbers where all are single ones, and its value.

    ``reader`` is the reader's name, ``partial`` the same words with ∂ for its gradient.
    """

    reader: str
    partial: str
    words: str
    numbers: str
    value: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A node on the way: its name and formula, its value, and ∂loss/∂node, the sum over its ways."""

    name: str
    formula: str  # empty for the parameter
    value: Array
    gradient: Array
    ways: tuple[Way, ...]
    operands: tuple[str, ...]  # names of what it is computed from
    line: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The chain rule from a loss to a parameter: ``steps`` from the loss down, and what was ``given`` besides.

    ``gradient`` is ∂loss/∂parameter, what ``backward()`` adds to ``.grad``: the last step's, or, of a parameter that
    was written in between, the sum over its values.
    """

    loss: str
    parameter: str
    steps: tuple[Step, ...]
    given: tuple[tuple[str, Array], ...]
    gradient: Array

    @property
    def parts(self) -> tuple[Part[Step], ...]:
        """The steps, folded where they are more than can be read."""
        return folded(self.steps)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"The chain rule from {self.loss} to {self.parameter}, {shown(self.gradient)}"
        if self.given:
            more = f"; and {len(self.given) - MOST_GIVEN} more" if len(self.given) > MOST_GIVEN else ""
            yield "given " + "; ".join(f"{name} = {shown(value)}" for name, value in self.given[:MOST_GIVEN]) + more
        if len(self.steps) > MOST:
            yield f"{len(self.steps)} operations, told in {len(self.parts)} parts"
        for part in self.parts:
            yield ""
            yield from self._part(part) if part.title else self._step(part.steps[0])

    def _step(self, step: Step) -> Iterator[str]:
        formula = f" = {step.formula}" if step.formula else ""
        place = ", ".join(filter(None, (step.line, step.layer)))
        yield f"{step.name}{formula} = {shown(step.value)}" + (f"    ({place})" if place else "")
        mine = self.named(step.name)
        if not step.ways:
            yield f"    {mine} = 1"
        several = len(step.ways) > 1
        for way in step.ways:
            numbers = f" = {way.numbers}" if way.numbers else ""
            yield f"    {mine} {'+=' if several else '='} {way.words}{numbers} = {shown(way.value)}"
        if several:
            yield f"    {mine} = {shown(step.gradient)}, as {len(step.ways)} ways add up"

    def _part(self, part: Part[Step]) -> Iterator[str]:
        last = part.steps[-1]
        yield f"{part.title}, down to {last.name} = {shown(last.value)}"
        yield f"    {self.named(last.name)} = {shown(last.gradient)}"

    def named(self, name: str) -> str:
        """∂loss/∂name."""
        return f"∂{self.loss}/∂{name}"

    def picture(self) -> Picture:
        """The graph with values and gradients, from the parameter at the top to the loss. Needs matplotlib."""
        from .picture import picture_of

        return picture_of(self)

    def _repr_html_(self) -> str:
        rows = [
            (f"{s.name} = {s.formula}" if s.formula else s.name, shown(s.value), shown(s.gradient), s.line)
            for s in self.steps[:MOST]
        ]
        title = f"The chain rule from {self.loss} to {self.parameter}"
        more = [paragraph(f"… {len(self.steps) - MOST} more", soft=True)] if len(self.steps) > MOST else []
        drawn = [self.picture()._repr_html_()] if can_draw() else []
        return card(title, table(("node", "value", self.named("node"), "line"), rows), *more, *drawn)


def explain_grad(loss: Tensor, parameter: Tensor, *, names: Mapping[str, Any] | None = None) -> Explanation:
    """The chain rule from ``loss`` to ``parameter``, node by node, with the values and the partials at each.

    At every node on a way: its formula and value, the user's line, and ∂loss/∂node as the sum over its ways, each the
    gradient of a reader times the local partial. The last one is what ``loss.backward()`` adds to ``parameter.grad``.
    ``loss`` is one number with its history: explain it before ``backward()``, or keep the graph; nothing is changed.
    ``parameter`` is a leaf, or any tensor on the way. Names are those of the caller's variables, local before global,
    parameters of modules among them by their paths; ``names`` gives others. More than 30 nodes are folded, by line,
    parameter or number.

    Raises InputError for a loss of several numbers or without a history, and where no gradient flows.

    >>> import sklon
    >>> w, b = sklon.tensor(3.0, requires_grad=True), sklon.tensor(1.0, requires_grad=True)
    >>> y = w * 2 + b
    >>> loss = (y - 4) ** 2
    >>> found = explain_grad(loss, w)
    >>> [f"{step.name} = {step.formula}" for step in found.steps if step.formula]
    ['loss = z2·z2', 'z2 = y − 4', 'y = z1 + b', 'z1 = w·2']
    >>> found.steps[1].ways[0].words, found.steps[1].ways[0].numbers, float(found.gradient)
    ('∂loss/∂loss·z2', '1·3', 12.0)
    """
    check_tensor("explain_grad goes from a loss to", loss, parameter)
    if loss.numel() != 1:
        raise InputError(f"a chain ends at one number, not at a tensor of shape {loss.shape}; explain its sum or mean")
    recording = recording_of(loss)
    if not recording.result.inputs:
        raise InputError("this loss has no history; explain it before backward(), or with retain_graph=True")
    targets = recording.leaves_of(parameter)
    if parameter._node in recording.copies and not targets:
        targets = [recording.copies[parameter._node]]
    sweep = _Sweep.of(recording, targets)
    if not any(sweep.ways.get(t) for t in targets):
        raise InputError(
            "no gradient flows from the loss to this tensor: it was not used, or detach(), numpy() or item() cut it off"
        )
    own = dict(names or {})
    called = {**own, **{name: value for name, value in variables().items() if name not in own}}  # the first name counts
    return sweep.explained(Names.of(recording, called, targets), targets)


# ---- the way back
@dataclass(frozen=True, slots=True)
class _Edge:
    """What a reader adds to the gradient of an operand, which stands at a place among its inputs."""

    reader: Node
    place: int
    spread: bool  # whether the operand was repeated on the way
    contribution: Node


@dataclass(frozen=True, slots=True)
class _Sweep:
    """Gradients of the loss by every node on a way, as nodes; what only arranges is passed through."""

    recording: Recording
    grads: dict[Node, Node]
    ways: dict[Node, list[_Edge]]

    @staticmethod
    def of(recording: Recording, targets: Sequence[Node]) -> _Sweep:
        above = depending(recording.order, targets)
        grads: dict[Node, Node] = {recording.result: Build().full_like(1.0, recording.result)}
        ways: dict[Node, list[_Edge]] = {}
        for node in reversed(recording.order):
            if node not in grads or node not in above or node in targets:
                continue
            for place, g in enumerate(node.op.vjp(Build(), node, grads[node])):
                x, found, spread = _arranged(node.inputs[place], g, targets)
                if found is not None and x in above:
                    ways.setdefault(x, []).append(_Edge(node, place, spread, found))
                    grads[x] = Build().add(grads[x], found) if x in grads else found
        return _Sweep(recording, grads, ways)

    def explained(self, names: Names, targets: Sequence[Node]) -> Explanation:
        """The steps from the loss to the targets, with values."""
        on_the_way = self._on_the_way(targets)
        order = [n for n in self.recording.order if n in on_the_way]
        for node in order:
            names.give(node, "z")
        edges = [e for n in order for e in self.ways.get(n, ())]
        values = self.recording.values(
            self.recording.result, *(self.grads[n] for n in order), *(e.contribution for e in edges)
        )
        writer = _Writer(self.recording, names, values, self, on_the_way)
        steps = [writer.step(n) for n in reversed(order)]
        on = {s.name for s in steps}
        given = {n: v for s, v in writer.given.items() if (n := names.of_nodes[s]) not in on}
        return Explanation(
            loss=names.of_nodes[self.recording.result],
            parameter=names.of_nodes[targets[-1]],
            steps=tuple(steps),
            given=tuple(given.items())[::-1],
            gradient=np.asarray(sum(values[self.grads[t]] for t in targets if t in self.grads)),
        )

    def _on_the_way(self, targets: Sequence[Node]) -> set[Node]:
        """The nodes between the loss and the targets through which gradients flow."""
        found = set(targets)
        front = list(targets)
        for node in front:  # grows while it is walked
            for edge in self.ways.get(node, ()):
                if edge.reader not in found:
                    found.add(edge.reader)
                    front.append(edge.reader)
        return found


def _arranged(x: Node, g: Node | None, stop: Sequence[Node]) -> tuple[Node, Node | None, bool]:
    """The operand behind what only arranges it, its gradient, and whether it was repeated."""
    spread = False
    while g is not None and x.op.name in ARRANGING and x not in stop:
        spread = spread or (x.op.name == "expand" and len(x.shape) > len(x.inputs[0].shape))
        (g,) = x.op.vjp(Build(), x, g)
        x = x.inputs[0]
    return x, g, spread


# ---- in words
@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes steps with these values; ``given`` collects what is read and lies on no way."""

    recording: Recording
    names: Names
    values: Mapping[Node, Array]
    sweep: _Sweep
    on_the_way: set[Node]
    given: dict[Node, Array] = field(default_factory=dict)

    def step(self, node: Node) -> Step:
        """A node with its ways."""
        name, operands = self.names.of_nodes[node], self._operands(node)
        line, layer = self.recording.line_and_layer(node)
        return Step(
            name=name,
            formula=words_of(node).formula.format(*operands, y=name) if node.inputs else "",
            value=self.values[node],
            gradient=self.values[self.sweep.grads[node]],
            ways=tuple(self._way(name, edge) for edge in self.sweep.ways.get(node, ())),
            operands=operands,
            line=line,
            layer=layer,
        )

    def _operands(self, node: Node) -> tuple[str, ...]:
        words = words_of(node)
        told = {int(i) for i in re.findall(r"\{(\d+)\}", " ".join((words.formula, *words.partials)))}
        return tuple(self._named(x) if i in told else "" for i, x in enumerate(node.inputs))

    def _named(self, x: Node) -> str:
        while x.op.name in ARRANGING and x not in self.names.of_nodes:
            x = x.inputs[0]
        is_number = isinstance(x.op, Constant) or (isinstance(x.op, Slot) and x.op.space == "scalar")
        if x not in self.names.of_nodes and is_number:
            return number(self.values[x])
        if x not in self.on_the_way:
            self.given.setdefault(x, self.values[x])
        return self.names.give(x, "c")

    def _way(self, name: str, edge: _Edge) -> Way:
        reader = edge.reader
        operands, y = self._operands(reader), self.names.of_nodes[reader]
        partial = words_of(reader).partials[edge.place]
        words = product(f"∂{self.names.of_nodes[self.recording.result]}/∂{y}", partial, *operands, y=y)
        return Way(
            reader=y,
            partial=product("∂", partial, *operands, y=y).replace("(∂)", "∂"),
            words=f"{words}, summed where {name} repeats" if edge.spread else words,
            numbers=self._numbers(reader, partial),
            value=self.values[edge.contribution],
        )

    def _numbers(self, reader: Node, partial: str) -> str:
        """The same with numbers, where all are single ones and something is left to compute."""
        involved = (*reader.inputs, reader)
        if partial in ("1", "−1") or any(self.values[n].shape for n in involved):
            return ""
        *inputs, y = (self._bracketed(n) for n in involved)
        return product(self._bracketed(self.sweep.grads[reader]), partial, *inputs, y=y)

    def _bracketed(self, node: Node) -> str:
        text = number(self.values[node])
        return f"({text})" if text.startswith("−") else text
