"""A graph as text, and back. ``parse(print_graph(g))`` is the same structure, and prints the same.

Grammar, one line each::

    slot      %0 = slot{label='w', space='state', shape=(64, 32), dtype='f32'}() : f32[64,32]
    node      %3 = contract{a='ni', b='oi', out='no'}(%1, %2) : f32[N,64]
    output    output 'loss' %9
    update    update %0 %12
"""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from functools import lru_cache
from math import isfinite
from typing import Any

from sklon._base.dtypes import Dtype, from_short
from sklon._base.errors import InputError
from sklon._base.shapes import N, S, Symbol, T

from .node import REGISTRY, Graph, Node, Op, apply, attributes

#: ops that are not read again: most of a program's are the same few
KEPT = 1024
_NODE = re.compile(r"%(\d+) = (\w+)\{(.*)\}\(([^)]*)\) : (\S+)")
_SYMBOLS = {"N": N, "T": T, "S": S}


def print_graph(graph: Graph) -> str:
    """One line per node, in the order of a walk."""
    number = {node: i for i, node in enumerate(graph.nodes)}
    lines: list[str] = []
    for node in graph.nodes:
        inputs = ", ".join([f"%{number[i]}" for i in node.inputs])
        lines.append(f"%{number[node]} = {print_op(node.op)}({inputs}) : {node.type}")
    lines += [f"output {name!r} %{number[n]}" for name, n in graph.outputs]
    lines += [f"update %{number[s]} %{number[n]}" for s, n in graph.updates]
    return "\n".join(lines) + "\n"


def print_op(op: Op) -> str:
    """An op with its attributes, as ``reduce{fn='sum', axes=(1,)}``."""
    inner = ", ".join([f"{name}={_plain(value)!r}" for name, value in attributes(op)])
    return f"{op.name}{{{inner}}}"


@lru_cache(KEPT)
def parse_op(text: str) -> Op:
    """The op that ``print_op`` wrote."""
    name, _, inner = text.partition("{")
    cls = REGISTRY.get(name)
    if cls is None:
        raise InputError(f"there is no op called {name!r}")
    call = ast.parse(f"f({inner.removesuffix('}')})", mode="eval").body
    if not isinstance(call, ast.Call):
        raise InputError(f"{text!r} is not an op")
    plain = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
    kinds = {f.name: f.type for f in fields(cls)}
    return cls(**{k: _typed(kinds[k], v) for k, v in plain.items()})


def parse(text: str) -> Graph:
    """The graph that ``print_graph`` wrote."""
    nodes: dict[str, Node] = {}
    outputs: list[tuple[str, Node]] = []
    updates: list[tuple[Node, Node]] = []
    for line in text.splitlines():
        match = _NODE.fullmatch(line)
        if match:
            number, name, inner, inputs, kind = match.groups()
            args = (nodes[i.strip().removeprefix("%")] for i in inputs.split(",") if i.strip())
            nodes[number] = apply(parse_op(f"{name}{{{inner}}}"), *args)
            if str(nodes[number].type) != kind:
                raise InputError(f"the type does not fit: {line}")
        elif line.startswith("output "):
            label, number = line.removeprefix("output ").rsplit(" %", 1)
            outputs.append((ast.literal_eval(label), nodes[number]))
        elif line.startswith("update "):
            target, value = line.removeprefix("update %").split(" %")
            updates.append((nodes[target], nodes[value]))
        elif line.strip():
            raise InputError(f"this line is no part of a graph: {line!r}")
    return Graph(tuple(outputs), tuple(updates))


def _plain(value: Any) -> Any:
    if isinstance(value, Dtype):
        return value.short
    if isinstance(value, tuple):
        return tuple([e.name if isinstance(e, Symbol) else e for e in value])
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # no literal of Python's: written as 'inf', '-inf', 'nan'
    return value


def _typed(kind: Any, value: Any) -> Any:
    if kind == "Dtype":
        return from_short(value)
    if kind == "Shape":
        return tuple(_SYMBOLS.get(e, e) for e in value)
    if kind == "float":
        return float(value)
    return value
