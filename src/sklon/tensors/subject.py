"""What is computed for a pending tensor, or by a jitted function: the program that would be compiled and run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklon._base.errors import InputError
from sklon.compiler.executable import Steps
from sklon.compiler.view.subject import Subject

from . import values
from .programs import as_graph, scalars_of
from .realise import graph_of, value
from .replay import Replay
from .tensor import Tensor


def subject_of_tensor(tensor: Tensor) -> Subject:
    """The graph of everything that would be computed with ``tensor``, with what it reads; nothing is computed."""
    if values.array_of(tensor.node) is not None:
        raise InputError("this tensor has its value already, and nothing is left to compute; show it before it is read")
    graph, arrays, numbers = graph_of(tensor)
    return Subject(
        title=f"pending tensor of shape {tensor.shape}",
        graph=graph,
        max_rows=1,
        arrays=arrays,
        steps=Steps.single(1, numbers),
    )


def subject_of_replay(replay: Replay, given: Sequence[Tensor], name: str) -> Subject:
    """The graph of a recorded function, with the values that it would read; random arrays are zeros, numbers ones."""
    roots, structure = replay.recorded
    if not roots:
        raise InputError(f"{name!r} computes nothing that anybody reads, so it has no program")
    graph = as_graph(roots, structure)
    known = {state.slot: value(state.tensor) for state in replay.states}
    places = {place: given[argument] for place, argument in replay.arguments if argument < len(given)}
    arrays = {}
    for i, node in enumerate(structure.arrays):
        array = values.array_of(node)
        array = known.get(node) if array is None else array
        array = value(places[i]) if array is None and i in places else array
        shape = tuple(int(str(extent)) for extent in node.shape)
        arrays[f"a{i}"] = np.zeros(shape, node.dtype.numpy) if array is None else array
    numbers = [values.number_of(n) if values.is_number(n) else 1.0 for n in structure.numbers]
    steps = Steps.single(1, [numbers[i] for i in scalars_of(graph)])
    return Subject(title=f"jitted function {name}", graph=graph, max_rows=1, arrays=arrays, steps=steps)
