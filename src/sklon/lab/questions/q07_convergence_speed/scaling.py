"""E7b: the same network and the same points, with inputs as they come and with standardized ones.

Shapes: X [N, 2]; y [N, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from sklon.lab.apparatus import moons, network
from sklon.lab.check import Finding, above, below, equal
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text
from sklon.optim.rules import SGDRule

from .descent import loss_curve, steps_to

Array: TypeAlias = np.ndarray[Any, Any]

SAMPLES, NOISE, HIDDEN = 256, 0.15, 16
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
STEPS, EVERY = 3000, 30
#: the step in whose middle the first record lies: it is a mean over EVERY steps
FIRST = (EVERY - 1) / 2
#: the loss to be reached
GOAL = 0.1


def standardized(columns: Array) -> Array:
    """Each column with mean 0 and standard deviation 1."""
    result: Array = (columns - columns.mean(0)) / columns.std(0)
    return result


def by_row(columns: Array) -> Array:
    """Each row with mean 0 and standard deviation 1: the wrong axis, so columns keep their differences."""
    result: Array = (columns - columns.mean(1, keepdims=True)) / columns.std(1, keepdims=True)
    return result


def only_centred(columns: Array) -> Array:
    """Each column with mean 0, and as wide as it was."""
    result: Array = columns - columns.mean(0)
    return result


def condition(inputs: Array) -> float:
    """The condition number of the curvature that a linear layer sees: of the mean of (1, x)(1, x)ᵀ."""
    rows = np.column_stack([np.ones(len(inputs)), inputs])
    return float(np.linalg.cond(rows.T @ rows / len(rows)))


def run(subject: Callable[[Array], Array], controls: Settings, seed: int) -> Iterator[Frame]:
    """Train one network from one start with every learning rate, on raw and on prepared inputs."""
    points, labels = moons(SAMPLES, NOISE, np.random.default_rng(seed))
    raw = points * [1.0, controls["stretch"]] + [0.0, controls["shift"]]
    model = network([2, HIDDEN, 1])
    start = model.state_dict()
    for name, inputs in (("raw", raw), ("prepared", subject(raw))):
        yield {f"{name}-condition": condition(inputs)}
        for lr in RATES:
            model.load_state_dict(start)
            losses = loss_curve(
                model, (inputs, labels), loss="bce_with_logits", rule=SGDRule(lr), steps=STEPS, every=EVERY
            )
            yield {name: losses, f"{name}-steps": FIRST + steps_to(losses, GOAL, EVERY)}


#: what is checked
CLAIMS = {
    "raw-condition": Text("κ of the raw inputs", "κ исходных признаков"),
    "standardized-condition": Text("κ of the standardized inputs", "κ стандартизованных признаков"),
    "raw-arrivals": Text(
        "learning rates of seven that reach loss 0.1 in 3000 steps on raw inputs",
        "сколько из семи скоростей обучения доводят потери до 0,1 за 3000 шагов на исходных признаках",
    ),
    "raw-best": Text("lowest loss on raw inputs", "наименьшие потери на исходных признаках"),
    "standardized-steps": Text(
        "steps to loss 0.1 on standardized inputs", "шагов до потерь 0,1 на стандартизованных признаках"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Raw inputs never arrive; standardized ones do, and their curvature says why."""
    return [
        above("raw-condition", record["raw-condition"], 1e4),
        below("standardized-condition", record["prepared-condition"], 4.0),
        equal("raw-arrivals", int(np.count_nonzero(np.isfinite(record.series("raw-steps")))), 0),
        above("raw-best", record.series("raw").min(), GOAL),
        below("standardized-steps", record.series("prepared-steps").min(), 300.0),
    ]


def figure(record: Record) -> Figure:
    """The best curve on either inputs, and the lowest loss over the learning rate."""
    raw, prepared = record.series("raw"), record.series("prepared")
    step = FIRST + np.arange(raw.shape[1]) * EVERY
    names = Text("raw", "исходные"), Text("standardized", "стандартизованные")
    goal = level(GOAL, Text("goal", "цель"), tone=5)
    return Figure(
        caption=Text(
            "One network, one start, one set of points; the second input is stretched and shifted. Left: the loss with "
            "the best of seven learning rates. Right: the lowest loss within 3000 steps for each of them. No learning "
            "rate saves the raw inputs: where the steep direction still allows it, the flat ones hardly move.",
            "Одна сеть, одни начальные веса, одни и те же точки; второй признак растянут и сдвинут. Слева: "
            "потери при лучшей из семи скоростей обучения. Справа: наименьшие потери за 3000 шагов для каждой из "
            "них. На исходных признаках не помогает ни одна: скорость, которую ещё выдерживает крутое "
            "направление, для пологих слишком мала.",
        ),
        panels=(
            Panel(
                x=Text("step", "номер шага"),
                y=Text("loss", "потери"),
                y_scale="log",
                marks=(
                    curve(step, raw[raw.min(1).argmin()], names[0], tone=1),
                    curve(step, prepared[prepared.min(1).argmin()], names[1], tone=0),
                    goal,
                ),
            ),
            Panel(
                x=Text("learning rate η", "скорость обучения η"),
                y=Text("lowest loss", "наименьшие потери"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(RATES, raw.min(1), style="line+points", tone=1),
                    curve(RATES, prepared.min(1), style="line+points", tone=0),
                    level(GOAL, tone=5),
                ),
            ),
        ),
    )


E7B = Experiment(
    number="E7b",
    title=Text("The same data on two scales", "Те же данные в двух масштабах"),
    subject=standardized,
    faults=(
        Fault(
            "by-row",
            Text("rows are standardized instead of columns", "стандартизуются строки, а не столбцы"),
            by_row,
            breaks=("standardized-condition", "standardized-steps"),
        ),
        Fault(
            "only-centred",
            Text("the mean is subtracted and the spread left as it is", "вычли среднее, но не разделили на разброс"),
            only_centred,
            breaks=("standardized-condition", "standardized-steps"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "stretch", 30.0, 10.0, 100.0, Text("stretch of the second input", "во сколько раз растянут второй признак")
        ),
        Real("shift", 50.0, 30.0, 100.0, Text("shift of the second input", "сдвиг второго признака")),
    ),
)
