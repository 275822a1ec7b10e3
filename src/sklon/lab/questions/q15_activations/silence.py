"""E15c: when a ReLU unit is dead, and who kills it.

A unit of the first hidden layer is *silent* for a sample whose input to ReLU is not positive. It is *dead* if it is
silent for all samples: then no sample has a gradient for it, and it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, Trainer, nn
from sklon.lab.apparatus import moons
from sklon.lab.check import Finding, above, below, equal
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.nn import functional, init

from .activations import Activation, ReluOpen, applied

Array: TypeAlias = np.ndarray[Any, Any]

ROWS, BATCH, EPOCHS = 200, 20, 20
#: learning rates of the survey; the control adds a large one
RATES = (0.1, 0.3, 1.0, 3.0)
#: the largest gentle rate
GENTLE = 1.0
#: shares of dead units: one in 64 has died in a rare network at gentle rates, a quarter survived least at large ones
FEW, MANY = 0.05, 0.2


class _Network(nn.Module):
    """2 → hidden → 1 with an activation of one's own. He's weights, biases of 0: at first no unit is dead."""

    def __init__(self, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.below = nn.Linear(2, hidden, dtype="float64")
        self.above = nn.Linear(hidden, 1, dtype="float64")
        self.activation = activation
        for layer in (self.below, self.above):
            init.kaiming_normal_(layer.weight, nonlinearity="relu")
            init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.above(self.activation(self.below(x)))
        return output

    def silent(self, x: Array) -> Array:
        """Which units are silent for which samples. Shapes: x [N, 2] → [N, hidden]."""
        heard: Array = self.below(sklon.tensor(x)).numpy() <= 0
        return heard


def run(subject: Activation, controls: Settings, seed: int) -> Iterator[Frame]:
    """A new network is looked at; then one is trained with each learning rate, and the worst one once more, gently."""
    x, y = moons(ROWS, 0.1, np.random.default_rng(seed))
    x = (x - x.mean(0)) / x.std(0)
    start = _Network(controls["hidden"], subject)
    silent = start.silent(x)
    moved = _gradients(start, x, y) != 0
    sometimes = silent.any(0) & ~silent.all(0)
    yield {
        "sometimes": sometimes.mean(),
        "sometimes_learning": (moved & sometimes).sum() / sometimes.sum(),
        "awake_before": np.sort(1 - silent.mean(0)),
    }
    for rate in (*RATES, controls["lr"]):
        network = _trained(_copy(start, subject), x, y, rate, seed)
        silent = network.silent(x)
        yield {"rate": rate, "dead": silent.all(0).mean(), "awake_after": np.sort(1 - silent.mean(0))}
    yield _afterwards(network, x, y, seed)
    leaky = _trained(_copy(start, functional.leaky_relu), x, y, controls["lr"], seed)
    yield {"leaky_stuck": (_gradients(leaky, x, y) == 0).mean()}


def _afterwards(network: _Network, x: Array, y: Array, seed: int) -> Frame:
    """What becomes of the dead when training goes on with a small rate."""
    dead = network.silent(x).all(0)
    before = network.below.weight.numpy()
    frame = {"dead_gradient": np.abs(_gradients(network, x, y)[dead]).max(initial=0.0)}
    _trained(network, x, y, RATES[0], seed + 1)
    moved = np.abs(network.below.weight.numpy() - before)[dead].max(initial=0.0)
    return {**frame, "revived": (~network.silent(x).all(0) & dead).sum(), "dead_moved": moved}


def _copy(network: _Network, activation: Activation) -> _Network:
    """A network with the same weights."""
    copy = _Network(network.below.out_features, activation)
    copy.load_state_dict(network.state_dict())
    return copy


def _trained(network: _Network, x: Array, y: Array, rate: float, seed: int) -> _Network:
    Trainer(network, loss="bce_with_logits", optimizer="sgd", lr=rate, seed=seed).fit(
        (x, y), epochs=EPOCHS, batch_size=BATCH
    )
    return network


def _gradients(network: _Network, x: Array, y: Array) -> Array:
    """The largest |gradient| of each unit's incoming weights, over the whole data set. Shape: [hidden].

    It is that of the squared error: unlike cross-entropy, it has a gradient even where the logits are huge and right.
    """
    weight = network.below.weight
    weight.grad = None
    functional.mse_loss(network(sklon.tensor(x)), sklon.tensor(y)).backward()
    assert weight.grad is not None
    return np.asarray(np.abs(weight.grad.numpy()).max(1))


#: what is checked
CLAIMS = {
    "sometimes-silent": Text(
        "share of units that some sample leaves silent", "доля нейронов, которые молчат хоть на одном примере"
    ),
    "sometimes-learning": Text("share of these that have a gradient", "доля тех из них, у которых есть градиент"),
    "dead-gentle": Text(
        "largest share of dead units with lr ≤ 1", "наибольшая доля мёртвых нейронов при скорости обучения ≤ 1"
    ),
    "dead-large": Text("share of dead units with a large lr", "доля мёртвых нейронов при большой скорости обучения"),
    "dead-gradient": Text(
        "largest |gradient| of a dead unit's weights", "наибольший |градиент| весов мёртвого нейрона"
    ),
    "dead-moved": Text(
        "how far a dead unit's weights move in more training", "насколько сдвинулись веса мёртвого нейрона"
    ),
    "revived": Text("dead units that came back", "сколько мёртвых нейронов ожило"),
    "leaky-stuck": Text("share of LeakyReLU units without a gradient", "доля нейронов LeakyReLU без градиента"),
}


def checks(record: Record) -> list[Finding]:
    """Silence for some samples is harmless, silence for all is for ever, and a large rate brings it about."""
    rates, dead = record.series("rate"), record.series("dead")
    return [
        equal("sometimes-silent", record["sometimes"], 1.0),
        equal("sometimes-learning", record["sometimes_learning"], 1.0),
        below("dead-gentle", dead[rates <= GENTLE].max(), FEW, predicted=0.0),
        above("dead-large", dead[-1], MANY),
        equal("dead-gradient", record["dead_gradient"], 0.0),
        equal("dead-moved", record["dead_moved"], 0.0),
        equal("revived", record["revived"], 0.0),
        equal("leaky-stuck", record["leaky_stuck"], 0.0),
    ]


def figure(record: Record) -> Figure:
    """The share of dead units over the learning rate, and how many samples wake each unit before and after."""
    rates, dead = record.series("rate"), record.series("dead")
    before, after = record["awake_before"], record["awake_after"]
    units = np.arange(1, len(before) + 1)
    return Figure(
        caption=Text(
            "Left: the share of units that are dead after training with each learning rate. Right: for every unit, in "
            "the order of the curve, the share of samples for which it is not silent. At the start each unit is silent "
            "for some samples and awake for others. After training with the largest rate the flat part of the curve "
            "at 0 is the dead ones.",
            "Слева — доля нейронов, которые мертвы после обучения с каждой из скоростей. Справа — для каждого "
            "нейрона (по возрастанию) доля примеров, на которых он не молчит. В начале каждый нейрон на одних "
            "примерах молчит, а на других активен. Плоский участок на нуле после обучения с самой большой "
            "скоростью — это мёртвые нейроны.",
        ),
        panels=(
            Panel(
                x=Text("learning rate", "скорость обучения"),
                y=Text("share of dead units", "доля мёртвых нейронов"),
                x_scale="log",
                y_limits=(-0.04, 1.04),
                marks=(curve(rates, dead, style="line+points", tone=2),),
            ),
            Panel(
                x=Text("units, sorted", "нейроны по возрастанию"),
                y=Text("samples that wake it", "доля примеров, где он активен"),
                y_limits=(-0.04, 1.04),
                marks=(
                    curve(units, before, Text("before training", "до обучения"), style="dashed", tone=5),
                    curve(units, after, Text("after the largest rate", "после самой большой скорости"), tone=2),
                ),
            ),
        ),
    )


E15C = Experiment(
    number="E15c",
    title=Text("How ReLU units die", "Как умирают нейроны с ReLU"),
    subject=functional.relu,
    faults=(
        Fault(
            "gradient-through-silence",
            Text(
                "the gradient passes a silent unit as if it were awake",
                "градиент проходит через молчащий нейрон, как через активный",
            ),
            applied(ReluOpen()),
            breaks=("dead-large",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("lr", 10.0, 10.0, 30.0, Text("the large learning rate", "большая скорость обучения")),
        Whole("hidden", 64, 32, 96, Text("units", "число нейронов")),
    ),
)
