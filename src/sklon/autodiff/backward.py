"""Reverse mode: one walk from the result to what it was computed from, adding up what each reader returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sklon.graph.build import Build
from sklon.graph.node import Node, walk


def gradients(
    seeds: Mapping[Node, Node], wrt: Sequence[Node], hooks: Mapping[Node, Callable[[Node], Node]] | None = None
) -> list[Node | None]:
    """For each node of ``wrt``: Σ over results y of seeds[y]·∂y/∂node; None where no path leads there.

    ``hooks`` replace the complete gradients of some nodes before they flow on.
    """
    order = walk(seeds)
    needed = depending(order, wrt)
    grads: dict[Node, Node] = dict(seeds)
    for node in reversed(order):
        if node not in grads or node not in needed:
            continue
        if hooks and node in hooks:
            grads[node] = hooks[node](grads[node])
        build = Build(node.source)
        for x, g in zip(node.inputs, node.op.vjp(build, node, grads[node]), strict=True):
            if g is not None and x in needed:
                grads[x] = build.add(grads[x], g) if x in grads else g
    return [grads.get(n) for n in wrt]


def added(pairs: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
    """Seeds: what each node is given, added up where it is given more than once."""
    seeds: dict[Node, Node] = {}
    for node, g in pairs:
        seeds[node] = Build().add(seeds[node], g) if node in seeds else g
    return seeds


def depending(order: Iterable[Node], on: Iterable[Node]) -> set[Node]:
    """The nodes of a walk that depend on those of ``on``, and these themselves."""
    found = set(on)
    for node in order:
        if any(i in found for i in node.inputs):
            found.add(node)
    return found
