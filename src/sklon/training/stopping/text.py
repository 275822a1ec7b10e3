"""Stopping rules as text: ``"patience(20) | gl(5)"``. They are read as names and numbers; nothing is executed."""

from __future__ import annotations

import ast
from dataclasses import fields
from difflib import get_close_matches

from sklon._base.errors import InputError

from .improvement import NoProgress, Patience
from .limits import Divergence, NonFinite, Threshold, TimeLimit
from .prechelt import GL, PQ, UP, TrainingProgress
from .rule import StoppingRule

_ALL = (Patience, NoProgress, Threshold, Divergence, NonFinite, TimeLimit, GL, PQ, UP, TrainingProgress)
#: every rule by the name that a setting uses
RULES: dict[str, type[StoppingRule]] = {rule.name: rule for rule in _ALL}
EXAMPLE = '"patience(20)", "patience(20) | gl(5)" or "none"'


def rule_for(given: object) -> StoppingRule | None:
    """A rule, the one of a text, or patience for True. InputError for anything else."""
    if given is None or given is False:
        return None
    if given is True:
        return Patience()
    if isinstance(given, str):
        return parse(given)
    if not isinstance(given, StoppingRule):
        raise InputError(f"early_stopping is a rule of sklon.stopping or its text, such as {EXAMPLE}, not {given!r}")
    return given


def parse(text: str) -> StoppingRule | None:
    """The rule that a setting writes; None for "none".

    >>> rule = parse("patience(5, min_delta=0.1) | gl(5)")
    >>> str(rule)
    'patience(5, 0.1) | gl'

    InputError for what is no rule.
    """
    if text.strip().lower() in ("none", "off", ""):
        return None
    try:
        return _rule(ast.parse(text.strip(), mode="eval").body, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{text!r} is no stopping rule; write for instance {EXAMPLE}") from error


def _rule(node: ast.expr, text: str) -> StoppingRule:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _rule(node.left, text) | _rule(node.right, text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
        return _rule(node.left, text) & _rule(node.right, text)
    call = ast.Call(node, [], []) if isinstance(node, ast.Name) else node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError
    name = call.func.id
    if name not in RULES:
        close = get_close_matches(name, RULES, 1)
        hint = f"did you mean {close[0]}?" if close else f"rules are {', '.join(RULES)}"
        raise InputError(f"there is no stopping rule {name!r}; {hint}")
    try:
        args = [ast.literal_eval(a) for a in call.args]
        named = {_argument(name, k): ast.literal_eval(k.value) for k in call.keywords}
        return RULES[name](*args, **named)
    except TypeError as error:
        raise InputError(f"the stopping rule {text!r} cannot be read: {error}") from error


def _argument(rule: str, keyword: ast.keyword) -> str:
    """The name of an argument that the rule has."""
    known = [field.name for field in fields(RULES[rule])]  # type: ignore[arg-type]
    if keyword.arg not in known:
        close = get_close_matches(str(keyword.arg), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
        raise InputError(f"the stopping rule {rule} has no {keyword.arg or '**'!r}; {hint}")
    return str(keyword.arg)
