"""Activation functions as layers. What they compute stands in nn.functional.

Where PyTorch has ``inplace``, it is accepted and changes nothing: whether memory is reused is the compiler's choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sklon._base.errors import ShapeError
from sklon.tensors import Tensor
from sklon.tensors.creation import full

from . import functional
from .module import Module, Parameter


class Activation(Module):
    """y = function(x, settings): the settings are attributes, and read at each call."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._settings = tuple(settings)
        for name, value in settings.items():
            setattr(self, name, value)

    def forward(self, x: Tensor) -> Tensor:
        return type(self).function(x, **{name: getattr(self, name) for name in self._settings})

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._settings)


class _InPlace(Activation):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__()


class _Plain(Activation):
    def __init__(self) -> None:
        super().__init__()


# ---- rectifiers
class ReLU(_InPlace):
    """max(x, 0); the derivative at 0 is 0."""

    function = staticmethod(functional.relu)


class ReLU6(_InPlace):
    """min(max(x, 0), 6); the derivative at 0 and at 6 is 0."""

    function = staticmethod(functional.relu6)


class LeakyReLU(Activation):
    """x above 0, ``negative_slope``·x below."""

    function = staticmethod(functional.leaky_relu)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope)


class PReLU(Module):
    """x above 0, w·x below; ``weight`` holds one slope, or one for each channel, and starts as ``init``."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: str = "float32") -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), init, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return functional.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Activation):
    """A leaky ReLU with slopes from U(lower, upper) while training, and their mean in evaluation."""

    function = staticmethod(functional.rrelu)

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(lower=lower, upper=upper)
        self.lower, self.upper = lower, upper

    def forward(self, x: Tensor) -> Tensor:
        return functional.rrelu(x, self.lower, self.upper, self.training)


class Threshold(Activation):
    """x above ``threshold``, ``value`` elsewhere."""

    function = staticmethod(functional.threshold)

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold=threshold, value=value)


# ---- exponential units
class ELU(Activation):
    """x above 0, α·(eˣ − 1) below. Clevert et al., *Fast and accurate deep network learning by ELUs*, 2016."""

    function = staticmethod(functional.elu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha)


class CELU(Activation):
    """x above 0, α·(e^(x/α) − 1) below."""

    function = staticmethod(functional.celu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha)


class SELU(_InPlace):
    """λ·elu(x, α), which keeps mean 0 and variance 1. Klambauer et al., *Self-normalizing neural networks*, 2017."""

    function = staticmethod(functional.selu)


# ---- smooth gates
class GELU(Activation):
    """x·Φ(x), or its approximation by tanh. Hendrycks and Gimpel, *Gaussian error linear units*, 2016."""

    function = staticmethod(functional.gelu)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class GLU(Activation):
    """a·σ(b), a and b the halves of x along ``dim``. Dauphin et al., *Gated convolutional networks*, 2017."""

    function = staticmethod(functional.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class SiLU(_InPlace):
    """x·σ(x), also called swish."""

    function = staticmethod(functional.silu)


class Mish(_InPlace):
    """x·tanh(ln(1 + eˣ)). Misra, *Mish*, 2019."""

    function = staticmethod(functional.mish)


class Softplus(Activation):
    """ln(1 + e^(βx)) / β, and x itself where βx exceeds ``threshold``."""

    function = staticmethod(functional.softplus)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class Sigmoid(_Plain):
    """1 / (1 + e⁻ˣ)."""

    function = staticmethod(functional.sigmoid)


class LogSigmoid(_Plain):
    """ln σ(x)."""

    function = staticmethod(functional.logsigmoid)


class Tanh(_Plain):
    """tanh x."""

    function = staticmethod(functional.tanh)


class Softsign(_Plain):
    """x / (1 + |x|)."""

    function = staticmethod(functional.softsign)


class Tanhshrink(_Plain):
    """x − tanh x."""

    function = staticmethod(functional.tanhshrink)


# ---- pieces of lines
class Hardtanh(Activation):
    """x within [min_val, max_val]; the derivative at both ends is 0."""

    function = staticmethod(functional.hardtanh)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(min_val=min_val, max_val=max_val)


class Hardsigmoid(_InPlace):
    """min(max(x/6 + ½, 0), 1)."""

    function = staticmethod(functional.hardsigmoid)


class Hardswish(_InPlace):
    """x·min(max(x + 3, 0), 6) / 6. Howard et al., *Searching for MobileNetV3*, 2019."""

    function = staticmethod(functional.hardswish)


class Hardshrink(Activation):
    """x where |x| > λ, 0 elsewhere."""

    function = staticmethod(functional.hardshrink)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)


class Softshrink(Activation):
    """x moved towards 0 by λ, and 0 within λ of it."""

    function = staticmethod(functional.softshrink)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)


# ---- distributions
class Softmax(Activation):
    """exp xᵢ / Σⱼ exp xⱼ along ``dim``. A classifier that is trained gives logits: its loss has the softmax inside."""

    function = staticmethod(functional.softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class LogSoftmax(Activation):
    """ln softmax(x) along ``dim``."""

    function = staticmethod(functional.log_softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class Softmin(Activation):
    """softmax(−x) along ``dim``."""

    function = staticmethod(functional.softmin)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class Softmax2d(_Plain):
    """The softmax over channels at each place. Shapes: [N, C, H, W] or [C, H, W] → the same."""

    function = staticmethod(functional.softmax)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d takes [N, C, H, W] or [C, H, W], not {x.shape}; use Softmax(dim)")
        return functional.softmax(x, -3)


#: activations by the names that runs, estimators and the lab use
ACTIVATIONS: dict[str, Callable[[], Module]] = {
    "relu": ReLU,
    "tanh": Tanh,
    "gelu": GELU,
    "silu": SiLU,
    "elu": ELU,
    "selu": SELU,
    "leaky_relu": LeakyReLU,
    "mish": Mish,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
}
