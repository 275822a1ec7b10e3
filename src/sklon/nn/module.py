"""Modules: parameters and other modules under names, and a ``forward``.

Assigning a Parameter or a Module to an attribute registers it. ``training`` is read when a layer records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import values as tensor_values
from sklon.tensors.autograd import watch
from sklon.tensors.creation import tensor

Array = np.ndarray[Any, Any]
Self = TypeVar("Self", bound="Module")


class Parameter(Tensor):
    """A tensor that a module trains: a leaf that requires gradients."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        source = data if isinstance(data, Tensor) else tensor(data)
        super().__init__(tensor_values.leaf(source.numpy()), requires_grad=requires_grad)
        watch(self)

    def assign(self, array: Array) -> None:
        """Take new values of the same shape; the parameter stays the same leaf to everyone who holds it."""
        if tuple(array.shape) != tuple(self.shape):
            raise ShapeError(f"a parameter of shape {self.shape} cannot take values of shape {array.shape}")
        self._adopt(tensor_values.leaf(np.array(array, self.dtype.numpy, order="C")))
        watch(self)


class Module:
    """The base of layers and models: subclass it, assign parts to attributes, and write ``forward``.

    >>> from sklon import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.body = nn.Linear(4, 2)
    ...     def forward(self, x):
    ...         return self.body(x).relu()
    >>> [name for name, _ in Net().named_parameters()]
    ['body.weight', 'body.bias']
    """

    training: bool

    def __init__(self) -> None:
        self._parameters: dict[str, Parameter] = {}
        self._modules: dict[str, Module] = {}
        self.training = True

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter | Module):
            if "_modules" not in self.__dict__:
                raise InputError(f"call super().__init__() in {type(self).__name__} before assigning {name!r}")
            self._parameters.pop(name, None)
            self._modules.pop(name, None)
            own: dict[str, Any] = self._parameters if isinstance(value, Parameter) else self._modules
            own[name] = value
        object.__setattr__(self, name, value)

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def forward(self, *inputs: Any) -> Any:
        """The computation: tensors in, a tensor out."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward method")

    # ---- parts
    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their paths."""
        yield prefix, self
        for name, module in self._modules.items():
            yield from module.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths; a shared one once, under its first path."""
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, parameter in module._parameters.items():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield (f"{path}.{name}" if path else name), parameter

    def parameters(self) -> Iterator[Parameter]:
        """All parameters."""
        return (parameter for _, parameter in self.named_parameters())

    # ---- modes
    def train(self: Self, mode: bool = True) -> Self:
        """Switch this module and all below it to training, or to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Switch to evaluation: dropout passes everything."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set all gradients to None."""
        for parameter in self.parameters():
            parameter.grad = None

    # ---- state
    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters by path; the keys and shapes are PyTorch's."""
        return {
            f"{path}.{name}" if path else name: parameter.numpy()
            for path, module in self.named_modules()
            for name, parameter in module._parameters.items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over all parameters: arrays, tensors of sklon or of PyTorch, by path."""
        own = {
            f"{path}.{name}" if path else name: parameter
            for path, module in self.named_modules()
            for name, parameter in module._parameters.items()
        }
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise InputError(f"the state does not fit the model: missing {missing}, unknown {unknown}")
        arrays = {name: np.asarray(_as_array(state[name])) for name in own}
        for name, parameter in own.items():
            if tuple(arrays[name].shape) != tuple(parameter.shape):
                raise ShapeError(f"{name} has the shape {parameter.shape}, the state {arrays[name].shape}")
        for name, parameter in own.items():
            parameter.assign(arrays[name])

    def __repr__(self) -> str:
        parts = [
            f"  ({name}): {repr(module).replace(chr(10), chr(10) + '  ')}" for name, module in self._modules.items()
        ]
        inner = self.extra_repr()
        if not parts:
            return f"{type(self).__name__}({inner})"
        return f"{type(self).__name__}({inner}\n" + "\n".join(parts) + "\n)"

    def extra_repr(self) -> str:
        """The settings of a layer, for its repr."""
        return ""


def _as_array(value: Any) -> Any:
    detach = getattr(value, "detach", None)
    return detach().numpy() if detach is not None else value
