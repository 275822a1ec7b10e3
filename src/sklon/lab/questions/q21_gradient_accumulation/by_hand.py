"""E21: one batch in parts by hand, as everyone writes it: when that is the step of the whole batch, and when not.

Differences are relative: ‖accumulated − whole‖/‖whole‖ over all parameters. N rows come in K parts of n₁, …, n_K rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, activation_bytes
from sklon.lab.check import Finding, above, below, equal, near
from sklon.lab.controls import Choice, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure
from sklon.lab.text import Text
from sklon.optim.rules import AdamRule, Rule, SGDRule

from .differences import differences

#: by what the mean loss of each part is multiplied, given the rows of all parts
Weights: TypeAlias = Callable[[Sequence[int]], Sequence[float]]

ROWS, INPUTS, WIDTH = 64, 5, 16
RAGGED = (30, 20, 10, 4)
#: parts' gradients, and their sum, are clipped to this share of the whole gradient's length
CLIPPED_TO = 0.5
EXACT, SINGLE = 1e-13, 1e-5
LARGE, LARGE_BATCH_NORM = 0.1, 0.05


def shares(rows: Sequence[int]) -> list[float]:
    """n_k/N."""
    return [n / sum(rows) for n in rows]


def plain_mean(rows: Sequence[int]) -> list[float]:
    """1/K for each part, whatever its size."""
    return [1 / len(rows)] * len(rows)


def forgotten(rows: Sequence[int]) -> list[float]:
    """No factor at all."""
    return [1.0] * len(rows)


@dataclass(frozen=True, slots=True)
class Task:
    """A network and the rows that it learns from, all of one element type."""

    model: nn.Module
    inputs: Array
    targets: Array

    def loss(self, rows: slice) -> Tensor:
        """The mean loss over some rows."""
        inputs, targets = sklon.tensor(self.inputs[rows]), sklon.tensor(self.targets[rows])
        return nn.functional.mse_loss(self.model(inputs), targets)

    def gradient(self, rows: Sequence[int], weights: Sequence[float]) -> Array:
        """What stands in ``.grad`` after a backward pass of every part."""
        self.model.zero_grad()
        for n, end, weight in zip(rows, np.cumsum(rows), weights, strict=True):
            factor = sklon.tensor(weight, dtype=self.inputs.dtype.name)
            (self.loss(slice(end - n, end)) * factor).backward()
            # reading the sum computes this part now; unread, all parts would be recorded as one program
            held = np.concatenate([_gradient(p).ravel() for p in self.model.parameters()])
        return held

    def whole(self) -> Array:
        """The gradient of the mean loss over all rows at once."""
        return self.gradient([ROWS], [1.0])


def _gradient(parameter: Tensor) -> Array:
    assert parameter.grad is not None
    return parameter.grad.numpy()


def run(subject: Weights, controls: Settings, seed: int) -> Iterator[Frame]:
    """Accumulate the gradient of one batch in every way; compare each with the gradient of all rows at once."""
    random = np.random.default_rng(seed)
    inputs, targets = random.standard_normal((ROWS, INPUTS)), random.standard_normal((ROWS, 1))
    count = int(controls["parts"])
    parts = [ROWS // count] * count
    task = Task(_network(), inputs, targets)
    whole = task.whole()
    yield {"equal": _apart(task.gradient(parts, subject(parts)), whole)}
    single = Task(_network(dtype="float32"), inputs.astype(np.float32), targets.astype(np.float32))
    yield {"single": _apart(single.gradient(parts, subject(parts)), single.whole())}
    for name, norm in (("layer_norm", nn.LayerNorm), ("batch_norm", nn.BatchNorm1d)):
        other = Task(_network(norm(WIDTH, dtype="float64")), inputs, targets)
        yield {name: _apart(other.gradient(parts, subject(parts)), other.whole())}
    yield {"ragged": _apart(task.gradient(RAGGED, subject(RAGGED)), whole)}
    yield {"ragged_mean": _apart(task.gradient(RAGGED, plain_mean(RAGGED)), whole)}
    yield _without_factor(task.gradient(parts, forgotten(parts)), whole)
    yield {"clipped": _clipped_in_parts(task, parts, whole)}
    yield {"saving": activation_bytes(task.loss(slice(ROWS))) / activation_bytes(task.loss(slice(parts[0])))}


def _network(norm: nn.Module | None = None, dtype: str = "float64") -> nn.Sequential:
    """One hidden layer, normalized or not."""
    layers = [nn.Linear(INPUTS, WIDTH, dtype=dtype), *([] if norm is None else [norm])]
    return nn.Sequential(*layers, nn.Tanh(), nn.Linear(WIDTH, 1, dtype=dtype))


def _without_factor(accumulated: Array, whole: Array) -> Frame:
    """How much longer the gradient is, and the first steps that SGD and Adam make of it."""
    longer = {
        rule.name: _length(_first_step(rule, accumulated)) / _length(_first_step(rule, whole))
        for rule in (SGDRule(1.0), AdamRule(1.0))
    }
    return {"forgotten": _length(accumulated) / _length(whole), **longer}


def _first_step(rule: Rule, gradient: Array) -> Array:
    param, grad = sklon.tensor(np.zeros_like(gradient)), sklon.tensor(gradient)
    slots = {name: sklon.full_like(param, filled) for name, filled in rule.slots.items()}
    scalars = {name: sklon.tensor(number, dtype="float64") for name, number in rule.scalars(1).items()}
    return rule.update(param, grad, slots, scalars)[0].numpy()


def _clipped_in_parts(task: Task, parts: Sequence[int], whole: Array) -> float:
    """Each part's gradient clipped, then averaged, against the whole gradient clipped once."""
    limit = CLIPPED_TO * _length(whole)
    found = np.zeros_like(whole)
    for k, weight in enumerate(shares(parts)):
        alone = [float(i == k) for i in range(len(parts))]
        found += weight * _clip(task.gradient(parts, alone), limit)
    return _apart(found, _clip(whole, limit))


def _clip(gradient: Array, limit: float) -> Array:
    return gradient * min(1.0, limit / _length(gradient))


def _length(vector: Array) -> float:
    return float(np.linalg.norm(vector))


def _apart(found: Array, whole: Array) -> float:
    return _length(found - whole) / _length(whole)


# ---- what must come out
#: what is checked
CLAIMS = {
    "equal-parts": Text("equal parts, relative difference", "равные части, относительное отличие"),
    "single-precision": Text("the same in float32, relative difference", "то же в float32, относительное отличие"),
    "layer-norm": Text("with layer normalization, relative difference", "с LayerNorm, относительное отличие"),
    "ragged-weighted": Text(
        "parts of 30, 20, 10 and 4 rows by their shares, relative difference",
        "части по 30, 20, 10 и 4 примера с весами по долям, относительное отличие",
    ),
    "activation-bytes": Text("activations of the batch / of a part", "активации батча / активации части"),
    "batch-norm": Text("with batch normalization, relative difference", "с BatchNorm, относительное отличие"),
    "ragged-plain-mean": Text(
        "the same four parts with weight 1/4 each, relative difference",
        "те же четыре части с весом 1/4 у каждой, относительное отличие",
    ),
    "clipped-in-parts": Text(
        "each part's gradient clipped, relative difference",
        "градиент каждой части обрезан, относительное отличие",
    ),
    "factor-forgotten": Text("without 1/K the gradient is longer, times", "без 1/K градиент длиннее, во столько раз"),
    "factor-sgd": Text("without 1/K SGD's step is longer, times", "без 1/K шаг SGD длиннее, во столько раз"),
    "factor-adam": Text(
        "without 1/K Adam's first step is longer, times", "без 1/K первый шаг Adam длиннее, во столько раз"
    ),
}


def checks(record: Record) -> list[Finding]:
    """What is equal up to rounding, what is not at all, and what the missing factor does."""
    return [*_equal_checks(record), *_unequal_checks(record), *_factor_checks(record)]


def _equal_checks(record: Record) -> list[Finding]:
    return [
        below("equal-parts", record["equal"], EXACT),
        below("single-precision", record["single"], SINGLE),
        below("layer-norm", record["layer_norm"], EXACT),
        below("ragged-weighted", record["ragged"], EXACT),
        equal("activation-bytes", record["saving"], int(record.controls["parts"])),
    ]


def _unequal_checks(record: Record) -> list[Finding]:
    return [
        above("batch-norm", record["batch_norm"], LARGE_BATCH_NORM),
        above("ragged-plain-mean", record["ragged_mean"], LARGE),
        above("clipped-in-parts", record["clipped"], LARGE),
    ]


def _factor_checks(record: Record) -> list[Finding]:
    count = float(record.controls["parts"])
    return [
        near("factor-forgotten", record["forgotten"], count, relative=1e-9),
        near("factor-sgd", record["sgd"], count, relative=1e-9),
        near("factor-adam", record["adam"], 1.0, within=1e-3),
    ]


#: what is shown
SHOWN = (
    ("equal", True, Text("equal", "равные")),
    ("ragged", True, Text("ragged, n/N", "разные, n/N")),
    ("layer_norm", True, Text("layer norm", "LayerNorm")),
    ("single", True, Text("float32", "float32")),
    ("batch_norm", False, Text("batch norm", "BatchNorm")),
    ("clipped", False, Text("clipped", "обрезка")),
    ("ragged_mean", False, Text("ragged, 1/K", "разные, 1/K")),
)


def figure(record: Record) -> Figure:
    """The relative difference of each way on a logarithmic axis."""
    return Figure(
        caption=Text(
            "How far the accumulated gradient is from that of the whole batch, relative, on a logarithmic axis. The "
            "first four bars are rounding. The last three are other gradients: statistics of a part instead of the "
            "batch, clipping in parts, and parts of different size with the same weight.",
            "Насколько накопленный градиент отличается от градиента всего батча; отличие относительное, ось "
            "логарифмическая. Первые четыре столбца — ошибки округления. Последние три — уже другие градиенты: "
            "статистики берутся по части, а не по батчу; обрезается каждая часть; у частей разного размера "
            "одинаковый вес.",
        ),
        panels=(
            differences(
                record,
                SHOWN,
                Text("how the parts are put together", "как складываются части"),
                EXACT,
                Text("bound for float64", "граница для float64"),
            ),
        ),
    )


E21 = Experiment(
    number="E21",
    title=Text("Equal and unequal", "Равное и неравное"),
    subject=shares,
    faults=(
        Fault(
            "means-of-means",
            Text(
                "the mean losses of the parts are averaged, whatever the parts' sizes",
                "средние потери частей просто усредняются, какого бы размера ни были части",
            ),
            plain_mean,
            breaks=("ragged-weighted",),
        ),
        Fault(
            "factor-forgotten",
            Text("the mean losses of the parts are added up", "средние потери частей складываются без множителя"),
            forgotten,
            breaks=("equal-parts", "single-precision", "layer-norm", "ragged-weighted"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Choice("parts", "8", ("4", "8", "16"), Text("parts of the batch", "на сколько частей разбит батч")),),
)
