"""A module at a glance: its layers with settings, output shapes and counts of parameters, as rows, a line and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sklon._base.dtypes import float32
from sklon._base.errors import SklonError
from sklon._base.notebook import card, paragraph, table
from sklon._base.shapes import N
from sklon.graph.node import slot
from sklon.tensors import Tensor
from sklon.tensors.modes import no_grad

from .container import Sequential
from .description import LAYERS
from .module import Module

#: a table shows so many layers, the first and the last ones; more are counted
MOST_LAYERS = 60
#: a space at which no line is broken
UNBROKEN = "\u00a0"
#: the settings of layers that say how many features a row of their input has
FEATURES = ("in_features", "num_features")


@dataclass(frozen=True, slots=True)
class Layer:
    """A module that computes: not one that only holds others. ``trainable`` counts the parameters that are trained."""

    path: str
    kind: str
    settings: str
    output: str
    parameters: int
    trainable: int


def layers(model: Module) -> list[Layer]:
    """The layers of a model in their order; what several share is counted where it stands first.

    >>> from sklon import nn
    >>> layers(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))[0]
    Layer(path='0', kind='Linear', settings='in_features=3, out_features=2, bias=True', output='N × 2', parameters=8,
    trainable=8)
    """
    shapes, seen = output_shapes(model), set[int]()
    found = []
    for path, module in model.named_modules():
        own = [p for p in module._parameters.values() if p is not None]
        if module._modules and not own:
            continue
        new = [p for p in own if id(p) not in seen]
        seen.update(map(id, own))
        count = sum(_size(p) for p in new)
        trained = sum(_size(p) for p in new if p.requires_grad)
        settings, output = module.extra_repr(), shapes.get(id(module), "")
        found.append(Layer(path, type(module).__name__, settings, output, count, trained))
    return found


def line(model: Module) -> str:
    """The model in one line.

    >>> from sklon import nn
    >>> line(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    'Sequential of 2 layers, 8 parameters'
    """
    found = layers(model)
    total, trained = (sum(getattr(one, name) for one in found) for name in ("parameters", "trainable"))
    layered = f" of {_counted(len(found), 'layer')}" if model._modules else ""
    frozen = f", {trained:,} of them trained" if trained != total else ""
    return f"{type(model).__name__}{layered}, {_counted(total, 'parameter')}{frozen}"


def html(model: Module) -> str:
    """The layers as a table for notebooks."""
    found = layers(model)
    shown = [
        (one.path, one.kind, one.settings, one.output.replace(" ", UNBROKEN), one.parameters, one.trainable)
        for one in found
    ]
    left_out = len(shown) - MOST_LAYERS
    if left_out > 0:
        half = MOST_LAYERS // 2
        shown[half:-half] = [("…", f"{_counted(left_out, 'layer')} more", "", "", 0, 0)]
        counts = [sum(getattr(one, name) for one in found[half:-half]) for name in ("parameters", "trainable")]
        shown[half] = (*shown[half][:4], *counts)
    head = ["layer", "kind", "settings", "output", "parameters", "trainable"]
    parts = [table(head, shown)] if model._modules or model._parameters else []
    note = "N is the number of rows. " if any(one.output for one in found) else ""
    mode = "" if model.training else "In evaluation mode."
    return card(line(model), *parts, *([paragraph(note + mode, soft=True)] if note or mode else []))


# ---- shapes
def output_shapes(model: Module) -> dict[int, str]:
    """The shape of each layer's output by its identity, where no code of the user's has to run to know it.

    It is known for layers of sklon, one after the other, of which the first says how many features a row has. Nothing
    is computed.
    """
    chain = list(_chain(model))
    features = next((getattr(chain[0], name) for name in FEATURES if hasattr(chain[0], name)), None) if chain else None
    if features is None or any(LAYERS.get(type(m).__name__) is not type(m) for m in chain):
        return {}
    dtype = next((p.dtype for p in model.parameters()), float32)
    shapes: dict[int, str] = {}
    with _evaluating(model), no_grad():
        x = Tensor(slot("x", "data", (N, int(features)), dtype))
        for layer in chain:
            try:
                x = layer.forward(x)
            except (SklonError, TypeError):
                return shapes
            shapes[id(layer)] = " × ".join(map(str, x.node.shape))
    return shapes


def _chain(module: Module) -> Iterator[Module]:
    """The layers that a Sequential, also of Sequentials, runs one after the other."""
    if type(module) is not Sequential:
        yield module
        return
    for part in module:
        yield from _chain(part)


@contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode for a while; each module is then as it was."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


def _size(parameter: Tensor) -> int:
    return int(parameter.numel())


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
