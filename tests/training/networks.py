"""Networks as people write them, once for PyTorch and once for us: ``networks(lib)`` gives classes by name.

Each takes [N, 5, 3] (five times of three features) and gives [N, 1].
"""

from __future__ import annotations

from typing import Any


def networks(lib: Any) -> dict[str, type[Any]]:
    """The classes, over ``lib.nn``."""
    found = (*_recurrent(lib), *_attending(lib), *_mixing(lib), *_over_time(lib))
    return {c.__name__: c for c in found}


def _recurrent(lib: Any) -> tuple[type[Any], ...]:
    """Networks that carry a state from time to time."""
    nn = lib.nn

    class Recurrent(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.into, self.again, self.out = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 1)

        def forward(self, x: Any) -> Any:
            h = self.into(x[:, 0]).tanh()
            for t in range(1, 5):
                h = (self.into(x[:, t]) + self.again(h)).tanh()
            return self.out(h)

    class Gated(lib.nn.Module):  # type: ignore[misc]
        """A gated recurrent unit, its gates cut from one product."""

        def __init__(self) -> None:
            super().__init__()
            self.into, self.again, self.out = nn.Linear(3, 12), nn.Linear(4, 12), nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            h = x[:, 0, :1].expand(-1, 4) * 0
            for t in range(5):
                (a, b, c), (d, e, f) = self.into(x[:, t]).chunk(3, 1), self.again(h).chunk(3, 1)
                update, new = (a + d).sigmoid(), (c + (b + e).sigmoid() * f).tanh()
                h = (1 - update) * new + update * h
            return self.out(h)

    return Recurrent, Gated


def _attending(lib: Any) -> tuple[type[Any], ...]:
    """Networks in which times look at each other."""
    nn = lib.nn
    softmax = nn.functional.softmax

    class Attention(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v, self.out = nn.Linear(3, 8), nn.Linear(3, 8), nn.Linear(3, 8), nn.Linear(40, 1)

        def forward(self, x: Any) -> Any:
            weights = softmax(self.q(x) @ self.k(x).transpose(1, 2) / 8**0.5, -1)
            return self.out((weights @ self.v(x)).flatten(1))

    class Heads(lib.nn.Module):  # type: ignore[misc]
        """Two heads of attention after layer norm."""

        def __init__(self) -> None:
            super().__init__()
            self.norm, self.parts, self.out = nn.LayerNorm(3), nn.Linear(3, 24), nn.Linear(40, 1)

        def forward(self, x: Any) -> Any:
            parts = self.parts(self.norm(x)).unflatten(2, (3, 2, 4)).permute(0, 2, 3, 1, 4)
            q, k, v = (parts[:, i] for i in range(3))
            return self.out((softmax(q @ k.mT / 2, -1) @ v).transpose(1, 2).flatten(1))

    return Attention, Heads


def _mixing(lib: Any) -> tuple[type[Any], ...]:
    """Networks that join, gate and multiply features."""
    nn = lib.nn
    softmax = nn.functional.softmax
    join = getattr(lib, "concat", None) or lib.cat

    class Experts(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.out = nn.Linear(15, 3), nn.Linear(4, 1)
            self.experts = nn.ModuleList([nn.Linear(15, 4) for _ in range(3)])

        def forward(self, x: Any) -> Any:
            x = x.flatten(1)
            given = lib.stack([expert(x).relu() for expert in self.experts], 1)
            return self.out((given * softmax(self.gate(x), 1).unsqueeze(2)).sum(1))

    class Crossed(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.cross, self.out = nn.BatchNorm1d(15), nn.Linear(15, 15), nn.Linear(30, 1)

        def forward(self, x: Any) -> Any:
            x = self.norm(x.reshape(-1, 15))
            return self.out(join([x, (x * self.cross(x) + x).flip(1)], 1))

    class Pooled(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.each, self.out = nn.Linear(3, 6), nn.Linear(18, 1)

        def forward(self, x: Any) -> Any:
            h = self.each(x).relu()
            return self.out(join([h.mean(1), h.amax(1), h[:, -1]], -1))

    class Factors(lib.nn.Module):  # type: ignore[misc]
        """A factorisation machine."""

        def __init__(self) -> None:
            super().__init__()
            self.factors, self.linear = nn.Parameter(lib.ones(15, 4) * 0.1), nn.Linear(15, 1)

        def forward(self, x: Any) -> Any:
            x = x.flatten(1)
            pairs = (x @ self.factors) ** 2 - x**2 @ self.factors**2
            return self.linear(x) + 0.5 * pairs.sum(1, keepdim=True)

    return Experts, Crossed, Pooled, Factors


def _over_time(lib: Any) -> tuple[type[Any], ...]:
    """Networks of windows and differences."""
    nn = lib.nn

    class Windows(lib.nn.Module):  # type: ignore[misc]
        """A convolution over time, by slices."""

        def __init__(self) -> None:
            super().__init__()
            self.kernel, self.out = nn.Linear(6, 4), nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            windows = lib.stack([x[:, t : t + 2].flatten(1) for t in range(4)], 1)
            return self.out(self.kernel(windows).relu().flatten(1))

    class Differences(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.score, self.out = nn.Linear(3, 1), nn.Linear(5, 1)

        def forward(self, x: Any) -> Any:
            scores = self.score(x).squeeze(2)
            below = (scores.unsqueeze(1) - scores.unsqueeze(2)).tril()
            return self.out(below.sum(2).cumsum(1))

    return Windows, Differences
