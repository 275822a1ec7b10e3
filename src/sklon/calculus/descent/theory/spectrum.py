"""What theory says of gradient descent with momentum on a quadratic: the factor of a step for each curvature.

On ½h·e² a step of SGD maps (e, b) linearly, with b ← μ·b + (1 − τ)·h·e and e ← e − η·d, where d = b, or h·e + μ·b with
Nesterov; coupled weight decay adds λ to h. The distance shrinks, in the long run, by the spectral radius of that 2×2
matrix a step, and for several curvatures by the largest of them.
Sources: Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964; Nesterov, *Introductory
lectures on convex optimization*, 2004; Lessard, Recht and Packard, *Analysis and design of optimization algorithms via
integral quadratic constraints*, 2016 (Nesterov's best settings); Goh, *Why momentum really works*, Distill, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

import numpy as np

from sklon.optim import SGDRule

Array: TypeAlias = np.ndarray[Any, Any]


def factors(rule: SGDRule, curvatures: Array) -> Array:
    """The factor per step for each curvature.

    >>> factors(SGDRule(0.1), np.array([1.0, 10.0, 25.0])).round(6).tolist()
    [0.9, 0.0, 1.5]
    """
    return np.array([float(np.abs(np.linalg.eigvals(_step(rule, h))).max()) for h in effective(rule, curvatures)])


def effective(rule: SGDRule, curvatures: Array) -> Array:
    """The curvatures that a rule sees: with weight decay, and upside down if it climbs."""
    found: Array = (-curvatures if rule.maximize else curvatures) + rule.weight_decay
    return found


def _step(rule: SGDRule, h: float) -> Array:
    """The matrix of a step, of (e, b)."""
    eta, mu, fresh = rule.lr, rule.momentum, 1 - rule.dampening if rule.momentum else 1.0
    if rule.nesterov:
        return np.array([[1 - eta * h * (1 + mu), -eta * mu * mu], [h, mu]])
    return np.array([[1 - eta * fresh * h, -eta * mu], [fresh * h, mu]])


def limit(rule: SGDRule) -> float:
    """Below which η·λmax has to be for convergence: 2 without momentum.

    >>> limit(SGDRule(0.1)), limit(SGDRule(0.1, momentum=0.5)), limit(SGDRule(0.1, momentum=0.5, nesterov=True))
    (2.0, 3.0, 1.5)
    """
    mu = rule.momentum
    if not mu:
        return 2.0
    if rule.nesterov:
        return 2 * (1 + mu) / (1 + 2 * mu)
    fresh = 1 - rule.dampening
    return 2 * (1 + mu) / fresh if fresh > 0 else float("inf")


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest settings of a method for curvatures between two bounds, and their factor per step."""

    method: str
    lr: float
    momentum: float
    factor: float


def best_settings(least: float, most: float) -> tuple[Best, ...]:
    """The best plain descent, Nesterov's momentum and heavy ball, for curvatures 0 < ``least`` ≤ h ≤ ``most``.

    Plain: η = 2/(λmin + λmax), ρ = (κ − 1)/(κ + 1). Nesterov: η = 4/(3λmax + λmin), μ = (r − 2)/(r + 2) and
    ρ = 1 − 2/r with r = √(3κ + 1). Heavy ball: η = 4/(√λmin + √λmax)², ρ = √μ = (√κ − 1)/(√κ + 1).

    >>> [round(best.factor, 3) for best in best_settings(1.0, 100.0)]
    [0.98, 0.885, 0.818]
    """
    kappa = most / least
    root, ahead = sqrt(kappa), sqrt(3 * kappa + 1)
    heavy = (root - 1) / (root + 1)
    return (
        Best("gradient descent", 2 / (least + most), 0.0, (kappa - 1) / (kappa + 1)),
        Best("Nesterov's momentum", 4 / (3 * most + least), (ahead - 2) / (ahead + 2), 1 - 2 / ahead),
        Best("heavy ball", 4 / (sqrt(least) + sqrt(most)) ** 2, heavy**2, heavy),
    )
