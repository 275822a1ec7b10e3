"""What a pending tensor is computed by: the program that demanding it would compile and run."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.compiler.executable import Steps
from sklon.compiler.view.subject import Subject

from . import values
from .realise import graph_of
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
