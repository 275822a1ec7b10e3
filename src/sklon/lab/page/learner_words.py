"""What the page alone says to those who test themselves: practice, interviews, predictions, the museum of faults.

What the terminal says, too, stands in ``sklon.lab.learning.words``.
"""

from __future__ import annotations

from sklon.lab.text import Text

# ---- practice
PRACTICE_LEAD = Text(
    "What is due comes first, then something new. What you answer is kept in one file on this computer and comes again "
    "when you are about to forget it.",
    "Сначала то, что пора повторить, потом новое. Ответы хранятся в одном файле на этом компьютере, и каждое задание "
    "вернётся, когда начнёт забываться.",
)
READING = Text("Reading your progress…", "Читаю, что уже пройдено…")
BEGUN = Text("items begun", "начатые задания")
ANSWER = Text("Answer", "Ответить")
UNKNOWN = Text("I do not know", "Не знаю")
NEXT = Text("Go on", "Дальше")
AGAIN = Text("Try again", "Попробовать ещё раз")
OWN_WORDS = Text(
    "Answer aloud, or write here; it is not kept",
    "Ответьте вслух или напишите здесь; это никуда не записывается",
)
SHOW_POINTS = Text("Show what belongs to it", "Показать, что сюда входит")
NOT_CHOSEN = Text(
    "Nothing is chosen yet; choose one, or say that you do not know.",
    "Пока ничего не выбрано: выберите вариант или нажмите «Не знаю».",
)
NUMBER_HINT = Text("for example 0.25, 1/4, 25 % or 2.5e-3", "например 0,25, 1/4, 25 % или 2,5e-3")
TOO_LONG = Text("This is too long for a number.", "Для числа это слишком длинно.")
DECIDED = Text("The run that decided", "Опыт, который это решил")
IN_FULL = Text("The answer in full", "Полный ответ")
DONE = Text("That is all for now", "На сегодня всё")
NOTHING_DUE = Text("Nothing is due.", "Повторять пока нечего.")
MORE = Text("Ask {count} new ones", "Ещё {count} новых")
AN_INTERVIEW = Text("An interview of {count}", "Собеседование: {count} вопросов")

# ---- the file of progress
PROGRESS = Text("Your progress", "Ваши результаты")
KEPT_IN = Text(
    "It is kept in one file on this computer and goes nowhere:",
    "Всё хранится в одном файле на этом компьютере и никуда не отправляется:",
)
EXPORT = Text("Save a copy", "Сохранить копию")
IMPORT = Text("Add a copy from another computer", "Добавить копию с другого компьютера")
IMPORTED = Text(
    "Added: {reviews} answers are kept now.",
    "Добавлено; всего ответов в файле: {reviews}.",
)
IMPORT_ERRORS = {
    "damaged": Text(
        "This is no file of progress, or it is damaged; nothing was changed.",
        "Это не файл с результатами, или он повреждён; ничего не изменено.",
    ),
    "newer": Text(
        "A newer sklon wrote this file; update sklon. Nothing was changed.",
        "Файл записан более новой версией sklon; обновите sklon. Ничего не изменено.",
    ),
    "large": Text("This file is too large for progress.", "Этот файл слишком велик для результатов."),
    "kept": Text(
        "Your own file of progress cannot be read or written, so nothing was added; it is left as it is.",
        "Ваш файл с результатами не удаётся прочитать или записать, поэтому ничего не добавлено; он оставлен как есть.",
    ),
    "failed": Text("It could not be added.", "Добавить не получилось."),
}

# ---- interviews
INTERVIEW = Text("An interview", "Собеседование")
INTERVIEW_LEAD = Text(
    "{count} questions from different topics, the weak ones more often, each with its time. What was right is said at "
    "the end.",
    "Вопросов: {count}; темы разные, слабые места чаще, на каждый вопрос своё время. Что было верно, станет известно "
    "в конце.",
)
BEGIN = Text("Begin", "Начать")
END = Text("End here", "Закончить")
POSITION = Text("{position} of {count}", "{position} из {count}")
LEFT = Text("{seconds} s left", "осталось {seconds} с")
OVER = Text("{seconds} s over the time", "время вышло {seconds} с назад")
RESULT = Text("{share} % right", "верно: {share} %")
NOT_ANSWERED = Text("Nothing was answered.", "Ответов не было.")
BACK = Text("Back to practice", "Назад к тренировке")

# ---- predictions
PREDICT = Text("Predict first", "Сначала предсказать")
PREDICT_WHAT = Text("What will come out?", "Что получится?")
WILL_HOLD = Text("Will it hold: {says}?", "Подтвердится ли: {says}?")
HOLDS, FAILS = Text("it will hold", "подтвердится"), Text("it will fail", "не подтвердится")
COMMIT = Text("Commit", "Зафиксировать")
COMMITTED = Text("You say {given}. Now run the experiment.", "Вы предсказали: {given}. Теперь запустите опыт.")
WITHDRAWN = Text(
    "The experiment was set anew: the prediction no longer counts.",
    "Настройки изменены: предсказание больше не в счёт.",
)
AS_IT_STANDS = Text(
    "Predictions are about the experiment as it stands; set everything back to its default first.",
    "Предсказывают опыт без изменений: сначала верните настройки к исходным.",
)

# ---- the museum
MUSEUM_TITLE = Text("The museum of faults", "Музей ошибок")
MUSEUM_LEAD = Text(
    "{faults} mistakes that can be built into the experiments. Each runs beside the experiment as it should be, and at "
    "least one check has to notice it.",
    "Ошибок, которые можно внести в опыты, здесь {faults}. Каждая показана рядом с исправным опытом, и хотя бы одна "
    "проверка обязана её заметить.",
)
SOUND = Text("As it should be", "Как надо")
BROKEN = Text("With the fault", "С ошибкой")
BOTH_RUN = Text("Both experiments are running…", "Идут оба опыта…")
NOTICED = Text(
    "Noticed by {noticing} of {checks} checks, which stand first.",
    "Заметили проверки: {noticing} из {checks}; они стоят первыми.",
)
UNNOTICED = Text("No check has noticed it.", "Ни одна проверка её не заметила.")
MUSEUM_HEAD = (
    Text("claim", "утверждение"),
    Text("as it should be", "как надо"),
    Text("bound", "граница"),
    Text("with the fault", "с ошибкой"),
)
NOTICES = Text("notices it", "замечает")
EXHIBITS = Text("Neighbouring faults", "Соседние ошибки")
PREVIOUS, FOLLOWING = Text("Previous fault", "Предыдущая ошибка"), Text("Next fault", "Следующая ошибка")
TO_EXPERIMENT = Text("Turn this experiment yourself", "Настроить этот опыт самим")
