"""What the playground says of two runs side by side, in every language."""

from __future__ import annotations

from sklon.lab.text import Text

COMPARE = Text("Compare", "Сравнить")
COMPARISON = Text("Comparison", "Сравнение")
KEEP = Text("Keep {run}", "Оставить {run}")
TURN = Text("The settings are those of", "Настройки относятся к")
BOTH = Text("both", "обоим")
ALIKE = Text(
    "A and B are set alike. Turn something in B, and see what becomes of it.",
    "У A и B одинаковые настройки. Измените что-нибудь в B и смотрите, что из этого выйдет.",
)
DIFFERS = Text("Differs in: {names}", "Отличия: {names}")
LATE = Text("{run} catches up: step {step} of {farthest}", "{run} догоняет: шаг {step} из {farthest}")
TIME = Text("time of a step, µs", "время шага, мкс")
TRAINING = Text("training loss", "потеря на обучении")
TESTING = Text("test loss", "потеря на проверке")
RIGHT = Text("right on the test, %", "верно на проверке, %")
RATE = Text("learning rate now", "скорость обучения сейчас")
STEP, EPOCH = Text("step", "шаг"), Text("epoch", "эпоха")
LOSSES = Text("Loss of both over the steps: A solid, B dashed", "Потери обоих по шагам: A — сплошная, B — штриховая")
LINE = Text("{run} {kind}", "{run} {kind}")
PICTURE = Text("Run {run}: what the network says about each point", "Запуск {run}: что сеть говорит о каждой точке")
