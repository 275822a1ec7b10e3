"""What fit takes: pairs, data sets, loaders; losses as functions, per sample or declared a mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon.data import DataLoader, TensorDataset
from sklon.graph.node import Graph, walk
from sklon.training.step import columns_of, record_training

RNG = np.random.default_rng(5)
X, Y = RNG.standard_normal((23, 3)), RNG.standard_normal((23, 2))
CLASSES = RNG.integers(0, 2, 23)
Loss = Callable[[sklon.Tensor, sklon.Tensor], sklon.Tensor]


def _model(outputs: int = 2) -> nn.Module:
    sklon.manual_seed(2)
    return nn.Linear(3, outputs, dtype="float64")


def _trained(data: Any, loss: Any = "mse", **settings: Any) -> dict[str, Any]:
    model = _model()
    reduction = settings.pop("reduction", None)
    Trainer(model, loss=loss, optimizer="sgd", lr=0.1, reduction=reduction).fit(data, epochs=3, **settings)
    return model.state_dict()


def _same(a: dict[str, Any], b: dict[str, Any], rtol: float = 0.0) -> None:
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=rtol)


# ---- data
class _Rows:
    """A data set of one's own."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return X[index], sklon.tensor(Y[index])


@pytest.mark.parametrize("make", [lambda: TensorDataset(X, Y), lambda: TensorDataset(sklon.tensor(X), Y), _Rows])
def test_a_data_set_trains_as_its_arrays_do(make: Callable[[], Any]) -> None:
    expected = _trained((X, Y), batch_size=5, validation=(X, Y))
    _same(expected, _trained(make(), batch_size=5, validation=make()))
    _same(expected, _trained(DataLoader(make(), 5, shuffle=True), validation=DataLoader(make())))


def test_a_loader_gives_batch_size_order_and_the_last_batch() -> None:
    data = TensorDataset(X, Y)
    _same(_trained(DataLoader(data, 5)), _trained((X, Y), batch_size=5, shuffle=False))
    loader = DataLoader(data, 5, drop_last=True)
    _same(_trained(loader), _trained((X[:20], Y[:20]), batch_size=5, shuffle=False))
    trainer = Trainer(_model(), loss="mse")
    trainer.fit(loader, epochs=2)
    assert trainer.step == 2 * len(loader) == 8


def test_a_trainer_and_a_loop_over_a_loader_make_the_same_steps() -> None:
    """Trainer(seed=s) and DataLoader(seed=s) take the rows in the same order."""
    model = _model()
    loader = DataLoader(TensorDataset(X, Y), 5, shuffle=True, seed=0)
    optimizer = sklon.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            nn.MSELoss()(model(x), y).backward()
            optimizer.step()
    _same(model.state_dict(), _trained(loader), rtol=1e-12)


def test_several_inputs_are_the_parts_before_the_last() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = _model()

        def forward(self, *inputs: sklon.Tensor) -> Any:
            a, b = inputs
            return self.layer(a + b)

    history = Trainer(Two(), loss="mse").fit(TensorDataset(X, X, Y), epochs=2)
    assert len(history) == 2


BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "no targets": (TensorDataset(X), {}, InputError, r"TensorDataset\(X, y\)"),
    "a bare array": (X, {}, InputError, r"\(inputs, targets\), a data set, a loader or blocks, not ndarray"),
    "four parts": ((X, X, X, Y), {}, ShapeError, "put several inputs in a tuple"),
    "weights of two axes": ((X, Y, X), {}, InputError, "one for each row"),
    "two sizes": (DataLoader(TensorDataset(X, Y), 5), {"batch_size": 7}, InputError, "set them there"),
    "two orders": (DataLoader(TensorDataset(X, Y), 5), {"shuffle": True}, InputError, "set them there"),
    "nothing": (3, {}, InputError, "not int"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_data_is_refused(name: str) -> None:
    data, settings, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        Trainer(_model(), loss="mse").fit(data, epochs=1, **settings)


def test_data_sets_and_loaders_are_evaluated_as_their_arrays() -> None:
    trainer = Trainer(_model(), loss="mse")
    expected = trainer.evaluate(X, Y)
    data = TensorDataset(X, Y)
    assert trainer.evaluate(data) == trainer.evaluate(DataLoader(data, 5)) == trainer.evaluate((X, Y)) == expected
    with pytest.raises(DtypeError, match="must hold numbers, not a set"):
        trainer.predict({1, 2})
    with pytest.raises(InputError, match="not set"):
        trainer.evaluate({1, 2})


# ---- losses as functions
def _squared(output: sklon.Tensor, target: sklon.Tensor) -> sklon.Tensor:
    return (output - target) * (output - target)


FORMS: dict[str, tuple[Loss, str | None]] = {
    "for each output": (_squared, None),
    "for each sample": (lambda o, t: _squared(o, t).mean(1), "none"),
    "their mean": (lambda o, t: _squared(o, t).mean(), "mean"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_function_trains_as_the_loss_that_it_is(form: str) -> None:
    function, reduction = FORMS[form]
    _same(_trained((X, Y), batch_size=5), _trained((X, Y), function, reduction=reduction, batch_size=5), rtol=1e-10)
    trainers = [Trainer(_model(), loss="mse"), Trainer(_model(), loss=function, reduction=reduction)]
    assert trainers[1].evaluate(X, Y) == pytest.approx(trainers[0].evaluate(X, Y), rel=1e-12)


WRONG: dict[str, tuple[Any, str | None, type[Exception], str]] = {
    "a mean that is not declared": (
        lambda o, t: _squared(o, t).mean(), None, ShapeError,
        r'value for each of the N samples, but returns the shape \(\); leave out its mean, or.*reduction="mean"',
    ),
    "values of outputs, not samples": (lambda o, t: _squared(o, t).mean(0), None, ShapeError, "leave out its mean"),
    "declared a mean": (_squared, "mean", ShapeError, 'take its mean, or leave out reduction="mean"'),
    "no tensor": (lambda o, t: 3.0, None, InputError, "must return a tensor, not float"),
    "a sum": (_squared, "sum", InputError, "divide a sum by the number of samples"),
    "a reduction for ours": ("mse", "mean", InputError, "leave it out for losses of sklon"),
    "a loss that sums": (nn.MSELoss(reduction="sum"), None, InputError, "leave the reduction out"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_loss_that_says_neither_is_refused_with_both_repairs(name: str) -> None:
    loss, reduction, kind, words = WRONG[name]
    with pytest.raises(kind, match=words):
        Trainer(_model(), loss=loss, reduction=reduction).fit((X, Y), epochs=1)


# ---- what nobody ignores costs nothing
def _step(loss: nn.Loss, target: Any) -> Graph:
    model = _model()
    rules = {name: ("group0", sklon.optim.SGDRule()) for name, _ in model.named_parameters()}
    return record_training(model, loss.for_target(target), rules, columns_of((X,), target))


@pytest.mark.parametrize("make", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_only_a_target_that_ignores_rows_pays_for_it(make: Callable[[], nn.Loss]) -> None:
    ignored = CLASSES.astype(np.int32)
    plain, paid = _step(make(), ignored), _step(make(), np.where(ignored == 1, -100, 0).astype(np.int32))
    assert [name for name, _ in plain.outputs] == ["loss"]
    assert [name for name, _ in paid.outputs] == ["loss", "weight"]
    assert len(list(walk(plain.roots))) < len(list(walk(paid.roots)))
    always = make()
    always.ignore_index = None
    assert len(list(walk(plain.roots))) == len(list(walk(_step(always, ignored).roots)))


def test_a_fit_may_ignore_rows_that_the_next_one_does_not() -> None:
    trainer = Trainer(_model(), loss="cross_entropy")
    some = np.where(np.arange(23) < 4, -100, CLASSES)
    trainer.fit((X, some), epochs=1, validation=(X, CLASSES))
    trainer.fit((X, CLASSES), epochs=1, validation=(X, some))
    assert trainer.loss.ignore_index == -100 and np.isfinite(trainer.history.curve("validation_loss")).all()
