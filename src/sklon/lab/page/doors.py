"""The four ways into the lab, on the first page: what one can do here, each with a drawing of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from sklon.lab.catalogue import all_questions
from sklon.lab.text import Language, Text

from .shell import address

#: a curve and its tangent
_SLOPE = (
    '<path class="line" d="M4 8C26 74 62 62 76 40S104 12 116 18"/><path class="other" d="M30 78 106 2"/>'
    '<circle class="dot" cx="76" cy="33" r="4.5"/>'
)
#: two classes, and what parts them
_BOUNDARY = (
    '<path class="field" d="M0 0H120V20C92 10 86 62 60 62S30 34 0 60Z"/>'
    '<path class="line" d="M0 60C30 34 34 62 60 62S92 10 120 20"/>'
    + "".join(f'<circle class="dot" cx="{x}" cy="{y}" r="3"/>' for x, y in ((18, 22), (40, 14), (58, 34), (74, 12)))
    + "".join(f'<circle class="mark" cx="{x}" cy="{y}" r="3"/>' for x, y in ((26, 70), (86, 66), (104, 46), (110, 70)))
)
#: what is remembered after each answer, ever longer
_MEMORY = (
    '<path class="grid" d="M4 74H116"/>'
    '<path class="line" d="M4 8C7 34 12 50 24 56V8C30 28 40 38 56 42V8C70 18 90 24 116 26"/>'
    + "".join(f'<circle class="dot" cx="{x}" cy="8" r="4"/>' for x in (4.5, 24, 56))
)
#: a loss that falls, and one that does not
_FAULT = (
    '<path class="grid" d="M4 74H116"/><path class="line" d="M4 14C20 58 44 68 116 70"/>'
    '<path class="other" d="M4 14C20 50 40 62 58 50S88 22 116 8"/>'
)


@dataclass(frozen=True, slots=True)
class Door:
    """A way into the lab: where it leads, what one does there, and a drawing of 120 × 80."""

    path: str
    title: Text
    says: Text
    drawing: str


def doors() -> tuple[Door, ...]:
    """All of them.

    >>> [door.path for door in doors()][1:]
    ['practice', 'museum', 'playground']
    """
    return (
        Door(
            all_questions()[0].slug,
            Text("Ask", "Спросить"),
            Text(
                "Begin with the first question, run its experiment, and see the numbers come in.",
                "Начните с первого вопроса, запустите его опыт и смотрите, как появляются числа.",
            ),
            _SLOPE,
        ),
        Door(
            "practice",
            Text("Practise", "Вспомнить"),
            Text(
                "Answer from memory and predict. What you miss comes again in time.",
                "Отвечайте по памяти и предсказывайте. Что не вышло, вовремя вернётся.",
            ),
            _MEMORY,
        ),
        Door(
            "museum",
            Text("Break", "Сломать"),
            Text(
                "Every classic mistake, beside the experiment as it should be.",
                "Все известные ошибки рядом с тем же опытом, каким он должен быть.",
            ),
            _FAULT,
        ),
        Door(
            "playground",
            Text("Play", "Поиграть"),
            Text(
                "Watch a network learn, also from your own table, and turn all its settings.",
                "Смотрите, как учится сеть, хоть на вашей таблице, и меняйте всё на ходу.",
            ),
            _BOUNDARY,
        ),
    )


def doors_of(language: Language) -> str:
    """All ways as links."""
    return "".join(
        f'<a href="{address(language, door.path)}"><svg viewBox="0 0 120 80" aria-hidden="true">{door.drawing}</svg>'
        f"<b>{escape(door.title.of(language))}</b><span>{escape(door.says.of(language))}</span></a>"
        for door in doors()
    )
