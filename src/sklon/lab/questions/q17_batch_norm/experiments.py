"""E17: which way batch norm normalizes a matrix of activations, and what it keeps for the time without a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon._base.errors import InputError
from sklon.lab.check import Finding, above, below, equal, near, true
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, field, level
from sklon.lab.text import Text
from sklon.nn import functional

Array: TypeAlias = np.ndarray[Any, Any]
#: a layer for so many features, with this ε, in float64
Layer: TypeAlias = Callable[[int, float], nn.BatchNorm1d]

#: what the features look like before the layer: far from zero, and of very different spread
CENTRES = np.array([6.0, -3.0, 0.0, 1.0, -8.0, 0.5])
SPREADS = np.array([4.0, 2.0, 1.0, 0.5, 3.0, 0.01])
FEATURES = len(CENTRES)
#: the feature that hardly varies: its variance is of the size of the usual ε
QUIET = FEATURES - 1
MOMENTUM = 0.1
BATCHES = 30
#: samples shown in the figure
SHOWN = 16


def batch_norm(features: int, eps: float) -> nn.BatchNorm1d:
    """The layer as it should be."""
    return nn.BatchNorm1d(features, eps, MOMENTUM, dtype="float64")


class _OverRows(nn.BatchNorm1d):
    """Normalizes each sample over its features."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (self.num_features,), eps=self.eps)


class _BiasedEstimate(nn.BatchNorm1d):
    """Keeps the biased variance of the batches for evaluation."""

    def forward(self, x: Tensor) -> Tensor:
        before = self.get_buffer("running_var")
        y = super().forward(x)
        if self.training and before is not None:
            biased = x.detach().var(0, correction=0)
            self.running_var = before * (1 - MOMENTUM) + biased * MOMENTUM
        return y


class _NoEvaluation(nn.BatchNorm1d):
    """Uses the batch's own statistics in evaluation too."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y if self.training else functional.batch_norm(x, None, None, training=True, eps=self.eps)


def _of(kind: type[nn.BatchNorm1d]) -> Layer:
    return lambda features, eps: kind(features, eps, MOMENTUM, dtype="float64")


def run(subject: Layer, controls: Settings, seed: int) -> Iterator[Frame]:
    """Normalize batch after batch and follow the running estimates; then give one sample other neighbours."""
    count, eps = controls["batch_size"], controls["eps"]
    random = np.random.default_rng(seed)
    layer = subject(FEATURES, eps)
    mean, variance = np.zeros(FEATURES), np.ones(FEATURES)
    for _ in range(BATCHES):
        x = _draw(count, random)
        y = layer(sklon.tensor(x)).numpy()
        mean = (1 - MOMENTUM) * mean + MOMENTUM * x.mean(0)
        variance = (1 - MOMENTUM) * variance + MOMENTUM * x.var(0, ddof=1)
        kept_mean, kept_variance = layer.running_mean.numpy(), layer.running_var.numpy()
        yield {
            "before": x,
            "after": y,
            "running_mean_error": np.abs(kept_mean - mean).max(),
            "running_variance_error": np.abs(kept_variance - variance).max(),
            "running_variance": kept_variance,
        }
    yield {"refused": _refuses_a_single_sample(layer)}
    yield _in_other_company(layer, x, _draw(count, random), controls["shift"])


def _draw(count: int, random: np.random.Generator) -> Array:
    return CENTRES + SPREADS * random.standard_normal((count, FEATURES))


def _refuses_a_single_sample(layer: nn.BatchNorm1d) -> bool:
    try:
        layer(sklon.tensor(CENTRES[None])).numpy()
    except InputError:
        return True
    return False


def _in_other_company(layer: nn.BatchNorm1d, x: Array, others: Array, shift: float) -> Frame:
    """How much the output of the first sample changes when all others are replaced by shifted ones."""
    company = np.concatenate([x[:1], others[1:] + shift * SPREADS])
    layer.train()
    trained = [layer(sklon.tensor(batch)).numpy()[0] for batch in (x, company)]
    layer.eval()
    evaluated = [layer(sklon.tensor(batch)).numpy()[0] for batch in (x, company)]
    return {
        "neighbours_in_training": np.abs(trained[0] - trained[1]).max(),
        "neighbours_in_evaluation": np.abs(evaluated[0] - evaluated[1]).max(),
    }


#: what is checked
CLAIMS = {
    "feature-mean": Text("largest |mean| of a feature over the batch", "наибольшее |среднее| признака по батчу"),
    "feature-variance": Text(
        "largest deviation of a feature's variance from σ²/(σ² + ε)",
        "наибольшее отклонение дисперсии признака от σ²/(σ² + ε)",
    ),
    "quiet-feature": Text(
        "variance of the feature that hardly varies, afterwards",
        "дисперсия почти постоянного признака на выходе слоя",
    ),
    "sample-mean": Text(
        "largest |mean| of a sample over its features", "наибольшее |среднее| примера по его признакам"
    ),
    "running-mean": Text(
        "deviation of the running mean from 0.9·old + 0.1·batch",
        "отклонение скользящего среднего от 0,9·старое + 0,1·батч",
    ),
    "running-variance": Text(
        "deviation of the running variance from 0.9·old + 0.1·unbiased",
        "отклонение скользящей дисперсии от 0,9·старая + 0,1·несмещённая",
    ),
    "neighbours-in-training": Text(
        "change of a sample's output with other neighbours, training",
        "насколько другие соседи меняют выход примера при обучении",
    ),
    "neighbours-in-evaluation": Text(
        "change of a sample's output with other neighbours, evaluation",
        "насколько другие соседи меняют выход примера на инференсе",
    ),
    "single-sample-refused": Text(
        "a batch of one sample is refused in training", "батч из одного примера при обучении вызывает ошибку"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Columns are normalized, rows are not; the unbiased variance is kept; neighbours matter in training alone."""
    x, y = record["before"], record["after"]
    expected = x.var(0) / (x.var(0) + record.controls["eps"])
    return [
        below("feature-mean", np.abs(y.mean(0)).max(), 1e-12),
        below("feature-variance", np.abs(y.var(0) - expected).max(), 1e-12),
        near("quiet-feature", y[:, QUIET].var(), expected[QUIET], within=1e-12),
        above("sample-mean", np.abs(y.mean(1)).max(), 0.1),
        *_checks_of_evaluation(record),
    ]


def _checks_of_evaluation(record: Record) -> list[Finding]:
    return [
        below("running-mean", record.series("running_mean_error").max(), 1e-12),
        below("running-variance", record.series("running_variance_error").max(), 1e-12),
        above("neighbours-in-training", record["neighbours_in_training"], 0.1),
        equal("neighbours-in-evaluation", record["neighbours_in_evaluation"], 0.0),
        true("single-sample-refused", record["refused"]),
    ]


def figure(record: Record) -> Figure:
    """The matrix of activations before and after, and the means of its columns and rows."""
    x, y = record["before"], record["after"]
    features = np.arange(1, FEATURES + 1)
    samples = np.arange(1, min(SHOWN, len(x)) + 1)
    return Figure(
        caption=Text(
            "Left: a batch before the layer. Each feature has a shade of its own, because the features differ in "
            "mean and spread. Middle: after the layer the columns are alike. Right: afterwards the mean of every "
            "column is zero; the means of the rows are not.",
            "Слева — батч до слоя: у каждого столбца свой тон, потому что средние и разброс признаков "
            "различаются. В центре — после слоя: столбцы стали похожи. Справа — средние после слоя: у каждого "
            "столбца ноль, у строк — нет.",
        ),
        panels=(
            _matrix(Text("before the layer", "до слоя"), x[:SHOWN]),
            _matrix(Text("after the layer", "после слоя"), y[:SHOWN]),
            Panel(
                x=Text("number of the column or row", "номер столбца или строки"),
                y=Text("mean", "среднее"),
                title=Text("means after the layer", "средние после слоя"),
                marks=(
                    level(0.0),
                    curve(samples, y.mean(1)[: len(samples)], Text("rows", "строки"), style="points", tone=1),
                    curve(features, y.mean(0), Text("columns", "столбцы"), style="points", tone=0),
                ),
            ),
        ),
    )


def _matrix(title: Text, values: Array) -> Panel:
    samples, features = (np.arange(1, extent + 1) for extent in values.shape)
    return Panel(
        x=Text("feature (column)", "признак (столбец)"),
        y=Text("sample (row)", "пример (строка)"),
        title=title,
        marks=(field(features, samples, values, "shades"),),
    )


E17 = Experiment(
    number="E17",
    title=Text("Columns, not rows", "По столбцам, а не по строкам"),
    subject=batch_norm,
    faults=(
        Fault(
            "over-rows",
            Text("each sample is normalized over its features", "каждый пример нормализуется по своим признакам"),
            _of(_OverRows),
            breaks=(
                "feature-mean",
                "feature-variance",
                "quiet-feature",
                "sample-mean",
                "running-mean",
                "running-variance",
                "neighbours-in-training",
                "single-sample-refused",
            ),
        ),
        Fault(
            "biased-estimate",
            Text("the biased variance is kept for evaluation", "для инференса копится смещённая дисперсия"),
            _of(_BiasedEstimate),
            breaks=("running-variance",),
        ),
        Fault(
            "no-evaluation",
            Text(
                "evaluation uses the statistics of the batch at hand",
                "на инференсе берётся статистика текущего батча",
            ),
            _of(_NoEvaluation),
            breaks=("neighbours-in-evaluation",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole("batch_size", 32, 8, 256, Text("samples in a batch", "примеров в батче")),
        Real("eps", 1e-5, 1e-8, 1.0, Text("ε under the root", "ε под корнем")),
        Real(
            "shift",
            3.0,
            0.5,
            5.0,
            Text(
                "how far the other neighbours lie, in standard deviations",
                "на сколько стандартных отклонений сдвинуты другие соседи",
            ),
        ),
    ),
)

EXPERIMENTS = (E17,)
