"""E10: at a constant learning rate, SGD ends in a cloud around the minimum, and full-batch descent in the minimum.

One parameter w and the loss λ/2·E(w − x)², whose gradient on one example has variance σ² = 1 when x has variance 1/λ².
Shapes: w [rates, chains]; examples [batch, chains].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import optim
from sklon.lab.apparatus import Array, leaf
from sklon.lab.check import Finding, near
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text

#: gives the examples of a step
Draw: TypeAlias = Callable[[], Array]
#: which examples a step sees, made from a way to draw new ones
Sampler: TypeAlias = Callable[[Draw], Draw]

CHAINS, RATES, START = 20_000, np.array([0.2, 0.1, 0.05]), 3.0
#: how many times the slowest rate shrinks a distance by e before the cloud is measured
TIME_CONSTANTS = 8


def fresh(draw: Draw) -> Draw:
    """New examples in every step."""
    return draw


def always_the_same(draw: Draw) -> Draw:
    """The examples of the first step in every step."""
    examples = draw()
    return lambda: examples


def run(subject: Sampler, controls: Settings, seed: int) -> Iterator[Frame]:
    """Many independent runs of SGD at three learning rates, and full-batch descent beside them."""
    random = np.random.default_rng(seed)
    curvature, shape = controls["curvature"], (controls["batch_size"], CHAINS)
    draw = subject(lambda: random.standard_normal(shape) / curvature)
    rates = sklon.tensor(RATES[:, None])
    stochastic, full = leaf(np.full((len(RATES), CHAINS), START)), leaf(np.full((len(RATES), 1), START))
    # a step of rate 1 on η times the loss is a step of rate η
    optimizer = optim.SGD([stochastic, full], lr=1.0)
    for step in range(1, _steps(curvature) + 1):
        optimizer.zero_grad()
        errors = stochastic.unsqueeze(1) - sklon.tensor(draw())
        # the examples have the mean 0, so the whole data set pulls towards 0
        half = rates * curvature / 2
        ((half * (errors**2).mean(1)).sum() + (half * full**2).sum()).backward()
        optimizer.step()
        yield {"step": step, "stochastic": (stochastic.numpy() ** 2).mean(1), "full": full.numpy()[:, 0] ** 2}


def _steps(curvature: float) -> int:
    """Updates of a run: the slowest rate must have forgotten where it started."""
    return round(TIME_CONSTANTS / (float(RATES.min()) * curvature))


def floors(curvature: float, batch: int) -> Array:
    """The stationary variance ησ²/(Bλ(2 − ηλ)) at each rate, for σ = 1."""
    return RATES / (batch * curvature * (2 - RATES * curvature))


#: what is checked
CLAIMS = {
    "floor-large": Text(
        "mean squared distance of SGD from the minimum at the rate 0.2",
        "средний квадрат расстояния SGD до минимума при скорости обучения 0,2",
    ),
    "floor-middle": Text(
        "mean squared distance of SGD from the minimum at the rate 0.1",
        "средний квадрат расстояния SGD до минимума при скорости обучения 0,1",
    ),
    "floor-small": Text(
        "mean squared distance of SGD from the minimum at the rate 0.05",
        "средний квадрат расстояния SGD до минимума при скорости обучения 0,05",
    ),
    "halving": Text(
        "the floor at the rate 0.1 over that at 0.05",
        "отношение «пола» при скорости обучения 0,1 к «полу» при 0,05",
    ),
    "full-distance": Text(
        "squared distance of full-batch descent from the minimum at the rate 0.05",
        "квадрат расстояния спуска по полному батчу до минимума при скорости обучения 0,05",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The floor at each rate, what halving the rate does to it, and that full-batch descent has none."""
    curvature, batch = record.controls["curvature"], record.controls["batch_size"]
    measured, theory = record["stochastic"], floors(curvature, batch)
    return [
        *(
            near(f"floor-{name}", measured[i], theory[i], relative=0.04)
            for i, name in enumerate(("large", "middle", "small"))
        ),
        near("halving", measured[1] / measured[2], theory[1] / theory[2], relative=0.06),
        near(
            "full-distance",
            record["full"][2],
            START**2 * (1 - RATES[2] * curvature) ** (2 * _steps(curvature)),
            relative=1e-9,
        ),
    ]


def figure(record: Record) -> Figure:
    """The squared distance over the steps, at each rate, with the floors of theory."""
    steps, stochastic, full = (record.series(name) for name in ("step", "stochastic", "full"))
    theory = floors(record.controls["curvature"], record.controls["batch_size"])
    marks = [
        mark
        for i, rate in enumerate(RATES)
        for mark in (
            curve(steps, stochastic[:, i], Text(f"SGD, η = {rate:g}", f"SGD, η = {rate:g}".replace(".", ",")), tone=i),
            level(theory[i], tone=i),
        )
    ]
    exact = curve(steps, full[:, 2], Text("full batch, η = 0.05", "полный батч, η = 0,05"), style="dotted", tone=2)
    return Figure(
        caption=Text(
            "Squared distance from the minimum, averaged over 20,000 runs. Every SGD falls and then stays on a floor "
            "that the noise of its gradients keeps up; dashed lines are what theory predicts. Half the learning rate, "
            "half the floor, twice as long a way there. The full batch has no floor.",
            "Квадрат расстояния до минимума, среднее по 20 000 запусков. При каждой скорости обучения SGD "
            "спускается и застревает на «полу», ниже которого его не пускает шум градиентов; пунктир — "
            "предсказание теории. Вдвое меньше скорость обучения — вдвое ниже «пол», но и вдвое дольше путь. У "
            "полного батча «пола» нет.",
        ),
        panels=(
            Panel(
                x=Text("updates", "обновления"),
                y=Text("squared distance from the minimum", "квадрат расстояния до минимума"),
                y_scale="log",
                y_limits=(float(theory[2]) / 20, 1.5 * START**2),
                marks=(*marks, exact),
            ),
        ),
    )


E10 = Experiment(
    number="E10",
    title=Text("The noise floor", "Шумовой пол"),
    subject=fresh,
    faults=(
        Fault(
            "the-same-examples",
            Text(
                "examples are drawn once and used in every step",
                "примеры выбираются один раз, и все шаги видят одни и те же",
            ),
            always_the_same,
            breaks=("floor-large", "floor-middle", "floor-small", "halving"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole("batch_size", 1, 1, 16, Text("examples in a batch", "примеров в батче")),
        Real("curvature", 1.0, 0.5, 4.0, Text("curvature λ of the loss", "кривизна λ функции потерь")),
    ),
)
