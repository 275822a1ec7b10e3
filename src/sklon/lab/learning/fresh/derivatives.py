"""Q5 and Q14: the gradient of a quadratic function at a point, and what ``.grad`` holds after several passes."""

from __future__ import annotations

import numpy as np

from sklon.lab.apparatus import gradient, leaf
from sklon.lab.text import Text
from sklon.tensors import Tensor

from .fresh import Fresh, Numbers, words


# ---- Q5
def _draw_quadratic(random: np.random.Generator) -> Numbers:
    """f = a·x₁² + b·x₁x₂ + c·x₂ at a point, and the variable to differentiate by."""
    a, b, c = (int(random.choice([-4, -3, -2, -1, 2, 3, 4, 5])) for _ in range(3))
    at = [int(random.choice([-3, -2, -1, 1, 2, 3])) for _ in range(2)]
    return {"a": a, "b": b, "c": c, "at": at, "by": int(random.integers(1, 3))}


def _solve_quadratic(numbers: Numbers) -> float:
    def function(x: Tensor) -> Tensor:
        result: Tensor = numbers["a"] * x[0] * x[0] + numbers["b"] * x[0] * x[1] + numbers["c"] * x[1]
        return result

    return float(gradient(function, numbers["at"])[numbers["by"] - 1])


def _ask_quadratic(numbers: Numbers) -> Text:
    terms = _signed(numbers["a"], "x_1^2", first=True) + _signed(numbers["b"], "x_1x_2") + _signed(numbers["c"], "x_2")
    return words(
        "$f = {f}$. What is $\\partial f/\\partial x_{by}$ at $({at})$?",
        "$f = {f}$. Чему равна $\\partial f/\\partial x_{by}$ в точке $({at})$?",
        f=terms,
        by=numbers["by"],
        at=numbers["at"],
    )


def _why_quadratic(numbers: Numbers, truth: float) -> Text:
    first = "2 \\cdot {a} \\cdot x_1 + {b} \\cdot x_2"
    formula = first if numbers["by"] == 1 else "{b} \\cdot x_1 + {c}"
    given = {name: f"({numbers[name]})" if numbers[name] < 0 else str(numbers[name]) for name in "abc"}
    return words(
        "$\\partial f/\\partial x_{by} = {formula}$, at this point ${truth}$.",
        "$\\partial f/\\partial x_{by} = {formula}$, в этой точке ${truth}$.",
        by=numbers["by"],
        formula=formula.format(**given),
        truth=truth,
    )


def _signed(factor: int, of: str, *, first: bool = False) -> str:
    """A term of a sum with its sign; a factor of 1 is not written."""
    sign = "-" if factor < 0 else ("" if first else "+")
    return f"{sign if first else f' {sign} '}{'' if abs(factor) == 1 else abs(factor)}{of}"


GRADIENT = Fresh(
    name="gradient",
    question="Q5",
    draw=_draw_quadratic,
    solve=_solve_quadratic,
    prompt=_ask_quadratic,
    why=_why_quadratic,
)


# ---- Q14
def _draw_passes(random: np.random.Generator) -> Numbers:
    """A weight, how often the loss w² is computed and differentiated, and before which pass .grad is cleared."""
    passes = int(random.integers(3, 7))
    weight = int(random.choice([-5, -3, -2, 2, 3, 4, 5]))
    return {"weight": weight, "passes": passes, "cleared": int(random.integers(2, passes + 1))}


def _solve_passes(numbers: Numbers) -> float:
    w = leaf(numbers["weight"])
    for count in range(1, numbers["passes"] + 1):
        if count == numbers["cleared"]:
            w.grad = None
        (w * w).backward()
    assert w.grad is not None
    return float(w.grad.item())


def _ask_passes(numbers: Numbers) -> Text:
    return words(
        "The weight is $w = {weight}$, the loss $w^2$. It is computed anew and differentiated by `backward()` {passes} "
        "times; `.grad` is cleared once, just before pass {cleared}. What does `w.grad` hold at the end?",
        "Вес $w = {weight}$, функция потерь $w^2$. Её вычисляют заново и вызывают `backward()`, и так {passes} раз; "
        "`.grad` очищают один раз, перед самым проходом № {cleared}. Что лежит в `w.grad` в конце?",
        **numbers,
    )


def _why_passes(numbers: Numbers, truth: float) -> Text:
    return words(
        "Each pass adds $2w = {gradient}$; passes since the clearing: {left}, so ${truth}$.",
        "Каждый проход прибавляет $2w = {gradient}$; проходов после очистки: {left}, итого ${truth}$.",
        gradient=2 * numbers["weight"],
        left=numbers["passes"] - numbers["cleared"] + 1,
        truth=truth,
    )


ADDED_UP = Fresh(
    name="added-up", question="Q14", draw=_draw_passes, solve=_solve_passes, prompt=_ask_passes, why=_why_passes
)
