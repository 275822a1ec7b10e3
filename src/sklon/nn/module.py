"""Modules: parameters, buffers and other modules under names, and a ``forward``.

Assigning a Parameter or a Module to an attribute registers it. ``training`` is read when a layer records. A buffer
that ``forward`` gives another value in training is part of a recorded step: its new value is state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np

from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon.tensors import Tensor, samples, tracing
from sklon.tensors import values as tensor_values
from sklon.tensors.autograd import watch
from sklon.tensors.creation import tensor, zeros
from sklon.tensors.devices import elsewhere
from sklon.tensors.hooks import Handle

from .hooks import ForwardHook, ForwardPreHook, run_forward_hooks, run_pre_hooks
from .settings import TABLES, Noted

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
        assign(self, array)


def assign(target: Tensor, array: Array) -> None:
    """Give a leaf new values of the same shape; it stays the same leaf to everyone who holds it."""
    if tuple(array.shape) != tuple(target.shape):
        raise ShapeError(f"a tensor of shape {target.shape} cannot take values of shape {array.shape}")
    target._adopt(tensor_values.leaf(np.array(array, target.dtype.numpy, order="C")))
    if target.requires_grad:
        watch(target)


class IncompatibleKeys(NamedTuple):
    """What a state that was loaded lacked, and what it had besides."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module(Noted):
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

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module]
    _transient: set[str]  # names of buffers that are no part of the state_dict
    _forward_hooks: dict[int, ForwardHook]
    _forward_pre_hooks: dict[int, ForwardPreHook]

    def __init__(self) -> None:
        tables: dict[str, Any] = {name: {} for name in TABLES}
        self.__dict__.update(tables, _transient=set(), training=True)
        trace = tracing.current()
        if trace is not None:
            trace.born.add(self)

    # ---- attributes
    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter | Module) and "_modules" not in self.__dict__:
            raise InputError(f"call super().__init__() in {type(self).__name__} before assigning {name!r}")
        if "_modules" in self.__dict__:
            if name in self._buffers:
                samples.check_unmapped(name)
            if name in self._buffers and tracing.moved_while_tracing(self._buffers[name], value):
                return
            self._noted()
            self._register(name, value)
        if self.__dict__.get(name, self) is not value:
            tracing.settings.changes += 1
        object.__setattr__(self, name, value)

    def _register(self, name: str, value: Any) -> None:
        kept = isinstance(value, Tensor) or value is None
        if name in self._buffers and kept and not isinstance(value, Parameter):
            self._buffers[name] = value
            return
        if name in self._parameters and isinstance(value, Tensor) and not isinstance(value, Parameter):
            raise InputError(f"{name!r} is a parameter; assign an nn.Parameter or None, or change its values by assign")
        table: dict[str, Any] | None = None
        if isinstance(value, Parameter) or (value is None and name in self._parameters):
            table = self._parameters
        elif isinstance(value, Module):
            table = self._modules
        self._forget(name, table)
        if table is not None:
            table[name] = value

    def _forget(self, name: str, keep: Mapping[str, Any] | None = None) -> None:
        """Take a name out of all tables but one, in which it has its place."""
        for table in (self._parameters, self._buffers, self._modules):
            if table is not keep:
                table.pop(name, None)
        self._transient.discard(name)

    def __delattr__(self, name: str) -> None:
        self._noted()
        self._forget(name)
        tracing.settings.changes += 1
        object.__delattr__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name in (*TABLES, "_transient", "training"):
            raise InputError(f"{type(self).__name__} is half finished: call super().__init__() first in its __init__")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        for part in (*self.parameters(), *self.buffers()):
            memo.setdefault(id(part), _twin(part))
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(deepcopy(self.__dict__, memo))
        return twin

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Give a parameter a name; None keeps the name for one that is not there."""
        self._check_name(name)
        self._noted()
        tracing.settings.changes += 1
        self._parameters[name] = parameter
        object.__setattr__(self, name, parameter)

    def register_buffer(self, name: str, value: Tensor | None, persistent: bool = True) -> None:
        """Give a tensor that is not trained a name: state of the module, in its state_dict if ``persistent``."""
        self._check_name(name)
        if value is not None and not isinstance(value, Tensor):
            raise InputError(f"a buffer is a tensor or None, not {type(value).__name__}; make one with sklon.tensor")
        self._noted()
        tracing.settings.changes += 1
        self._buffers[name] = value
        if not persistent:
            self._transient.add(name)
        object.__setattr__(self, name, value)

    def add_module(self, name: str, module: Module) -> None:
        """Give a module a name."""
        self._check_name(name)
        setattr(self, name, module)

    def _check_name(self, name: str) -> None:
        if not name or "." in name:
            raise InputError(f"the name of a part must not be empty or contain a dot, as {name!r} does")
        if hasattr(self, name) and not any(name in t for t in (self._parameters, self._buffers, self._modules)):
            raise InputError(f"{type(self).__name__} has an attribute {name!r} already; choose another name")

    def get_buffer(self, name: str) -> Tensor | None:
        """The buffer of this module under a name."""
        return self._buffers[name]

    # ---- computing
    def __call__(self, *inputs: Any, **options: Any) -> Any:
        trace = tracing.current()
        if trace is not None:
            trace.watch(self)
        if self._forward_pre_hooks:
            inputs = run_pre_hooks(self._forward_pre_hooks, self, inputs)
        output = self.forward(*inputs, **options)
        return run_forward_hooks(self._forward_hooks, self, inputs, output) if self._forward_hooks else output

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation: tensors in, a tensor out."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward method")

    def register_forward_hook(self, hook: ForwardHook) -> Handle:
        """Call ``hook(module, inputs, output)`` after each forward; what it returns, if anything, is the output."""
        self._noted()
        return Handle(self._forward_hooks, hook)

    def register_forward_pre_hook(self, hook: ForwardPreHook) -> Handle:
        """Call ``hook(module, inputs)`` before each forward; what it returns, if anything, are the inputs."""
        self._noted()
        return Handle(self._forward_pre_hooks, hook)

    # ---- parts
    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one; a shared one once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their paths; a shared one once, under its first path."""
        seen: set[int] = set()
        for path, module in self._paths(prefix):
            if not remove_duplicate or id(module) not in seen:
                seen.add(id(module))
                yield path, module

    def _paths(self, prefix: str) -> Iterator[tuple[str, Module]]:
        yield prefix, self
        for name, module in self._modules.items():
            yield from module._paths(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths; a shared one once, under its first path."""
        return _once(self.named_modules(prefix), lambda module: module._parameters)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths; a shared one once, under its first path."""
        return _once(self.named_modules(prefix), lambda module: module._buffers)

    def buffers(self) -> Iterator[Tensor]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers())

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Call ``function`` on all modules below this one, then on this one."""
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    # ---- modes
    def train(self: Self, mode: bool = True) -> Self:
        """Switch this module and all below it to training, or to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Switch to evaluation: dropout passes everything, batch norm uses its running statistics."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Train all parameters, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None, or to zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.detach_().zero_()

    # ---- types and devices
    def to(self: Self, *targets: Any, **options: Any) -> Self:
        """All floating parameters and buffers as another floating type, in place; arguments as of ``Tensor.to``.

        ``"cpu"`` is accepted as a device. Buffers of whole numbers keep their type.
        """
        kind = zeros(1).to(*targets, **options).dtype
        if not kind.is_floating:
            raise DtypeError(f"parameters are floating numbers, but the type is {kind!r}; convert the tensor itself")
        for parameter in self.parameters():
            _convert(parameter, parameter.to(*targets, **options))
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None and buffer.dtype.is_floating:
                    setattr(module, name, buffer.to(*targets, **options))
        return self

    def float(self: Self) -> Self:
        """All floating parameters and buffers as float32."""
        return self.to("float32")

    def double(self: Self) -> Self:
        """All floating parameters and buffers as float64."""
        return self.to("float64")

    def cpu(self: Self) -> Self:
        """The module itself: it is there."""
        return self

    def cuda(self, device: Any = None) -> NoReturn:
        """Not on this engine: raises InputError."""
        raise elsewhere("cuda", ".cuda()")

    # ---- state
    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by path; the keys and shapes are PyTorch's."""
        return {name: part.numpy() for name, part in self._state().items()}

    def _state(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            for name, part in (*module._parameters.items(), *module._buffers.items()):
                if part is not None and name not in module._transient:
                    found[f"{path}.{name}" if path else name] = part
        return found

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Take over parameters and buffers by path: arrays, tensors of sklon or of PyTorch.

        ``strict`` refuses a state that lacks a key or has another; without it both are returned.
        """
        own = self._state()
        missing, unknown = [k for k in own if k not in state], [k for k in state if k not in own]
        if strict and (missing or unknown):
            raise InputError(f"the state does not fit the model: missing {missing}, unknown {unknown}")
        arrays = {name: np.asarray(as_array(state[name])) for name in own if name in state}
        for name, array in arrays.items():
            if tuple(array.shape) != tuple(own[name].shape):
                raise ShapeError(f"{name} has the shape {own[name].shape}, the state {array.shape}")
        for name, array in arrays.items():
            assign(own[name], array)
        return IncompatibleKeys(missing, unknown)

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

    def _repr_html_(self) -> str:
        """The layers as a table, for notebooks."""
        from .summary import html

        return html(self)


Part = TypeVar("Part", bound=Tensor)


def _once(
    modules: Iterator[tuple[str, Module]], table: Callable[[Module], Mapping[str, Part | None]]
) -> Iterator[tuple[str, Part]]:
    """The parts of modules with their paths, each once."""
    seen: set[int] = set()
    for path, module in modules:
        for name, part in table(module).items():
            if part is not None and id(part) not in seen:
                seen.add(id(part))
                yield (f"{path}.{name}" if path else name), part


def _convert(parameter: Parameter, converted: Tensor) -> None:
    """Take over values of another type; the parameter stays the same leaf, and its gradient has its type."""
    if converted.dtype is not parameter.dtype:
        grad, parameter.grad = parameter.grad, None
        parameter.data = converted.detach()
        parameter.grad = None if grad is None else grad.detach().to(converted.dtype)


def _twin(part: Tensor) -> Tensor:
    """A leaf with the same values that nobody else holds."""
    return Parameter(part, part.requires_grad) if isinstance(part, Parameter) else tensor(part.numpy())


def as_array(value: Any) -> Any:
    """An array of a tensor of any library, on any device; a type that NumPy lacks, as bfloat16, becomes float32."""
    if not hasattr(value, "detach"):
        return value
    found = value.detach()
    found = found.cpu() if hasattr(found, "cpu") else found
    return (found.float() if str(getattr(found, "dtype", "")) == "torch.bfloat16" else found).numpy()
