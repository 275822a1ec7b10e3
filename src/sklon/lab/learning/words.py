"""The sentences of learning, once for the page and the terminal: how far one is, what came of an answer, when it
comes again. Gaps are in braces; ``telling`` fills them. What only a page or only a terminal says stands there.
"""

from __future__ import annotations

from sklon.lab.text import Text

from .items import ActiveFault, FalseStatement, FreshNumbers, Item, KeyPoints, NumberPrediction, Verdict

#: what kind of task an item is
KINDS: dict[type[Item], Text] = {
    KeyPoints: Text("from memory", "по памяти"),
    FalseStatement: Text("a false statement", "ложное утверждение"),
    NumberPrediction: Text("a number to predict", "предсказать число"),
    FreshNumbers: Text("a small computation", "небольшой расчёт"),
    ActiveFault: Text("find the fault", "найти ошибку"),
    Verdict: Text("will it hold?", "подтвердится ли?"),
}

# ---- asking
RUNNING = Text("Running {experiment}…", "Идёт опыт {experiment}…")
SAID = Text("What of this did you say?", "Что из этого прозвучало?")
CHOICE = Text("Choose one", "Выберите вариант")
NUMBER = Text("Your number", "Ваше число")
STANDING = Text(
    "{begun} of {items} begun, {due} due, {new} new today",
    "начато {begun} из {items}, пора повторить: {due}, новых сегодня: {new}",
)

# ---- what came of an answer
RIGHT, ALMOST, WRONG = Text("Right.", "Верно."), Text("Almost.", "Почти."), Text("Wrong.", "Неверно.")
TRUE_NUMBER = Text("It is {truth}.", "Правильный ответ: {truth}.")
GIVEN_NUMBER = Text("You said {given}.", "Ваш ответ: {given}.")
IT_HOLDS, IT_FAILS = (
    Text("The check holds.", "Проверка подтвердилась."),
    Text("The check fails.", "Проверка не сошлась."),
)
TRUE_CHOICE = Text("It was this one:", "Надо было выбрать:")
MISSED = Text("Not said:", "Не прозвучало:")

# ---- when it comes again
AGAIN = Text("Next review {when}", "Следующее повторение {when}")
SOON, MINUTES = Text("in a minute", "через минуту"), Text("in {count} min", "через {count} мин")
HOURS, DAYS = Text("in {count} h", "через {count} ч"), Text("in {count} days", "через {count} дн.")

# ---- interviews
SHARE = Text("{percent} %", "{percent} %")
TOOK = Text("{seconds} of {allowed} s", "{seconds} из {allowed} с")
LATE = Text("too late", "дольше срока")
