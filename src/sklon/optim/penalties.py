"""Penalties and constraints on parameters, as values that compose with every update rule.

The convention of λ: what is minimised is the mean data loss + l1·Σ|w| + (l2/2)·Σw², with PyTorch's ½ and without a
division by the number of rows or weights. How others write the same stands in
``conversions``.

A penalty acts in one of two places. *Coupled*, it adds to the gradient before the rule sees it. *Decoupled*, it moves
the parameter after the rule's step: by a shrinkage, a proximal step or a projection, which alone give exact zeros and
exact bounds. Nothing here knows which parameters it is for: that is chosen by name (:class:`Penalties`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.elementwise import clip

from .proximal import TINY, shrunk_units, soft
from .rules.parts import above_zero, at_least_zero, unit_norms
from .rules.rule import Diagonal, Number, Rule, Tensors, Update

Array = np.ndarray[Any, Any]


class Penalty(Protocol):
    """What a parameter pays, or must keep to."""

    name: ClassVar[str]

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        """Its numbers in a step with learning rate ``lr``, where the rule's own is ``base_lr``."""
        ...

    def coupled(self, param: Tensor, grad: Tensor, scalars: Tensors) -> Tensor:
        """The gradient with the penalty's part."""
        ...

    @property
    def proximal(self) -> bool:
        """Whether its own move is a proximal step, which needs the rates of the rule."""
        ...

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        """The parameter after the penalty's own move; ``rates`` (``Diagonal.rates``) are there for proximal ones."""
        ...

    def value(self, param: Array) -> float:
        """What a parameter pays, beside the data loss."""
        ...


class _Neutral:
    """A penalty that does nothing, where its subclasses do not say otherwise."""

    __slots__ = ()

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        return {}

    @property
    def proximal(self) -> bool:
        return False

    def coupled(self, param: Tensor, grad: Tensor, scalars: Tensors) -> Tensor:
        return grad

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        return new

    def value(self, param: Array) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class L2(_Neutral):
    """(λ/2)·Σw², as a part of the gradient: g ← g + λ·w."""

    name: ClassVar[str] = "l2"
    strength: float

    def __post_init__(self) -> None:
        at_least_zero(strength=self.strength)

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        return {"strength": self.strength}

    def coupled(self, param: Tensor, grad: Tensor, scalars: Tensors) -> Tensor:
        return grad + scalars["strength"] * param

    def value(self, param: Array) -> float:
        return _half_squares(self, param[None])[0]


def _half_squares(penalty: L2, params: Array) -> list[float]:
    """What L2 asks of each of several values of a parameter."""
    squares = np.square(params, dtype=np.float64).reshape(len(params), -1)
    return [0.5 * penalty.strength * total for total in np.add.reduce(squares, axis=1).tolist()]


#: penalties that look at several values of a parameter at once; a class derived from one may ask for something else
AT_ONCE: Mapping[type[Any], Callable[[Any, Array], list[float]]] = {L2: _half_squares}


def values_of(penalty: Penalty, params: Array) -> list[float]:
    """What a parameter pays for each of several values of it, [values, *shape].

    >>> values_of(L2(1.0), np.array([[1.0, 1.0], [2.0, 0.0]]))
    [1.0, 2.0]
    """
    several = AT_ONCE.get(type(penalty))
    return [penalty.value(param) for param in params] if several is None else several(penalty, params)


@dataclass(frozen=True, slots=True)
class WeightDecay(_Neutral):
    """Decoupled decay: w loses the share η·λ in every step, beside the rule's step, as in AdamW.

    ``independent`` of the learning rate it loses λ·η/η₀, where η₀ is the rule's own and η the schedule's: the form of
    Loshchilov and Hutter's paper, in which λ need not be tuned again with η₀. It is no part of a loss.
    """

    name: ClassVar[str] = "weight_decay"
    strength: float
    independent: bool = False

    def __post_init__(self) -> None:
        at_least_zero(strength=self.strength)

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        share = (lr / base_lr if base_lr else 0.0) if self.independent else lr
        return {"lost": share * self.strength}

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        return new - scalars["lost"] * old


@dataclass(frozen=True, slots=True)
class L1(_Neutral):
    """λ·Σ|w|. Proximal: after the rule's step, w ← sign(w)·max(|w| − η_w·λ, 0), which gives exact zeros.

    η_w is the rate of the weight: η for SGD, η/(1 − μ) with momentum, η/(√v + ε) for Adam, and so on (``rates`` of the
    rule), so that any of these rules minimises the same. Those whose steps are no rates times gradients (Lion, Rprop,
    Muon, schedule-free) are refused.

    As a subgradient, g ← g + λ·sign(w) with sign(0) = 0, weights only swing around zero, by about η_w·λ. Sources:
    Tibshirani, *Regression shrinkage and selection via the lasso*, 1996; Parikh and Boyd, *Proximal algorithms*, 2014;
    Yun, Lozano and Yang, *Adaptive proximal gradient methods for structured neural networks*, 2021.
    """

    name: ClassVar[str] = "l1"
    strength: float
    how: Literal["proximal", "subgradient"] = "proximal"

    def __post_init__(self) -> None:
        at_least_zero(strength=self.strength)
        if self.how not in ("proximal", "subgradient"):
            raise InputError(f'how is "proximal" or "subgradient", not {self.how!r}')

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        return {"strength": self.strength}

    @property
    def proximal(self) -> bool:
        return self.how == "proximal"

    def coupled(self, param: Tensor, grad: Tensor, scalars: Tensors) -> Tensor:
        return grad if self.how == "proximal" else grad + scalars["strength"] * _sign(param)

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        return new if rates is None or not self.proximal else soft(new, scalars["strength"] * rates)

    def value(self, param: Array) -> float:
        return self.strength * float(np.sum(np.abs(param), dtype=np.float64))


@dataclass(frozen=True, slots=True)
class GroupLasso(_Neutral):
    """λ·Σ√d·‖w_u‖ over units u with d weights each, by its proximal step: whole units become exactly zero.

    A unit is a row of the weight: all that leads into it. The step solves w + η_w·λ√d·w/‖w‖ = u for the row u after the
    rule's step, with the rates η_w of the weights (see :class:`L1`). Sources: Yuan and Lin, *Model selection and
    estimation in regression with grouped variables*, 2006; Yun, Lozano and Yang, 2021.
    """

    name: ClassVar[str] = "group_lasso"
    strength: float

    def __post_init__(self) -> None:
        at_least_zero(strength=self.strength)

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        return {"strength": self.strength}

    @property
    def proximal(self) -> bool:
        return True

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        assert rates is not None
        pull = scalars["strength"] * _root_of_size(new) * rates
        if pull.ndim:
            return shrunk_units(new, pull)
        return new * F.maximum(1.0 - pull / F.maximum(unit_norms(new), TINY), 0.0)

    def value(self, param: Array) -> float:
        rows = param.reshape(param.shape[0], -1) if param.ndim > 1 else param.reshape(-1, 1)
        return self.strength * float(np.sqrt(rows.shape[1]) * np.linalg.norm(rows.astype(np.float64), axis=1).sum())


@dataclass(frozen=True, slots=True)
class MaxNorm(_Neutral):
    """‖w_u‖ ≤ ``limit`` for every unit u: a row that is longer is scaled back after each step."""

    name: ClassVar[str] = "max_norm"
    limit: float

    def __post_init__(self) -> None:
        above_zero(limit=self.limit)

    def scalars(self, lr: Number, base_lr: float) -> dict[str, Number]:
        return {"limit": self.limit}

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        norms = F.maximum(unit_norms(new), TINY)
        return new * clip(scalars["limit"] / norms, None, 1.0)


@dataclass(frozen=True, slots=True)
class NonNegative(_Neutral):
    """w ≥ 0: negative weights become 0 after each step."""

    name: ClassVar[str] = "non_negative"

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        return F.maximum(new, 0.0)


PENALTIES: dict[str, type[Any]] = {p.name: p for p in (L1, L2, WeightDecay, GroupLasso, MaxNorm, NonNegative)}


def elastic_net(strength: float, l1_ratio: float = 0.5) -> tuple[Penalty, Penalty]:
    """λ·(ρ·Σ|w| + (1 − ρ)/2·Σw²), with ρ = ``l1_ratio`` in [0, 1]. Zou and Hastie, 2005.

    >>> elastic_net(0.1, 0.25)
    (L1(strength=0.025, how='proximal'), L2(strength=0.07500000000000001))
    """
    if not 0 <= l1_ratio <= 1:
        raise InputError(f"l1_ratio must lie in [0, 1], not {l1_ratio}")
    return L1(strength * l1_ratio), L2(strength * (1 - l1_ratio))


# ---- for which parameters
@dataclass(frozen=True, slots=True)
class Penalties:
    """Penalties for the parameters whose names fit ``pattern``.

    Without a pattern, for all with two axes or more: biases and the parameters of normalising layers, whose size is not
    the model's complexity, are left out. In a pattern ``*`` stands for any part of a name: ``"0.*"``, ``"*bias"``.
    """

    penalties: tuple[Penalty, ...]
    pattern: str | None = None

    def fits(self, name: str, dimensions: int) -> bool:
        """Whether a parameter is meant."""
        return dimensions >= 2 if self.pattern is None else fnmatchcase(name, self.pattern)


def described(chosen: Sequence[Penalties]) -> list[dict[str, Any]]:
    """Penalties as values that JSON can hold; InputError for one that is not of PENALTIES."""
    rows = []
    for one in chosen:
        for penalty in one.penalties:
            if PENALTIES.get(penalty.name) is not type(penalty):
                raise InputError(f"{type(penalty).__name__} is no penalty of sklon, so a file cannot hold it")
        paid = [{"name": p.name, "settings": asdict(p)} for p in one.penalties]  # type: ignore[call-overload]
        rows.append({"pattern": one.pattern, "penalties": paid})
    return rows


def from_description(rows: Sequence[Mapping[str, Any]]) -> tuple[Penalties, ...]:
    """The penalties that :func:`described` wrote.

    >>> chosen = (Penalties((L1(0.1),), "0.*"),)
    >>> from_description(described(chosen)) == chosen
    True
    """
    return tuple(
        Penalties(tuple(PENALTIES[p["name"]](**p["settings"]) for p in row["penalties"]), row["pattern"])
        for row in rows
    )


def check_penalties(chosen: Sequence[Penalties], names: Iterable[str]) -> None:
    """Refuse a pattern that fits no parameter."""
    known = list(names)
    for one in chosen:
        if one.pattern is not None and not any(fnmatchcase(name, one.pattern) for name in known):
            raise InputError(f"no parameter is called {one.pattern!r}; there are {', '.join(known)}")


def penalties_for(chosen: Sequence[Penalties], name: str, dimensions: int) -> tuple[Penalty, ...]:
    """All penalties that a parameter has to pay, in their order."""
    return tuple(p for one in chosen if one.fits(name, dimensions) for p in one.penalties)


@dataclass(frozen=True, slots=True)
class PenalizedRule:
    """A rule with penalties around it; itself a rule."""

    name: ClassVar[str] = "penalized"
    rule: Rule
    penalties: tuple[Penalty, ...]
    base_lr: float

    def __post_init__(self) -> None:
        proximal = [p.name for p in self.penalties if p.proximal]
        if proximal and not isinstance(self.rule, Diagonal):
            raise InputError(
                f"{self.rule.name} has no rate for each weight, which the proximal step of {proximal[0]} needs; choose "
                "another optimizer, or L1(strength, how='subgradient') without exact zeros"
            )

    @property
    def lr(self) -> float:
        """The learning rate of the rule inside."""
        return self.rule.lr

    @property
    def slots(self) -> Mapping[str, float]:
        """The slots of the rule inside."""
        return self.rule.slots

    def scalars(self, t: Number) -> dict[str, Number]:
        """The rule's numbers, and those of each penalty under its place."""
        own = {
            f"penalty{i}.{name}": value
            for i, p in enumerate(self.penalties)
            for name, value in p.scalars(self.lr, self.base_lr).items()
        }
        return {**self.rule.scalars(t), **own}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        """The rule's update of the penalised gradient, then the penalties' own moves."""
        for i, p in enumerate(self.penalties):
            grad = p.coupled(param, grad, _own(scalars, i))
        new, kept = self.rule.update(param, grad, slots, scalars)
        rates = None
        if isinstance(self.rule, Diagonal) and any(p.proximal for p in self.penalties):
            rates = self.rule.rates(param, kept, scalars)
        for i, p in enumerate(self.penalties):
            new = p.decoupled(new, param, _own(scalars, i), rates)
        return new, kept


def _own(scalars: Tensors, place: int) -> Tensors:
    mark = f"penalty{place}."
    return {name.removeprefix(mark): value for name, value in scalars.items() if name.startswith(mark)}


def _sign(x: Tensor) -> Tensor:
    return F.where(x > 0, 1.0, F.where(x < 0, -1.0, x * 0.0))


def _root_of_size(weight: Tensor) -> float:
    """√d of a unit with d weights."""
    return float(np.sqrt(np.prod([int(str(e)) for e in weight.shape[1:]], dtype=np.float64)))
