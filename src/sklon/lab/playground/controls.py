"""What can be turned in the playground, as one table: a row for each control, with its bounds and when it acts.

The words are those of settings elsewhere in sklon; optimizers and activations come from their registries. Whatever a
page, a link or a file brings is brought within the bounds here, and what was changed on the way is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sklon._base.errors import InputError
from sklon.nn.activation import ACTIVATIONS
from sklon.optim import RULES

from ..controls import Choice, Control, Real, Settings, Whole
from ..text import Text
from .reading import nearest


class Acts(Enum):
    """When a changed setting takes effect."""

    AT_ONCE = Text("acts at once; the weights stay", "действует сразу, веса остаются")
    NEXT_EPOCH = Text("acts from the next epoch on; the weights stay", "действует со следующей эпохи, веса остаются")
    ANEW = Text("starts the training anew", "начинает обучение заново")


@dataclass(frozen=True, slots=True)
class Row:
    """One control: what may be set, what it does in a sentence, when it acts, and how a slider should move."""

    control: Control
    help: Text
    acts: Acts
    logarithmic: bool = False

    @property
    def name(self) -> str:
        """The setting's name."""
        return self.control.name

    @property
    def label(self) -> Text:
        """A few words beside the control."""
        return self.control.says

    @property
    def kind(self) -> str:
        """What it is: "whole", "real" or "choice"."""
        return type(self.control).__name__.lower()


@dataclass(frozen=True, slots=True)
class Note:
    """A setting that was brought within its bounds: what came, what was made of it, and why."""

    name: str
    came: str
    value: Any
    says: Text


#: rules whose parameters stand elsewhere than where they are to be looked at have no place in a live picture
OPTIMIZERS = tuple(name for name in RULES if name != "adamw_schedule_free")
INITIALISATIONS = (
    "default",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "normal_1",
    "small",
    "zeros",
)
DATA = ("moons", "circles", "spirals", "blobs", "curve", "own")
SCHEDULES = ("none", "cosine", "linear(1.0, 0.01)", "polynomial(None, 2.0)", "warmup(0.1) >> cosine", "wsd")
STOPPING = (
    "none",
    "patience(20)",
    "patience(100)",
    "gl(5)",
    "pq(0.5)",
    "up(4)",
    "patience(20) | gl(5)",
    "no_progress(50, 0.0001)",
)
BATCHES = ("1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "1024", "full")
SWITCH = ("off", "on")

_AT_ONCE, _NEXT, _ANEW = Acts.AT_ONCE, Acts.NEXT_EPOCH, Acts.ANEW

CONTROLS: tuple[Row, ...] = (
    Row(
        Choice("data", "moons", DATA, Text("data", "данные")),
        Text("What the network learns from.", "На чём учится сеть."),
        _ANEW,
    ),
    Row(
        Whole("points", 300, 20, 2000, Text("points", "точек")),
        Text("How many samples there are, test included.", "Сколько всего примеров, вместе с проверочными."),
        _ANEW,
    ),
    Row(
        Real("noise", 0.2, 0.0, 1.0, Text("noise", "шум")),
        Text("Standard deviation of what is added to each point.", "Стандартное отклонение добавки к каждой точке."),
        _ANEW,
    ),
    Row(
        Real("test_share", 0.3, 0.1, 0.5, Text("test share", "доля проверки")),
        Text("The share that training never sees.", "Доля примеров, которых обучение не видит."),
        _ANEW,
    ),
    Row(
        Choice("activation", "tanh", tuple(ACTIVATIONS), Text("activation", "функция активации")),
        Text("What bends the output of each hidden layer.", "Что искривляет выход каждого скрытого слоя."),
        _ANEW,
    ),
    Row(
        Whole("width", 8, 1, 64, Text("width", "ширина")),
        Text("Units in each hidden layer.", "Нейронов в каждом скрытом слое."),
        _ANEW,
    ),
    Row(
        Whole("depth", 2, 0, 6, Text("depth", "глубина")),
        Text("Hidden layers; none makes a linear model.", "Скрытых слоёв; без них модель линейная."),
        _ANEW,
    ),
    Row(
        Choice("initialisation", "default", INITIALISATIONS, Text("initialisation", "начальные веса")),
        Text(
            "How the first weights are drawn; default is PyTorch's rule.",
            "Как выбираются первые веса; default — правило PyTorch.",
        ),
        _ANEW,
    ),
    Row(
        Choice("batch_norm", "off", SWITCH, Text("batch norm", "batch norm")),
        Text("Standardise each hidden layer over the batch.", "Стандартизовать каждый скрытый слой по батчу."),
        _ANEW,
    ),
    Row(
        Choice("batch_size", "32", BATCHES, Text("batch size", "размер батча")),
        Text("Samples in a step; full is gradient descent.", "Примеров на шаг; full — обычный градиентный спуск."),
        _NEXT,
    ),
    Row(
        Whole("accumulation", 1, 1, 16, Text("accumulation", "накопление")),
        Text(
            "In how many parts a batch is computed; the step stays the same.",
            "На сколько частей делится батч; шаг остаётся тем же.",
        ),
        _NEXT,
    ),
    Row(
        Choice("optimizer", "adam", OPTIMIZERS, Text("optimizer", "оптимизатор")),
        Text("The rule that turns gradients into steps.", "Правило, по которому градиент становится шагом."),
        _AT_ONCE,
    ),
    Row(
        Real("learning_rate", 0.03, 1e-5, 10.0, Text("learning rate", "скорость обучения")),
        Text("How long a step is.", "Насколько длинный шаг."),
        _AT_ONCE,
        logarithmic=True,
    ),
    Row(
        Real("momentum", 0.9, 0.0, 0.99, Text("momentum", "инерция")),
        Text(
            "How much of the last step goes on: μ, or β₁ of Adam's family.",
            "Какая часть прошлого шага сохраняется: μ, у семейства Adam — β₁.",
        ),
        _AT_ONCE,
    ),
    Row(
        Choice("schedule", "none", SCHEDULES, Text("schedule", "расписание")),
        Text("How the learning rate moves over all epochs.", "Как скорость обучения меняется за все эпохи."),
        _AT_ONCE,
    ),
    Row(
        Whole("epochs", 2000, 1, 10_000, Text("epochs", "эпох")),
        Text("Where the run ends, and how long its schedule is.", "Где кончается обучение и его расписание."),
        _AT_ONCE,
        logarithmic=True,
    ),
    Row(
        Real("dropout", 0.0, 0.0, 0.9, Text("dropout", "dropout")),
        Text(
            "The probability with which a hidden unit is silent in a step.",
            "Вероятность, с которой нейрон молчит на шаге.",
        ),
        _AT_ONCE,
    ),
    Row(
        Real("l1", 0.0, 0.0, 1.0, Text("L1", "L1")),
        Text("λ of λ·Σ|w|: weights become exactly zero.", "λ в λ·Σ|w|: веса становятся точными нулями."),
        _AT_ONCE,
        logarithmic=True,
    ),
    Row(
        Real("l2", 0.0, 0.0, 1.0, Text("L2", "L2")),
        Text("λ of λ/2·Σw², as a part of the loss.", "λ в λ/2·Σw², как часть функции потерь."),
        _AT_ONCE,
        logarithmic=True,
    ),
    Row(
        Real("weight_decay", 0.0, 0.0, 1.0, Text("weight decay", "затухание весов")),
        Text(
            "Decoupled: each step takes the share lr·λ of a weight away.",
            "Отдельно от градиента: шаг отнимает у веса долю lr·λ.",
        ),
        _AT_ONCE,
        logarithmic=True,
    ),
    Row(
        Choice("stopping", "none", STOPPING, Text("stopping rule", "правило остановки")),
        Text("What ends the run by itself.", "Что само останавливает обучение."),
        _AT_ONCE,
    ),
    Row(
        Whole("seed", 0, 0, 2**31 - 1, Text("seed", "зерно")),
        Text("Decides data, weights, order and dropout.", "Определяет данные, веса, порядок и dropout."),
        _ANEW,
    ),
)
ROWS: Mapping[str, Row] = {row.name: row for row in CONTROLS}
DEFAULTS: Settings = {row.name: row.control.default for row in CONTROLS}


def row_of(name: str) -> Row:
    """The control of a name; InputError for one that the playground does not have."""
    if name not in ROWS:
        raise InputError(f"the playground has no control {name[:40]!r}; it has {', '.join(ROWS)}")
    return ROWS[name]


def matters(name: str, settings: Settings) -> bool:
    """Whether a control changes anything under these settings: momentum is nothing to an optimizer without one.

    >>> matters("momentum", {**DEFAULTS, "optimizer": "adagrad"}), matters("momentum", DEFAULTS)
    (False, True)
    """
    row_of(name)
    if name in ("points", "noise"):
        return bool(settings["data"] != "own")
    if name in ("activation", "width", "batch_norm", "dropout"):
        return bool(settings["depth"] > 0)
    if name == "momentum":
        rule = RULES[settings["optimizer"]]()
        return hasattr(rule, "momentum") or hasattr(rule, "betas")
    return True


def bounded(name: str, value: Any) -> tuple[Any, Note | None]:
    """The value that a control takes for whatever comes, and a note where it is another one.

    A number beyond the bounds becomes the nearest bound, anything that cannot be read the default.

    >>> bounded("width", "9999")[0], bounded("learning_rate", "0,5"), bounded("optimizer", "sdg")[0]
    (64, (0.5, None), 'adam')
    """
    row = row_of(name)
    taken = nearest(row.control, value)
    if taken.exact:
        return taken.value, None
    came, made = str(value)[:40], f"{taken.value}"
    if taken.readable:
        says = Text(f"{name} was {came}; the nearest that is allowed is {made}", f"{name}: {came} заменено на {made}")
    else:
        says = Text(f"{name} cannot be {came!r}; it is {made}", f"{name} не может быть {came!r}; взято {made}")
    return taken.value, Note(name, came, taken.value, says)


def settled(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """A value for every control: those that are given, within their bounds, and the others' defaults; with notes.

    Raises InputError for the name of no control.
    """
    found = {name: bounded(name, value) for name, value in given.items()}
    values = {name: found[name][0] if name in found else default for name, default in DEFAULTS.items()}
    return values, tuple(note for _, note in found.values() if note is not None)
