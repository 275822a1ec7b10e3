"""Graphs as text, and what a pass changed in one as a difference of two."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from sklon.graph.node import Graph
from sklon.graph.text import print_graph

#: lines of a graph from which on two are not compared: the time grows with their square
MANY = 2000


def graph_text(graph: Graph) -> str:
    """A graph without the attributes that say nothing."""
    return print_graph(graph).replace(", shard=0", "").replace("shard=0", "")


def changes(before: Graph, after: Graph) -> str:
    """The lines that went, with ``-``, and those that came, with ``+``; numbers of nodes do not count as a change."""
    old, new = graph_text(before).splitlines(), graph_text(after).splitlines()
    if max(len(old), len(new)) > MANY:
        return "" if old == new else f"({len(old)} lines are {len(new)} now: too many to compare)\n"
    matcher = SequenceMatcher(None, [_unnumbered(x) for x in old], [_unnumbered(x) for x in new], autojunk=False)
    lines: list[str] = []
    for what, i, j, k, m in matcher.get_opcodes():
        if what != "equal":
            lines += [f"- {line}" for line in old[i:j]] + [f"+ {line}" for line in new[k:m]]
    return "".join(f"{line}\n" for line in lines)


def _unnumbered(line: str) -> str:
    return re.sub(r"%\d+", "%", line)
