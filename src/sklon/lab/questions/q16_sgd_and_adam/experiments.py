"""E16: the same quadratic bowl, then scaled, then turned: what that changes for SGD and for Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.lab.check import Finding, above, below, between, equal, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, field
from sklon.lab.text import Text

from .rules import MultipliedAdam, UncorrectedAdam

Array: TypeAlias = np.ndarray[Any, Any]
#: an optimizer for these parameters with this learning rate
Method: TypeAlias = Callable[[list[Tensor], float], optim.Optimizer]

STEPS = 200
#: curvatures along the axes: condition number 100
CURVATURES = np.array([10.0, 1000.0])
#: heights of the level lines in the figure
LEVELS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
#: SGD's is the largest that is safe, 1/λmax; Adam's is in the unit of the parameters
RATES = {"sgd": 1 / CURVATURES.max(), "adam": 0.05}
#: the three bowls, side by side in one tensor
PLAIN, SCALED, TURNED = range(3)
#: sizes of constant gradients, and how many steps follow each
SIZES = 10.0 ** np.arange(-3, 4)
CONSTANT_STEPS = 30
#: where the steps of an Adam without correction are longest: the largest (1 − β₁ᵗ)/√(1 − β₂ᵗ)
LONGEST = 12


def sgd(parameters: list[Tensor], lr: float) -> optim.Optimizer:
    """Plain stochastic gradient descent."""
    return optim.SGD(parameters, lr=lr)


def run(subject: Method, controls: Settings, seed: int) -> Iterator[Frame]:
    """Descend into three bowls with both methods; then give each method constant gradients of many sizes."""
    methods = {"sgd": sgd, "adam": subject}
    turn = _rotation(controls["angle"])
    angle = np.random.default_rng(seed).uniform(0.2, 0.4) * np.pi
    start = 2 * np.array([np.cos(angle), np.sin(angle)])
    hessians = np.diag(CURVATURES) * np.array([1, controls["factor"], 1])[:, None, None]
    hessians[TURNED] = turn @ np.diag(CURVATURES) @ turn.T
    starts = np.stack([start, start, turn @ start])
    paths = [_descent(methods[name], RATES[name], hessians, starts) for name in methods]
    for places in zip(*paths, strict=True):
        yield dict(zip(methods, places, strict=True))
    for name, method in methods.items():
        lengths, slots = _constant_gradients(method)
        yield {f"{name}_lengths": lengths, f"{name}_slots": slots}


def _rotation(degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


def _descent(method: Method, lr: float, hessians: Array, starts: Array) -> Iterator[Array]:
    """Where the three parameters are, step after step, with the losses ½wᵀHw. Shapes: [3, 2]."""
    w, h = sklon.tensor(starts, requires_grad=True), sklon.tensor(hessians)
    optimizer = method([w], lr)
    for _ in range(STEPS):
        yield w.detach().numpy().copy()
        optimizer.zero_grad()
        column = w.unsqueeze(2)
        (0.5 * column * (h @ column)).sum().backward()
        optimizer.step()


def _constant_gradients(method: Method) -> tuple[Array, float]:
    """Step lengths in units of lr for losses g·w, and numbers kept for each parameter. Shape: [steps, sizes]."""
    w, g = sklon.tensor(np.zeros_like(SIZES), requires_grad=True), sklon.tensor(SIZES)
    optimizer = method([w], 1.0)
    places = [w.detach().numpy().copy()]
    for _ in range(CONSTANT_STEPS):
        optimizer.zero_grad()
        (g * w).sum().backward()
        optimizer.step()
        places.append(w.detach().numpy().copy())
    slots = sum(slot.numel() for slot in optimizer.state[w].values())
    return -np.diff(places, axis=0), slots / w.numel()


#: what is checked
CLAIMS = {
    "adam-scaled": Text(
        "largest |difference| of Adam when the loss is multiplied",
        "наибольшее |отличие| Adam, если умножить функцию потерь",
    ),
    "sgd-scaled": Text(
        "growth of SGD's error in each step when the loss is multiplied",
        "во сколько раз растёт за шаг ошибка SGD, если умножить функцию потерь",
    ),
    "sgd-plain": Text(
        "what is left of SGD's error in the bowl as it is", "какая часть ошибки SGD осталась в исходной чаше"
    ),
    "sgd-turned": Text("largest |difference| of SGD in the turned bowl", "наибольшее |отличие| SGD в повёрнутой чаше"),
    "adam-turned": Text(
        "largest |difference| of Adam in the turned bowl", "наибольшее |отличие| Adam в повёрнутой чаше"
    ),
    "adam-first-step-shortest": Text(
        "Adam's first step / lr, the shortest one", "первый шаг Adam / скорость обучения, наименьшее значение"
    ),
    "adam-first-step-longest": Text(
        "Adam's first step / lr, the longest one", "первый шаг Adam / скорость обучения, наибольшее значение"
    ),
    "adam-twelfth-step": Text(
        "Adam's twelfth step / lr, constant gradient",
        "двенадцатый шаг Adam / скорость обучения при постоянном градиенте",
    ),
    "sgd-first-step": Text("SGD's longest first step / its shortest", "самый длинный первый шаг SGD / самый короткий"),
    "sgd-slots": Text("numbers that SGD keeps for each parameter", "сколько чисел SGD хранит на параметр"),
    "adam-slots": Text("numbers that Adam keeps for each parameter", "сколько чисел Adam хранит на параметр"),
}


def checks(record: Record) -> list[Finding]:
    """What scaling and turning change for each method, how long steps are, and what is kept for them."""
    sgd_path, adam_path = record.series("sgd"), record.series("adam")
    return [
        *_scaling_checks(record, sgd_path, adam_path),
        below("sgd-turned", _turned_apart(record, sgd_path), 1e-12),
        above("adam-turned", _turned_apart(record, adam_path), 0.1),
        *_length_checks(record),
        equal("sgd-slots", record["sgd_slots"], 0.0),
        equal("adam-slots", record["adam_slots"], 2.0),
    ]


def _scaling_checks(record: Record, sgd_path: Array, adam_path: Array) -> list[Finding]:
    stiff = np.abs(sgd_path[:10, SCALED, 1])
    return [
        below("adam-scaled", np.abs(adam_path[:, SCALED] - adam_path[:, PLAIN]).max(), 1e-8),
        near(
            "sgd-scaled",
            float(np.mean(stiff[1:] / stiff[:-1])),
            abs(1 - RATES["sgd"] * record.controls["factor"] * CURVATURES[1]),
            relative=1e-9,
        ),
        below(
            "sgd-plain",
            float(np.linalg.norm(sgd_path[-1, PLAIN]) / np.linalg.norm(sgd_path[0, PLAIN])),
            (1 - CURVATURES.min() / CURVATURES.max()) ** (STEPS - 1),
        ),
    ]


def _length_checks(record: Record) -> list[Finding]:
    adam, plain = record["adam_lengths"], record["sgd_lengths"]
    return [
        between("adam-first-step-shortest", adam[0].min(), 1 - 1e-4, 1.0, predicted=1.0),
        between("adam-first-step-longest", adam[0].max(), 1 - 1e-4, 1.0, predicted=1.0),
        near("adam-twelfth-step", adam[LONGEST - 1].max(), 1.0, within=1e-4),
        near("sgd-first-step", plain[0].max() / plain[0].min(), SIZES.max() / SIZES.min(), relative=1e-12),
    ]


def _turned_apart(record: Record, path: Array) -> float:
    """How far the path in the turned bowl, turned back, is from the plain one."""
    back = path[:, TURNED] @ _rotation(record.controls["angle"])
    return float(np.abs(back - path[:, PLAIN]).max())


def figure(record: Record) -> Figure:
    """Both paths in the bowl, in the turned bowl, and the length of the first step over the gradient's size."""
    return Figure(
        caption=Text(
            "Left and middle: the same bowl before and after it is turned, with the paths of both methods. SGD's path "
            "turns with the bowl. Adam's does not: it scales each coordinate by itself, so it depends on the axes. "
            "Right: the length of the first step. SGD's is proportional to the gradient; Adam's is the learning rate, "
            "however large the gradient.",
            "Слева и в центре — одна и та же чаша до и после поворота и пути обоих методов. Путь SGD "
            "поворачивается вместе с чашей, а путь Adam нет: он масштабирует каждую координату отдельно и потому "
            "зависит от выбора осей. Справа — длина первого шага: у SGD она пропорциональна градиенту, у Adam "
            "равна скорости обучения, каким бы ни был градиент.",
        ),
        panels=(
            _bowl(record, PLAIN, Text("as it is", "как есть")),
            _bowl(record, TURNED, Text("turned", "после поворота")),
            Panel(
                x=Text("size of the gradient", "величина градиента"),
                y=Text("first step / learning rate", "первый шаг / скорость обучения"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(SIZES, record["sgd_lengths"][0], Text("SGD", "SGD"), style="line+points", tone=0),
                    curve(SIZES, record["adam_lengths"][0], Text("Adam", "Adam"), style="line+points", tone=1),
                ),
            ),
        ),
    )


def _bowl(record: Record, which: int, title: Text) -> Panel:
    """Level lines of the loss and both paths."""
    turn = _rotation(record.controls["angle"]) if which == TURNED else np.eye(2)
    across, up = np.linspace(-3, 3, 151), np.linspace(-2.4, 2.4, 121)
    grid = np.stack(np.meshgrid(across, up), axis=-1) @ turn
    paths = {name: record.series(name)[:, which] for name in ("sgd", "adam")}
    return Panel(
        title=title,
        x=Text("w₁", "w₁"),
        y=Text("w₂", "w₂"),
        equal=True,
        marks=(
            field(across, up, 0.5 * grid**2 @ CURVATURES, levels=LEVELS),
            curve(paths["adam"][:, 0], paths["adam"][:, 1], Text("Adam", "Adam"), style="line+points", tone=1),
            curve(paths["sgd"][:, 0], paths["sgd"][:, 1], Text("SGD", "SGD"), style="line+points", tone=0),
        ),
    )


E16 = Experiment(
    number="E16",
    title=Text("Scale and turn", "Умножить и повернуть"),
    subject=optim.Adam,
    faults=(
        Fault(
            "no-correction",
            Text(
                "the moments, which start at 0, are not corrected",
                "нет поправки на то, что моменты начинаются с нуля",
            ),
            UncorrectedAdam,
            breaks=("adam-scaled", "adam-first-step-shortest", "adam-first-step-longest", "adam-twelfth-step"),
        ),
        Fault(
            "correction-multiplied",
            Text(
                "the moments are multiplied by 1 − βᵗ instead of divided",
                "моменты умножаются на 1 − βᵗ, а не делятся",
            ),
            MultipliedAdam,
            breaks=("adam-scaled", "adam-first-step-shortest", "adam-first-step-longest", "adam-twelfth-step"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "factor",
            1000.0,
            10.0,
            10_000.0,
            Text("the loss is multiplied by", "на сколько умножена функция потерь"),
        ),
        Real("angle", 30.0, 20.0, 70.0, Text("turn of the bowl, degrees", "поворот чаши, в градусах")),
    ),
)

EXPERIMENTS = (E16,)
