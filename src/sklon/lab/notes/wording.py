"""What is written into notes, besides answers, in every language."""

from __future__ import annotations

from sklon.lab.text import Text

VERDICTS = {
    "right": Text("✓ Right.", "✓ Верно."),
    "incomplete": Text("± Incomplete.", "± Неполно."),
    "wrong": Text("✗ There is an error.", "✗ Есть ошибка."),
}
ADD = Text("Worth adding:", "Стоит добавить:")
LACKS = Text("What is missing:", "Чего не хватает:")
SHORT = Text("In short.", "Коротко.")
FILLED = Text("Filled in.", "Ответ вписан.")
RESOLVED = Text("TO DO, resolved.", "TO DO, разобрано.")
DONE = Text("DONE", "СДЕЛАНО")
MEASURED = Text("Measured:", "Измерено:")
HELD = Text("{held} of {all} checks hold", "сошлось проверок: {held} из {all}")
FIGURES = Text("more figures:", "ещё рисунки:")
PROPOSED = Text(
    "There is no number {number} here. A question that would fit:",
    "Номера {number} здесь нет. Сюда подошёл бы вопрос:",
)
UNKNOWN = Text("Not recognized, left as it is:", "Не распознано, оставлено как есть:")
TABLE_TITLE = Text("What was measured here", "Что здесь измерено")
TABLE_HEAD = (
    Text("experiment", "опыт"),
    Text("claim", "утверждение"),
    Text("predicted", "предсказано"),
    Text("measured", "измерено"),
    Text("bound", "граница"),
    Text("holds", "верно"),
)
HOW = Text(
    "Verdicts compare an answer's words with what a complete answer says; every number was measured by sklon "
    "{version}, seed {seed}, when this file was written.",
    "Оценки получены сравнением слов ответа с тем, что говорит полный ответ; все числа измерены sklon {version} при "
    "создании этого файла, seed {seed}.",
)
