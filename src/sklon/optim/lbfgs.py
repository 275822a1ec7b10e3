"""L-BFGS: steps along an estimate of Newton's direction, for full batches.

It is no rule for one parameter: it looks at all parameters as one vector and at the loss several times a step, so it is
a loop in Python around a closure, whose value and gradient are one compiled program. The loop's vectors are NumPy
arrays in double precision. What the loop remembers between steps is a :class:`Memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from typing import Any, ClassVar, cast

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors.creation import from_array
from sklon.tensors.leaves import settle

from .groups import Group
from .line_search import Point, Search
from .optimizer import Optimizer
from .rules import Tensors, Update
from .rules.parts import at_least_zero
from .state import Array, as_array

#: the least yᵀs/(‖y‖·‖s‖) of a pair that is remembered: smaller ones would make the estimate indefinite. It is relative
#: so that the units of the loss do not matter; PyTorch's yᵀs > 10⁻¹⁰ forgets every pair of a tiny loss
CURVATURE = 1e-10


@dataclass(frozen=True, slots=True)
class LBFGSSettings:
    """The settings of :class:`LBFGS`; what a rule has besides, it refuses."""

    name: ClassVar[str] = "lbfgs"
    lr: float = 1.0
    max_iter: int = 20
    max_eval: int | None = None
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    history_size: int = 100
    line_search_fn: str | None = None

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, tolerance_grad=self.tolerance_grad, tolerance_change=self.tolerance_change)
        check_whole(1, max_iter=self.max_iter, history_size=self.history_size)
        if self.max_eval is None:
            object.__setattr__(self, "max_eval", max(1, self.max_iter * 5 // 4))
        check_whole(1, max_eval=self.evaluations)
        if self.line_search_fn not in (None, "strong_wolfe"):
            raise InputError(f'line_search_fn is None or "strong_wolfe", not {self.line_search_fn!r}')

    @property
    def evaluations(self) -> int:
        """``max_eval``, once it is known."""
        return cast(int, self.max_eval)

    @property
    def slots(self) -> Mapping[str, float]:
        return {}

    def scalars(self, t: int) -> dict[str, float]:
        return {}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        raise InputError(
            "L-BFGS evaluates the loss several times a step, which a compiled step does not; "
            "call optimizer.step(closure) in a loop of your own"
        )


@dataclass(slots=True)
class Memory:
    """What the next step depends on: pairs of changes (of the gradient y, of the position s), and the last step."""

    func_evals: int = 0
    n_iter: int = 0
    old_dirs: list[Array] = field(default_factory=list)  # y
    old_stps: list[Array] = field(default_factory=list)  # s
    ro: list[float] = field(default_factory=list)  # 1/yᵀs
    H_diag: float = 1.0
    d: Array | None = None
    t: float = 0.0
    prev_flat_grad: Array | None = None
    prev_loss: float = 0.0

    def direction(self, grad: Array, size: int) -> Array:
        """−H·g, with at most ``size`` pairs in H; the first one is −g. The last step becomes a pair."""
        if self.d is None or self.prev_flat_grad is None:
            return -grad
        y, s = grad - self.prev_flat_grad, self.d * self.t
        curvature = float(y @ s)
        if curvature > CURVATURE * float(np.linalg.norm(y)) * float(np.linalg.norm(s)):
            for kept in (self.old_dirs, self.old_stps, self.ro):
                del kept[: max(0, len(kept) - size + 1)]
            self.old_dirs.append(y)
            self.old_stps.append(s)
            self.ro.append(1 / curvature)
            self.H_diag = curvature / float(y @ y)
        return self._two_loops(-grad)

    def _two_loops(self, q: Array) -> Array:
        """H·q, from H₀ = γI: Nocedal and Wright, algorithm 7.4."""
        pairs = list(zip(self.old_stps, self.old_dirs, self.ro, strict=True))
        alphas = []
        for s, y, rho in reversed(pairs):
            alphas.append(float(s @ q) * rho)
            q = q - alphas[-1] * y
        r = q * self.H_diag
        for (s, y, rho), alpha in zip(pairs, reversed(alphas), strict=True):
            r = r + (alpha - float(y @ r) * rho) * s
        return r

    # ---- saving
    def packed(self) -> dict[str, Any]:
        """Copies, under PyTorch's names."""
        entry = {name: getattr(self, name) for name in self.__dataclass_fields__}
        entry.update({name: [a.copy() for a in entry[name]] for name in ("old_dirs", "old_stps")}, ro=list(self.ro))
        entry.update({name: a.copy() for name in ("d", "prev_flat_grad") if (a := entry[name]) is not None})
        return entry

    @classmethod
    def unpacked(cls, entry: Mapping[str, Any], size: int) -> Memory:
        """A memory of ``size`` parameters from what :meth:`packed` or PyTorch made."""
        missing = [name for name in cls.__dataclass_fields__ if name not in entry]
        if missing:
            raise InputError(f"the state has no {missing[0]!r}; was it saved by another optimizer?")
        vector = partial(_vector, size=size)
        return cls(
            func_evals=int(entry["func_evals"]),
            n_iter=int(entry["n_iter"]),
            old_dirs=[vector(y) for y in entry["old_dirs"]],
            old_stps=[vector(s) for s in entry["old_stps"]],
            ro=[float(rho) for rho in entry["ro"]],
            H_diag=float(entry["H_diag"]),
            d=None if entry["d"] is None else vector(entry["d"]),
            t=float(entry["t"]),
            prev_flat_grad=None if entry["prev_flat_grad"] is None else vector(entry["prev_flat_grad"]),
            prev_loss=float(entry["prev_loss"]),
        )


@dataclass(slots=True)
class Objective:
    """The closure as a function of one vector: all parameters, one after the other."""

    params: list[Tensor]
    closure: Callable[[], Any]
    evaluations: int = 0
    loss: Any = None  # what the closure returned last

    def position(self) -> Array:
        """All parameters."""
        return np.concatenate([p.numpy().astype(np.float64).reshape(-1) for p in self.params])

    def move_to(self, position: Array) -> None:
        """Give the parameters these values."""
        first = 0
        for param in self.params:
            shape = param.numpy().shape
            values = position[first : first + int(np.prod(shape))].reshape(shape)
            settle(param, from_array(np.ascontiguousarray(values, param.dtype.numpy)).node)
            first += values.size

    def evaluate(self) -> tuple[float, Array]:
        """The loss here, and its gradient; old gradients are cleared, so that a closure cannot add to them."""
        for param in self.params:
            param.grad = None
        self.evaluations += 1
        self.loss = self.closure()
        if self.loss is None:
            raise InputError("the closure returned None; let it return the loss, after loss.backward()")
        return float(self.loss), np.concatenate([_gradient(p) for p in self.params])

    def along(self, origin: Array, direction: Array, step: float) -> Point:
        """The point at x + t·d."""
        self.move_to(origin + step * direction)
        return Point.at(step, *self.evaluate(), direction)


class LBFGS(Optimizer):
    """L-BFGS, for full batches: Newton's method with the inverse Hessian estimated from the last steps.

    d = −H·g, with H from the last m pairs s = xₖ₊₁ − xₖ, y = gₖ₊₁ − gₖ and H₀ = (yᵀs/yᵀy)·I;  x ← x + t·d.
    t is η, in the very first iteration η·min(1, 1/‖g‖₁); with ``line_search_fn="strong_wolfe"`` the search for a step
    that fulfils the strong Wolfe conditions (c₁ = 10⁻⁴, c₂ = 0.9) begins there. A ``step`` has many iterations.
    Sources: Liu and Nocedal, *On the limited memory BFGS method for large scale optimization*, 1989; Schmidt's minFunc.

    η = ``lr`` ≥ 0. A step ends after ``max_iter`` iterations or ``max_eval`` evaluations (1.25·``max_iter``), where
    |g| ≤ ``tolerance_grad`` for every element, and where loss and parameters change less than ``tolerance_change``;
    both tolerances are absolute, so a loss that is a mean over rows may need smaller ones. m = ``history_size`` ≥ 1.

    Interface, defaults and results are PyTorch's. Beyond it: gradients are cleared before each evaluation; vectors are
    in double precision whatever the parameters' type; a pair is kept if yᵀs > 10⁻¹⁰·‖y‖·‖s‖, whatever the units of the
    loss, where PyTorch asks for yᵀs > 10⁻¹⁰; a search never ends where the loss is not finite, and without a search
    such a point is an InputError that leaves the parameters before it, with a repair.

    >>> import sklon
    >>> from sklon import optim
    >>> w = sklon.tensor([-1.2, 1.0], requires_grad=True, dtype="float64")
    >>> optimizer = optim.LBFGS([w], max_iter=100, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> round(optimizer.step(closure).item(), 6), [round(v, 6) for v in w.tolist()]
    (24.2, [1.0, 1.0])
    """

    rule = LBFGSSettings

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.memory = Memory()
        super().__init__(*args, **settings)

    def _check(self, group: Group) -> None:
        super()._check(group)
        if self.param_groups:
            raise InputError("L-BFGS moves all parameters as one vector; pass them as one group")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate until a tolerance or a limit is met; returns what ``closure`` gave at first: the loss before.

        ``closure`` computes the loss, calls ``backward`` and returns the loss. InputError where that is not finite.
        """
        if closure is None:
            raise InputError("L-BFGS evaluates the loss several times a step; pass a closure: optimizer.step(closure)")
        settings = cast(LBFGSSettings, self.rule_of(self.param_groups[0]))
        objective = Objective(self.param_groups[0]["params"], closure)
        loss, grad = objective.evaluate()
        before = objective.loss
        if not _finite(loss, grad):
            raise InputError(f"the loss or its gradient is not finite where the step begins: the loss is {loss}")
        try:
            self._iterate(settings, objective, Point(0.0, loss, grad, 0.0))
        finally:
            self.memory.func_evals += objective.evaluations
        return before

    def _iterate(self, settings: LBFGSSettings, objective: Objective, here: Point) -> None:
        memory, tolerance = self.memory, settings.tolerance_change
        for i in range(1, settings.max_iter + 1):
            if np.abs(here.grad).max() <= settings.tolerance_grad:
                return
            memory.n_iter += 1
            d = memory.direction(here.grad, settings.history_size)
            first = settings.lr * (min(1.0, 1 / float(np.abs(here.grad).sum())) if memory.n_iter == 1 else 1.0)
            start = Point.at(0.0, here.loss, here.grad, d)
            memory.d, memory.t = d, first
            memory.prev_flat_grad, memory.prev_loss = here.grad, here.loss
            if start.slope > -tolerance:
                return
            here = _moved(settings, objective, start, d, first, last=i == settings.max_iter)
            memory.t = here.step
            if objective.evaluations >= settings.evaluations:
                return
            if np.abs(d * here.step).max() <= tolerance or abs(here.loss - start.loss) < tolerance:
                return

    # ---- saving
    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that the next step depends on, in PyTorch's layout: all under the first parameter."""
        packed = super().state_dict()
        return {**packed, "state": {0: self.memory.packed()} if self.memory.n_iter else {}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state for the same parameters: one of ours, or one of PyTorch's."""
        size = sum(p.numpy().size for p in self.param_groups[0]["params"])
        entry = state_dict.get("state", {}).get(0)
        memory = Memory() if not entry else Memory.unpacked(entry, size)
        super().load_state_dict({**state_dict, "state": {}} if "state" in state_dict else state_dict)
        self.memory = memory


def _moved(
    settings: LBFGSSettings, objective: Objective, start: Point, direction: Array, first: float, last: bool
) -> Point:
    """The point after one iteration. Without a search the last one is not evaluated: the next step begins with that."""
    origin = objective.position()
    if settings.line_search_fn is None:
        if last:
            objective.move_to(origin + first * direction)
            return Point(first, start.loss, start.grad, start.slope)
        found = objective.along(origin, direction, first)
        if not _finite(found.loss, found.grad):
            objective.move_to(origin)
            raise InputError('a step led to where the loss is not finite; use line_search_fn="strong_wolfe" or less lr')
        return found
    search = Search(
        partial(objective.along, origin, direction),
        start,
        most=settings.evaluations - objective.evaluations,
        reach=float(np.abs(direction).max()),
        tolerance=settings.tolerance_change,
    )
    found = search.run(first)
    objective.move_to(origin + found.step * direction)
    return found


def _gradient(param: Tensor) -> Array:
    grad = param.grad
    found = np.zeros(param.numpy().shape) if grad is None else grad.numpy()
    return found.astype(np.float64).reshape(-1)


def _finite(loss: float, grad: Array) -> bool:
    return isfinite(loss) and bool(np.isfinite(grad).all())


def _vector(value: Any, size: int) -> Array:
    array = np.array(as_array(value), np.float64)
    if array.shape != (size,):
        raise ShapeError(f"the state is of {array.size} parameters, the optimizer has {size}")
    return array
