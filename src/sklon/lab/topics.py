"""The twelve topics, in the order in which they build on each other, with the names that notes give them."""

from __future__ import annotations

from dataclasses import dataclass

from sklon._base.errors import InputError

from .text import Text


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the twelve. ``names`` are other ways to write it, in any language."""

    key: str
    title: Text
    names: tuple[str, ...]


TOPICS: tuple[Topic, ...] = (
    Topic(
        "derivative",
        Text("Derivative, gradient, continuity", "Производная, градиент, непрерывность"),
        (
            "calculus",
            "derivatives",
            "differentiation",
            "gradient",
            "градиент",
            "partial derivative, derivative, gradient",
            "градиент, производная, частная производная",
            "производные",
            "матанализ",
        ),
    ),
    Topic(
        "gradient-descent",
        Text("Gradient descent", "Градиентный спуск"),
        ("steepest descent", "спуск", "метод градиентного спуска", "GD"),
    ),
    Topic(
        "batch",
        Text("Batch, mini-batch, stochastic", "Батч, мини-батч, стохастический спуск"),
        ("batch vs mini-batch", "batch size", "batches", "батчи", "размер батча", "пакеты"),
    ),
    Topic(
        "loss",
        Text("Loss functions", "Функции потерь"),
        ("loss", "losses", "cost function", "objective", "функция потерь", "функция ошибки", "лосс"),
    ),
    Topic(
        "backpropagation",
        Text("Backpropagation and .grad", "Обратное распространение и .grad"),
        ("backprop", "autograd", "back-propagation", "обратное распространение ошибки", "бэкпроп"),
    ),
    Topic(
        "activation",
        Text("Activation functions", "Функции активации"),
        ("activations", "nonlinearities", "активации", "нелинейности", "функция активации"),
    ),
    Topic(
        "optimizer",
        Text("Optimizers", "Оптимизаторы"),
        ("optimizer", "optimisers", "optimization", "оптимизатор", "методы оптимизации"),
    ),
    Topic(
        "batch-norm",
        Text("Batch normalization", "Пакетная нормализация"),
        ("BatchNorm", "batch norm", "BN", "батч-нормализация", "батчнорм", "нормализация по батчу"),
    ),
    Topic("dropout", Text("Dropout", "Dropout"), ("дропаут", "прореживание", "исключение нейронов")),
    Topic(
        "accumulation",
        Text("Gradient accumulation", "Накопление градиентов"),
        ("accumulating gradients", "micro-batches", "аккумуляция градиентов", "накопление градиента"),
    ),
    Topic(
        "early-stopping",
        Text("Early stopping", "Ранняя остановка"),
        ("stopping", "patience", "ранний останов", "остановка обучения"),
    ),
    Topic(
        "regularization",
        Text("L1/L2 regularization", "Регуляризация L1/L2"),
        ("L1/L2", "weight decay", "lasso", "ridge", "регуляризация", "штраф на веса", "regularisation"),
    ),
)


def topic_of(key: str) -> Topic:
    """The topic of that key."""
    for topic in TOPICS:
        if topic.key == key:
            return topic
    raise InputError(f"there is no topic {key!r}; topics are {', '.join(t.key for t in TOPICS)}")
