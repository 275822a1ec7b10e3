"""E22: how far gradient descent gets along each direction of the data, and how far ridge regression gets.

Along an eigenvector of XᵀX/n with eigenvalue λ, a method's *filter* is the share of the least-squares solution that its
weights have. Shapes: X [rows, directions]; filters [moments, directions].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sklon import Tensor, Trainer, nn, optim
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, upright
from sklon.lab.text import Text

ROWS, DIRECTIONS = 100, 90
#: steps behind which the filters are looked at
MOMENTS = (8, 16, 32, 64, 128, 256, 512, 1024)
#: the rows are given so many times over, so that an epoch is several steps on all of them
STEPS_IN_EPOCH = 8
#: standard deviation of the noise for which the risk is computed
NOISE = 4.0
#: where |1 − e⁻ˢ − s/(1 + s)| is largest, and how large
FARTHEST_AT, FARTHEST = 2.513, 0.2036
#: max ((1 − e⁻ˢ)(1 + s)/s)²: the risk of gradient flow over that of ridge. Ali, Kolter, Tibshirani 2019
MOST_RISK = 1.69


@dataclass(frozen=True, slots=True)
class Descent:
    """How the weights begin and move: the standard deviation of the first ones, and the momentum of the steps."""

    start: float = 0.0
    momentum: float = 0.0


def run(subject: Descent, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train linear regression by full-batch steps; look at the filter of every direction at each moment."""
    random = np.random.default_rng(seed)
    eigenvalues = np.geomspace(1, 1 / controls["condition"], DIRECTIONS)
    U, _ = np.linalg.qr(random.standard_normal((ROWS, DIRECTIONS)))
    V, _ = np.linalg.qr(random.standard_normal((DIRECTIONS, DIRECTIONS)))
    X = np.sqrt(ROWS) * (U * np.sqrt(eigenvalues)) @ V.T
    solution = random.choice([-1.0, 1.0], DIRECTIONS) * random.uniform(0.5, 1.5, DIRECTIONS)
    trainer = _trainer(subject, controls["rate"], subject.start * random.standard_normal((1, DIRECTIONS)))
    rows = np.tile(X, (STEPS_IN_EPOCH, 1))
    targets = rows @ (V @ solution[:, None])
    yield {"eigenvalues": eigenvalues, "solution": solution}
    for moment in MOMENTS:
        epochs = moment // STEPS_IN_EPOCH - trainer.epoch
        trainer.fit((rows, targets), epochs=epochs, batch_size=ROWS, shuffle=False)
        weights = trainer.model.state_dict()["weight"]
        yield {"steps": moment, "filter": (weights @ V).ravel() / solution}


def _trainer(descent: Descent, rate: float, first: Array) -> Trainer:
    """A trainer of linear regression without a bias that begins with these weights."""
    model = nn.Linear(DIRECTIONS, 1, bias=False, dtype="float64")
    model.load_state_dict({"weight": first})
    return Trainer(model, loss=half_square, optimizer=optim.SGDRule(lr=rate, momentum=descent.momentum))


def half_square(output: Tensor, target: Tensor) -> Tensor:
    """½(output − target)² for each row: the gradient of its mean is Xᵀ(Xw − y)/n."""
    return (output - target) ** 2 / 2


# ---- theory
def progress(record: Record) -> Array:
    """s = ητλ at each moment along each direction."""
    return np.asarray(record.controls["rate"] * np.outer(record.series("steps"), record["eigenvalues"]))


def ridge(s: Array) -> Array:
    """λ/(λ + α) with α = 1/(ητ)."""
    return np.asarray(s / (1 + s))


def descended(record: Record) -> Array:
    """1 − (1 − ηλ)^τ at each moment along each direction."""
    return np.asarray(1 - (1 - record.controls["rate"] * record["eigenvalues"]) ** record.series("steps")[:, None])


def risk(record: Record, filters: Array) -> Array:
    """Σ ((1 − f)²β² + f²σ²/(nλ)): the expected squared error of the weights at each moment, with noise in the targets.

    A filter depends on the data's directions and not on the targets, so noise is added on paper.
    """
    bias = (1 - filters) ** 2 * record["solution"] ** 2
    return np.asarray((bias + filters**2 * NOISE**2 / (ROWS * record["eigenvalues"])).sum(1))


# ---- what must come out
#: what is checked
CLAIMS = {
    "filter": Text(
        "largest difference between the filter and 1 − (1 − ηλ)^τ",
        "наибольшее расхождение пройденной доли с 1 − (1 − ηλ)^τ",
    ),
    "farthest": Text(
        "largest difference between the filters of descent and ridge",
        "наибольшее расхождение долей у спуска и гребневой регрессии",
    ),
    "farthest-at": Text("s = ητλ where they differ most", "s = ητλ, при котором расхождение наибольшее"),
    "risk-ratio": Text(
        "largest ratio of the risks of descent and ridge",
        "наибольшее отношение рисков спуска и гребневой регрессии",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The filter is the formula's; it and ridge's differ most where and as much as theory says; so do their risks."""
    measured, s = record.series("filter"), progress(record)
    apart = np.abs(measured - ridge(s))[-1]
    return [
        below("filter", np.abs(measured - descended(record)).max(), 1e-12),
        near("farthest", apart.max(), FARTHEST, within=1e-3),
        near("farthest-at", s[-1][np.argmax(apart)], FARTHEST_AT, relative=float(s[-1][0] / s[-1][1]) - 1),
        below("risk-ratio", (risk(record, measured) / risk(record, ridge(s))).max(), MOST_RISK),
    ]


def figure(record: Record) -> Figure:
    """Both filters over s, and both risks over the steps."""
    measured, s, steps = record.series("filter"), progress(record), record.series("steps")
    order = np.argsort(s.ravel())
    line = s.ravel()[order]
    descent = Text("gradient descent", "градиентный спуск")
    penalty = Text("ridge with α = 1/(ητ)", "гребневая, α = 1/(ητ)")
    return Figure(
        caption=Text(
            "Left: the share of the solution that has been learned along each direction, at all moments together. Few "
            "steps and a strong penalty hold back the same directions, those with a small ητλ. Right: the expected "
            "error of the weights over the steps, and that of ridge regression with the penalty that belongs to them: "
            "two U-shaped curves that stay close.",
            "Слева: какая доля решения выучена вдоль каждого направления, все моменты вместе. Малое число шагов и "
            "сильный штраф сдерживают одни и те же направления — с малым ητλ. Справа: ожидаемая ошибка весов в "
            "зависимости от числа шагов и ошибка гребневой регрессии с соответствующим штрафом: две близкие "
            "кривые в форме буквы U.",
        ),
        panels=(
            Panel(
                x=Text("s = ητλ", "s = ητλ"),
                y=Text("share learned", "выученная доля"),
                x_scale="log",
                marks=(
                    curve(line, measured.ravel()[order], descent, style="points", tone=0),
                    curve(line, ridge(line), penalty, tone=1),
                    upright(FARTHEST_AT, Text("farthest apart", "расхождение наибольшее")),
                ),
            ),
            Panel(
                x=Text("steps τ", "число шагов τ"),
                y=Text("expected error of the weights", "ожидаемая ошибка весов"),
                x_scale="log",
                marks=(
                    curve(steps, risk(record, measured), descent, style="line+points", tone=0),
                    curve(steps, risk(record, ridge(s)), penalty, style="line+points", tone=1),
                ),
            ),
        ),
    )


E22 = Experiment(
    number="E22",
    title=Text("Few steps and a penalty", "Малое число шагов и штраф"),
    subject=Descent(),
    faults=(
        Fault(
            "not-from-zero",
            Text("the weights do not begin at zero", "веса начинаются не с нуля"),
            Descent(start=0.1),
            breaks=("filter", "farthest", "farthest-at"),
        ),
        Fault(
            "momentum",
            Text("the steps have momentum 0.5, which doubles them", "шаги с моментом 0,5, то есть вдвое длиннее"),
            Descent(momentum=0.5),
            breaks=("filter", "farthest", "farthest-at", "risk-ratio"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("rate", 0.02, 0.01, 0.05, Text("learning rate η; λ is at most 1", "скорость обучения η; λ не больше 1")),
        Real(
            "condition",
            200.0,
            50.0,
            400.0,
            Text("largest λ over the smallest", "наибольшее λ, делённое на наименьшее"),
        ),
    ),
)
