"""E13: the sweep back through the graph, checked against difference quotients, and its price in multiplications."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Node, walk
from sklon.lab.apparatus import leaf, network, product_flops
from sklon.lab.check import Finding, below, equal
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Array, Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, bars, curve
from sklon.lab.text import Text
from sklon.ops.movement import Expand

#: from gradients of results to gradients of the wanted nodes
Sweep: TypeAlias = Callable[[Mapping[Node, Node], Sequence[Node]], Sequence[Node | None]]

#: the small graph is ((x² + x))² at this point; all its numbers are exact
POINT = 1.5
#: the net whose parameters are checked one by one, and the rows that it is given
WIDTH, ROWS = 5, 12
#: step of the central quotients: its error ∝ h² and the rounding ∝ 1/h are both far below the bound
STEP = 1e-5
#: widths of the nets whose products are counted
WIDTHS = (2, 4, 8, 16, 32, 64)


# ---- faults: sweeps that go wrong
def _overwriting(seeds: Mapping[Node, Node], wrt: Sequence[Node]) -> list[Node | None]:
    grads = dict(seeds)
    for node in reversed(walk(seeds)):
        if node in grads:
            grads.update((x, g) for x, g in _passed_on(node, grads[node]) if g is not None)
    return [grads.get(node) for node in wrt]


def _unsummed(seeds: Mapping[Node, Node], wrt: Sequence[Node]) -> list[Node | None]:
    grads = dict(seeds)
    for node in reversed(walk(seeds)):
        for x, g in _passed_on(node, grads[node], _first_of_repeated) if node in grads else ():
            if g is not None:
                grads[x] = Build().add(grads[x], g) if x in grads else g
    return [grads.get(node) for node in wrt]


def _passed_on(
    node: Node, g: Node, repeated: Callable[[Expand, Node], Node] | None = None
) -> list[tuple[Node, Node | None]]:
    """What a node passes on to each of its inputs; ``repeated`` takes the place of the rule for what is broadcast."""
    if repeated is not None and isinstance(node.op, Expand):
        return [(node.inputs[0], repeated(node.op, g))]
    return list(zip(node.inputs, node.op.vjp(Build(), node, g), strict=True))


def _first_of_repeated(expand: Expand, g: Node) -> Node:
    """The gradient of one of the copies, where those of all copies should be added up."""
    one = tuple(e if a in expand.dims else 1 for a, e in enumerate(expand.shape))
    copy = Build().slice(g, starts=(0,) * len(one), shape=one)
    return Build().reshape(copy, shape=tuple(expand.shape[a] for a in expand.dims))


# ---- the run
def run(subject: Sweep, controls: Settings, seed: int) -> Iterator[Frame]:
    """Sweep a small graph, a net whose parameters are checked one by one, and nets whose products are counted."""
    depth = controls["layers"]
    yield from _small_graph(subject)
    yield _checked(subject, depth, np.random.default_rng(seed))
    for width in WIDTHS:
        yield _bill(subject, depth, width)


def _small_graph(sweep: Sweep) -> Iterator[Frame]:
    """(x² + x)²: every node reached from the end, one by one, with its value and its gradient."""
    x = leaf(POINT)
    u = x * x
    v = u + x
    loss = v * v
    tensors = (x, u, v, loss)
    adjoints = _swept(sweep, loss, tensors)
    values = np.array([t.item() for t in tensors])
    for reached in range(1, len(tensors) + 1):
        yield {"reached": reached, "values": values, "adjoints": np.array([float(a) for a in adjoints])}


def _checked(sweep: Sweep, depth: int, random: np.random.Generator) -> Frame:
    """Gradients of all parameters of a net with shortcuts: by the sweep, and by central quotients."""
    X, y = random.standard_normal((ROWS, WIDTH)), random.standard_normal((ROWS, WIDTH))
    shapes = [shape for _ in range(depth) for shape in ((WIDTH, WIDTH), (1, WIDTH))]
    parameters = [random.standard_normal(s) / np.sqrt(WIDTH) for s in shapes]
    tensors = [leaf(p) for p in parameters]
    loss = _loss(tensors, X, y)
    higher, lower = (_loss(_shifted(parameters, by), X, y) for by in (STEP, -STEP))
    times = product_flops([higher, lower]) / product_flops([loss])
    found = np.concatenate([np.ravel(g) for g in _swept(sweep, loss, tensors)])
    return {"found": found, "quotients": (higher.numpy() - lower.numpy()) / (2 * STEP), "price of quotients": times}


def _loss(parameters: Sequence[Tensor], X: Array, y: Array) -> Tensor:
    """The mean squared error of a net whose layers add to their input: h ← h + tanh(h·W + b). Shape […] of stacks."""
    h = sklon.tensor(X)
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        h = h + sklon.tanh(h @ weight + bias)
    return ((h - sklon.tensor(y)) ** 2).mean((-2, -1))


def _shifted(parameters: Sequence[Array], by: float) -> list[Tensor]:
    """Stacks of all parameters, one copy for each number among them, in which that number is shifted."""
    count = sum(p.size for p in parameters)
    flat = np.concatenate([np.ravel(p) for p in parameters]) + by * np.eye(count)
    parts = np.split(flat, np.cumsum([p.size for p in parameters])[:-1], axis=1)
    return [sklon.tensor(part.reshape(count, *p.shape)) for part, p in zip(parts, parameters, strict=True)]


def _swept(sweep: Sweep, loss: Tensor, tensors: Sequence[Tensor]) -> list[Array]:
    """The gradients that a sweep finds, as arrays."""
    return [Tensor(node).numpy() for node in _gradient_nodes(sweep, loss, tensors)]


def _gradient_nodes(sweep: Sweep, loss: Tensor, tensors: Sequence[Tensor]) -> list[Node]:
    found = sweep({loss.node: Build().full_like(1.0, loss.node)}, [t.node for t in tensors])
    return [node for node in found if node is not None]


def _bill(sweep: Sweep, depth: int, width: int) -> Frame:
    """What the loss costs together with its gradients, in units of the loss alone: operations in matrix products."""
    net = network([width] * (depth + 1))
    parameters = list(net.parameters())
    loss = (net(sklon.tensor(np.zeros((ROWS, width)))) ** 2).mean()
    both = [loss, *(Tensor(node) for node in _gradient_nodes(sweep, loss, parameters))]
    return {
        "parameters": sum(p.numel() for p in parameters),
        "price": product_flops(both) / product_flops([loss]),
    }


# ---- what came out
#: what is checked
CLAIMS = {
    "gradcheck": Text(
        "largest relative difference from central quotients",
        "наибольшее относительное отличие от центральных разностных отношений",
    ),
    "paths-add-up": Text(
        "derivative of (x² + x)², where x is used three times",
        "производная (x² + x)², где x использован трижды",
    ),
    "price": Text(
        "forward and backward pass, in forward passes",
        "цена прямого и обратного проходов вместе, в прямых проходах",
    ),
    "price-of-size": Text(
        "how much the price differs between small and large nets",
        "насколько различается цена у малых и больших сетей",
    ),
    "price-of-quotients": Text(
        "all central quotients, in forward passes",
        "цена всех центральных разностных отношений, в прямых проходах",
    ),
}


def checks(record: Record) -> list[Finding]:
    """Whether the gradients are right, and what they cost."""
    found, quotients, depth = record["found"], record["quotients"], record.controls["layers"]
    prices = record.series("price")
    return [
        below("gradcheck", (np.abs(found - quotients) / np.abs(quotients)).max(), 1e-6),
        equal("paths-add-up", record["adjoints"][0], 2 * (POINT**2 + POINT) * (2 * POINT + 1)),
        equal("price", prices[-1], (3 * depth - 1) / depth),
        equal("price-of-size", np.ptp(prices), 0.0),
        equal("price-of-quotients", record["price of quotients"], 2 * len(found)),
    ]


SWEEP, QUOTIENTS, FORWARD = 0, 1, 2  # tones
NODES = (Text("x", "x"), Text("u = x²", "u = x²"), Text("v = u + x", "v = u + x"), Text("L = v²", "L = v²"))


def figure(record: Record) -> Figure:
    """The sweep over the small graph, the check of every parameter, and the price over the size of the net."""
    return Figure(
        caption=Text(
            "Left: forward, from left to right, every node gets its value (bars); backward, from right to left, its "
            "gradient ∂L/∂node (points). The gradient of x is the sum over the three ways in which x is used. Middle: "
            "every parameter of a net, its gradient by the sweep against that by two evaluations of the loss. Right: "
            "what all gradients cost. Backpropagation costs the same few forward passes for a net of any size, "
            "quotients two for every parameter.",
            "Слева: при прямом проходе, слева направо, каждый узел получает значение (столбцы), при обратном, "
            "справа налево, — градиент ∂L/∂узел (точки). В градиенте x сложены вклады трёх мест, где x "
            "использован. В центре: градиент по каждому параметру сети, найденный обратным проходом, в сравнении "
            "с разностным отношением по двум вычислениям функции потерь. Справа: цена всех градиентов. Обратное "
            "распространение обходится в несколько прямых проходов при любом размере сети, разностные отношения "
            "— в два прохода на каждый параметр.",
        ),
        panels=(_graph_panel(record), _check_panel(record), _price_panel(record)),
    )


def _graph_panel(record: Record) -> Panel:
    reached = record["reached"]
    places = np.arange(len(NODES))[-reached:]
    return Panel(
        x=Text("node of the graph", "узел графа"),
        y=Text("number at the node", "число в узле"),
        title=Text("bars: values, points: gradients", "столбцы — значения, точки — градиенты"),
        marks=(
            bars(NODES, record["values"], [FORWARD] * len(NODES)),
            curve(places, record["adjoints"][-reached:], style="line+points", tone=SWEEP),
        ),
    )


def _check_panel(record: Record) -> Panel:
    found, quotients = record["found"], record["quotients"]
    ends = [quotients.min(), quotients.max()]
    return Panel(
        x=Text("central quotient", "центральное разностное отношение"),
        y=Text("backward pass", "обратный проход"),
        marks=(
            curve(ends, ends, Text("equal", "равны"), style="dashed", tone=QUOTIENTS),
            curve(quotients, found, Text("one parameter", "один параметр"), style="points", tone=SWEEP),
        ),
    )


def _price_panel(record: Record) -> Panel:
    count, prices = record.series("parameters"), record.series("price")
    return Panel(
        x=Text("number of parameters", "число параметров"),
        y=Text("cost in forward passes", "цена в прямых проходах"),
        x_scale="log",
        y_scale="log",
        marks=(
            curve(count, 2 * count, Text("central quotients", "разностные отношения"), tone=QUOTIENTS),
            curve(count, prices, Text("backpropagation", "обратное распространение"), style="line+points", tone=SWEEP),
        ),
    )


# ---- the experiment
E13 = Experiment(
    number="E13",
    title=Text("Gradients checked, and their bill", "Проверка градиентов и счёт за них"),
    subject=gradients,
    faults=(
        Fault(
            "overwriting",
            Text(
                "a contribution replaces the former ones (= instead of +=)",
                "новый вклад затирает прежние (= вместо +=)",
            ),
            _overwriting,
            breaks=("gradcheck", "paths-add-up"),
        ),
        Fault(
            "unsummed",
            Text(
                "where a bias was broadcast over the rows, the gradients of its copies are not added up",
                "смещение размножено по всем строкам, а градиенты его копий не сложены",
            ),
            _unsummed,
            breaks=("gradcheck",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("layers", 3, 1, 8, Text("linear layers of the net", "линейных слоёв в сети")),),
)
