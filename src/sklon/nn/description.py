"""Modules as data: a Sequential of known layers, or a known loss, as a value that JSON can hold, and back.

Nothing here executes what it reads: a name is looked up among the layers of this package, and its settings are
numbers, texts and lists. What cannot be described so (a class or a function of one's own, hooks, a layer that stands
in two places) is None. The invariant: a description is only given if what it builds has the same parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter as Argument
from inspect import signature
from math import isfinite
from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from . import activation, container, dropout, embeddings, ensemble, linear, loss, normalization
from .module import Module

Description = dict[str, Any]
_ROOMS = (activation, dropout, embeddings, ensemble, linear, normalization)
#: the layers that can be described, by name; containers without a forward cannot
LAYERS: dict[str, type[Module]] = {
    name: kind
    for room in _ROOMS
    for name, kind in vars(room).items()
    if isinstance(kind, type)
    and issubclass(kind, Module)
    and kind.__module__ == room.__name__
    and not name.startswith("_")
    and kind is not activation.Activation
}
LOSSES: dict[str, type[Module]] = {kind.__name__: kind for kind in (*loss.LOSSES.values(), loss.EnsembleLoss)}
#: the key of a setting that is a module itself
PART = "module"
KNOWN = {**LAYERS, **LOSSES}


class _NoDescriptionError(Exception):
    """Something that a description cannot hold."""


def describe(module: Module) -> Description | None:
    """The module as data, or None where data cannot hold it.

    >>> from sklon import nn
    >>> describe(nn.Sequential(nn.Linear(3, 1, bias=False)))["modules"][0][1]["settings"]
    {'in_features': 3, 'out_features': 1, 'bias': False, 'dtype': 'float32'}
    """
    try:
        found = _described(module)
        found["frozen"] = [name for name, p in module.named_parameters() if not p.requires_grad]
        return found if _parts(build(found)) == _parts(module) else None
    except _NoDescriptionError:
        return None


def _described(module: Module) -> Description:
    kind = type(module)
    if module._forward_hooks or module._forward_pre_hooks:
        raise _NoDescriptionError
    if kind is container.Sequential:
        return {"layer": "Sequential", "modules": [[n, _described(m)] for n, m in module._modules.items()]}
    if KNOWN.get(kind.__name__) is not kind:
        raise _NoDescriptionError
    arguments = signature(kind).parameters
    settings = {name: _setting(module, name, argument) for name, argument in arguments.items()}
    return {"layer": kind.__name__, "settings": {k: v for k, v in settings.items() if v is not Argument.empty}}


def _setting(module: Module, name: str, argument: Argument) -> Any:
    """The setting that an argument of the constructor had; empty for one that leaves no trace."""
    if name == "bias" and name in module._parameters:
        return module._parameters[name] is not None
    if name == "dtype":
        found = [p.dtype.name for p in (*module.parameters(), *module.buffers()) if p.dtype.is_floating]
        return found[0] if found else Argument.empty
    value = getattr(module, name, Argument.empty)
    if isinstance(value, Module):
        return {PART: _described(value)}
    if value is not Argument.empty:
        return _plain(value)
    if argument.default is Argument.empty:
        raise _NoDescriptionError
    return Argument.empty


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _plain(value.numpy().tolist())
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value)):
        return value
    raise _NoDescriptionError


def _parts(module: Module) -> Any:
    """What two modules have in common if one can stand for the other."""
    shapes = {name: (array.shape, array.dtype) for name, array in module.state_dict().items()}
    parameters = [(name, p.requires_grad) for name, p in module.named_parameters()]
    return repr(module), shapes, parameters, [name for name, _ in module.named_buffers()]


def build(description: Mapping[str, Any]) -> Module:
    """The module that a description describes, with fresh parameters.

    Raises InputError for what describes no module of this version.
    """
    module = _built(description)
    frozen = set(description.get("frozen", ()))
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in frozen)
    return module


def _built(description: Mapping[str, Any]) -> Module:
    name = description["layer"]
    if name == "Sequential":
        return container.Sequential({part: _built(inner) for part, inner in description["modules"]})
    if name not in KNOWN:
        raise InputError(f"there is no layer or loss {name!r} in this version of sklon; use the version that saved it")
    settings = {key: _built(v[PART]) if isinstance(v, dict) else v for key, v in description["settings"].items()}
    try:
        return KNOWN[name](**settings)
    except TypeError as error:
        raise InputError(f"the settings of {name} are not those of this version of sklon: {error}") from error
