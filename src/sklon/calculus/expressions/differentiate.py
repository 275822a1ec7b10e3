"""Derivatives of trees, all at once or step by step, by the rules in ``rules``.

A derivative comes with guards: where it is not defined although its formula may have a value there, as sign(x) has
at the corner of |x|, and 1 where the function itself has a hole. A guard inside a case holds only in that case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sklon._base.errors import InputError

from .nodes import ONE, Derivative, Node, Where, children, rebuilt, walk
from .rules import Applied, Guard, Rule, apply

#: nodes of a derivative; larger ones nobody reads, and SymPy takes minutes over them
MOST_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Derived:
    """A derivative and where it does not hold."""

    node: Node
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One application of a rule: the derivative that was taken, what it became, and the whole line after it."""

    rule: Rule
    before: Node
    after: Node
    whole: Node


def differentiate(node: Node, name: str) -> Derived:
    """∂node/∂name, by the rules, with zeros and ones dropped. Raises InputError where it is too large."""
    found = _Derivation(name).of(node)
    size = sum(1 for _ in walk(found.node))
    if size > MOST_NODES:
        raise InputError(
            f"the derivative with respect to {name} has {size} terms and factors, {MOST_NODES} is the most; "
            "differentiate it as a function in Python"
        )
    return found


@dataclass(slots=True)
class _Derivation:
    name: str
    spent: int = 0

    def of(self, node: Node) -> Derived:
        """The derivative of a node: one rule, then the derivatives that it left."""
        applied = apply(node, self.name, "d")
        self.spend(applied)
        found = self.within(applied.node)
        return Derived(found.node, applied.guards + found.guards)

    def within(self, node: Node) -> Derived:
        """A formula with the derivatives in it taken."""
        if isinstance(node, Derivative):
            return self.of(node.operand)
        parts = children(node)
        if not parts or not any(isinstance(n, Derivative) for n in walk(node)):
            return Derived(node, ())
        found = [self.within(p) for p in parts]
        made = rebuilt(node, tuple(f.node for f in found))
        return Derived(made, tuple(g for i, f in enumerate(found) for g in _cased(node, i - len(parts), f.guards)))

    def spend(self, applied: Applied) -> None:
        """Count the work; too much of it is an error."""
        self.spent += sum(1 for _ in walk(applied.node))
        if self.spent > 20 * MOST_NODES:
            raise InputError(
                f"the derivative with respect to {self.name} is too large to be written down; differentiate it as a "
                "function in Python"
            )


def _cased(node: Node, place: int, guards: tuple[Guard, ...]) -> Iterator[Guard]:
    """Guards of a part: inside a case they hold in that case only."""
    for guard in guards:
        if isinstance(node, Where) and place >= -2:
            then, otherwise = (guard.node, ONE) if place == -2 else (ONE, guard.node)
            yield Guard(Where(node.conditions, then, otherwise), guard.reason, guard.zero)
        else:
            yield guard


def lines(node: Node, name: str, sign: str) -> tuple[Line, ...]:
    """The derivation, one rule a line, always the first derivative that is still to be taken."""
    whole: Node = Derivative(node, name, sign)
    found: list[Line] = []
    while (target := next((n for n in walk(whole) if isinstance(n, Derivative)), None)) is not None:
        applied = apply(target.operand, name, sign)
        whole = _put_first(whole, target, applied.node)
        found.append(Line(applied.rule, target, applied.node, whole))
    return tuple(found)


def _put_first(whole: Node, target: Node, new: Node) -> Node:
    """``whole`` with ``new`` in place of ``target``, the very node."""
    if whole is target:
        return new
    parts = children(whole)
    made = tuple(_put_first(p, target, new) for p in parts)
    return whole if all(a is b for a, b in zip(made, parts, strict=True)) else rebuilt(whole, made)
