"""The network of an estimator as a value: linear layers with an activation between them, and what may stand beside it.

::

    hidden = Dropout(activation(BatchNorm(W x + b)))        each part if asked for, once for each hidden layer
    output = link(W hidden + b)

Weights are PyTorch's, [out, in]; ``coefs_`` of estimators are scikit-learn's, [in, out].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from sklon import nn
from sklon.compiler.executable import aligned_zeros
from sklon.nn import Module
from sklon.nn.activation import ACTIVATIONS as PLAIN
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.modes import seeded
from sklon.training.step import state_tensors

Array = np.ndarray[Any, Any]
State: TypeAlias = dict[str, Array]

#: activations by name: scikit-learn's words first
ACTIVATIONS: dict[str, Callable[[], Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "prelu": nn.PReLU,
    **PLAIN,
}


class Exp(Module):
    """eᶻ: a rate from its logarithm."""

    def forward(self, x: Tensor) -> Tensor:
        return F.exp(x)


#: from the last layer's values to predictions
LINKS: dict[str, Callable[[], Module] | None] = {
    "identity": None,
    "logistic": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(1),
    "exp": Exp,
}


@dataclass(frozen=True, slots=True)
class Network:
    """``sizes`` are those of the input, the hidden layers and the output; an activation is a name or a layer."""

    sizes: tuple[int, ...]
    activation: str | Module = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    dtype: str = "float64"

    def module(self, link: str = "identity") -> nn.Sequential:
        """The layers, with values that mean nothing; parameters are named as the states of this network."""
        with seeded(0):
            layers: list[Module] = []
            for i, (fan_in, fan_out) in enumerate(pairwise(self.sizes)):
                layers.append(nn.Linear(fan_in, fan_out, dtype=self.dtype))
                if i < len(self.sizes) - 2:
                    layers += self._behind(fan_out)
            last = LINKS[link]
            return nn.Sequential(*layers, *(() if last is None else (last(),)))

    def _behind(self, width: int) -> list[Module]:
        """What stands between a hidden layer and the next one."""
        found: list[Module] = []
        if self.batch_norm:
            found.append(nn.BatchNorm1d(width, dtype=self.dtype, on_single_value="running"))
        found.append(self._activation())
        if self.dropout:
            found.append(nn.Dropout(self.dropout))
        return found

    def _activation(self) -> Module:
        if isinstance(self.activation, Module):
            return deepcopy(self.activation)
        kind: Any = ACTIVATIONS[self.activation]
        made: Module = kind(dtype=self.dtype) if kind is nn.PReLU else kind()
        return made

    @property
    def linear(self) -> list[str]:
        """The names of the linear layers."""
        step = 2 + self.batch_norm + bool(self.dropout)
        return [str(i * step) for i in range(len(self.sizes) - 1)]

    @property
    def weights(self) -> list[str]:
        """The labels of the linear layers' weights."""
        return [f"param.{name}.weight" for name in self.linear]

    # ---- values
    def state(self, coefs: list[Array], intercepts: list[Array], extras: Mapping[str, Array]) -> State:
        """Aligned copies of an estimator's values under the labels of slots; ``extras`` are beside the linear maps."""
        found: State = {}
        for name, coef, intercept in zip(self.linear, coefs, intercepts, strict=True):
            found[f"param.{name}.weight"] = _aligned(np.asarray(coef).T, self.dtype)
            found[f"param.{name}.bias"] = _aligned(np.asarray(intercept), self.dtype)
        for label, array in extras.items():
            found[label] = _aligned(array, array.dtype if array.dtype.kind != "f" else self.dtype)
        return found

    def read(self, state: Mapping[str, Array]) -> tuple[list[Array], list[Array], State]:
        """``coefs_``, ``intercepts_`` and what stands beside them, copied out of a state."""
        coefs = [np.ascontiguousarray(state[f"param.{name}.weight"].T) for name in self.linear]
        intercepts = [state[f"param.{name}.bias"].copy() for name in self.linear]
        own = {f"param.{name}.{part}" for name in self.linear for part in ("weight", "bias")}
        beside = {
            label: array.copy()
            for label, array in state.items()
            if label.startswith(("param.", "buffer.")) and label not in own
        }
        return coefs, intercepts, beside

    def first_extras(self) -> State:
        """The first values of what stands beside the linear maps."""
        if not self.batch_norm and self.activation != "prelu" and not isinstance(self.activation, Module):
            return {}
        return self.read({label: t.numpy() for label, t in state_tensors(self.module()).items()})[2]


def aligned(state: State) -> State:
    """Aligned copies; what comes out of a file lies anywhere."""
    return {label: _aligned(array, array.dtype) for label, array in state.items()}


def _aligned(values: Array, dtype: Any) -> Array:
    array = aligned_zeros(values.shape, dtype)
    array[...] = values
    return array
