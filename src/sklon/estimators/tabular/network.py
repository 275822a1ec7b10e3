"""The network for tables: numbers bent, categories embedded, and a multilayer perceptron over all of them.

::

    h = [ ψ₁(x₁) … ψ_F(x_F) | x_{F+1} … x_D | E₁[c₁] … E_J[c_J] ]     ψ piecewise linear, with d numbers each
    output = Linear(… f(Linear(h)) …)                                f = Dropout ∘ activation ∘ BatchNorm

The first F columns of X have bins (``Preparation.bends``). With ``members`` = k there are k networks that share their
matrices and differ in scales and biases, and outputs are [N, k, outputs]. An ``Architecture`` is a value that JSON can
hold; weights come and go as NumPy arrays under PyTorch's names. Source of ψ: Gorishniy, Rubachev and Babenko, 2022; of
the members: Gorishniy, Kotelnikov and Babenko, *TabM*, 2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sklon import nn
from sklon.data import Preparation
from sklon.nn.activation import ACTIVATIONS
from sklon.tensors import Tensor
from sklon.tensors.manipulation import concat, flatten

CATEGORY_SCALE = 0.1
"""Embeddings of categories start as N(0, 0.1²): as N(0, 1) they drown what the numbers say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of the network.

    ``features`` is the width of X, of which the first columns have ``bends``, each embedded in ``d_embedding`` numbers;
    ``embeddings`` are (count, dimension) of each column of codes.
    """

    features: int
    bends: tuple[tuple[float, ...], ...]
    embeddings: tuple[tuple[int, int], ...]
    hidden: tuple[int, ...]
    dropout: float
    outputs: int
    d_embedding: int = 16
    activation: str = "mish"
    batch_norm: bool = False
    members: int = 1

    @classmethod
    def for_preparation(cls, preparation: Preparation, **sizes: Any) -> Architecture:
        """The network of these sizes that fits the prepared inputs and the target."""
        return cls(
            features=preparation.features,
            bends=preparation.bends,
            embeddings=tuple((recipe.count, recipe.dimension) for recipe in preparation.embedded),
            outputs=preparation.target.outputs,
            **sizes,
        )

    @property
    def width(self) -> int:
        """How many numbers the first hidden layer sees."""
        bent = len(self.bends)
        return bent * self.d_embedding + self.features - bent + sum(dimension for _, dimension in self.embeddings)

    def to_json(self) -> dict[str, Any]:
        """The value as what ``json`` can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Architecture:
        """The value that ``to_json`` gave."""
        lists = {name: tuple(map(tuple, value[name])) for name in ("bends", "embeddings")}
        return cls(**dict(value) | lists | {"hidden": tuple(value["hidden"])})


class TableNet(nn.Module):
    """The network of the module's docstring: ``forward(x, *codes)``."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = a = architecture
        if a.bends:
            self.numbers = nn.PiecewiseLinearEmbeddings(a.bends, a.d_embedding)
        for j, (count, dimension) in enumerate(a.embeddings):
            setattr(self, f"embedding_{j}", _embedding(count, dimension))
        self.layers = nn.Sequential(*_layers(a))

    def forward(self, x: Tensor, *codes: Tensor) -> Tensor:
        """Outputs [rows, outputs], or [rows, members, outputs], of X [rows, features] and codes [rows] each."""
        bent, a = len(self.architecture.bends), self.architecture
        parts = [flatten(self.numbers(x[:, :bent]), 1)] if bent else []
        if bent < a.features:
            parts.append(x[:, bent:])
        parts.extend(getattr(self, f"embedding_{j}")(code) for j, code in enumerate(codes))
        outputs: Tensor = self.layers(concat(parts, 1) if len(parts) > 1 else parts[0])
        return outputs


def _embedding(count: int, dimension: int) -> nn.Embedding:
    """A table of embeddings whose row 0 adds nothing unless trained to: the unknown."""
    embedding = nn.Embedding(count, dimension)
    values = CATEGORY_SCALE * embedding.weight.numpy()
    values[0] = 0.0
    embedding.weight.assign(values)
    return embedding


def _layers(a: Architecture) -> list[nn.Module]:
    """The hidden layers and the head; members in front of and between them where there are several."""
    layers: list[nn.Module] = [nn.EnsembleView(a.members)] if a.members > 1 else []
    width = a.width
    for depth, wide in enumerate(a.hidden):
        layers.append(_linear(a, width, wide, "random-signs" if depth == 0 else "ones"))
        if a.batch_norm:
            layers.append(nn.BatchNorm1d(wide))
        layers.append(ACTIVATIONS[a.activation]())
        if a.dropout:
            layers.append(nn.Dropout(a.dropout))
        width = wide
    head = nn.Linear(width, a.outputs) if a.members == 1 else nn.LinearEnsemble(width, a.outputs, k=a.members)
    return [*layers, head]


def _linear(a: Architecture, width: int, wide: int, scaling: str) -> nn.Module:
    """A hidden layer, started as He: N(0, 2/width), so that signals keep their size through many layers."""
    layer: nn.Linear | nn.LinearBatchEnsemble = (
        nn.Linear(width, wide)
        if a.members == 1
        else nn.LinearBatchEnsemble(width, wide, k=a.members, scaling_init=(scaling, "ones"))
    )
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer
