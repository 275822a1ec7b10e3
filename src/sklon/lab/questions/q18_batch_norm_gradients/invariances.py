"""E18: a loss behind batch norm does not see the scale of the weights, and what follows for its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.lab.apparatus import gradient, leaf, power, value
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.nn import functional

Array: TypeAlias = np.ndarray[Any, Any]
#: x [samples, features] → x normalized over the samples
Normalization: TypeAlias = Callable[[Tensor], Tensor]

#: so small that the invariances, which hold for ε → 0, hold to the tolerances of the checks
EPS = 1e-14
INPUTS, FEATURES = 5, 8
STEPS = 200
#: factors by which the weights are multiplied
SCALES = 10.0 ** np.arange(-1.0, 3.5, 0.5)


def batch_norm(x: Tensor) -> Tensor:
    """(x − μ)/√(σ² + ε), differentiated through μ and σ."""
    return functional.batch_norm(x, None, None, training=True, eps=EPS)


def _deviation_held(x: Tensor) -> Tensor:
    """The derivative of σ is left out: the term of x̂ is missing from the backward pass."""
    mean = x.mean(0)
    variance = ((x - mean) * (x - mean)).mean(0)
    return functional.batch_norm(x, mean, variance.detach(), eps=EPS)


def _mean_held(x: Tensor) -> Tensor:
    """The derivative of μ is left out."""
    mean = x.mean(0).detach()
    variance = ((x - mean) * (x - mean)).mean(0)
    return functional.batch_norm(x, mean, variance, eps=EPS)


def input_gradient(x: Array, upstream: Array, weight: Array) -> Array:
    """The formula: γ/(Bσ)·(B·g − Σg − x̂·Σ(g·x̂)), with sums over the samples of each feature."""
    count, deviation = len(x), np.sqrt(x.var(0) + EPS)
    normalized = (x - x.mean(0)) / deviation
    projected = count * upstream - upstream.sum(0) - normalized * (upstream * normalized).sum(0)
    return np.asarray(weight / (count * deviation) * projected)


def run(subject: Normalization, controls: Settings, seed: int) -> Iterator[Frame]:
    """Differentiate the layer alone; then scale the weights before it; then train them with plain SGD."""
    count = controls["batch_size"]
    random = np.random.default_rng(seed)
    yield _layer_alone(subject, count, random)

    x = sklon.tensor(random.standard_normal((count, INPUTS)))
    target = sklon.tensor(random.standard_normal((count, FEATURES)))

    def loss(weights: Tensor) -> Tensor:
        difference = sklon.tanh(subject(functional.linear(x, weights))) - target
        return (difference * difference).sum(1).mean()

    start = random.standard_normal((FEATURES, INPUTS)) / np.sqrt(INPUTS)
    yield from _scaled(loss, start)
    yield from _trained(loss, start, controls["lr"])


def _layer_alone(normalize: Normalization, count: int, random: np.random.Generator) -> Frame:
    x = 3 + 2 * random.standard_normal((count, FEATURES))
    upstream, weight = random.standard_normal((count, FEATURES)), 0.5 + random.random(FEATURES)
    g, scale = sklon.tensor(upstream), sklon.tensor(weight)
    found = gradient(lambda t: (normalize(t) * scale * g).sum(), x)
    normalized = (x - x.mean(0)) / x.std(0)
    return {
        "formula": np.abs(found - input_gradient(x, upstream, weight)).max(),
        "along_ones": np.abs(found.sum(0)).max(),
        "along_normalized": np.abs((found * normalized).sum(0)).max(),
    }


def _scaled(loss: Callable[[Tensor], Tensor], start: Array) -> Iterator[Frame]:
    """Loss and gradient at α·w."""
    loss_there, gradient_there = value(loss, start), gradient(loss, start)
    for scale in SCALES:
        found = gradient(loss, scale * start)
        yield {
            "scale": scale,
            "length": np.linalg.norm(found),
            "loss_change": abs(value(loss, scale * start) - loss_there),
            "gradient_error": np.linalg.norm(scale * found - gradient_there) / np.linalg.norm(gradient_there),
        }


def _trained(loss: Callable[[Tensor], Tensor], start: Array, lr: float) -> Iterator[Frame]:
    """Plain SGD: squared lengths of weights and gradient, and how far from orthogonal they are."""
    weights = leaf(start)
    optimizer = optim.SGD([weights], lr=lr)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(weights).backward()
        assert weights.grad is not None
        w, g = weights.numpy(), weights.grad.numpy()
        yield {"norm": (w**2).sum(), "gradient_norm": (g**2).sum(), "inner": np.abs((w * g).sum(1)).max()}
        optimizer.step()
    yield {"norm": (weights.numpy() ** 2).sum()}


def _predicted_norms(record: Record) -> Array:
    """‖w‖² at each step by Pythagoras: each step adds η²‖∇L‖²."""
    grown = record.controls["lr"] ** 2 * np.cumsum(record.series("gradient_norm"))
    return np.asarray(record.series("norm")[0] + np.concatenate([[0.0], grown]))


#: what is checked
CLAIMS = {
    "formula": Text(
        "largest difference between the formula and automatic differentiation",
        "наибольшее расхождение формулы и автоматического дифференцирования",
    ),
    "along-ones": Text("largest |Σ dx| of a feature over the batch", "наибольшая |Σ dx| признака по батчу"),
    "along-normalized": Text("largest |Σ dx·x̂| of a feature over the batch", "наибольшая |Σ dx·x̂| признака по батчу"),
    "loss-of-scaled": Text(
        "largest change of the loss, weights scaled", "наибольшее изменение потерь при умножении весов"
    ),
    "gradient-order": Text("‖∇L(αw)‖ ∝ αᵖ with p", "‖∇L(αw)‖ ∝ αᵖ, показатель p"),
    "gradient-of-scaled": Text(
        "relative distance of α∇L(αw) from ∇L(w)", "относительное расстояние между α∇L(αw) и ∇L(w)"
    ),
    "orthogonal": Text("largest |w·∇L| of a feature, all steps", "наибольшее |w·∇L| признака за все шаги"),
    "norm-growth": Text(
        "largest relative error of ‖w′‖² = ‖w‖² + η²‖∇L‖²",
        "наибольшая относительная ошибка равенства ‖w′‖² = ‖w‖² + η²‖∇L‖²",
    ),
    "final-norm": Text(
        "‖w‖² after the training, relative to the start",
        "‖w‖² в конце обучения по отношению к началу",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The formula and its two projections; the loss and gradient of scaled weights; orthogonality and growth."""
    return [
        below("formula", record["formula"], 1e-10),
        below("along-ones", record["along_ones"], 1e-10),
        below("along-normalized", record["along_normalized"], 1e-10),
        *_checks_of_scale(record),
        *_checks_of_training(record),
    ]


def _checks_of_scale(record: Record) -> list[Finding]:
    return [
        below("loss-of-scaled", record.series("loss_change").max(), 1e-10),
        near("gradient-order", power(record.series("scale"), record.series("length")), -1.0, within=1e-6),
        below("gradient-of-scaled", record.series("gradient_error").max(), 1e-6),
    ]


def _checks_of_training(record: Record) -> list[Finding]:
    norms, predicted = record.series("norm"), _predicted_norms(record)
    growth = norms[:-1] + record.controls["lr"] ** 2 * record.series("gradient_norm")
    return [
        below("orthogonal", record.series("inner").max(), 1e-10),
        below("norm-growth", np.abs(norms[1:] / growth - 1).max(), 1e-12),
        near("final-norm", norms[-1] / norms[0], predicted[-1] / predicted[0], relative=1e-9),
    ]


def figure(record: Record) -> Figure:
    """The gradient over the scale of the weights; length of the weights and effective rate over the steps."""
    scale, length = record.series("scale"), record.series("length")
    norms = record.series("norm")
    grown = norms / norms[0]
    steps = np.arange(len(norms))
    return Figure(
        caption=Text(
            "Left: all weights before the layer are multiplied by α. The loss stays, the gradient shrinks as 1/α. "
            "Right: plain SGD. Each step is orthogonal to the weights, so their squared length can only grow, exactly "
            "by the squared lengths of the steps; the effective rate η/‖w‖² falls by itself.",
            "Слева: все веса перед слоем умножены на α. Потери те же, градиент убывает как 1/α. Справа: обычный "
            "SGD. Каждый шаг перпендикулярен весам, поэтому квадрат их длины может только расти — ровно на "
            "квадраты длин шагов, а эффективная скорость обучения η/‖w‖² сама собой уменьшается.",
        ),
        panels=(
            Panel(
                x=Text("factor α of the weights", "множитель весов α"),
                y=Text("‖∇L(αw)‖", "‖∇L(αw)‖"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(scale, length[0] * scale[0] / scale, Text("∝ 1/α", "∝ 1/α"), style="dashed", tone=5),
                    curve(scale, length, Text("measured", "измерено"), style="points", tone=0),
                ),
            ),
            Panel(
                x=Text("step", "номер шага"),
                y=Text("relative to the start", "по отношению к началу"),
                marks=(
                    curve(steps, grown, Text("‖w‖²", "‖w‖²"), tone=0),
                    curve(
                        steps[:: STEPS // 10],
                        (_predicted_norms(record) / norms[0])[:: STEPS // 10],
                        Text("‖w‖², from the gradients", "‖w‖² по градиентам"),
                        style="points",
                        tone=5,
                    ),
                    curve(steps, 1 / grown, Text("η/‖w‖²", "η/‖w‖²"), tone=1),
                ),
            ),
        ),
    )


E18 = Experiment(
    number="E18",
    title=Text("A loss that does not see the scale", "Функция потерь не замечает масштаба весов"),
    subject=batch_norm,
    faults=(
        Fault(
            "deviation-held",
            Text(
                "the backward pass takes σ for a constant: the term x̂·Σ(dy·x̂) is missing",
                "обратный проход считает σ константой: нет члена x̂·Σ(dy·x̂)",
            ),
            _deviation_held,
            breaks=("formula", "along-normalized", "orthogonal", "norm-growth", "final-norm"),
        ),
        Fault(
            "mean-held",
            Text(
                "the backward pass takes μ for a constant: the term Σdy is missing",
                "обратный проход считает μ константой: нет члена Σdy",
            ),
            _mean_held,
            breaks=("formula", "along-ones", "orthogonal", "norm-growth", "final-norm"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("lr", 1.0, 0.01, 3.0, Text("learning rate η", "скорость обучения η")),
        Whole("batch_size", 32, 8, 256, Text("samples in the batch", "примеров в батче")),
    ),
)
