"""How nodes are called in what is explained: as the variables of the user's code that asks, else z1, z2, …."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklon._base.source import user_frame
from sklon.graph.node import Node
from sklon.nn import Module
from sklon.tensors import Tensor

from ..recording import Recording


def variables() -> Mapping[str, Any]:
    """The variables of the user's code that asks: those of the function before those of its module."""
    frame = user_frame()
    if frame is None:
        return {}
    own = dict(frame.f_locals)
    return {**own, **{name: value for name, value in frame.f_globals.items() if name not in own}}


@dataclass(frozen=True, slots=True)
class Names:
    """Names of nodes, each given once."""

    of_nodes: dict[Node, str]

    @staticmethod
    def of(recording: Recording, called: Mapping[str, Any], targets: Sequence[Node]) -> Names:
        """The names of tensors, and of parameters and buffers of modules by their paths."""
        own: dict[Node, str] = {}
        for name, tensor in _tensors(called):
            now = recording.copies.get(tensor._node)
            if now is not None:
                own.setdefault(now, name)
            for node in recording.leaves_of(tensor):  # those of its values before it was written in place, too
                own.setdefault(node, name if now in (None, node) else f"{name} before")
        own.setdefault(recording.result, "loss")
        for target in targets:
            own.setdefault(target, "parameter")
        return Names(own)

    def give(self, node: Node, letter: str) -> str:
        """The name of a node; a new one with this letter for one that has none."""
        if node not in self.of_nodes:
            taken = set(self.of_nodes.values())
            self.of_nodes[node] = next(n for i in range(1, len(taken) + 2) if (n := f"{letter}{i}") not in taken)
        return self.of_nodes[node]


def _tensors(called: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    for name, value in called.items():
        if isinstance(value, Tensor) and not name.startswith("_"):
            yield name, value
    for name, value in called.items():
        if isinstance(value, Module) and not name.startswith("_"):
            for path, part in (*value.named_parameters(), *value.named_buffers()):
                yield f"{name}.{path}", part
