"""E24: what L1 and L2 leave of the weights that would fit best, where both answers are known in closed form.

The rows are orthonormal, XᵀX/n = 1, so with the loss ½·mean (xᵀw − y)² each weight has a parabola of its own, around
its b = Xᵀy/n. Shapes: X [rows, weights]; all weights [weights].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sklon import Tensor, Trainer, nn, optim
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, above, below, equal
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text

ROWS, WEIGHTS = 32, 12
#: the rows are given so many times over, so that an epoch is several steps on all of them
STEPS_IN_EPOCH = 40
#: steps in units of 1/η: what is left of the start is e⁻³⁴
ENOUGH = 34.0
#: single steps of the subgradient that are looked at in the end
WATCHED = 24


@dataclass(frozen=True, slots=True)
class Penalties:
    """How a penalty of strength λ is made, for batches of so many rows; of these it must know nothing."""

    l1: Callable[[float, int], optim.Penalty]
    l2: Callable[[float, int], optim.Penalty]


TRUE = Penalties(l1=lambda strength, rows: optim.L1(strength), l2=lambda strength, rows: optim.L2(strength))


@dataclass(frozen=True, slots=True)
class Regression:
    """A linear regression on orthonormal rows, with the weights from which training starts."""

    X: Array
    y: Array
    start: Array

    @property
    def best(self) -> Array:
        """b = Xᵀy/n: the weights that fit best without a penalty."""
        return np.asarray(self.X.T @ self.y / ROWS)

    def trainer(self, penalty: optim.Penalty, rate: float) -> Trainer:
        """A trainer that pays a penalty."""
        model = nn.Linear(WEIGHTS, 1, bias=False, dtype="float64")
        model.load_state_dict({"weight": self.start[None]})
        penalties = [optim.Penalties((penalty,))]
        return Trainer(model, loss=half_square, optimizer=optim.SGDRule(lr=rate), penalties=penalties)

    def steps(self, trainer: Trainer, count: int, copies: int = 1) -> Array:
        """Some more steps on all rows, each of which is in the batch several times; the weights then."""
        data = tuple(np.tile(part, (count * copies, 1)) for part in (self.X, self.y[:, None]))
        trainer.fit(data, epochs=1, batch_size=ROWS * copies, shuffle=False)
        return weights_of(trainer)

    def trained(self, penalty: optim.Penalty, rate: float, copies: int = 1) -> Iterator[Array]:
        """The weights after each epoch, until they stand still."""
        trainer = self.trainer(penalty, rate)
        for _ in range(int(np.ceil(ENOUGH / rate / STEPS_IN_EPOCH))):
            yield self.steps(trainer, STEPS_IN_EPOCH, copies)


def half_square(output: Tensor, target: Tensor) -> Tensor:
    """½(output − target)² for each row."""
    return (output - target) ** 2 / 2


def weights_of(trainer: Trainer) -> Array:
    """A copy of the weights."""
    return np.array(trainer.model.state_dict()["weight"]).ravel()


def soft(b: Array, strength: float) -> Array:
    """sign(b)·max(|b| − λ, 0)."""
    return np.asarray(np.sign(b) * np.maximum(np.abs(b) - strength, 0))


# ---- the run
def run(subject: Penalties, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train with each penalty until nothing moves; then follow the subgradient of L1 step by step."""
    strength, rate = controls["strength"], controls["rate"]
    problem = _regression(np.random.default_rng(seed), strength)
    yield {"b": problem.best}
    for weights in problem.trained(subject.l1(strength, ROWS), rate):
        yield {"l1": weights}
    for weights in problem.trained(subject.l2(strength, ROWS), rate):
        yield {"l2": weights}
    *_, doubled = problem.trained(subject.l2(strength, 2 * ROWS), rate, copies=2)
    yield {"l2_doubled": doubled}
    swinging = problem.trainer(optim.L1(strength, "subgradient"), rate)
    problem.steps(swinging, int(ENOUGH / rate))
    proximal = problem.trainer(subject.l1(strength, ROWS), rate)
    problem.steps(proximal, int(ENOUGH / rate))
    for _ in range(WATCHED):
        yield {"swinging": problem.steps(swinging, 1), "resting": problem.steps(proximal, 1)}


def _regression(random: np.random.Generator, strength: float) -> Regression:
    """Half of the best weights are smaller than λ, half are larger, none is near it."""
    X = np.sqrt(ROWS) * np.linalg.qr(random.standard_normal((ROWS, WEIGHTS)))[0]
    sizes = strength * np.concatenate([random.uniform(0.1, 0.8, WEIGHTS // 2), random.uniform(1.2, 3.0, WEIGHTS // 2)])
    b = sizes * random.choice([-1.0, 1.0], WEIGHTS)
    return Regression(X, X @ b, random.standard_normal(WEIGHTS))


# ---- what must come out
#: what is checked
CLAIMS = {
    "l1-soft": Text("L1: largest difference from soft(b, λ)", "L1: наибольшее отличие от soft(b, λ)"),
    "l1-zeros": Text("L1: weights that are exactly 0", "L1: весов, равных точно 0"),
    "l2-ridge": Text("L2: largest difference from b/(1 + λ)", "L2: наибольшее отличие от b/(1 + λ)"),
    "l2-zeros": Text("L2: weights that are exactly 0", "L2: весов, равных точно 0"),
    "any-batch": Text("L2: largest difference with twice the batch", "L2: наибольшее отличие при вдвое большем батче"),
    "subgradient-zeros": Text("subgradient of L1: weights that are exactly 0", "субградиент L1: весов, равных точно 0"),
    "subgradient-swing": Text(
        "subgradient of L1: swing around 0 / ηλ", "субградиент L1: размах колебаний около 0 / ηλ"
    ),
    "subgradient-moves": Text("subgradient of L1: least swing / ηλ", "субградиент L1: наименьший размах / ηλ"),
}


def checks(record: Record) -> list[Finding]:
    """Both solutions are the formulas', L1's has its zeros, the subgradient has none, and the batch does not matter."""
    b, strength, rate = record["b"], record.controls["strength"], record.controls["rate"]
    small = np.abs(b) <= strength
    swings = record.series("swinging")[:, small]
    return [
        below("l1-soft", np.abs(record["l1"] - soft(b, strength)).max(), 1e-12),
        equal("l1-zeros", np.sum(record["l1"] == 0), np.sum(small)),
        below("l2-ridge", np.abs(record["l2"] - b / (1 + strength)).max(), 1e-12),
        equal("l2-zeros", np.sum(record["l2"] == 0), 0),
        below("any-batch", np.abs(record["l2"] - record["l2_doubled"]).max(), 1e-12),
        equal("subgradient-zeros", np.sum(swings == 0), 0),
        below("subgradient-swing", np.ptp(swings, axis=0).max() / (rate * strength), 2.0),
        above("subgradient-moves", np.ptp(swings, axis=0).min() / (rate * strength), 0.5),
    ]


# ---- what is seen
L1_TONE, L2_TONE, SUBGRADIENT_TONE = 0, 1, 4


def figure(record: Record) -> Figure:
    """The penalties' balls with level lines, what is left of each weight, and a small weight step by step."""
    return Figure(
        caption=Text(
            "Left: two weights. The dotted circles are level lines of the loss around its minimum. The smallest one "
            "that reaches the diamond of L1 touches it in a corner, where a weight is 0; the circle of L2 is touched "
            "beside the axis. Middle: the trained weights over those that would fit best; lines are the formulas. "
            "Right: a small weight in the last steps. The subgradient swings around 0, the proximal step rests on it.",
            "Слева: два веса. Точечные окружности — линии уровня потерь вокруг их минимума. Наименьшая из тех, что "
            "достают до ромба L1, касается его в вершине, где один из весов равен 0; круга L2 — в стороне от оси. В "
            "центре: обученные веса в зависимости от тех, что подошли бы лучше всего; линии — формулы. Справа: один "
            "малый вес на последних шагах. Субградиент раскачивает его вокруг 0, проксимальный шаг держит на нуле.",
        ),
        panels=(_touching(record), _shrinking(record), _swinging(record)),
    )


def _touching(record: Record) -> Panel:
    """The plane of the largest weight and the largest of the small ones."""
    b, strength = np.abs(record["b"]), record.controls["strength"]
    pair = np.array([b.max(), b[b <= strength].max()])
    lasso, ridge = soft(pair, strength), pair / (1 + strength)
    around = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(around), np.sin(around)])
    diamond = lasso[0] * np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
    ball = np.linalg.norm(ridge) * circle
    marks = [
        curve(diamond[0], diamond[1], Text("L1", "L1"), tone=L1_TONE),
        curve(ball[0], ball[1], Text("L2", "L2"), tone=L2_TONE),
        curve(pair[:1], pair[1:], Text("without penalty", "без штрафа"), style="points", tone=5),
    ]
    for found, tone in ((lasso, L1_TONE), (ridge, L2_TONE)):
        line = pair[:, None] + np.linalg.norm(pair - found) * circle
        marks.append(curve(line[0], line[1], style="dotted", tone=tone))
        marks.append(curve(found[:1], found[1:], style="points", tone=tone))
    return Panel(x=Text("w₁", "w₁"), y=Text("w₂", "w₂"), equal=True, marks=tuple(marks))


def _shrinking(record: Record) -> Panel:
    b, strength = record["b"], record.controls["strength"]
    line = np.linspace(-np.abs(b).max(), np.abs(b).max(), 201)
    return Panel(
        x=Text("best weight without a penalty b", "лучший вес без штрафа b"),
        y=Text("trained weight", "обученный вес"),
        marks=(
            curve(line, line, style="dotted", tone=5),
            curve(line, soft(line, strength), style="dashed", tone=L1_TONE),
            curve(line, line / (1 + strength), style="dashed", tone=L2_TONE),
            curve(b, record["l1"], Text("L1", "L1"), style="points", tone=L1_TONE),
            curve(b, record["l2"], Text("L2", "L2"), style="points", tone=L2_TONE),
        ),
    )


def _swinging(record: Record) -> Panel:
    small = int(np.argmin(np.abs(record["b"])))
    steps = np.arange(1, WATCHED + 1)
    return Panel(
        x=Text("step, at the end", "шаг, в конце обучения"),
        y=Text("a small weight", "малый вес"),
        marks=(
            curve(
                steps,
                record.series("swinging")[:, small],
                Text("subgradient", "субградиент"),
                style="line+points",
                tone=SUBGRADIENT_TONE,
            ),
            curve(steps, record.series("resting")[:, small], Text("proximal step", "проксимальный шаг"), tone=L1_TONE),
            level(0.0),
        ),
    )


E24 = Experiment(
    number="E24",
    title=Text("Zeros and shrinkage", "Нули и усыхание"),
    subject=TRUE,
    faults=(
        Fault(
            "divided-by-the-batch",
            Text("the penalty is divided by the rows of a batch", "штраф делится на число примеров в батче"),
            Penalties(
                l1=lambda strength, rows: optim.L1(strength / rows), l2=lambda strength, rows: optim.L2(strength / rows)
            ),
            breaks=("l1-soft", "l1-zeros", "l2-ridge", "any-batch"),
        ),
        Fault(
            "subgradient",
            Text("L1 enters as a subgradient", "L1 учитывается как субградиент"),
            replace(TRUE, l1=lambda strength, rows: optim.L1(strength, "subgradient")),
            breaks=("l1-soft", "l1-zeros"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("strength", 0.5, 0.2, 1.0, Text("strength λ", "сила штрафа λ")),
        Real("rate", 0.05, 0.03, 0.2, Text("learning rate η", "скорость обучения η")),
    ),
)
