"""E15d: what a sigmoid costs: operations for each element, and beside the products of matrices around it.

Operations are counted in the code that the engine's compiler writes: one for each instruction on a lane, two for a
multiplication with addition. Seconds are shown, and never judged: they belong to the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from math import prod
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon._base.dtypes import Dtype
from sklon.compiler.kernels.lanes import Declarations, Lanes, Value
from sklon.graph.node import Node
from sklon.lab.apparatus import power, product_flops, recorded
from sklon.lab.check import Finding, below, between, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, bars, curve
from sklon.lab.text import Text
from sklon.nn import functional
from sklon.ops import Point

from .activations import LABELS, NAMES, TONES, Activation, Activations

Array: TypeAlias = np.ndarray[Any, Any]

WIDTHS = (16, 32, 64, 128, 256, 512)
ROWS = 64
#: elements and repetitions of the stopwatch: an array that stays in the second cache
TIMED_ELEMENTS, REPETITIONS = 65_536, 9


def run(subject: Activations, controls: Settings, seed: int) -> Iterator[Frame]:
    """Operations for one element, forward and backward; then those of networks, ever wider; then seconds."""
    for name in NAMES:
        forward, backward = _for_an_element(subject.of(name))
        yield {f"{name}_forward": forward, f"{name}_backward": backward}
    for width in WIDTHS:
        products, points = zip(*(_in_a_step(subject.of(n), width, controls["layers"]) for n in NAMES), strict=True)
        yield {"width": width, "products": products[0], "points": np.array(points)}
    yield {"nanoseconds": [_nanoseconds(subject.of(name)) for name in NAMES]}


# ---- counting
def _for_an_element(function: Activation) -> tuple[int, int]:
    """Operations forward, and what is added for the backward pass."""
    x = sklon.tensor(np.ones(1, np.float32), requires_grad=True)
    y = function(x)
    y.backward(sklon.ones(1))
    assert x.grad is not None
    forward = _point_operations([y])
    return forward, _point_operations([y, x.grad]) - forward


def _in_a_step(function: Activation, width: int, layers: int) -> tuple[int, int]:
    """Operations of products and of everything else, forward and backward, in a network for ROWS samples."""
    weights = [_zeros(width, out).requires_grad_() for out in (*[width] * layers, 1)]
    h = _zeros(ROWS, width)
    for w in weights[:-1]:
        h = function(h @ w)
    loss = ((h @ weights[-1]) ** 2).mean()
    loss.backward()
    results = [loss, *(w.grad for w in weights if w.grad is not None)]
    return product_flops(results), _point_operations(results)


def _zeros(*shape: int) -> Tensor:
    """Values do not matter here: nothing is computed, operations are counted in what was recorded."""
    return sklon.tensor(np.zeros(shape, np.float32))


def _point_operations(results: Sequence[Tensor]) -> int:
    found = ((n, n.op) for n in recorded(results) if isinstance(n.op, Point))
    return sum(_elements(n) * _operations(op, tuple(i.dtype for i in n.inputs)) for n, op in found)


@cache
def _operations(op: Point, dtypes: tuple[Dtype, ...]) -> int:
    """Operations of one lane in the vector code of an op."""
    lanes = Lanes(8, True, Declarations())
    op.body(lanes, *(Value(f"%x{i}", 0, dtype) for i, dtype in enumerate(dtypes)))
    return sum(2 if "@llvm.fma" in line else 1 for lines in lanes.lines.values() for line in lines)


def _elements(node: Node) -> int:
    return prod(int(str(extent)) for extent in node.shape)


def _nanoseconds(function: Activation) -> float:
    """Time for an element, forward, without what a call costs whatever the size."""
    return (_seconds(function, TIMED_ELEMENTS) - _seconds(function, 16)) / (TIMED_ELEMENTS - 16) * 1e9


def _seconds(function: Activation, elements: int) -> float:
    x = sklon.tensor(np.linspace(-3, 3, elements, dtype=np.float32))
    taken = []
    for _ in range(REPETITIONS):
        start = perf_counter()
        function(x).numpy()
        taken.append(perf_counter() - start)
    return median(taken)


# ---- judging
#: what is checked
CLAIMS = {
    "relu-operations": Text(
        "operations of ReLU for an element, forward and backward",
        "операций ReLU на элемент, вперёд и назад",
    ),
    "sigmoid-times": Text("operations of a sigmoid / of ReLU", "операций у сигмоиды / у ReLU"),
    "tanh-times": Text("operations of tanh / of ReLU", "операций у tanh / у ReLU"),
    "share-law": Text(
        "what sigmoids add to a step ∝ widthᵖ with p", "надбавка за сигмоиды в шаге ∝ ширинаᵖ, показатель p"
    ),
    "share-narrow": Text(
        "what sigmoids add to the products, 16 wide", "надбавка за сигмоиды к умножениям при ширине 16"
    ),
    "share-wide": Text(
        "what sigmoids add to the products, 512 wide", "надбавка за сигмоиды к умножениям при ширине 512"
    ),
}


def checks(record: Record) -> list[Finding]:
    """How much dearer an element is, and how little that is beside the products of a wide layer."""
    each = {name: record[f"{name}_forward"] + record[f"{name}_backward"] for name in NAMES}
    layers, shares = record.controls["layers"], _shares(record)["sigmoid"]
    added = each["sigmoid"] - each["relu"]
    return [
        equal("relu-operations", each["relu"], 4.0),
        between("sigmoid-times", each["sigmoid"] / each["relu"], 6.0, 20.0),
        between("tanh-times", each["tanh"] / each["relu"], 6.0, 25.0),
        near("share-law", power(WIDTHS, shares), -1.0, within=0.05),
        near("share-narrow", shares[0], _predicted_share(added, WIDTHS[0], layers), relative=1e-9),
        below("share-wide", shares[-1], 0.02, predicted=_predicted_share(added, WIDTHS[-1], layers)),
    ]


def _predicted_share(added: float, width: int, layers: int) -> float:
    """Of each sample: ``added`` for each unit, beside three products of 2·width² a layer, one of them not needed."""
    return added * layers * width / (2 * (3 * layers - 1) * width**2 + 6 * width)


def _shares(record: Record) -> dict[str, Array]:
    """What sigmoid and tanh add to the operations of a step with ReLU, as a part of its products."""
    points, products = record.series("points"), record.series("products")
    relu = points[:, NAMES.index("relu")]
    return {name: (points[:, NAMES.index(name)] - relu) / products for name in ("sigmoid", "tanh")}


def figure(record: Record) -> Figure:
    """Operations for an element, the share in a step over the width, and seconds."""
    shares = _shares(record)
    names, tones = [LABELS[n] for n in NAMES], [TONES[n] for n in NAMES]
    return Figure(
        caption=Text(
            "Left: operations for one element, forward and backward. Middle: what sigmoid or tanh instead of ReLU adds "
            "to the arithmetic of a training step, as a part of its products of matrices; both axes are logarithmic. "
            "The part falls like 1/width. Right: time for one element, forward, on this machine at this moment; "
            "reading and writing memory is in it, so the bars differ less than the counts.",
            "Слева — число операций на один элемент, вперёд и назад. В центре — на сколько больше вычислений в "
            "шаге обучения, если вместо ReLU взять сигмоиду или tanh, в долях от умножений матриц; обе шкалы "
            "логарифмические. Доля убывает как 1/ширина. Справа — время на один элемент при прямом проходе, "
            "измеренное на этой машине при создании страницы; в него входит и работа с памятью, поэтому столбики "
            "различаются меньше, чем числа операций.",
        ),
        panels=(
            Panel(
                x=Text("counted in the compiled code", "посчитано по коду компилятора"),
                y=Text("operations for an element", "операций на элемент"),
                marks=(bars(names, [record[f"{n}_forward"] + record[f"{n}_backward"] for n in NAMES], tones),),
            ),
            Panel(
                x=Text("width of the layers", "ширина слоёв"),
                y=Text("added to the products", "добавка к умножениям"),
                x_scale="log",
                y_scale="log",
                x_limits=(10, 1000),
                y_limits=(0.01, 1),
                marks=tuple(
                    curve(record.series("width"), share, LABELS[name], style="line+points", tone=TONES[name])
                    for name, share in shares.items()
                ),
            ),
            Panel(
                x=Text("measured, this machine", "измерено на этой машине"),
                y=Text("nanoseconds for an element", "наносекунд на элемент"),
                marks=(bars(names, record["nanoseconds"], tones),),
            ),
        ),
    )


E15D = Experiment(
    number="E15d",
    title=Text("What a sigmoid costs", "Сколько стоит сигмоида"),
    subject=Activations(),
    faults=(
        Fault(
            "no-exponential",
            Text(
                "the sigmoid is made of three straight lines, without an exponential",
                "сигмоида составлена из трёх отрезков прямых, без экспоненты",
            ),
            Activations(sigmoid=functional.hardsigmoid),
            breaks=("sigmoid-times",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("layers", 2, 1, 5, Text("hidden layers", "скрытых слоёв")),),
)
