"""A model, a loss and a batch, evaluated again and again as if for the first time, and left as they were.

Every evaluation starts from the same parameters, buffers, settings and random numbers, and moves none of them: dropout
draws one mask, running statistics stay. Nothing of what a user can see of a model is changed, to the bit.

Shapes: inputs [B, …], target [B, …].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.nn import Embedding, Loss, Module, Parameter
from sklon.nn.places import naming_layers
from sklon.tensors import Tensor, values
from sklon.tensors.autograd import grad, watch
from sklon.tensors.creation import tensor
from sklon.tensors.history import history
from sklon.tensors.indexing import index_select
from sklon.tensors.modes import seeded

from ..recording import Array

#: outputs of a row alone and within its batch that differ by more (relative) show that rows are coupled
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is evaluated: ``loss(model(*inputs), target)`` in one element type."""

    model: Module
    loss: Callable[..., Any]
    inputs: tuple[Array, ...]
    target: Array
    seed: int

    def __len__(self) -> int:
        return len(self.target)

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules whose state counts: the model, and a loss that is one."""
        return (self.model, self.loss) if isinstance(self.loss, Module) else (self.model,)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the model by their paths."""
        return dict(self.model.named_parameters())

    def trained(self, parameter: Parameter) -> Array:
        """1 for each entry that is trained, 0 in rows of padding, which an embedding cuts off on purpose."""
        found = np.ones([int(str(e)) for e in parameter.shape])
        for part in self.model.modules():
            if isinstance(part, Embedding) and part.weight is parameter and part.padding_idx is not None:
                found[part.padding_idx] = 0.0
        return found

    # ---- evaluating
    def output(self, inputs: Sequence[Array] | None = None) -> Tensor:
        """What the model gives for some inputs, for those of the batch without them."""
        given = [tensor(x) for x in (self.inputs if inputs is None else inputs)]
        with left_unchanged(*self.modules), seeded(self.seed), naming_layers(self.model):
            result = self.model(*given)
        if not isinstance(result, Tensor):
            raise InputError(f"the model must return one tensor, not {type(result).__name__}")
        return result

    def value(self) -> Tensor:
        """The loss of the batch, with its history."""
        given = [tensor(x) for x in self.inputs]
        with left_unchanged(*self.modules), seeded(self.seed), naming_layers(self.model):
            result = self.loss(self.model(*given), tensor(self.target))
        if not isinstance(result, Tensor) or result.numel() != 1:
            told = f"a tensor of shape {result.shape}" if isinstance(result, Tensor) else f"a {type(result).__name__}"
            raise InputError(f"the loss must be one number, not {told}; take its mean or its sum")
        return result.reshape(())

    def gradients(self, value: Tensor) -> dict[str, Array | None]:
        """∂value/∂parameter by name; None where none flows, and for parameters that are not trained."""
        trained = {name: p for name, p in self.parameters.items() if p.requires_grad}
        found: dict[str, Array | None] = dict.fromkeys(self.parameters)
        if value.requires_grad and trained:
            for name, g in zip(
                trained, grad(value, list(trained.values()), retain_graph=True, allow_unused=True), strict=True
            ):
                found[name] = None if g is None else g.numpy()
        return found

    def unregistered(self, value: Tensor) -> list[Tensor]:
        """What a loss would be differentiated by and no module names, as the weights of layers in a plain list."""
        known = {id(p) for m in self.modules for p in m.parameters()}
        return [leaf for leaf in history((value.node,)).tensors() if id(leaf) not in known]

    def moved(self, parameter: Parameter, numbers: Array) -> float:
        """The loss with other values of one parameter."""
        node = parameter._node
        try:
            give(parameter, numbers)
            return float(self.value().item())
        finally:
            parameter._adopt(node)

    # ---- rows
    def coupled(self) -> bool:
        """Whether a row's output depends on the other rows, or on its place among them."""
        together = self.output().numpy()
        for row in {0, len(self) - 1}:
            try:
                alone = self.output([x[row : row + 1] for x in self.inputs]).numpy()
            except Exception:  # of the user's model, which may refuse a single row in whatever way
                return True
            if alone.shape[1:] != together.shape[1:] or not _same(alone[0], together[row]):
                return True
        return False

    def row_value(self, row: int, *, coupled: bool) -> Tensor:
        """The loss of one row: of a batch of its own, or, where rows are coupled, of its output within the batch."""
        if coupled:
            output = index_select(self.output(), 0, tensor([row]))
        else:
            output = self.output([x[row : row + 1] for x in self.inputs])
        target = tensor(self.target[row : row + 1])
        with left_unchanged(*self.modules), seeded(self.seed):
            loss = self.loss
            if not isinstance(loss, Loss):
                result: Tensor = loss(output, target)
            elif loss.reduction == "sum":
                result = loss.elements(output, target).sum()
            else:
                result = loss.per_sample(output, target).sum()
        return result

    def share(self, value: float, rows: Sequence[float]) -> tuple[float, str]:
        """What a row's loss counts for in the batch's, and how the batch's is called: a "mean", a "sum", or "neither".

        A loss of sklon says so; of a function it follows from the values.
        """
        if isinstance(self.loss, Loss):
            if self.loss.reduction == "sum":
                return 1.0, "sum"
            weights = self.loss.weights(self.output(), tensor(self.target))
            return 1.0 / (len(self) if weights is None else float(weights.sum().item())), "mean"
        total = sum(rows)
        for factor, name in ((1.0 / len(self), "mean"), (1.0, "sum")):
            if np.isclose(total * factor, value, rtol=1e-6, atol=1e-12):
                return factor, name
        return 1.0 / len(self), "neither"

    # ---- in another type
    @contextmanager
    def in_float64(self) -> Iterator[Bench]:
        """The same with all floating numbers as float64."""
        with left_unchanged(*self.modules):
            for module in self.modules:
                for part in (*module.parameters(), *module.buffers()):
                    if part.dtype.is_floating:
                        give(part, part.numpy().astype(np.float64))
                        part._hooks = None
            yield replace(self, inputs=tuple(map(_as_float64, self.inputs)), target=_as_float64(self.target))


def give(target: Tensor, array: Array) -> None:
    """Give a leaf other values, of any floating type, under a node of its own."""
    target._adopt(values.leaf(np.ascontiguousarray(array)))
    if target.requires_grad:
        watch(target)


@contextmanager
def left_unchanged(*modules: Module) -> Iterator[None]:
    """Whatever happens inside to modules and to their tensors: afterwards they are what they were, to the bit."""
    held = {id(t): t for m in modules for t in (*m.parameters(), *m.buffers())}
    before = [(t, t.node, t._depth, t._grad, t._hooks) for t in held.values()]
    restore = [part.keep() for m in modules for part in m.modules()]
    try:
        yield
    finally:
        for put_back in restore:
            put_back()
        for part, node, depth, gradient, hooks in before:
            part._adopt(node, depth)
            part._grad, part._hooks = gradient, hooks


def bench_of(model: Module, loss: Any, batch: Any, rows: int, seed: int) -> Bench:
    """The bench of a model, a loss and at most ``rows`` rows of a batch. Raises InputError for what is none."""
    if not isinstance(model, Module):
        raise InputError(f"audit looks at a module, not at a {type(model).__name__}")
    if not callable(loss):
        raise InputError(f"the loss is a callable of (prediction, target), not {loss!r}; take one of sklon.nn")
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise InputError("the batch is (X, y), inputs and targets of some rows; X may be a tuple of arrays")
    given, target = batch
    if not any(p.requires_grad for p in model.parameters()):
        raise InputError(
            "no parameter of this model is trained, so there is no gradient to look at; require gradients, and keep "
            "layers in nn.ModuleList instead of a plain list"
        )
    inputs = tuple(map(_array, given)) if isinstance(given, tuple | list) else (_array(given),)
    y = _array(target)
    counts = {len(a) for a in (*inputs, y) if a.ndim}
    if len(counts) != 1 or 0 in counts or not all(a.ndim for a in (*inputs, y)):
        raise InputError(f"inputs and targets must have the same number of rows, at least one, not {sorted(counts)}")
    return Bench(model=model, loss=loss, inputs=tuple(x[:rows] for x in inputs), target=y[:rows], seed=seed)


def _same(one: Array, other: Array) -> bool:
    return np.allclose(one, other, rtol=SAME, atol=SAME, equal_nan=True)


def _array(numbers: Any) -> Array:
    array = numbers.numpy() if isinstance(numbers, Tensor) else np.asarray(numbers)
    if array.dtype.kind not in "fiub":
        raise InputError(f"a batch holds numbers, not {array.dtype}; pass arrays or tensors")
    return array


def _as_float64(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array
