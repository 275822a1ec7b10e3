"""E10c: the gradient over all rows in the memory of a few: micro-batches whose gradients are added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, activation_bytes, network
from sklon.lab.check import Finding, below, equal
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, bars, curve, level
from sklon.lab.text import Text

#: inputs and targets of a micro-batch
Part: TypeAlias = tuple[Tensor, Tensor]
#: adds the gradients of all parts to ``.grad``, given the mean loss of a part, and yields the losses recorded so far
#: whenever there are most of them
Accumulation: TypeAlias = Callable[[Callable[[Part], Tensor], Sequence[Part]], Iterator[list[Tensor]]]

ROWS, INPUTS, WIDTH = 200, 6, 32
#: the last micro-batch is short: 64 + 64 + 64 + 8
MICRO_BATCH = 64


def weighted(mean_loss: Callable[[Part], Tensor], parts: Sequence[Part]) -> Iterator[list[Tensor]]:
    """n_k/N times the mean of each part; its backward pass comes before the next part."""
    rows, losses = sum(map(_rows, parts)), []
    for part in parts:
        losses.append(mean_loss(part) * (_rows(part) / rows))
        yield losses
        losses[-1].backward()


def unweighted(mean_loss: Callable[[Part], Tensor], parts: Sequence[Part]) -> Iterator[list[Tensor]]:
    """The mean of the parts' means, whatever their sizes."""
    losses: list[Tensor] = []
    for part in parts:
        losses.append(mean_loss(part) / len(parts))
        yield losses
        losses[-1].backward()


def backward_at_the_end(mean_loss: Callable[[Part], Tensor], parts: Sequence[Part]) -> Iterator[list[Tensor]]:
    """n_k/N times the mean of each part, added up, and one backward pass over the sum."""
    rows, losses = sum(map(_rows, parts)), []
    for part in parts:
        losses.append(mean_loss(part) * (_rows(part) / rows))
        yield losses
    sklon.stack(losses).sum().backward()


def _rows(part: Part) -> int:
    return len(part[0])


def run(subject: Accumulation, controls: Settings, seed: int) -> Iterator[Frame]:
    """One pass over all rows in micro-batches: what is held at each of them, and how far the gradient is by then."""
    random = np.random.default_rng(seed)
    inputs, targets = random.standard_normal((ROWS, INPUTS)), random.standard_normal((ROWS, 1))
    model = network([INPUTS, WIDTH, WIDTH, 1])

    def mean_loss(part: Part) -> Tensor:
        return nn.functional.mse_loss(model(part[0]), part[1])

    loss = mean_loss((sklon.tensor(inputs), sklon.tensor(targets)))
    yield {"full": activation_bytes(loss)}
    loss.backward()
    full = _gradient(model)
    model.zero_grad()
    parts = _parts(inputs, targets, controls["micro_batch"])
    for i, losses in enumerate(subject(mean_loss, parts)):
        # what was swept back is given up and counts nothing
        live = sum(map(activation_bytes, losses))
        yield {"live": live, "seen": sum(map(_rows, parts[:i])), "error": _error(model, full)}
    yield {"seen": ROWS, "error": _error(model, full)}


def _parts(inputs: Array, targets: Array, rows: int) -> list[Part]:
    """Micro-batches of so many rows; the last one may be short."""
    starts = range(0, len(inputs), rows)
    return [(sklon.tensor(inputs[s : s + rows]), sklon.tensor(targets[s : s + rows])) for s in starts]


def _gradient(model: nn.Module) -> Array:
    """All gradients of a model in one row; those that are None are zeros."""
    return np.concatenate(
        [np.zeros(p.numel()) if p.grad is None else p.grad.numpy().ravel() for p in model.parameters()]
    )


def _error(model: nn.Module, full: Array) -> float:
    return float(np.linalg.norm(_gradient(model) - full) / np.linalg.norm(full))


def _bytes(rows: int) -> int:
    """tanh is differentiated from its value, the square from the error: two hidden layers and one error, float64."""
    return 8 * rows * (2 * WIDTH + 1)


#: what is checked
CLAIMS = {
    "peak-bytes": Text(
        "most bytes of activations alive at once, in micro-batches",
        "наибольший объём активаций в памяти (в байтах) при проходе микробатчами",
    ),
    "saving": Text(
        "bytes of activations of the full batch at once, over that peak",
        "во сколько раз больше этого максимума активации полного батча за один проход",
    ),
    "gradient-error": Text(
        "relative error of the accumulated gradient against the full-batch one",
        "относительная ошибка накопленного градиента по сравнению с градиентом полного батча",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The peak is that of one micro-batch, and the gradient is that of all rows."""
    micro_batch, peak = record.controls["micro_batch"], record.series("live").max()
    return [
        equal("peak-bytes", peak, _bytes(micro_batch)),
        equal("saving", record["full"] / peak, ROWS / micro_batch),
        below("gradient-error", record["error"], 1e-12),
    ]


def figure(record: Record) -> Figure:
    """Bytes alive at each micro-batch, and the error of the gradient as rows come in."""
    live = record.series("live")
    numbers = [str(k + 1) for k in range(len(live))]
    return Figure(
        caption=Text(
            "One gradient over 200 rows, taken in micro-batches. Left: bytes held before each backward pass; the "
            "dashed line is what all rows need at once. Right: what is still missing in the gradient. As soon as the "
            "last rows are in, it is the gradient of the full batch, up to rounding.",
            "Один градиент по 200 примерам, посчитанный микробатчами. Слева: сколько байтов занято перед каждым "
            "обратным проходом; пунктир — сколько нужно для всех примеров сразу. Справа: чего ещё не хватает "
            "градиенту. Когда учтены последние примеры, он совпадает с градиентом полного батча с точностью до "
            "округления.",
        ),
        panels=(
            Panel(
                x=Text("micro-batch", "микробатч"),
                y=Text("bytes of activations alive", "байты активаций в памяти"),
                marks=(
                    bars([Text(n, n) for n in numbers], live),
                    level(record["full"], Text("all rows at once", "все примеры сразу"), tone=1),
                ),
            ),
            Panel(
                x=Text("rows seen", "пройдено примеров"),
                y=Text("relative error of the gradient", "относительная ошибка градиента"),
                y_scale="log",
                marks=(
                    curve(
                        record.series("seen"), np.maximum(record.series("error"), 1e-17), style="line+points", tone=0
                    ),
                    level(1e-12, Text("bound", "граница")),
                ),
            ),
        ),
    )


E10c = Experiment(
    number="E10c",
    title=Text("A full batch in little memory", "Полный батч в небольшой памяти"),
    subject=weighted,
    faults=(
        Fault(
            "means-without-weights",
            Text(
                "the means of micro-batches of unequal sizes are added without their weights",
                "средние по микробатчам разного размера складываются без весов",
            ),
            unweighted,
            breaks=("gradient-error",),
        ),
        Fault(
            "one-backward-at-the-end",
            Text(
                "the losses of all micro-batches are kept, and backward runs once over their sum",
                "потери всех микробатчей хранятся до конца, и обратный проход делается один раз по их сумме",
            ),
            backward_at_the_end,
            breaks=("peak-bytes", "saving"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("micro_batch", MICRO_BATCH, 8, 100, Text("rows in a micro-batch", "примеров в микробатче")),),
)
