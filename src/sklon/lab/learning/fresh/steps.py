"""Q16: where a weight is after a step of SGD, after several with momentum, and after Adam's first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from sklon import optim
from sklon.lab.apparatus import leaf
from sklon.lab.text import Text
from sklon.tensors import Tensor
from sklon.tensors.creation import full_like

from .fresh import Fresh, Numbers, words

RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
#: large enough that it is seen when weight decay is forgotten
DECAYS = (0.2, 0.5)
MOMENTA = (0.5, 0.8, 0.9)
START = 1.0
#: makes an optimizer of parameters and a learning rate
Rule: TypeAlias = Callable[[list[Tensor], float], optim.Optimizer]
#: sizes of gradients, far apart: Adam's first step does not notice
GRADIENTS = (0.003, 0.05, 0.4, 2.0, 30.0, 500.0)


def _moved(numbers: Numbers, rule: Rule) -> float:
    """By how much the engine's optimizer moves a weight over the given gradients."""
    w = leaf(START)
    optimizer = rule([w], numbers["lr"])
    for g in numbers["gradients"]:
        w.grad = full_like(w, g)
        optimizer.step()
    return float(w.item()) - START


# ---- SGD with weight decay
def _draw_sgd(random: np.random.Generator) -> Numbers:
    gradient = int(random.choice([-3, -2, -1, 1, 2, 3]))
    return {"lr": float(random.choice(RATES)), "gradients": [gradient], "decay": float(random.choice(DECAYS))}


def _solve_sgd(numbers: Numbers) -> float:
    return _moved(numbers, lambda w, lr: optim.SGD(w, lr=lr, weight_decay=numbers["decay"]))


def _ask_sgd(numbers: Numbers) -> Text:
    return words(
        "SGD with $\\eta = {lr}$ and weight decay ${decay}$ makes a step from $w = {start}$; the gradient of the loss "
        "is ${g}$. By how much does $w$ change (with its sign)?",
        "SGD с $\\eta = {lr}$ и затуханием весов ${decay}$ делает один шаг из $w = {start}$; градиент функции потерь "
        "равен ${g}$. На сколько изменится $w$ (со знаком)?",
        lr=numbers["lr"],
        decay=numbers["decay"],
        g=numbers["gradients"][0],
        start=START,
    )


def _why_sgd(numbers: Numbers, truth: float) -> Text:
    return words(
        "Weight decay adds ${decay} \\cdot w$ to $g$: $-{lr} \\cdot ({g} + {decay} \\cdot {start}) = {truth}$.",
        "Затухание прибавляет к градиенту ${decay} \\cdot w$: $-{lr} \\cdot ({g} + {decay} \\cdot {start}) = {truth}$.",
        lr=numbers["lr"],
        decay=numbers["decay"],
        g=numbers["gradients"][0],
        start=START,
        truth=truth,
    )


# ---- momentum
def _draw_momentum(random: np.random.Generator) -> Numbers:
    gradients = [int(random.choice([1, 2, 3, 4])) for _ in range(int(random.integers(2, 4)))]
    return {"lr": 0.1, "momentum": float(random.choice(MOMENTA)), "gradients": gradients}


def _solve_momentum(numbers: Numbers) -> float:
    return _moved(numbers, lambda w, lr: optim.SGD(w, lr=lr, momentum=numbers["momentum"]))


def _ask_momentum(numbers: Numbers) -> Text:
    return words(
        "SGD with momentum ${momentum}$ (as in PyTorch: $v \\leftarrow \\mu v + g$, $w \\leftarrow w - \\eta v$; at "
        "first $v = 0$) and $\\eta = {lr}$ meets the gradients ${gradients}$ in turn. By how much has $w$ changed in "
        "the end (with its sign)?",
        "SGD с моментом ${momentum}$ (как в PyTorch: $v \\leftarrow \\mu v + g$, $w \\leftarrow w - \\eta v$, вначале "
        "$v = 0$) и $\\eta = {lr}$ получает по очереди градиенты ${gradients}$. На сколько в итоге изменится $w$ "
        "(со знаком)?",
        **numbers,
    )


def _why_momentum(numbers: Numbers, truth: float) -> Text:
    velocities = [0.0]
    for g in numbers["gradients"]:
        velocities.append(numbers["momentum"] * velocities[-1] + g)
    return words(
        "$v$ becomes ${velocities}$; minus ${lr}$ times the sum of these is ${truth}$.",
        "$v$ принимает значения ${velocities}$; их сумма, умноженная на $-{lr}$, равна ${truth}$.",
        velocities=velocities[1:],
        lr=numbers["lr"],
        truth=truth,
    )


# ---- Adam
def _draw_adam(random: np.random.Generator) -> Numbers:
    gradient = float(random.choice(GRADIENTS) * random.choice([-1, 1]))
    return {"lr": float(random.choice([0.001, 0.002, 0.005, 0.01])), "gradients": [gradient]}


def _solve_adam(numbers: Numbers) -> float:
    return _moved(numbers, lambda w, lr: optim.Adam(w, lr=lr))


def _ask_adam(numbers: Numbers) -> Text:
    return words(
        "Adam with $\\eta = {lr}$ makes its first step; the gradient is ${g}$. By how much does the weight change "
        "(with its sign)?",
        "Adam с $\\eta = {lr}$ делает свой первый шаг; градиент равен ${g}$. На сколько изменится вес (со знаком)?",
        lr=numbers["lr"],
        g=numbers["gradients"][0],
    )


def _why_adam(numbers: Numbers, truth: float) -> Text:
    return words(
        "After bias correction $\\hat m = g$ and $\\hat v = g^2$: the first step is $-\\eta\\,g/|g|$, here ${truth}$.",
        "После поправки на смещение $\\hat m = g$, $\\hat v = g^2$: первый шаг $-\\eta\\,g/|g|$, здесь ${truth}$.",
        truth=float(f"{truth:.4g}"),
    )


SGD = Fresh(name="sgd", question="Q16", draw=_draw_sgd, solve=_solve_sgd, prompt=_ask_sgd, why=_why_sgd)
MOMENTUM = Fresh(
    name="momentum",
    question="Q16",
    draw=_draw_momentum,
    solve=_solve_momentum,
    prompt=_ask_momentum,
    why=_why_momentum,
)
ADAM = Fresh(name="adam", question="Q16", draw=_draw_adam, solve=_solve_adam, prompt=_ask_adam, why=_why_adam)
