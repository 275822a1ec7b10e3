"""A derivation as someone who studies would write it: one rule a line."""

from __future__ import annotations

from dataclasses import dataclass

from .differentiate import lines
from .latex import latex
from .nodes import Node
from .rules import Rule
from .text import plain, pretty

TIDYING = Rule("collect like terms", "приведение подобных", "u + u = 2*u, u*u = u^2")


@dataclass(frozen=True, slots=True)
class Step:
    """One line: by ``rule`` the derivative ``before`` became ``after``, and the whole line is ``whole`` now.

    The last step of a derivation holds the derivative itself; all are trees, with their text and LaTeX.
    """

    rule: Rule
    before: Node
    after: Node
    whole: Node

    def __str__(self) -> str:
        return f"{plain(self.before)} = {plain(self.after)}  [{self.rule.english}: {self.rule.equation}]"

    def pretty(self) -> str:
        """before = after, as it is read."""
        return f"{pretty(self.before)} = {pretty(self.after)}"

    def latex(self) -> str:
        """before = after, as LaTeX."""
        return f"{latex(self.before)} = {latex(self.after)}"


def steps_of(node: Node, name: str, sign: str, result: Node) -> tuple[Step, ...]:
    """The derivation of ∂node/∂name, which ends with ``result``, its collected form."""
    found = [Step(line.rule, line.before, line.after, line.whole) for line in lines(node, name, sign)]
    last = found[-1].whole
    if last != result:
        found.append(Step(TIDYING, last, result, result))
    return tuple(found)
