"""Transforms of functions of modules, and gradients of single samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor, Trainer, nn
from sklon._base.errors import AutogradError, InputError, ShapeError
from sklon.nn import functional as F

X = np.random.default_rng(1).standard_normal((6, 3))
Y = np.random.default_rng(2).standard_normal((6, 1))


def _net(*between: nn.Module) -> nn.Sequential:
    sklon.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), *between, nn.Linear(4, 1)).double()


def _loss(model: nn.Module, x: Any, y: Any) -> Tensor:
    return F.mse_loss(model(x), y)


def _grads(model: nn.Module) -> dict[str, Any]:
    return {name: p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}


def test_the_gradient_by_a_module_is_what_backward_adds_to_grad() -> None:
    model, x, y = _net(nn.Tanh()), sklon.tensor(X), sklon.tensor(Y)
    model[0].bias.requires_grad_(False)
    value, found = sklon.value_and_grad(_loss)(model, x, y)
    assert _grads(model) == {}
    assert value.item() == _loss(model, x, y).item()
    _loss(model, x, y).backward()
    expected = _grads(model)
    assert list(found) == list(expected) and "0.bias" not in found
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name].numpy(), gradient, rtol=1e-12)


def test_parameters_are_themselves_again_also_after_an_error() -> None:
    model = _net(nn.Tanh())
    before = {name: (p, p.node) for name, p in model.named_parameters()}

    def broken(model: nn.Module) -> Tensor:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        sklon.grad(broken)(model)
    assert {name: (p, p.node) for name, p in model.named_parameters()} == before


def test_second_derivatives_by_a_module() -> None:
    model, x, y = _net(nn.Tanh()), sklon.tensor(X), sklon.tensor(Y)
    direction = {name: sklon.ones_like(p) for name, p in model.named_parameters()}
    _, product = sklon.jvp(sklon.grad(_loss), (model, x, y), (direction, 0 * x, 0 * y))
    matrix = sklon.hessian(_loss)(model, x, y)
    for name, row in matrix.items():
        total = sum(block.numpy().reshape(*product[name].shape, -1).sum(-1) for block in row.values())
        np.testing.assert_allclose(product[name].numpy(), total, rtol=1e-9, atol=1e-12)


#: layers between, and whether samples are coupled
MODELS: dict[str, Callable[[], nn.Sequential]] = {
    "plain": lambda: _net(nn.Tanh()),
    "dropout": lambda: _net(nn.Dropout(0.5), nn.Tanh()),
    "batch norm": lambda: _net(nn.BatchNorm1d(4), nn.Tanh()),
    "batch norm and dropout": lambda: _net(nn.BatchNorm1d(4), nn.Dropout(0.5)),
    "layer norm": lambda: _net(nn.LayerNorm(4), nn.GELU()),
    "evaluated": lambda: _net(nn.BatchNorm1d(4), nn.Dropout(0.5)).eval(),
}
LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Any]] = {
    "mean": (F.mse_loss, np.mean),
    "sum": (lambda p, y: ((p - y) ** 2).sum(), np.sum),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_samples_make_that_of_the_batch(name: str, loss: str) -> None:
    model, (function, joined) = MODELS[name](), LOSSES[loss]
    state = model.state_dict()
    sklon.manual_seed(5)
    found = sklon.per_sample_gradients(model, function, (X, Y))
    assert all(np.array_equal(state[k], v) for k, v in model.state_dict().items())
    sklon.manual_seed(5)
    function(model(sklon.tensor(X)), sklon.tensor(Y)).backward()
    for key, gradient in _grads(model).items():
        assert found[key].shape == (6, *gradient.shape)
        np.testing.assert_allclose(joined(found[key].numpy(), axis=0), gradient, rtol=1e-9, atol=1e-12)


def test_gradients_of_samples_are_those_of_batches_of_one() -> None:
    model = _net(nn.Tanh())
    found = sklon.per_sample_gradients(model, F.mse_loss, (X, Y))
    for i in range(6):
        model.zero_grad()
        F.mse_loss(model(sklon.tensor(X[i : i + 1])), sklon.tensor(Y[i : i + 1])).backward()
        for name, gradient in _grads(model).items():
            np.testing.assert_allclose(found[name].numpy()[i], gradient, rtol=1e-10, atol=1e-13)


def test_a_module_with_other_parameters() -> None:
    model, x = _net(nn.Tanh()), sklon.tensor(X)
    other = {name: p.detach() * 2 for name, p in model.named_parameters()}
    expected = _net(nn.Tanh())
    with sklon.no_grad():
        for p in expected.parameters():
            p.mul_(2)
    np.testing.assert_array_equal(sklon.functional_call(model, other, x).numpy(), expected(x).numpy())
    several = {name: sklon.stack((p.detach(), other[name])) for name, p in model.named_parameters()}
    both = sklon.vmap(lambda parameters: sklon.functional_call(model, parameters, x))(several)
    np.testing.assert_allclose(both.numpy(), np.stack([model(x).numpy(), expected(x).numpy()]), rtol=1e-12)


def test_a_network_mapped_over_its_members_is_trained_by_one_gradient() -> None:
    model, x, y = _net(nn.Tanh()), sklon.tensor(X), sklon.tensor(Y)
    members = {name: sklon.stack((p.detach(), -p.detach())) for name, p in model.named_parameters()}

    def loss(members: dict[str, Tensor]) -> Any:
        return sklon.vmap(lambda p: F.mse_loss(sklon.functional_call(model, p, x), y))(members).sum()

    found = sklon.grad(loss)(members)
    _loss(model, x, y).backward()
    for name, gradient in _grads(model).items():
        np.testing.assert_allclose(found[name].numpy()[0], gradient, rtol=1e-10, atol=1e-13)


#: calls that cannot be answered, and what is said
WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no number": (lambda: sklon.grad(lambda x: x * 2)(np.ones(3)), ShapeError, r"shape \(3,\); reduce it"),
    "whole numbers": (lambda: sklon.grad(lambda x: x.sum())(np.arange(3)), InputError, "numbers, not sklon.int64"),
    "whole result": (lambda: sklon.grad(lambda x: (x > 0).sum())(1.0), AutogradError, "int64"),
    "a text": (lambda: sklon.grad(lambda x: x)("x"), InputError, "holds a str"),
    "no such argument": (lambda: sklon.grad(lambda x: x, argnums=1)(1.0), InputError, "called with 1"),
    "tangents of another shape": (
        lambda: sklon.jvp(lambda x: x, (np.ones(3),), (np.ones(2),)), ShapeError, r"shape \(2,\) belongs to"),
    "tangents nested otherwise": (
        lambda: sklon.jvp(lambda x: x, (np.ones(3),), ((np.ones(3),),)), ShapeError, "nested in another way"),
    "no tuple": (
        lambda: sklon.jvp(lambda x: x, 3.0, (1.0,)),  # type: ignore[arg-type]
        InputError,
        "primals is a tuple",
    ),
    "different numbers of samples": (
        lambda: sklon.vmap(lambda x, y: x)(np.ones((2, 3)), np.ones((3, 3))), ShapeError, "not 2 and 3"),
    "an argument named twice": (lambda: sklon.grad(lambda x: x, argnums=(0, -1))(1.0), InputError, "twice"),
    "no number of an argument": (
        lambda: sklon.grad(lambda x: x, argnums=1.0)(1.0),  # type: ignore[arg-type]
        InputError,
        "not 1.0",
    ),
    "a module twice": (
        lambda: sklon.grad(lambda m, n: m(sklon.ones(1, 1)).sum(), (0, 1))(*[nn.Linear(1, 1)] * 2),
        InputError,
        "share a parameter",
    ),
    "backward inside": (
        lambda: sklon.grad(lambda m: m(sklon.ones(1, 1)).sum().backward())(nn.Linear(1, 1)),
        AutogradError,
        "return the loss",
    ),
    "axes of samples of parts": (
        lambda: sklon.vmap(lambda x: x[0], in_dims=((0, None),))((np.ones(3), 1.0)),  # type: ignore[arg-type]
        InputError,
        "along the same axis",
    ),
    "axes of several results": (
        lambda: sklon.vmap(lambda x: (x, x), out_dims=(0, 1)),  # type: ignore[arg-type]
        InputError,
        "out_dims is the axis",
    ),
    "mapped over nothing": (lambda: sklon.vmap(lambda x: x, None)(np.ones(3)), InputError, "over nothing"),
    "mapped over a number": (lambda: sklon.vmap(lambda x: x)(1.0), ShapeError, "no axis of samples"),
    "mapped over a module": (lambda: sklon.vmap(lambda m: m)(nn.Linear(1, 1)), InputError, "functional_call"),
    "a value inside": (
        lambda: sklon.vmap(lambda x: x if x.sum() > 0 else -x)(np.ones((2, 3))), InputError, "sklon.where"),
    "a buffer inside": (
        lambda: sklon.vmap(nn.BatchNorm1d(3))(np.ones((2, 4, 3), np.float32)), InputError, "call eval"),
    "random numbers": (
        lambda: sklon.vmap(lambda x: F.dropout(x), randomness="error")(np.ones((2, 3))), InputError, "randomness="),
    "randomness": (lambda: sklon.vmap(lambda x: x, randomness="none"), InputError, "'different'"),
    "an unknown parameter": (
        lambda: sklon.functional_call(nn.Linear(1, 1), {"w": sklon.zeros(1)}, sklon.zeros(1, 1)), InputError, "weight"),
    "a parameter as an array": (
        lambda: sklon.functional_call(nn.Linear(1, 1), {"bias": np.zeros(1)}, sklon.zeros(1, 1)),  # type: ignore[dict-item]
        InputError,
        "'bias' needs a Tensor",
    ),
    "a parameter of another shape": (
        lambda: sklon.functional_call(nn.Linear(1, 1), {"bias": sklon.zeros(2)}, sklon.zeros(1, 1)),
        ShapeError,
        r"\(1,\), not \(2,\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_call_that_cannot_be_answered(name: str) -> None:
    call, error, told = WRONG[name]
    with pytest.raises(error, match=told):
        call()


def test_random_numbers_of_samples() -> None:
    def noisy(x: Tensor) -> Tensor:
        return x + sklon.rand(3) + sklon.randint(0, 1000, (3,)) + F.dropout(sklon.ones(3), 0.5)

    x = sklon.zeros(4, 3)
    sklon.manual_seed(0)
    different = sklon.vmap(noisy)(x).numpy()
    sklon.manual_seed(0)
    whole = (sklon.rand(4, 3) + sklon.randint(0, 1000, (4, 3)) + F.dropout(sklon.ones(4, 3), 0.5)).numpy()
    np.testing.assert_array_equal(different, whole)
    same = sklon.vmap(noisy, randomness="same")(x).numpy()
    assert (same == same[:1]).all() and len(np.unique(different[:, 0])) == 4
    nested = sklon.vmap(sklon.vmap(lambda x: sklon.rand(2) + x))(sklon.zeros(3, 4, 2)).numpy()
    assert len(np.unique(nested)) == 24
    orders = sklon.vmap(lambda x: sklon.randperm(5) + x)(sklon.zeros(8, 5)).numpy()
    assert (np.sort(orders) == np.arange(5)).all() and len(np.unique(orders, axis=0)) > 4


def test_hooks_of_results_run_as_in_backward() -> None:
    def hooked(x: Tensor) -> Tensor:
        y = x * 2
        y.register_hook(lambda g: g * 100)
        return (y * y).sum()

    x = sklon.tensor(1.0, requires_grad=True)
    hooked(x).backward()
    assert x.grad is not None and sklon.grad(hooked)(1.0).item() == x.grad.item() == 800


def test_constants_in_the_place_of_parameters_require_nothing() -> None:
    layer = nn.Linear(2, 1)
    constants = {name: p.detach() for name, p in layer.named_parameters()}
    assert not sklon.functional_call(layer, constants, sklon.ones(1, 2)).requires_grad
    assert layer.weight.requires_grad and layer(sklon.ones(1, 2)).requires_grad


class Laplacian(nn.Module):
    """Δu of a network u, for each row."""

    def __init__(self, draws: bool = False) -> None:
        super().__init__()
        self.net, self.draws = _net(nn.Tanh()), draws

    def forward(self, x: Tensor) -> Any:
        def u(point: Tensor) -> Any:
            return self.net(F.dropout(point, 0.5) if self.draws else point).sum()

        return sklon.vmap(lambda point: sklon.hessian(u)(point).diagonal().sum())(x).unsqueeze(1)


def test_a_trainer_trains_through_second_derivatives_of_each_row() -> None:
    model = Laplacian()
    before = model.state_dict()
    F.mse_loss(model(sklon.tensor(X)), sklon.tensor(Y)).backward()
    expected = {name: p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}
    Trainer(model, loss="mse", optimizer="sgd", lr=1.0).fit((X, Y), epochs=1, batch_size="full")
    after = model.state_dict()
    for name, gradient in expected.items():
        np.testing.assert_allclose(before[name] - after[name], gradient, rtol=1e-9, atol=1e-12)
    with pytest.raises(InputError, match="draw them outside"):
        Trainer(Laplacian(draws=True), loss="mse").fit((X, Y), epochs=1)


def test_what_is_jitted_is_a_part_of_what_is_transformed() -> None:
    model, x, y = _net(nn.Tanh()), sklon.tensor(X), sklon.tensor(Y)
    jitted = sklon.jit(_loss)
    value = jitted(model, x, y)
    assert sklon.value_and_grad(jitted)(model, x, y)[0].item() == value.item()
    for name, gradient in sklon.grad(_loss)(model, x, y).items():
        np.testing.assert_array_equal(sklon.grad(jitted)(model, x, y)[name].numpy(), gradient.numpy())
    squares = sklon.jit(lambda x: (x * x).sum())
    np.testing.assert_array_equal(sklon.vmap(squares)(x).numpy(), (x * x).sum(1).numpy())
    np.testing.assert_array_equal(sklon.jit(sklon.vmap(sklon.grad(squares)))(x).numpy(), 2 * X)


def test_a_loop_of_transforms_neither_grows_nor_recompiles() -> None:
    from sklon.tensors.programs import counters

    x, slope = sklon.tensor([5.0, 2.0]), sklon.grad(lambda x: (x * x * sklon.tanh(x)).sum())
    for _ in range(50):
        x = x - 0.01 * slope(x)
        x.numpy()
    before = counters.compiled
    for _ in range(50):
        x = x - 0.01 * slope(x)
        x.numpy()
    assert counters.compiled == before
    for _ in range(300):
        x = x - 0.01 * slope(x)
    assert x._depth < 200


#: modules that look at classes or rows, with inputs, targets and a loss
INDEXED: dict[str, tuple[Callable[[], nn.Module], Any, Any, Callable[[Tensor, Tensor], Tensor]]] = {
    "classes": (lambda: nn.Linear(3, 4), X.astype(np.float32), np.array([0, 3, 1, 2, 2, 0]), F.cross_entropy),
    "rows of a table": (
        lambda: nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(4, 1)),
        np.array([[0, 1], [1, 1], [4, 0]]),
        np.ones((3, 1), np.float32),
        F.mse_loss,
    ),
}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", INDEXED)
def test_gradients_of_samples_that_are_or_have_indices(name: str, recorded: bool) -> None:
    make, x, y, loss = INDEXED[name]
    model = make()

    def each(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return sklon.per_sample_gradients(model, loss, (x, y))

    found = (sklon.jit(each) if recorded else each)(sklon.tensor(x), sklon.tensor(y))
    loss(model(sklon.tensor(x)), sklon.tensor(y)).backward()
    for parameter, gradient in _grads(model).items():
        np.testing.assert_allclose(found[parameter].numpy().mean(0), gradient, rtol=1e-4, atol=1e-6)


def test_a_class_that_does_not_exist_is_refused_for_any_sample() -> None:
    with pytest.raises(InputError, match="7"):
        sklon.per_sample_gradients(
            nn.Linear(3, 4), F.cross_entropy, (X.astype(np.float32), np.array([0, 3, 7, 2, 2, 0]))
        )
