"""Schedules as text: ``"warmup(100) >> cosine"``, ``"step(30, gamma=0.1)"``. Nothing is executed.

The text is what Python would write, with the names of settings: ``a >> b`` is one after the other, ``a * b`` both at
once.
"""

from __future__ import annotations

import ast
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from sklon._base.errors import InputError

from .anneal import AnnealTo
from .cosine import CosineAnnealing, CosineWarmRestarts
from .cycles import Cyclic, OneCycle
from .decays import Exponential, MultiStep, Step
from .functions import Lambda, Multiplicative
from .plateau import Plateau
from .ramps import Constant, Linear, Polynomial
from .schedule import Chained, Schedule, Sequential
from .warmup import InverseSqrt, Warmup, WarmupStableDecay

_ALL: tuple[type[Schedule], ...] = (
    Constant,
    Linear,
    Polynomial,
    Exponential,
    Step,
    MultiStep,
    CosineAnnealing,
    CosineWarmRestarts,
    Cyclic,
    OneCycle,
    Warmup,
    InverseSqrt,
    WarmupStableDecay,
    Plateau,
    AnnealTo,
    Lambda,
    Multiplicative,
    Sequential,
    Chained,
)
#: every schedule by the name that a setting uses
SCHEDULES: dict[str, type[Schedule]] = {schedule.name: schedule for schedule in _ALL}
#: those that hold a Python function, which no text holds
FUNCTIONS = frozenset((Lambda.name, Multiplicative.name))
EXAMPLE = '"cosine", "step(30, gamma=0.1)", "warmup(100) >> cosine" or "none"'


def parse(text: str) -> Schedule | None:
    """The schedule that a setting writes; None for "none".

    >>> parse("warmup(0.05) >> cosine").over(1000)
    Sequential(parts=(Warmup(steps=50), CosineAnnealing(T_max=950, eta_min=0.0)), milestones=None)
    >>> str(parse("constant(0.5, total_iters = 5) * exponential(gamma=0.9)"))
    'constant(0.5, 5) * exponential(0.9)'

    InputError for what is no schedule.
    """
    if text.strip().lower() in ("none", "off", ""):
        return None
    try:
        return _schedule(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{text!r} is no schedule; write for instance {EXAMPLE}") from error


def _schedule(node: ast.expr) -> Schedule:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Gt):
        raise InputError("schedules that follow each other are written with >>, as in warmup(100) >> cosine")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        return _schedule(node.left) >> _schedule(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _schedule(node.left) * _schedule(node.right)
    call = ast.Call(node, [], []) if isinstance(node, ast.Name) else node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError
    return _made(_kind(call.func.id), call)


def _kind(name: str) -> type[Schedule]:
    if name in FUNCTIONS:
        raise InputError(f"{name} holds a Python function, which a text cannot; pass the schedule itself")
    if name not in SCHEDULES:
        known = [n for n in SCHEDULES if n not in FUNCTIONS]
        raise InputError(f"there is no schedule {name!r}; {_hint(name, known, 'schedules')}")
    return SCHEDULES[name]


def _made(kind: type[Schedule], call: ast.Call) -> Schedule:
    settings = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    for keyword in call.keywords:
        if keyword.arg not in settings:
            hint = _hint(str(keyword.arg), settings, "settings")
            raise InputError(f"{kind.name} has no setting {keyword.arg!r}; {hint}")
    try:
        return kind(*map(_value, call.args), **{str(k.arg): _value(k.value) for k in call.keywords})
    except TypeError as error:
        raise InputError(f"{kind.name} takes {', '.join(settings)}: {error}") from error


def _value(node: ast.expr) -> Any:
    """A number, a word, or a list of these or of schedules."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(element) for element in node.elts]
    if isinstance(node, ast.Call | ast.Name | ast.BinOp):
        return _schedule(node)
    return ast.literal_eval(node)


def _hint(name: str, known: list[str], what: str) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else f"{what} are {', '.join(known)}"
