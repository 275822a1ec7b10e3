"""E14: what .grad holds after one backward pass and after several, and who clears it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon._base.errors import AutogradError
from sklon.graph.build import Build
from sklon.graph.node import Node, walk
from sklon.lab.apparatus import leaf
from sklon.lab.check import Finding, equal, near, true
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Array, Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.tensors import autograd

#: puts the gradients of a loss into .grad of its leaves: (loss, leaves, whether the graph is kept)
Backward: TypeAlias = Callable[[Tensor, Sequence[Tensor], bool], None]
#: makes a backward pass, with a memory of its own if it has one
Maker: TypeAlias = Callable[[], Backward]

#: the leaf; the loss is Σw², its gradient 2w, and all numbers are exact
WEIGHTS = np.array([1.0, 2.0])
GRADIENT = 2 * WEIGHTS
RATE, DECAY, MOMENTUM = 0.1, 0.5, 0.9
#: steps without a new gradient
IDLE_STEPS = 15


def engine() -> Backward:
    """The engine's backward pass, which finds the leaves itself."""
    return lambda loss, leaves, keep: autograd.backward(loss, retain_graph=keep)


# ---- faults
def _overwriting() -> Backward:
    def backward(loss: Tensor, leaves: Sequence[Tensor], keep: bool) -> None:
        for w in leaves:
            w.grad = None
        autograd.backward(loss, retain_graph=keep)

    return backward


class _NeverCleared:
    """A backward pass that keeps the gradients of inner nodes as well, and adds to them the next time."""

    def __init__(self) -> None:
        self.grads: dict[Node, Node] = {}

    def __call__(self, loss: Tensor, leaves: Sequence[Tensor], keep: bool) -> None:
        root, build, grads = loss.node, Build(), self.grads
        grads[root] = build.full_like(1.0, root)
        for w in leaves:
            grads.pop(w.node, None)
            if w.grad is not None:
                grads[w.node] = w.grad.node
        for node in reversed(walk((root,))):
            for x, g in zip(node.inputs, node.op.vjp(build, node, grads[node]), strict=True):
                if g is not None:
                    grads[x] = build.add(grads[x], g) if x in grads else g
        for w in leaves:
            w.grad = Tensor(grads[w.node])


# ---- the run
def run(subject: Maker, controls: Settings, seed: int) -> Iterator[Frame]:
    """Call backward several times, on new graphs and on one; then step without a new gradient."""
    yield from _calls(subject, controls["calls"])
    yield {
        "inner": _grad_of_result(subject()),
        "again": _refuses_a_second_time(subject()),
        "retained": _twice_on_one_graph(subject()),
        "after step": _after_step(subject()),
    }
    yield from _idle_steps()


def _loss(w: Tensor) -> Tensor:
    return (w * w).sum()


def _grad(w: Tensor) -> Array:
    """What .grad holds; None is NaN, which is no number either."""
    return np.full(w.shape, np.nan) if w.grad is None else w.grad.numpy()


def _calls(make: Maker, count: int) -> Iterator[Frame]:
    """The same loss computed anew and differentiated, again and again, with and without clearing."""
    added, cleared = leaf(WEIGHTS), leaf(WEIGHTS)
    backward, other = make(), make()
    for call in range(1, count + 1):
        backward(_loss(added), [added], False)
        cleared.grad = None
        other(_loss(cleared), [cleared], False)
        yield {"call": call, "added": _grad(added), "cleared": _grad(cleared)}


def _grad_of_result(backward: Backward) -> bool:
    """Whether w² has a .grad after backward, though it is no leaf."""
    w = leaf(WEIGHTS)
    square = w * w
    backward(square.sum(), [w], False)
    with warnings.catch_warnings(action="ignore"):  # the engine warns who reads it
        return square.grad is not None


def _refuses_a_second_time(backward: Backward) -> bool:
    w = leaf(WEIGHTS)
    loss = _loss(w)
    backward(loss, [w], False)
    try:
        backward(loss, [w], False)
    except AutogradError:
        return True
    return False


def _twice_on_one_graph(backward: Backward) -> Array:
    """The gradient after two passes over one graph that was kept, in units of the true one."""
    w = leaf(WEIGHTS)
    loss = _loss(w)
    for _ in range(2):
        backward(loss, [w], True)
    ratio: Array = _grad(w) / GRADIENT
    return ratio


def _after_step(backward: Backward) -> Array:
    """.grad after an optimizer's step and another forward pass."""
    w = leaf(WEIGHTS)
    backward(_loss(w), [w], False)
    optim.SGD([w], lr=RATE).step()
    _loss(w).item()
    return _grad(w)


def _idle_steps() -> Iterator[Frame]:
    """A weight over steps in which its gradient is zero, or None."""
    decayed, coasting, skipped = leaf(1.0), leaf(1.0), leaf(1.0)
    decay = optim.SGD([decayed], lr=RATE, weight_decay=DECAY)
    coast = optim.SGD([coasting], lr=RATE, momentum=MOMENTUM)
    skip = optim.SGD([skipped], lr=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    for w, optimizer in ((coasting, coast), (skipped, skip)):  # something to remember
        w.grad = sklon.ones_like(w)
        optimizer.step()
    start = coasting.item(), skipped.item()
    skipped.grad = None
    for step in range(IDLE_STEPS + 1):
        moved = decayed.item(), coasting.item() - start[0], skipped.item() - start[1]
        yield {"step": step, "decayed": moved[0], "coasted": 1 + moved[1], "skipped": 1 + moved[2]}
        decayed.grad, coasting.grad = sklon.zeros_like(decayed), sklon.zeros_like(coasting)
        for optimizer in (decay, coast, skip):
            optimizer.step()


# ---- what came out
#: what is checked
CLAIMS = {
    "adds-up": Text(
        "largest difference of .grad from k·g after k calls", "наибольшее отличие .grad от k·g после k вызовов"
    ),
    "cleared": Text(
        "the same, cleared before each call: difference from g",
        "то же с очисткой перед каждым вызовом: отличие от g",
    ),
    "inner-is-none": Text(
        "a result of a computation, which is no leaf, has no .grad",
        "у промежуточного результата (не листа) .grad нет",
    ),
    "second-call-refused": Text(
        "a second pass over a graph that was freed is an error",
        "второй проход по освобождённому графу — ошибка",
    ),
    "kept-graph": Text(
        "two passes over a graph that was kept: .grad in units of g",
        "два прохода по сохранённому графу: .grad в единицах g",
    ),
    "survives-step": Text(
        "change of .grad by a step and another forward pass",
        "изменение .grad после шага и ещё одного прямого прохода",
    ),
    "zero-decays": Text(
        "weight 1 after a step with gradient 0 and weight decay",
        "вес, равный 1, после шага с нулевым градиентом и затуханием весов",
    ),
    "zero-coasts": Text(
        "way that momentum goes on with gradient 0", "путь, пройденный по инерции при нулевом градиенте"
    ),
    "none-is-skipped": Text(
        "way with None, in spite of momentum and weight decay",
        "путь при None, несмотря на момент и затухание весов",
    ),
}


def checks(record: Record) -> list[Finding]:
    """What adds up, what is refused, and how zero differs from None."""
    return [*_of_calls(record), *_of_graphs(record), *_without_a_gradient(record)]


def _of_calls(record: Record) -> list[Finding]:
    """What is in .grad after several calls."""
    calls = record.series("call")
    return [
        equal("adds-up", np.abs(record.series("added") - calls[:, None] * GRADIENT).max(), 0.0),
        equal("cleared", np.abs(record.series("cleared") - GRADIENT).max(), 0.0),
    ]


def _of_graphs(record: Record) -> list[Finding]:
    """Who has a .grad, whether a graph serves twice, and what a step leaves."""
    return [
        true("inner-is-none", not record["inner"]),
        true("second-call-refused", record["again"]),
        equal("kept-graph", record["retained"].max(), 2.0),
        equal("survives-step", np.abs(record["after step"] - GRADIENT).max(), 0.0),
    ]


def _without_a_gradient(record: Record) -> list[Finding]:
    """What steps do to a weight whose gradient is zero, or None."""
    coasted = RATE * sum(MOMENTUM**i for i in range(1, IDLE_STEPS + 1))
    return [
        near("zero-decays", record.series("decayed")[1], 1 - RATE * DECAY, within=1e-15),
        near("zero-coasts", 1 - record["coasted"], coasted, within=1e-12),
        equal("none-is-skipped", 1 - record["skipped"], 0.0),
    ]


ADDED, CLEARED, NONE = 1, 0, 2  # tones


def figure(record: Record) -> Figure:
    """The gradient over the calls, and a weight over steps without a new gradient."""
    calls, added, cleared = (record.series(name) for name in ("call", "added", "cleared"))
    return Figure(
        caption=Text(
            "Left: the same loss is differentiated again and again. Without clearing .grad grows by one gradient with "
            "every call; cleared before each call it stays the gradient. Right: no new gradient comes any more. If "
            ".grad is zero, the optimizer steps: weight decay shrinks the weight, momentum carries it on. If it is "
            "None, the weight is left alone.",
            "Слева: одна и та же функция потерь дифференцируется снова и снова. Без очистки в .grad с каждым "
            "вызовом прибавляется ещё один градиент, с очисткой там всегда один градиент. Справа: новых "
            "градиентов больше нет. Если в .grad ноль, оптимизатор делает шаг: затухание уменьшает вес, момент "
            "несёт его дальше. Если там None, вес не меняется.",
        ),
        panels=(
            Panel(
                x=Text("call of backward()", "вызов backward()"),
                y=Text(".grad / gradient", ".grad / градиент"),
                marks=(
                    curve(
                        calls,
                        added[:, 0] / GRADIENT[0],
                        Text("never cleared", "без очистки"),
                        style="line+points",
                        tone=ADDED,
                    ),
                    curve(
                        calls,
                        cleared[:, 0] / GRADIENT[0],
                        Text("cleared before each", "с очисткой"),
                        style="line+points",
                        tone=CLEARED,
                    ),
                ),
            ),
            _idle_panel(record),
        ),
    )


def _idle_panel(record: Record) -> Panel:
    lines = (
        ("skipped", Text(".grad is None", ".grad = None"), NONE),
        ("coasted", Text("zero, with momentum", "ноль, с моментом"), CLEARED),
        ("decayed", Text("zero, with weight decay", "ноль, с затуханием весов"), ADDED),
    )
    return Panel(
        x=Text("step", "номер шага"),
        y=Text("weight", "вес"),
        marks=tuple(
            curve(record.series("step"), record.series(name), label, style="line+points", tone=tone)
            for name, label, tone in lines
        ),
    )


# ---- the experiment
E14 = Experiment(
    number="E14",
    title=Text("Again and again", "Снова и снова"),
    subject=engine,
    faults=(
        Fault(
            "never-cleared",
            Text(
                "inner nodes keep their gradients for the next pass, as in micrograd",
                "внутренние узлы хранят градиенты до следующего прохода, как в micrograd",
            ),
            _NeverCleared,
            breaks=("second-call-refused", "kept-graph"),
        ),
        Fault(
            "overwriting",
            Text(
                "backward() replaces .grad instead of adding to it", "backward() заменяет .grad, а не прибавляет к нему"
            ),
            _overwriting,
            breaks=("adds-up", "kept-graph"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("calls", 4, 2, 16, Text("calls of backward()", "вызовов backward()")),),
)

EXPERIMENTS = (E14,)
