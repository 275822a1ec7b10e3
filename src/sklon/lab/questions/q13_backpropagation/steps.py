"""E13b: the gradient gives direction and rate, the optimizer decides the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.lab.apparatus import gradient, power, value
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Array, Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, upright
from sklon.lab.text import Text
from sklon.optim.rules import AdamRule, RpropRule, Rule, SGDRule

#: makes a rule for a learning rate
Optimizer: TypeAlias = Callable[[float], Rule]
#: from the weights to a number
Loss: TypeAlias = Callable[[Tensor], Tensor]

#: parameters and rows of a logistic regression
PARAMETERS, ROWS = 6, 40
RATE, MOMENTUM, GROWTH = 0.01, 0.9, 1.2
#: by these the loss is multiplied
SCALES = 10.0 ** np.arange(-1, 4)
#: learning rates for which the predicted change of the loss is compared with the true one
RATES = RATE * 2.0 ** -np.arange(6)


@dataclass(frozen=True, slots=True)
class Optimizers:
    """Four rules for the same gradient."""

    sgd: Optimizer
    momentum: Optimizer
    adam: Optimizer
    rprop: Optimizer

    @property
    def all(self) -> tuple[Optimizer, ...]:
        return self.sgd, self.momentum, self.adam, self.rprop


TRUE = Optimizers(
    sgd=SGDRule,
    momentum=lambda rate: SGDRule(rate, momentum=MOMENTUM),
    adam=AdamRule,
    rprop=lambda rate: RpropRule(rate, etas=(0.5, GROWTH)),
)


# ---- the run
def run(subject: Optimizers, controls: Settings, seed: int) -> Iterator[Frame]:
    """Give the same gradient to all four; scale the loss; compare the change of the loss with g·Δw."""
    loss, start = _problem(np.random.default_rng(seed))
    g, repeats = gradient(loss, start), controls["repeats"]
    for scale in SCALES:
        scaled = gradient(_times(scale, loss), start)
        steps = [_step(rule(RATE), start, scaled, repeats) for rule in subject.all]
        yield {"scale": scale, "gradient length": _length(scaled), "lengths": np.array([_length(s) for s in steps])}
    before = value(loss, start)
    for rate in RATES:
        steps = [_step(rule(rate), start, g, repeats) for rule in subject.all]
        yield {
            "step lengths": np.array([_length(s) for s in steps]),
            "predicted": np.array([g @ s for s in steps]),
            "changes": np.array([value(loss, start + s) - before for s in steps]),
        }
    yield {"gradient": g, **_valleys(controls["curvature"])}


def _problem(random: np.random.Generator) -> tuple[Loss, Array]:
    """The loss of a logistic regression over its weights, and where it stands."""
    X = random.standard_normal((ROWS, PARAMETERS))
    signs = np.where(X @ random.standard_normal(PARAMETERS) > 0, 1.0, -1.0)
    margins = sklon.tensor(-signs[:, None] * X)
    return lambda w: sklon.softplus(margins @ w).mean(), 0.3 * random.standard_normal(PARAMETERS)


def _step(rule: Rule, weights: Array, g: Array, repeats: int) -> Array:
    """The last of several steps from the same weights and the same gradient: what the rule remembers builds up."""
    param, grad = sklon.tensor(weights), sklon.tensor(g)
    slots = {name: sklon.full_like(param, filled) for name, filled in rule.slots.items()}
    for t in range(1, repeats + 1):
        scalars = {name: sklon.tensor(number, dtype="float64") for name, number in rule.scalars(t).items()}
        moved, slots = rule.update(param, grad, slots, scalars)
    return (moved - param).numpy()


def _length(vector: Array) -> float:
    return float(np.sqrt(np.sum(vector**2)))


def _times(scale: float, loss: Loss) -> Loss:
    return lambda w: scale * loss(w)


def _valleys(curvature: float) -> Frame:
    """Two parabolas ½κw² where their slope is 1: that slope, and the loss before and after w ← w − slope."""
    rows = []
    for kappa in (1.0, curvature):
        valley, here = _times(0.5 * kappa, lambda w: w * w), 1 / kappa
        slope = float(gradient(valley, here))
        rows.append((slope, value(valley, here), value(valley, here - slope)))
    slopes, before, after = np.array(rows).T
    return {"slopes": slopes, "before": before, "after": after}


# ---- what came out
#: what is checked
CLAIMS = {
    "gradient-scale": Text("loss times c: gradient ∝ cᵖ with p", "потери умножены на c: градиент ∝ cᵖ, показатель p"),
    "sgd-scale": Text("loss times c: step of SGD ∝ cᵖ with p", "потери умножены на c: шаг SGD ∝ cᵖ, показатель p"),
    "adam-scale": Text("loss times c: step of Adam ∝ cᵖ with p", "потери умножены на c: шаг Adam ∝ cᵖ, показатель p"),
    "sgd-step": Text("length of SGD's step, in units of η‖g‖", "длина шага SGD в единицах η‖g‖"),
    "momentum-step": Text(
        "momentum after the same gradient several times: steps of SGD",
        "шаг метода с моментом после нескольких одинаковых градиентов, в шагах SGD",
    ),
    "adam-step": Text("length of Adam's step, in units of η√n", "длина шага Adam в единицах η√n"),
    "rprop-step": Text("length of Rprop's step, in units of η√n", "длина шага Rprop в единицах η√n"),
    "first-order": Text(
        "|ΔL − g·Δw| ∝ ‖Δw‖ᵖ with p, the rule that is farthest from 2",
        "|ΔL − g·Δw| ∝ ‖Δw‖ᵖ, показатель p у того правила, где он дальше всего от 2",
    ),
    "downhill": Text(
        "largest predicted change g·Δw among the rules", "наибольшее предсказанное изменение g·Δw среди правил"
    ),
    "same-slope": Text(
        "slope in the narrow valley, in units of that in the wide one",
        "наклон в узкой долине в единицах наклона в широкой",
    ),
    "by-the-slope-itself": Text(
        "loss of the narrow valley after w ← w − slope, times larger",
        "во сколько раз выросли потери в узкой долине после w ← w − наклон",
    ),
}


def checks(record: Record) -> list[Finding]:
    """What each rule makes of the gradient, and what all of them have in common."""
    return [*_of_scales(record), *_of_lengths(record), *_of_the_change(record), *_of_valleys(record)]


def _of_scales(record: Record) -> list[Finding]:
    """What a loss times c changes."""
    scales, lengths = record.series("scale"), record.series("lengths")
    return [
        near("gradient-scale", power(scales, record.series("gradient length")), 1.0, within=1e-9),
        near("sgd-scale", power(scales, lengths[:, 0]), 1.0, within=1e-9),
        near("adam-scale", power(scales, lengths[:, 2]), 0.0, within=1e-5),
    ]


def _of_lengths(record: Record) -> list[Finding]:
    """How long the step of each rule is."""
    g, repeats = record["gradient"], record.controls["repeats"]
    (usual,) = record.series("lengths")[record.series("scale") == 1.0]
    longer = (1 - MOMENTUM**repeats) / (1 - MOMENTUM)
    return [
        near("sgd-step", usual[0] / (RATE * _length(g)), 1.0, within=1e-9),
        near("momentum-step", usual[1] / usual[0], longer, relative=1e-9),
        near("adam-step", usual[2] / (RATE * np.sqrt(PARAMETERS)), 1.0, within=1e-4),
        near("rprop-step", usual[3] / (RATE * np.sqrt(PARAMETERS)), GROWTH ** (repeats - 1), relative=1e-9),
    ]


def _of_the_change(record: Record) -> list[Finding]:
    """What the gradient predicts of the loss, whatever the rule."""
    return [
        near("first-order", _farthest(_orders(record), 2.0), 2.0, within=0.05),
        below("downhill", record["predicted"].max(), 0.0),
    ]


def _of_valleys(record: Record) -> list[Finding]:
    """What the same slope says of a wide and of a narrow valley."""
    slopes, grown = record["slopes"], record["after"][1] / record["before"][1]
    return [
        near("same-slope", slopes[1] / slopes[0], 1.0, within=1e-12),
        near("by-the-slope-itself", grown, (1 - record.controls["curvature"]) ** 2, relative=1e-9),
    ]


def _orders(record: Record) -> Array:
    """For each rule the order in which the change of the loss differs from g·Δw."""
    lengths = record.series("step lengths")
    rest = np.abs(record.series("changes") - record.series("predicted"))
    return np.array([power(lengths[:, i], rest[:, i]) for i in range(rest.shape[1])])


def _farthest(found: Array, expected: float) -> float:
    return float(found[np.abs(found - expected).argmax()])


NAMES = (
    Text("SGD", "SGD"),
    Text("momentum", "с моментом"),
    Text("Adam", "Adam"),
    Text("Rprop", "Rprop"),
)
WIDE, NARROW = 2, 1  # tones


def figure(record: Record) -> Figure:
    """Two valleys with the same slope, the steps over the scale of the loss, and the forecast g·Δw."""
    return Figure(
        caption=Text(
            "Left: two valleys that are equally steep at the point where we stand. Moving by the slope itself ends in "
            "the bottom of the wide one and throws us far up in the narrow one: the gradient does not know how far to "
            "go. Middle: the loss is multiplied by c. The steps of SGD and momentum grow with it, those of Adam and "
            "Rprop stay. Right: whatever the rule, the loss changes by g·Δw, up to an error that shrinks with the "
            "step.",
            "Слева: две долины, одинаково крутые там, где мы стоим. Сдвиг на величину наклона приводит точно на "
            "дно широкой долины, а в узкой забрасывает высоко на склон: как далеко идти, градиент не знает. В "
            "центре: функция потерь умножена на c. Шаги SGD и метода с моментом растут вместе с ней, шаги Adam и "
            "Rprop остаются прежними. Справа: какое бы правило ни выбрать, потери меняются на g·Δw с ошибкой, "
            "которая убывает вместе с шагом.",
        ),
        panels=(_valley_panel(record), _scale_panel(record), _forecast_panel(record)),
    )


def _valley_panel(record: Record) -> Panel:
    curvature, changes = record.controls["curvature"], record["after"] - record["before"]
    moved = np.linspace(-1.3, 0.5, 160)
    wide, narrow = (moved + 0.5 * kappa * moved**2 for kappa in (1.0, curvature))
    return Panel(
        x=Text("change of w", "сдвиг w"),
        y=Text("change of the loss", "изменение потерь"),
        y_limits=(-1.6, 1.3 * float(changes[1])),
        marks=(
            curve(moved, wide, Text("wide valley", "широкая долина"), tone=WIDE),
            curve(moved, narrow, Text("narrow valley", "узкая долина"), tone=NARROW),
            curve(moved, moved, Text("the slope of both", "наклон у обеих"), style="dashed", tone=4),
            curve([-1.0], changes[:1], style="points", tone=WIDE),
            curve([-1.0], changes[1:], style="points", tone=NARROW),
            upright(-1.0, Text("w − slope", "w − наклон")),
        ),
    )


def _scale_panel(record: Record) -> Panel:
    scales, lengths = record.series("scale"), record.series("lengths")
    return Panel(
        x=Text("factor c of the loss", "множитель c у функции потерь"),
        y=Text("length of the step", "длина шага"),
        x_scale="log",
        y_scale="log",
        marks=tuple(curve(scales, lengths[:, i], name, style="line+points", tone=i) for i, name in enumerate(NAMES)),
    )


def _forecast_panel(record: Record) -> Panel:
    lengths = record.series("step lengths")
    rest = np.abs(record.series("changes") / record.series("predicted") - 1)
    return Panel(
        x=Text("length of the step", "длина шага"),
        y=Text("|ΔL / g·Δw − 1|", "|ΔL / g·Δw − 1|"),
        x_scale="log",
        y_scale="log",
        marks=tuple(
            curve(lengths[:, i], rest[:, i], name, style="line+points", tone=i) for i, name in enumerate(NAMES)
        ),
    )


# ---- the experiment
@dataclass(frozen=True, slots=True)
class _ByLength(SGDRule):
    """SGD that divides the gradient by its length."""

    def update(
        self, param: Tensor, grad: Tensor, slots: Mapping[str, Tensor], scalars: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return param - scalars["lr"] * grad / sklon.sqrt((grad * grad).sum()), {}


E13B = Experiment(
    number="E13b",
    title=Text("One gradient, four steps", "Один градиент, четыре шага"),
    subject=TRUE,
    faults=(
        Fault(
            "normalized-sgd",
            Text("SGD divides the gradient by its length", "SGD делит градиент на его длину"),
            Optimizers(_ByLength, TRUE.momentum, TRUE.adam, TRUE.rprop),
            breaks=("sgd-scale", "sgd-step", "momentum-step"),
        ),
        Fault(
            "large-epsilon",
            Text("Adam's ε is 1, so it sees the scale of the loss", "у Adam ε = 1, и он замечает масштаб потерь"),
            Optimizers(TRUE.sgd, TRUE.momentum, lambda rate: AdamRule(rate, eps=1.0), TRUE.rprop),
            breaks=("adam-scale", "adam-step"),
        ),
        Fault(
            "uphill",
            Text("SGD steps along the gradient instead of against it", "SGD шагает по градиенту, а не против него"),
            Optimizers(lambda rate: SGDRule(rate, maximize=True), TRUE.momentum, TRUE.adam, TRUE.rprop),
            breaks=("downhill",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole(
            "repeats", 5, 1, 12, Text("how often the same gradient came", "сколько раз подряд пришёл тот же градиент")
        ),
        Real("curvature", 10.0, 4.0, 50.0, Text("curvature of the narrow valley", "кривизна узкой долины")),
    ),
)
