"""Devices and element types of tensors: this engine computes on the processor, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sklon import tensors
from sklon._base.dtypes import Dtype, dtype_of
from sklon._base.errors import InputError

if TYPE_CHECKING:
    from .tensor import Tensor

#: what PyTorch calls machines that this engine does not use
_ELSEWHERE = ("cuda", "mps", "xpu", "hip", "xla", "meta", "npu", "tpu")


class Device(str):
    """Where a tensor lies: ``"cpu"``."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """The kind of device, without a number."""
        return self.partition(":")[0]


CPU = Device("cpu")


def elsewhere(device: str, call: str) -> InputError:
    """The error that explains where this engine computes."""
    return InputError(f"this engine computes on the processor (CPU) and has no device {device}; leave out {call}")


class OnDevice:
    """PyTorch's words for where a Tensor lies."""

    __slots__ = ()

    @property
    def device(self) -> Device:
        """``"cpu"``: every tensor lies in the machine's own memory."""
        return CPU

    @property
    def is_cuda(self) -> bool:
        """Never."""
        return False

    def cpu(self: Any) -> Tensor:
        """The tensor itself: it is there."""
        tensor: Tensor = self
        return tensor

    def cuda(self, device: Any = None, non_blocking: bool = False) -> NoReturn:
        """Not on this engine: raises InputError."""
        raise elsewhere("cuda", ".cuda()")

    def to(
        self: Any,
        *targets: Dtype | str | Tensor | bool | None,
        dtype: Dtype | str | None = None,
        device: str | None = None,
        copy: bool = False,
        non_blocking: bool = False,
    ) -> Tensor:
        """The same numbers as another element type, a name or a type; the tensor itself if it has it already.

        ``"cpu"`` is accepted as a device, and another tensor stands for its type.
        """
        for target in targets:
            if isinstance(target, tensors.Tensor):
                dtype = target.dtype
            elif _is_device(target):
                device = str(target)
            elif isinstance(target, Dtype | str):
                dtype = target
        if device is not None and Device(device).type != "cpu":
            raise elsewhere(device, f'.to("{device}")')
        if dtype is not None and dtype_of(dtype) is not self.dtype:
            return tensors.functional.astype(self, dtype)
        return tensors.inplace.clone(self) if copy else self.cpu()


def _is_device(target: Any) -> bool:
    name = str(getattr(target, "type", target)) if not isinstance(target, Dtype) else ""
    return name.partition(":")[0] in ("cpu", *_ELSEWHERE)
