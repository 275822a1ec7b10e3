"""Modules as functions: of their parameters, and of one sample at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sklon._base.errors import InputError, ShapeError

from ..creation import tensor
from ..record import require_tensor
from ..tensor import Tensor
from .arguments import Parametrized
from .mapping import vmap
from .matrices import jacobian
from .reverse import grad

Loss = Callable[[Tensor, Tensor], Tensor]


def functional_call(module: Any, parameters: Mapping[str, Tensor], *args: Any, **kwargs: Any) -> Any:
    """What ``module(*args)`` gives with other parameters and buffers: those that ``parameters`` names.

    The others are the module's own, and afterwards all are what they were: buffers that move while it runs, too. Raises
    InputError for a name that the module does not have, ShapeError for a shape that does not fit.

    >>> import sklon
    >>> layer = sklon.nn.Linear(2, 1)
    >>> other = {"weight": sklon.tensor([[1.0, 10.0]]), "bias": sklon.tensor([0.5])}
    >>> sklon.functional_call(layer, other, sklon.tensor([[1.0, 2.0]])).tolist()
    [[21.5]]
    """
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for name, given in parameters.items():
        require_tensor(given, f"the parameter {name!r}")
        if name not in own:
            raise InputError(f"the module has no parameter or buffer {name!r}; it has {', '.join(own) or 'none'}")
        if given.shape != own[name].shape:
            raise ShapeError(f"{name!r} has the shape {own[name].shape}, not {given.shape}")
    with kept_buffers(module), standing_for([(own[name], given) for name, given in parameters.items()]):
        return module(*args, **kwargs)


@contextmanager
def standing_for(pairs: Sequence[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """While inside, the first of each pair stands for the second."""
    held = [(target, target.node, target._requires_grad) for target, _ in pairs]
    try:
        for target, given in pairs:
            target._adopt(given.node)
            target._requires_grad = given._requires_grad
        yield
    finally:
        for target, node, requires in held:
            target._adopt(node)
            target._requires_grad = requires


@contextmanager
def kept_buffers(module: Any) -> Iterator[None]:
    """Give the buffers of a module back the values that they had: running statistics, for instance."""
    owners = [(m, n, b, b.node) for m in module.modules() for n, b in m._buffers.items() if b is not None]
    try:
        yield
    finally:
        for owner, name, buffer, node in owners:
            buffer._adopt(node)
            setattr(owner, name, buffer)


def per_sample_gradients(model: Any, loss: Loss, batch: tuple[Any, Any]) -> dict[str, Tensor]:
    """∂ℓᵢ/∂θ for each sample i of a batch and each parameter θ: [samples, *θ], by the parameters' names.

    ``loss`` takes a prediction and a target with one row each, and returns one number; ``batch`` is the pair (X, y).
    For a loss that is a mean over the batch, the mean of the gradients over the samples is the batch's gradient; for a
    sum, their sum. This holds for batch norm in training mode too, whose statistics couple the samples: there ℓᵢ is
    computed from the whole batch, and its gradient goes through the statistics, at the price of a backward pass for
    each sample. Dropout drops what it would drop for the sample's row in the batch. Buffers keep their values.

    >>> import sklon
    >>> model = sklon.nn.Linear(1, 1, bias=False)
    >>> batch = sklon.tensor([[1.0], [2.0]]), sklon.tensor([[0.0], [0.0]])
    >>> found = sklon.per_sample_gradients(model, lambda p, y: (p - y).sum(), batch)
    >>> found["weight"].tolist()
    [[[1.0]], [[2.0]]]
    """
    if not isinstance(model, Parametrized):
        raise InputError(f"per-sample gradients are those of a module's parameters, not of a {type(model).__name__}")
    x, y = (one if isinstance(one, Tensor) else tensor(one) for one in batch)
    with kept_buffers(model):
        found = _coupled(model, loss, x, y) if _couples(model) else _apart(model, loss, x, y)
    return dict(found)


def _couples(model: Any) -> bool:
    """Whether a row of the batch matters to other rows: through statistics of the batch."""
    return any(m.training and getattr(m, "follows_batches", False) for m in model.modules())


def _apart(model: Any, loss: Loss, x: Tensor, y: Tensor) -> Any:
    """Each sample as a batch of its own, mapped."""

    def of_sample(module: Any, row: Tensor, target: Tensor) -> Tensor:
        return loss(module(row.unsqueeze(0)), target.unsqueeze(0))

    return vmap(grad(of_sample), in_dims=(None, 0, 0))(model, x, y)


def _coupled(model: Any, loss: Loss, x: Tensor, y: Tensor) -> Any:
    """The Jacobian of all losses, each computed from the prediction for the whole batch."""

    def of_row(prediction: Tensor, target: Tensor) -> Tensor:
        return loss(prediction.unsqueeze(0), target.unsqueeze(0))

    return jacobian(lambda module: vmap(of_row)(module(x), y))(model)
