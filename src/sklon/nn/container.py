"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sklon._base.errors import InputError

from .module import Module


class Sequential(Module):
    """Each module's output is the next one's input.

    >>> from sklon import nn
    >>> len(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    2
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = list(modules[0].items())
        else:
            named = [(str(i), module) for i, module in enumerate(modules) if isinstance(module, Module)]
            _check_modules(modules)
        for name, module in named:
            self.add_module(name, module)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        (x,) = inputs
        for module in self:
            x = module(x)
        return x

    def append(self, module: Module) -> Sequential:
        """Add a module at the end."""
        _check_modules((module,))
        self.add_module(str(len(self)), module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int) -> Module:
        return list(self._modules.values())[index]


class ModuleList(Module):
    """A list whose modules are registered under their positions; ``forward`` is its owner's to write."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end."""
        _check_modules((module,))
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put a module before position ``index``; later ones move up."""
        _check_modules((module,))
        found = list(self)
        found.insert(index, module)
        self._renumber(found)

    def _renumber(self, modules: list[Module]) -> None:
        for name in list(self._modules):
            delattr(self, name)
        self.extend(modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int | slice) -> Any:
        found = list(self)[index]
        return ModuleList(found) if isinstance(found, list) else found

    def __setitem__(self, index: int, module: Module) -> None:
        _check_modules((module,))
        setattr(self, str(range(len(self))[index]), module)

    def __delitem__(self, index: int) -> None:
        found = list(self)
        del found[index]
        self._renumber(found)


class ModuleDict(Module):
    """A dictionary whose modules are registered under its keys; ``forward`` is its owner's to write."""

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, or replace those of the same key."""
        for name, module in dict(modules).items():
            self[name] = module

    def keys(self) -> Iterable[str]:
        """The keys in their order."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules in their order."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Keys and modules in their order."""
        return self._modules.items()

    def pop(self, name: str) -> Module:
        """Take a module out."""
        module = self[name]
        delattr(self, name)
        return module

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> Module:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        _check_modules((module,))
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        delattr(self, name)


def _check_modules(modules: Iterable[Any]) -> None:
    for module in modules:
        if not isinstance(module, Module):
            raise InputError(f"only modules can be parts of a container, not {type(module).__name__}")
