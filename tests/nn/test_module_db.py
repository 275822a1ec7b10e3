"""PyTorch's own database of modules is the judge of every layer and loss that we have, in training and evaluation.

An input that we do not take must be refused with one of our errors, and stands in a list with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import SklonError

torch = pytest.importorskip("torch")
common_modules = pytest.importorskip("torch.testing._internal.common_modules")

INFOS = {
    info.module_cls.__name__: info
    for info in common_modules.module_db
    if info.module_cls.__module__.startswith("torch.nn.") and hasattr(nn, info.module_cls.__name__)
}
#: of PyTorch's layers that are random or not in its database; their tests stand beside this one
ELSEWHERE = {
    "AlphaDropout", "Dropout", "Dropout1d", "FeatureAlphaDropout", "Flatten", "Hardsigmoid", "Identity", "RReLU",
    "Unflatten",
}  # fmt: skip
OWN = {
    "EnsembleLoss", "EnsembleView", "FocalLoss", "HingeLoss", "LinearBatchEnsemble", "LinearEmbeddings",
    "LinearEnsemble", "Loss", "Module", "ModuleDict", "ModuleList", "Parameter", "PiecewiseLinearEmbeddings",
    "PinballLoss", "Sequential",
}  # fmt: skip

#: inputs that we refuse, by what is special about them
REASONS = {
    "no axis": "a distribution over the values of an axis needs one",
    "no statistics": "batch norm learns nothing from no rows",
}


def _why_not(name: str, training: bool, inputs: list[Any]) -> str | None:
    """The reason for which an input is refused, or None if it must be computed."""
    if name == "BatchNorm1d" and training and inputs[0].numel() == 0:
        return "no statistics"
    return "no axis" if name in ("Softmax", "LogSoftmax", "Softmin") and inputs[0].ndim == 0 else None


def _inputs(name: str, training: bool) -> Iterator[tuple[list[Any], dict[str, Any], list[Any]]]:
    info = INFOS[name]
    torch.manual_seed(0)
    given = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=training)
    for one in given:
        arguments, options = list(one.constructor_input.args), dict(one.constructor_input.kwargs)
        options = {k: v.abs() if torch.is_tensor(v) else v for k, v in options.items()}  # weights, which are not signed
        if one.forward_input is not None:
            yield arguments, options, [*one.forward_input.args, *one.forward_input.kwargs.values()]


def _ours(name: str, arguments: list[Any], options: dict[str, Any], theirs: Any) -> Any:
    mine = getattr(nn, name)(*arguments, **options)
    if any(True for _ in theirs.parameters()):
        mine.double().load_state_dict(theirs.state_dict())
    return mine


def _check(name: str, training: bool, arguments: list[Any], options: dict[str, Any], inputs: list[Any]) -> None:
    theirs = INFOS[name].module_cls(*arguments, **options).double().train(training)
    target = 1 if issubclass(getattr(nn, name), nn.Loss) else None  # that is what nobody differentiates
    leaves = [
        torch.tensor(x.numpy(), requires_grad=x.is_floating_point() and i != target) if torch.is_tensor(x) else x
        for i, x in enumerate(inputs)
    ]
    expected = theirs(*leaves)
    mine = _ours(name, arguments, options, theirs).train(training)
    own = [sklon.tensor(x.detach().numpy(), requires_grad=x.requires_grad) if torch.is_tensor(x) else x for x in leaves]
    value = mine(*own)
    assert value.shape == tuple(expected.shape)
    np.testing.assert_allclose(value.numpy(), expected.detach().numpy(), rtol=1e-7, atol=1e-7)
    if not expected.requires_grad:
        return
    seed = np.random.default_rng(0).standard_normal(tuple(expected.shape))
    expected.backward(torch.tensor(seed))
    value.backward(sklon.tensor(seed))
    pairs = [(a, b) for a, b in zip(own, leaves, strict=True) if torch.is_tensor(b)]
    for a, b in [*pairs, *zip(mine.parameters(), theirs.parameters(), strict=True)]:
        assert (a.grad is None) == (b.grad is None)
        if b.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-6, atol=1e-8)


def test_every_layer_and_loss_is_in_the_database_or_tested_elsewhere() -> None:
    public = {n for n in nn.__all__ if n[0].isupper()}
    assert public == INFOS.keys() | ELSEWHERE | OWN


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", sorted(INFOS))
def test_values_and_gradients_are_pytorch_s(name: str, training: bool) -> None:
    computed = 0
    for arguments, options, inputs in _inputs(name, training):
        reason = _why_not(name, training, inputs)
        if reason is None:
            _check(name, training, arguments, options, inputs)
            computed += 1
        else:
            assert reason in REASONS
            with pytest.raises(SklonError):
                mine = getattr(nn, name)(*arguments, **options)
                mine(*(sklon.tensor(x.numpy()) for x in inputs)).numpy()
    assert computed >= 1
