"""The graphs of training and evaluation, recorded once from a model, a loss and update rules.

A training step is forward, loss, backward and update in one graph: state in, state out. The loss is a sum over
the rows of the step; dividing by what they count for happens once, at the update. Buffers that forward gave other
values are state too. Slots are named

    param.NAME   buffer.NAME   loss.NAME (the loss's buffers)   slot.SLOT.NAME
    sum.grad.NAME, sum.count, sum.loss (of a batch in parts)
    x0, x1, …   y   weight   rows (indices)   seed.low, seed.high, step   last, offset (of a batch in parts)
    average.NAME and average.fresh (of averaged parameters)   GROUP.SCALAR
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sklon._base.dtypes import Dtype, dtype_of, float32, float64, int32, uint32
from sklon._base.shapes import Extent, N, Shape, T
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Graph, Node, slot
from sklon.nn import Loss, Module, Parameter
from sklon.nn.dropout import DROPPING
from sklon.nn.places import naming_layers
from sklon.optim import Rule
from sklon.tensors import Tensor
from sklon.tensors.functional import astype
from sklon.tensors.functional import sum as total
from sklon.tensors.modes import no_grad, random_source

from .captured import named
from .updating import PLAIN, Computed, Options, PartSums, Trained, updates_of


@dataclass(frozen=True, slots=True)
class Columns:
    """The shape and type of one sample of each input and of the target."""

    inputs: tuple[tuple[tuple[int, ...], Dtype], ...]
    target: tuple[tuple[int, ...], Dtype] | None
    weighted: bool = False  # whether rows have weights


@dataclass(slots=True)
class _StepRandom:
    """Random words of a recorded step: the run's seed, the step's number, and a stream for each layer."""

    step: Node = field(default_factory=lambda: slot("step", "scalar", (), uint32))
    low: Node = field(default_factory=lambda: slot("seed.low", "scalar", (), uint32))
    high: Node = field(default_factory=lambda: slot("seed.high", "scalar", (), uint32))
    offset: Node | None = None  # of the first row within its batch
    streams: int = 0

    def words(self) -> tuple[Node, Node, Node, Node]:
        self.streams += 1
        return self.step, Build().constant(value=float(self.streams), dtype=uint32), self.low, self.high

    def first_row(self) -> Node | None:
        return self.offset


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of a step."""

    inputs: list[Tensor]
    target: Tensor | None
    weight: Tensor | None


def _batch(columns: Columns, extent: Extent = N, members: int = 1) -> _Batch:
    """The rows of the step, gathered from the data by their indices: for each of several members its own."""
    rows = slot("rows", "index", (extent,) if members == 1 else (extent, members), int32)

    def gathered(label: str, shape: tuple[int, ...], dtype: Dtype) -> Tensor:
        table: Shape = (T, *shape)
        return Tensor(Build().gather(slot(label, "data", table, dtype), rows))

    inputs = [gathered(f"x{i}", *column) for i, column in enumerate(columns.inputs)]
    target = gathered("y", *columns.target) if columns.target is not None else None
    return _Batch(inputs, target, gathered("weight", (), float64) if columns.weighted else None)


@dataclass(frozen=True, slots=True)
class _State:
    """The slots that parameters and buffers stand for while recording."""

    parameters: dict[str, tuple[Parameter, Node]]
    buffers: dict[str, tuple[Module, str, Node]]

    def moved(self) -> list[tuple[Node, Node]]:
        """The buffers that forward gave another value, with it; each keeps its element type."""
        now = [(node, module.get_buffer(name)) for module, name, node in self.buffers.values()]
        return [(node, astype(new, node.dtype).node) for node, new in now if new is not None and new.node is not node]


def state_tensors(model: Module, loss: Loss | None = None) -> dict[str, Tensor]:
    """All that a model and a loss hold, under the names of their slots."""
    found: dict[str, Tensor] = {f"param.{name}": p for name, p in model.named_parameters()}
    found.update({f"buffer.{name}": b for name, b in model.named_buffers()})
    if loss is not None:
        found.update({f"loss.{name}": b for name, b in loss.named_buffers()})
    return found


@contextmanager
def _as_slots(model: Module, loss: Loss | None = None) -> Iterator[_State]:
    """While recording, each parameter and buffer stands for the state slot of its name."""
    held = state_tensors(model, loss)
    before = {label: (tensor, tensor.node) for label, tensor in held.items()}
    nodes = {id(t): slot(label, "state", t.shape, t.dtype) for label, t in held.items()}
    owners = [
        (m, n, b) for top in (model, loss) if top for m in top.modules() for n, b in m._buffers.items() if b is not None
    ]
    labels = {id(t): label for label, t in held.items()}
    try:
        for tensor in held.values():
            tensor._adopt(nodes[id(tensor)])
        yield _State(
            {name: (p, nodes[id(p)]) for name, p in model.named_parameters()},
            {labels[id(b)]: (m, n, nodes[id(b)]) for m, n, b in owners},
        )
    finally:
        for tensor, node in before.values():
            tensor._adopt(node)
        for module, name, buffer in owners:
            setattr(module, name, buffer)


@contextmanager
def _mode(model: Module, training: bool) -> Iterator[None]:
    """Switch all modules, and put each back as it was."""
    before = [(m, m.training) for m in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def record_training(
    model: Module,
    loss: Loss,
    rules: Mapping[str, tuple[str, Rule]],
    columns: Columns,
    options: Options = PLAIN,
    frozen: frozenset[str] = frozenset(),
) -> Graph:
    """The graph of one training step; ``rules`` gives each parameter's group and rule by its name.

    Output ``loss`` is the sum over the rows of the step as the loss tells it; ``weight``, where rows have weights, is
    what they count for.
    Parameters that have no rule, or require no gradient, or are ``frozen``, keep their values. ``options`` add to the
    step; with ``skip`` output ``finite`` is 0 for a batch that changed nothing.
    """
    parts = PartSums() if options.in_parts else None
    source = _StepRandom(offset=parts.offset if parts else None)
    with _mode(model, True), _as_slots(model, loss) as held, random_source(source), naming_layers(model):
        batch = _batch(columns, members=options.members)
        sums = _sums(loss, model(*batch.inputs), batch)
        moved = [(old, Tensor(new)) for old, new in held.moved()]
    moving = {name: pair for name, pair in held.parameters.items() if pair[0].requires_grad and name in rules}
    trained = {name: pair for name, pair in moving.items() if name not in frozen}
    seeds = {sums.loss.node: Build().full_like(1.0, sums.loss.node)}
    found = gradients(seeds, [node for _, node in trained.values()])
    owed = {
        name: Trained(node, grad, *rules[name])
        for (name, (_, node)), grad in zip(trained.items(), found, strict=True)
        if grad is not None
    }
    still = {name: node for name, (_, node) in moving.items() if name in frozen}
    updates, finite = updates_of(Computed(sums.loss, sums.weight, owed, moved, still), options, parts)
    outputs = sums.outputs
    if finite is not None:
        outputs = (*outputs, ("finite", astype(finite, float32).node))
    return named(Graph(outputs, tuple(updates)))


def record_gradients(model: Module, loss: Loss, columns: Columns) -> Graph:
    """The graph that adds the gradients of its rows to the state ``sum.grad.NAME``, and moves and divides nothing.

    Its outputs are those of ``record_training``. For methods that ask for value and gradient, such as L-BFGS.
    """
    with _mode(model, True), _as_slots(model, loss) as held, random_source(_StepRandom()), naming_layers(model):
        batch = _batch(columns)
        sums = _sums(loss, model(*batch.inputs), batch)
    wanted = {name: node for name, (param, node) in held.parameters.items() if param.requires_grad}
    found = gradients({sums.loss.node: Build().full_like(1.0, sums.loss.node)}, list(wanted.values()))
    with no_grad():
        parts = {f"sum.grad.{n}": Tensor(g) for n, g in zip(wanted, found, strict=True) if g is not None}
        so_far = {label: slot(label, "state", part.node.shape, part.dtype) for label, part in parts.items()}
        updates = tuple((so_far[label], (Tensor(so_far[label]) + part).node) for label, part in parts.items())
    return named(Graph(sums.outputs, updates))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Σ over the rows of a step: of the losses as they are differentiated and as they are told, and of the weights."""

    loss: Tensor
    told: Tensor
    weight: Tensor | None  # if rows have weights: the loss's own and those of the data

    @property
    def outputs(self) -> tuple[tuple[str, Node], ...]:
        return (("loss", self.told.node), *(() if self.weight is None else (("weight", self.weight.node),)))


def _sums(loss: Loss, output: Tensor, batch: _Batch) -> _Sums:
    assert batch.target is not None
    losses, weights = loss.per_sample(output, batch.target), loss.weights(output, batch.target)
    told = loss.told(losses, output, batch.target)
    given = None if batch.weight is None else astype(batch.weight, losses.dtype)
    if given is not None:
        weights = given if weights is None else weights * given
    summed = total(_weighted(losses, given))
    of_told = summed if told is losses else total(_weighted(told.detach(), given))
    return _Sums(summed, of_told, None if weights is None else total(weights.detach()))


def _weighted(values: Tensor, weights: Tensor | None) -> Tensor:
    return values if weights is None else values * weights


def record_statistics(model: Module, columns: Columns) -> Graph:
    """The graph of a forward pass in training mode that moves buffers and nothing else."""
    with _mode(model, True), _as_slots(model) as held, random_source(_StepRandom()), no_grad():
        model(*_batch(columns).inputs)
        return named(Graph((), tuple(held.moved())))


def record_evaluation(model: Module, loss: Loss, columns: Columns) -> Graph:
    """The graph that evaluates the loss, as a sum over the rows, without dropout."""
    with _mode(model, False), _as_slots(model, loss), no_grad():
        batch = _batch(columns)
        return named(Graph(_sums(loss, model(*batch.inputs), batch).outputs))


def record_prediction(model: Module, columns: Columns) -> Graph:
    """The graph of the model's outputs, one row for each row of the step."""
    with _mode(model, False), _as_slots(model), no_grad():
        return named(Graph((("output", model(*_batch(columns).inputs).node),)))


def record_draw(model: Module, columns: Columns) -> Graph:
    """The graph of a prediction in which the dropout layers drop as in training, and nothing else does."""
    source = _StepRandom(offset=slot("offset", "scalar", (), uint32))
    with _mode(model, False), _as_slots(model), random_source(source), no_grad():
        for module in model.modules():
            module.training = isinstance(module, DROPPING)
        return named(Graph((("output", model(*_batch(columns).inputs).node),)))


def try_one_row(model: Module, columns: Columns) -> None:
    """Call the model as in training with a single row, so that one that needs more says so; nothing is computed."""
    with _mode(model, True), _as_slots(model), random_source(_StepRandom()), no_grad():
        model(*_batch(columns, 1).inputs)


def columns_of(inputs: Sequence[object], target: object | None, weighted: bool = False) -> Columns:
    """The columns of arrays whose leading axes are rows."""

    def column(array: object) -> tuple[tuple[int, ...], Dtype]:
        shape: tuple[int, ...] = tuple(array.shape[1:])  # type: ignore[attr-defined]
        return shape, dtype_of(array.dtype)  # type: ignore[attr-defined]

    return Columns(tuple(column(x) for x in inputs), column(target) if target is not None else None, weighted)
