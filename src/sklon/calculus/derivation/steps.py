"""The derivation of each partial derivative, one rule a line, as text and as a dictionary for programs."""

from __future__ import annotations

from typing import Any

from ..expressions import Expression

#: a rule's equation as it is read
_READ = str.maketrans({"*": "·", "'": "′", "-": "−"})


def steps_as_text(expression: Expression) -> str:
    """Each step after the name of its rule, then the rules that were used.

    >>> from sklon.calculus.expressions import parse
    >>> print(steps_as_text(parse("3x^2")))
      constant factor  d/dx[3·x²] = 3·d/dx[x²]
      power            d/dx[x²] = 2·x
    <BLANKLINE>
      by the rules
      constant factor  (c·u)′ = c·u′
      power            (x^n)′ = n·x^(n − 1)
    """
    steps = {name: expression.steps(name) for name in expression.variables}
    rules = {step.rule.english: step.rule.equation.translate(_READ) for found in steps.values() for step in found}
    tables = [[[step.rule.english, step.pretty()] for step in found] for found in steps.values()]
    tables.append([["by the rules", ""], *([name, equation] for name, equation in rules.items())])
    width = max(len(row[0]) for table in tables for row in table)
    return "\n\n".join("\n".join(f"  {name.ljust(width)}  {said}".rstrip() for name, said in table) for table in tables)


def steps_as_json(expression: Expression) -> dict[str, list[dict[str, Any]]]:
    """The steps by the name of the variable."""
    return {
        name: [
            {"rule": step.rule.english, "equation": step.rule.equation, "text": str(step), "latex": step.latex()}
            for step in expression.steps(name)
        ]
        for name in expression.variables
    }
