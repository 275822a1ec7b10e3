"""E24b: weight decay and L2 are one thing for SGD and two for Adam.

Where the data have nothing to say, what moves a weight is the penalty alone. Shapes: weights [weights].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sklon import Tensor, Trainer, nn, optim
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, below, between, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.optim.rules import AdamRule, AdamWRule, Rule, SGDRule
from sklon.optim.rules.rule import Tensors

ROWS, WEIGHTS = 20, 24
#: sizes of the weights, from small to large; with the weakest penalty the smallest has a gradient of 10⁻⁶
SIZES = np.geomspace(0.01, 1.0, WEIGHTS)
STRENGTHS = 10.0 ** np.arange(-4, 1)
SGD_EXACT, ROUNDING = 1e-15, 1e-9


class DecayAfter(optim.WeightDecay):
    """Decay of the weight that the rule's step has made, instead of the one before it."""

    __slots__ = ()

    def decoupled(self, new: Tensor, old: Tensor, scalars: Tensors, rates: Tensor | None) -> Tensor:
        return new - scalars["lost"] * new


@dataclass(frozen=True, slots=True)
class Decays:
    """Decoupled decay of strength λ, beside a rule; and Adam with decay, for a rate and λ."""

    beside: Callable[[float], optim.Penalty] = field(default=optim.WeightDecay)
    adam: Callable[[float, float], Rule] = field(default=lambda rate, strength: AdamWRule(rate, weight_decay=strength))


def coupled(rate: float, strength: float) -> Rule:
    """Adam with the penalty as a part of the gradient."""
    return AdamRule(rate, weight_decay=strength)


# ---- the run
def run(subject: Decays, controls: Settings, seed: int) -> Iterator[Frame]:
    """A step of SGD with either; then the first steps of Adam and AdamW where the data give no gradient."""
    rate = controls["rate"]
    random = np.random.default_rng(seed)
    weights = SIZES * random.choice([-1.0, 1.0], WEIGHTS)
    X, y = random.standard_normal((ROWS, WEIGHTS)), random.standard_normal((ROWS, 1))
    strength = controls["strength"]
    l2, decayed = (
        _step(SGDRule(rate), weights, X, y, [optim.Penalties((paid,))])
        for paid in (optim.L2(strength), subject.beside(strength))
    )
    yield {"sgd_apart": np.abs(l2 - decayed).max() / np.abs(l2).max()}
    nothing = np.zeros_like(X), np.zeros_like(y)
    for strength in STRENGTHS:
        steps = [np.abs(_step(rule(rate, strength), weights, *nothing) - weights) for rule in (coupled, subject.adam)]
        yield {
            "strength": strength,
            "adam": steps[0] / rate,
            "adamw": steps[1] / np.abs(weights) / (rate * strength),
            "adamw_step": steps[1] / rate,
        }


def _step(rule: Rule, weights: Array, X: Array, y: Array, penalties: list[optim.Penalties] | None = None) -> Array:
    """The weights of a linear regression after one step from these."""
    model = nn.Linear(WEIGHTS, 1, bias=False, dtype="float64")
    model.load_state_dict({"weight": weights[None]})
    trainer = Trainer(model, loss="mse", optimizer=rule, penalties=penalties or [])
    trainer.fit((X, y), epochs=1, batch_size="full", shuffle=False)
    return np.array(model.state_dict()["weight"]).ravel()


# ---- what must come out
#: what is checked
CLAIMS = {
    "sgd": Text(
        "SGD: L2 and decay, relative difference of the weights",
        "SGD: L2 и затухание, относительное отличие весов",
    ),
    "adam-least": Text("Adam with L2: shortest step / η", "Adam с L2: самый короткий шаг / η"),
    "adam-most": Text("Adam with L2: longest step / η", "Adam с L2: самый длинный шаг / η"),
    "adamw-least": Text("AdamW: smallest share lost / ηλ", "AdamW: наименьшая потерянная доля / ηλ"),
    "adamw-most": Text("AdamW: largest share lost / ηλ", "AdamW: наибольшая потерянная доля / ηλ"),
}


def checks(record: Record) -> list[Finding]:
    """SGD cannot tell the two apart; Adam's step with L2 does not know λ; AdamW takes exactly the share ηλ."""
    adam, adamw = record.series("adam"), record.series("adamw")
    expected = np.outer(STRENGTHS, SIZES)
    expected = expected / (expected + AdamRule().eps)
    return [
        below("sgd", record["sgd_apart"], SGD_EXACT),
        between("adam-least", adam.min(), 0.98, 1.0, predicted=float(expected.min())),
        between("adam-most", adam.max(), 0.98, 1.0 + ROUNDING, predicted=float(expected.max())),
        near("adamw-least", adamw.min(), 1.0, within=1e-8),
        near("adamw-most", adamw.max(), 1.0, within=1e-8),
    ]


def figure(record: Record) -> Figure:
    """The step of one weight over λ, and what is left of large and small weights after one step."""
    strengths = record.series("strength")
    middle = WEIGHTS // 2
    adam = Text("Adam with L2", "Adam с L2")
    adamw = Text("AdamW", "AdamW")
    return Figure(
        caption=Text(
            "First steps where the data give no gradient, so that only the penalty acts. Left: the step of one weight "
            "over the strength. With AdamW it grows in proportion; with L2 inside Adam it is η at any strength. Right: "
            "steps over the size of the weight at λ = 1. AdamW takes the same share of each weight, Adam the same "
            "amount.",
            "Первые шаги там, где от данных градиента нет и действует один штраф. Слева: шаг одного веса в зависимости "
            "от силы штрафа. У AdamW он растёт пропорционально ей, а с L2 внутри Adam равен η при любой силе. Справа: "
            "шаги в зависимости от величины веса при λ = 1. AdamW отнимает у каждого веса одну и ту же долю, Adam — "
            "одну и ту же величину.",
        ),
        panels=(
            Panel(
                x=Text("strength λ", "сила штрафа λ"),
                y=Text("step / η", "шаг / η"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(strengths, record.series("adam")[:, middle], adam, style="line+points", tone=0),
                    curve(strengths, record.series("adamw_step")[:, middle], adamw, style="line+points", tone=1),
                ),
            ),
            Panel(
                x=Text("size of the weight", "величина веса"),
                y=Text("step / η", "шаг / η"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(SIZES, record["adam"], adam, style="line+points", tone=0),
                    curve(SIZES, record["adamw_step"], adamw, style="line+points", tone=1),
                ),
            ),
        ),
    )


E24B = Experiment(
    number="E24b",
    title=Text("Weight decay and L2", "Затухание весов и L2"),
    subject=Decays(),
    faults=(
        Fault(
            "decays-after",
            Text(
                "the decay shrinks the weight after the step instead of the one before it",
                "затухание применяется к весу после шага, а не к весу до шага",
            ),
            Decays(beside=DecayAfter),
            breaks=("sgd",),
        ),
        Fault(
            "coupled",
            Text("AdamW adds the penalty to the gradient", "AdamW прибавляет штраф к градиенту"),
            Decays(adam=coupled),
            breaks=("adamw-most",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("rate", 0.01, 0.001, 0.1, Text("learning rate η", "скорость обучения η")),
        Real("strength", 0.5, 0.1, 1.0, Text("strength λ for SGD", "сила штрафа λ для SGD")),
    ),
)
