"""How a citation is shown: the numbers of the check that it names, in a language, or that it was not measured."""

from __future__ import annotations

from collections.abc import Callable

from .check import Check
from .running import Outcome
from .text import Language, Text, number

PREDICTED = Text("predicted {predicted}, measured {measured}", "предсказано {predicted}, измерено {measured}")
BOUNDED = Text("measured {measured}, bound {bound}", "измерено {measured}, граница {bound}")
YES = Text("checked: yes", "проверено: да")
NO = Text("checked: NO", "проверено: НЕТ")
SEE = Text("see {experiment}", "см. {experiment}")


def shown(check: Check, language: Language) -> str:
    """The numbers of a check in words; for a claim that is true or false, which of the two."""
    if check.low == check.high == 1.0 and check.measured in (0.0, 1.0):
        return (YES if check.passed else NO).of(language)
    words = BOUNDED if check.predicted is None else PREDICTED
    theory = number(check.predicted, language) if check.predicted is not None else ""
    return words.of(language).format(
        predicted=theory, measured=number(check.measured, language), bound=check.bound(language)
    )


def shown_in(outcome: Outcome | None, language: Language) -> Callable[[str, str], str]:
    """Writes citations in brackets, with the numbers of an outcome."""

    def show(experiment: str, name: str) -> str:
        check = outcome.check(experiment, name) if outcome is not None else None
        return f"({shown(check, language) if check else SEE.of(language).format(experiment=experiment)})"

    return show
