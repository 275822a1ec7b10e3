"""Adam without its correction and with the correction turned round: both were found in published code."""

from __future__ import annotations

from dataclasses import dataclass

from sklon import optim
from sklon.optim.rules import AdamRule


@dataclass(frozen=True, slots=True)
class _UncorrectedRule(AdamRule):
    """p ← p − η·m/(√v + ε): both moments start at 0 and nobody makes up for it."""

    def scalars(self, t: int) -> dict[str, float]:
        return {**AdamRule.scalars(self, t), "step_size": self.lr, "root_correction": 1.0}


@dataclass(frozen=True, slots=True)
class _MultipliedRule(AdamRule):
    """m·(1 − β₁ᵗ) and v·(1 − β₂ᵗ) where both should be divided."""

    def scalars(self, t: int) -> dict[str, float]:
        beta1, beta2 = self.betas
        turned = {"step_size": self.lr * (1 - beta1**t), "root_correction": (1 - beta2**t) ** 0.5}
        return {**AdamRule.scalars(self, t), **turned}


class UncorrectedAdam(optim.Adam):
    """micrograd's, before it was mended (EurekaLabsAI/micrograd #2)."""

    rule = _UncorrectedRule


class MultipliedAdam(optim.Adam):
    """ConvNetJS's (karpathy/convnetjs #70)."""

    rule = _MultipliedRule
