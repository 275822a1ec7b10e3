"""E19: for linear regression, dropout on the inputs is an L2 penalty in closed form.

Shapes: X [rows, features]; w [features]; one mask is one draw, and everything drawn is [draws, …].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, leaf, standard_error
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text

#: dropout(x, p): some elements of x set to 0, each with probability p
Dropping: TypeAlias = Callable[[Tensor, float], Tensor]

ROWS, NOISE = 30, 1.0
#: sizes of the features: the penalty weighs each weight by the size of its own feature
SIZES = np.array([0.5, 0.7, 1.0, 1.3, 1.6, 2.0])
DRAWS, CHUNKS = 2_000, 20
#: probabilities at which the same weights are looked at, with DRAWS masks for each
SWEEP = np.linspace(0.1, 0.8, 8)
#: standard errors between a mean and its expectation: chance exceeds them once in 16,000 times
MOST_ERRORS = 4.0


def unscaled(x: Tensor, p: float) -> Tensor:
    """x·m without the factor 1/(1 − p)."""
    return nn.functional.dropout(x, p) * (1 - p)


def run(subject: Dropping, controls: Settings, seed: int) -> Iterator[Frame]:
    """Draw masks for the inputs of a linear model; its weights are those of the L2 problem that should be the same."""
    p = controls["p"]
    random = np.random.default_rng(seed)
    X = SIZES * random.standard_normal((ROWS, len(SIZES)))
    y = X @ random.standard_normal(len(SIZES)) + NOISE * random.standard_normal(ROWS)
    w = np.linalg.solve(X.T @ X + p / (1 - p) * np.diag((X**2).sum(0)), X.T @ y)
    yield {"plain": ((y - X @ w) ** 2).sum(), "penalty": (w**2 * (X**2).sum(0)).sum()}
    for _ in range(CHUNKS):
        losses, gradients = draw(subject, p, X, y, w)
        yield {"losses": losses, "gradients": gradients}
    for swept in SWEEP:
        losses, _ = draw(subject, float(swept), X, y, w)
        yield {"swept": losses.mean(), "swept_error": standard_error(losses)}


def draw(drop: Dropping, p: float, X: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """‖y − (m∘X)w‖² and its gradient for each of DRAWS masks. Shapes: [draws], [draws, features]."""
    weights = leaf(np.tile(w, (DRAWS, 1)))
    masked = drop(sklon.broadcast_to(sklon.tensor(X), (DRAWS, *X.shape)), p)
    outputs = sklon.einsum("drf,df->dr", masked, weights)
    losses = ((sklon.tensor(y) - outputs) ** 2).sum(dim=1)
    losses.sum().backward()
    assert weights.grad is not None
    return losses.numpy(), weights.grad.numpy()


def expected(record: Record, p: Any) -> Array:
    """‖y − Xw‖² + p/(1 − p)·Σ wⱼ²‖xⱼ‖² at one or several p."""
    return np.asarray(record["plain"] + p / (1 - p) * record["penalty"])


#: what is checked
CLAIMS = {
    "expected-loss": Text(
        "mean loss over the masks, and loss with the L2 penalty",
        "средние потери по маскам и потери со штрафом L2",
    ),
    "gradient": Text(
        "mean gradient where the L2 problem has its minimum, in standard errors",
        "средний градиент в точке минимума задачи с L2, в стандартных ошибках",
    ),
    "every-p": Text(
        "largest difference over all p, in standard errors",
        "наибольшее расхождение по всем p, в стандартных ошибках",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The mean loss is the penalised loss, at every p, and its gradient vanishes where the penalised one does."""
    losses, gradients = (np.concatenate(record.series(name)) for name in ("losses", "gradients"))
    away = (record.series("swept") - expected(record, SWEEP)) / record.series("swept_error")
    return [
        near(
            "expected-loss",
            losses.mean(),
            float(expected(record, record.controls["p"])),
            within=MOST_ERRORS * float(standard_error(losses)),
        ),
        below("gradient", np.abs(gradients.mean(0) / standard_error(gradients)).max(), MOST_ERRORS),
        below("every-p", np.abs(away).max(), MOST_ERRORS),
    ]


def figure(record: Record) -> Figure:
    """The mean over ever more masks, and the loss over p."""
    losses = np.concatenate(record.series("losses"))
    counts = DRAWS * np.arange(1, CHUNKS + 1)
    means = np.array([losses[:n].mean() for n in counts])
    errors = np.array([standard_error(losses[:n]) for n in counts])
    p = np.linspace(0, SWEEP[-1], 81)
    return Figure(
        caption=Text(
            "Left: the mean loss over ever more dropout masks settles on the level of the loss with an L2 penalty; the "
            "dotted lines are two standard errors away from the mean. Right: the same at other probabilities p. The "
            "points are means over masks, the curve is the formula.",
            "Слева: чем больше масок, тем ближе средние потери к уровню, который даёт штраф L2; точечные линии "
            "отстоят от среднего на две стандартные ошибки. Справа: то же при других вероятностях p. Точки — "
            "средние по маскам, кривая — формула.",
        ),
        panels=(
            Panel(
                x=Text("masks", "число масок"),
                y=Text("mean loss", "средние потери"),
                marks=(
                    curve(counts, means, Text("with dropout", "с dropout"), style="line+points", tone=0),
                    curve(counts, means + 2 * errors, style="dotted", tone=0),
                    curve(counts, means - 2 * errors, style="dotted", tone=0),
                    level(
                        float(expected(record, record.controls["p"])),
                        Text("with the L2 penalty", "со штрафом L2"),
                        tone=1,
                    ),
                ),
            ),
            Panel(
                x=Text("probability of dropping p", "вероятность зануления p"),
                y=Text("loss", "потери"),
                marks=(
                    curve(p, expected(record, p), Text("with the L2 penalty", "со штрафом L2"), tone=1),
                    curve(
                        SWEEP,
                        record.series("swept"),
                        Text("mean over masks", "среднее по маскам"),
                        style="points",
                        tone=0,
                    ),
                ),
            ),
        ),
    )


E19 = Experiment(
    number="E19",
    title=Text("Dropout as an L2 penalty", "Dropout как штраф L2"),
    subject=nn.functional.dropout,
    faults=(
        Fault(
            "not-rescaled",
            Text("what is kept is not divided by 1 − p", "уцелевшие входы не делятся на 1 − p"),
            unscaled,
            breaks=("expected-loss", "gradient", "every-p"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Real("p", 0.3, 0.05, 0.8, Text("probability of dropping an input", "вероятность занулить вход")),),
)
