"""What the page says around the questions, in every language."""

from __future__ import annotations

from sklon.lab.text import Text

LAB = Text("sklon lab", "sklon lab")
LEAD = Text(
    "{questions} questions about training. Every answer is measured, here on this computer, by an experiment that "
    "you can run, turn and break.",
    "Вопросов об обучении — {questions}. Каждый ответ измерен опытом, который идёт прямо на этом компьютере: его "
    "можно запустить, настроить и сломать.",
)
DOORS = Text("Where to begin", "С чего начать")
TITLE = Text("How do neural networks learn?", "Как учатся нейронные сети?")
TOPICS = Text("The twelve topics", "Двенадцать тем")
QUESTIONS = Text("Questions", "Вопросы")
PLAYGROUND = Text("Playground", "Площадка")
PRACTICE = Text("Practice", "Тренировка")
MUSEUM = Text("Faults", "Ошибки")
SKIP = Text("Skip to the content", "Перейти к содержанию")
NAVIGATION = Text("The lab", "Разделы")
LANGUAGE = Text("Language", "Язык")
NAMES = {"en": "English", "ru": "Русский"}
FOOTER = Text(
    "sklon {version}. This page is served by your own computer; nothing leaves it.",
    "sklon {version}. Эту страницу показывает ваш компьютер; за его пределы ничего не уходит.",
)
AROUND = Text("Neighbouring questions", "Соседние вопросы")
PREVIOUS = Text("Previous question", "Предыдущий вопрос")
NEXT = Text("Next question", "Следующий вопрос")
NOT_FOUND = Text("There is no such page", "Такой страницы нет")
NOT_FOUND_MORE = Text("All questions stand on the first page.", "Все вопросы — на первой странице.")

IN_FULL = Text("In full", "Подробно")
RUN = Text("Run", "Запустить")
STEP = Text("Step", "Шаг")
STOP = Text("Stop", "Остановить")
SETTINGS = Text("Settings", "Настройки")
SEED = Text("seed", "начальное число")
FAULT = Text("Build a fault in", "Внести ошибку")
NO_FAULT = Text("no fault", "без ошибки")
TO_MEASURE = Text("run {experiment}", "запустите {experiment}")
READY = Text("Not run yet.", "Ещё не запущен.")
WAITING = Text("Not run yet: each ? will be a number.", "Ещё не запущен: каждый ? станет числом.")
WORKING = Text("Running: {frames} frames so far{values}.", "Идёт опыт, кадров: {frames}{values}.")
STEPPING = Text("Frame {frames}{values}.", "Кадр {frames}{values}.")
STOPPED = Text("Stopped after {frames} frames.", "Остановлен; кадров: {frames}.")
HOLDS = Text("It holds: {passed} of {checks} checks.", "Сошлось: проверок {passed} из {checks}.")
FAILS = Text("It does not hold: {passed} of {checks} checks.", "Не сошлось: проверок {passed} из {checks}.")
NOTICED = Text(
    "The fault was noticed: {failed} of {checks} checks fail, as they should.",
    "Ошибка замечена: не сошлось проверок {failed} из {checks}, как и должно быть.",
)
UNNOTICED = Text("The fault was not noticed.", "Ошибка осталась незамеченной.")
DRAWN = Text("step {step}, epoch {epoch}; {losses}", "шаг {step}, эпоха {epoch}; {losses}")
