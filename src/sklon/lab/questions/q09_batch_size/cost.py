"""E9c: what a batch costs: bytes kept for the backward pass, arithmetic, and seconds, over the size of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, Trainer, nn
from sklon.lab.apparatus import Array, activation_bytes, network, power, product_flops
from sklon.lab.check import Finding, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, Scale, curve
from sklon.lab.text import Text

#: the loss of a network on the rows of one batch
BatchLoss: TypeAlias = Callable[[nn.Module, Tensor, Tensor], Tensor]

INPUTS = 8
BATCHES = [4**k for k in range(6)]
#: rows that are trained on while the clock runs, and how often
TIMED_ROWS, TIMED_EPOCHS = 2048, 3
BYTES_OF_A_NUMBER = 8


def mean_loss(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The mean squared error of the rows."""
    return nn.functional.mse_loss(model(inputs), targets)


def padded(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The same mean, with the batch filled up with zeros to the largest one."""
    filled = sklon.concat([inputs, sklon.zeros(BATCHES[-1] - len(inputs), INPUTS, dtype="float64")])
    return nn.functional.mse_loss(model(filled)[: len(inputs)], targets)


def all_pairs(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The mean over all pairs of rows, of how wrong the difference between the two is."""
    errors: Tensor = model(inputs) - targets
    return nn.functional.mse_loss(errors - errors.T, sklon.zeros_like(errors - errors.T))


def run(subject: BatchLoss, controls: Settings, seed: int) -> Iterator[Frame]:
    """Record one step for each batch size and count it; then train on the same rows in batches of that size."""
    random = np.random.default_rng(seed)
    model = network([INPUTS, controls["width"], controls["width"], 1])
    rows, targets = random.standard_normal((TIMED_ROWS, INPUTS)), random.standard_normal((TIMED_ROWS, 1))
    for batch in BATCHES:
        loss = subject(model, sklon.tensor(rows[:batch]), sklon.tensor(targets[:batch]))
        held = activation_bytes(loss)  # until the backward pass gives them up
        gradients = sklon.autograd.grad(loss, list(model.parameters()))
        yield {
            "batch": batch,
            "bytes": held,
            "flops": product_flops([g for g in gradients if g is not None]),
            "seconds": _seconds(model, rows, targets, batch),
        }


def _seconds(model: nn.Module, rows: Array, targets: Array, batch: int) -> float:
    """Seconds of the quickest epoch in batches of this size, for each row."""
    trainer = Trainer(model, loss="mse", optimizer="sgd", lr=1e-3)
    history = trainer.fit((rows, targets), epochs=TIMED_EPOCHS, batch_size=batch)
    clock = history.curve("seconds")
    return min(later - earlier for earlier, later in pairwise(clock)) / TIMED_ROWS


def _bytes_of_a_row(width: int) -> int:
    """tanh is differentiated from its value, the square from the error: two hidden layers and one error."""
    return BYTES_OF_A_NUMBER * (2 * width + 1)


def _flops_of_a_row(width: int) -> int:
    """Products forward, for the weights' gradients, and for those of all inputs but the first layer's."""
    first, others = INPUTS * width, width * width + width
    return 2 * (2 * first + 3 * others)


#: what is checked
CLAIMS = {
    "memory-order": Text("bytes of activations ∝ Bᵖ with p", "объём сохранённых активаций ∝ Bᵖ, показатель p"),
    "bytes-of-a-row": Text(
        "bytes of activations for each row, where they differ most",
        "байтов активаций на один пример там, где отличие от предсказания наибольшее",
    ),
    "flops-of-a-row": Text(
        "floating-point operations for each row, where they differ most",
        "операций с плавающей точкой на один пример там, где отличие от предсказания наибольшее",
    ),
}


def checks(record: Record) -> list[Finding]:
    """Memory is proportional to the batch, and the arithmetic of a row does not depend on it."""
    batch, width = record.series("batch"), record.controls["width"]
    return [
        near("memory-order", power(batch, record.series("bytes")), 1.0, within=1e-9),
        equal(
            "bytes-of-a-row", _farthest(record.series("bytes") / batch, _bytes_of_a_row(width)), _bytes_of_a_row(width)
        ),
        equal(
            "flops-of-a-row", _farthest(record.series("flops") / batch, _flops_of_a_row(width)), _flops_of_a_row(width)
        ),
    ]


def _farthest(values: Array, centre: float) -> float:
    return float(values[np.argmax(np.abs(values - centre))])


def figure(record: Record) -> Figure:
    """Memory, arithmetic of a row, and seconds of a row, over the batch size."""
    batch = record.series("batch")
    size = Text("batch size B", "размер батча B")

    def panel(title: Text, y: Text, values: Array, tone: int, scale: Scale = "linear") -> Panel:
        marks = (curve(batch, values, style="line+points", tone=tone),)
        limits = None if scale == "log" else (0.0, 1.2 * float(values.max()))
        return Panel(title=title, x=size, y=y, x_scale="log", y_scale=scale, y_limits=limits, marks=marks)

    return Figure(
        caption=Text(
            "A small network on this computer. Left: what the forward pass keeps grows in proportion to the batch. "
            "Middle: the arithmetic of a row stays the same. Right: its time does not. A row on its own leaves most of "
            "the processor idle; once the batch fills it, more rows bring little. Seconds are shown and never checked.",
            "Маленькая сеть на этом компьютере. Слева: память под активации растёт пропорционально батчу. В "
            "центре: число операций на пример не меняется. Справа: время на пример меняется. Один пример "
            "загружает процессор лишь отчасти; когда он загружен полностью, новые примеры почти ничего не дают. "
            "Секунды только показаны, проверок на них нет.",
        ),
        panels=(
            panel(
                Text("memory", "память"),
                Text("bytes of activations", "байты активаций"),
                record.series("bytes"),
                0,
                "log",
            ),
            panel(
                Text("arithmetic", "вычисления"),
                Text("operations per row", "операций на пример"),
                record.series("flops") / batch,
                1,
            ),
            panel(
                Text("time (measured here)", "время (измерено здесь)"),
                Text("microseconds per row", "микросекунд на пример"),
                1e6 * record.series("seconds"),
                2,
            ),
        ),
    )


E9c = Experiment(
    number="E9c",
    title=Text("What a batch costs", "Сколько стоит батч"),
    subject=mean_loss,
    faults=(
        Fault(
            "padded-to-the-largest",
            Text(
                "every batch is filled up to the size of the largest one",
                "каждый батч дополняется до размера самого большого",
            ),
            padded,
            breaks=("memory-order", "bytes-of-a-row", "flops-of-a-row"),
        ),
        Fault(
            "all-pairs",
            Text(
                "the loss compares all pairs of rows instead of adding up single rows",
                "функция потерь сравнивает все пары примеров, а не складывается из отдельных примеров",
            ),
            all_pairs,
            breaks=("memory-order", "bytes-of-a-row"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("width", 64, 8, 128, Text("units in each hidden layer", "нейронов в каждом скрытом слое")),),
)
