"""Parameter groups: dictionaries with ``params`` and settings, as PyTorch has them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor, tracing

Group = dict[str, Any]


class Settings(Group):
    """The settings of a group. Inside a jitted function one that is read must stay, and one that is set is set again.

    What an optimizer reads itself, by ``items`` or ``dict``, is no part of this: its numbers are given at each call.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        trace = tracing.current()
        if trace is not None and name != "params":
            trace.reads(self, name, partial(super().get, name))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The setting, or ``default``."""
        if name not in self:
            return default
        return self[name]

    def __setitem__(self, name: str, value: Any) -> None:
        write, trace = partial(super().__setitem__, name, value), tracing.current()
        if trace is None:
            write()
        else:
            trace.writes(self, name, write, partial(self._become, dict(self)))

    def update(self, *given: Any, **settings: Any) -> None:
        """Set several."""
        for name, value in dict(*given, **settings).items():
            self[name] = value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The setting, which is ``default`` from now on if there was none."""
        if name not in self:
            self[name] = default
        return self[name]

    def _become(self, before: Group) -> None:
        self.clear()
        super().update(before)


def groups_of(params: Iterable[Any]) -> list[Group]:
    """Parameters as an optimizer takes them: groups as they are, others as one group."""
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise TypeError(
            f"an optimizer takes an iterable of tensors or of groups, not a {type(params).__name__}; "
            "pass model.parameters() or [tensor]"
        )
    given = list(params)
    if not given:
        raise InputError("the optimizer got no parameters; pass model.parameters()")
    return given if isinstance(given[0], dict) else [{"params": given}]


def members_of(group: Group) -> Group:
    """A group whose ``params`` is a list of leaves; their names, where given, stand beside them."""
    if not isinstance(group, dict) or "params" not in group:
        raise TypeError('a parameter group is a dictionary with "params" and settings')
    given = group["params"]
    if isinstance(given, set):
        raise TypeError("a set has no order that lasts; pass the parameters of a group as a list")
    members = [given] if isinstance(given, Tensor) else list(given)
    named = [m for m in members if isinstance(m, tuple)]
    if named and len(named) != len(members):
        raise InputError("some parameters of the group have names and some have none; pass all of one kind")
    tensors = [tensor for _, tensor in named] if named else members
    for tensor in tensors:
        _check_leaf(tensor)
    names = {"param_names": [name for name, _ in named]} if named else {}
    return {**group, "params": tensors, **names}


def settings_of(group: Group) -> Group:
    """What a group says besides its parameters, as values that stay what they are."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in group.items() if name != "params"}


def _check_leaf(tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"an optimizer takes tensors, not a {type(tensor).__name__}; pass model.parameters()")
    if not tensor.is_leaf:
        raise InputError("an optimizer takes leaf tensors; pass model.parameters()")


def check_disjoint(group: Group, others: list[Group]) -> None:
    """Refuse a parameter that would be stepped twice, and names in some groups alone."""
    new = [id(p) for p in group["params"]]
    if len(set(new)) != len(new):
        raise InputError("a parameter appears twice in its group; pass each once")
    if not set(new).isdisjoint(id(p) for other in others for p in other["params"]):
        raise InputError("a parameter appears in more than one group; pass each in one")
    if any(("param_names" in group) != ("param_names" in other) for other in others):
        raise InputError("some groups have names of parameters and some have none; pass all of one kind")
