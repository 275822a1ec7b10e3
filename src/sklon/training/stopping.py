"""Stopping rules: objects that read a recorded curve and say whether, and why, to stop.

A rule keeps no state between calls, so it can be asked again about any recorded curve.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sklon._base.errors import InputError


@dataclass(frozen=True, slots=True)
class Reason:
    """Why training stops: a word for programs and a sentence for people."""

    name: str
    sentence: str


class StoppingRule(Protocol):
    """Reads the validation losses so far, one for each epoch."""

    def check(self, losses: Sequence[float]) -> Reason | None:
        """The reason to stop now, or None to go on."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Stop after ``patience`` epochs without a validation loss below the best one by more than ``min_delta``.

    >>> Patience(2).check([1.0, 0.5, 0.6, 0.7]).name
    'patience'
    """

    patience: int = 20
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1 or self.min_delta < 0:
            raise InputError(f"patience must be at least 1 and min_delta at least 0, not {self}")

    def check(self, losses: Sequence[float]) -> Reason | None:
        best, since = float("inf"), 0
        for loss in losses:
            improved = loss < best - self.min_delta
            best, since = (loss, 0) if improved else (best, since + 1)
        if since < self.patience:
            return None
        epochs = f"{since} epoch" + ("s" if since != 1 else "")
        return Reason("patience", f"the validation loss has not improved for {epochs}")


RULES = {"patience": Patience}


def parse(text: str) -> StoppingRule | None:
    """The rule that a setting writes: ``"patience(20)"``, or ``"none"``.

    >>> parse("patience(5)")
    Patience(patience=5, min_delta=0.0)
    """
    if text.strip().lower() in ("none", "off", ""):
        return None
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        call = ast.Constant(None)
    if isinstance(call, ast.Name):
        call = ast.Call(call, [], [])
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in RULES:
        raise InputError(f'{text!r} is no stopping rule; write for instance "patience(20)" or "none"')
    try:
        args = [ast.literal_eval(a) for a in call.args]
        named = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
        return RULES[call.func.id](*args, **named)
    except (TypeError, ValueError) as error:
        raise InputError(f"the stopping rule {text!r} cannot be read: {error}") from error
