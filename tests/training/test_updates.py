"""An optimizer's state goes on: from eager steps into a fit, from fit to fit, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import RULES
from tests.optim.rows import ROWS

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((12, 3)), RNG.standard_normal((12, 2))


def _model() -> nn.Sequential:
    sklon.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4, dtype="float64"), nn.Tanh(), nn.Linear(4, 2, dtype="float64"))


def _eager(model: nn.Module, optimizer: optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        nn.MSELoss()(model(sklon.tensor(X)), sklon.tensor(Y)).backward()
        optimizer.step()


@pytest.mark.parametrize("name", RULES)
def test_a_fit_goes_on_where_eager_steps_stopped_and_gives_the_state_back(name: str) -> None:
    row = ROWS[name]
    mixed, eager = _model(), _model()
    optimizer, reference = (row.optimizer(m.parameters(), **row.settings) for m in (mixed, eager))
    trainer = Trainer(mixed, loss="mse", optimizer=optimizer)
    _eager(mixed, optimizer, 3)
    trainer.fit((X, Y), epochs=2, batch_size="full")
    if isinstance(optimizer, optim.AdamWScheduleFree):
        optimizer.train()  # a fit ends with the averages
    _eager(mixed, optimizer, 1)
    trainer.fit((X, Y), epochs=1, batch_size="full")
    _eager(eager, reference, 7)
    if isinstance(reference, optim.AdamWScheduleFree):
        reference.eval()
    for a, b in zip(mixed.parameters(), eager.parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10)
    mine, theirs = optimizer.state_dict()["state"], reference.state_dict()["state"]
    assert mine.keys() == theirs.keys()
    for index, entry in theirs.items():
        for slot, value in entry.items():
            np.testing.assert_allclose(mine[index][slot], value, rtol=1e-9, atol=1e-14)


def test_parameters_of_one_group_may_have_taken_different_numbers_of_steps() -> None:
    """Adam's first step has the length lr, whatever others have behind them."""
    model = _model()
    late = model[2]
    late.requires_grad_(False)
    optimizer = optim.Adam(model.parameters(), lr=0.1, eps=0.0)
    _eager(model, optimizer, 4)
    late.requires_grad_(True)
    before = late.weight.numpy()
    Trainer(model, loss="mse", optimizer=optimizer).fit((X, Y), epochs=1, batch_size="full")
    np.testing.assert_allclose(np.abs(late.weight.numpy() - before), 0.1, rtol=1e-9)
    assert [optimizer.steps_of(p) for p in model.parameters()] == [5, 5, 1, 1]


def test_settings_that_changed_between_fits_count() -> None:
    model = _model()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    trainer = Trainer(model, loss="mse", optimizer=optimizer)
    trainer.fit((X, Y), epochs=1)
    optimizer.param_groups[0]["lr"] = 0.0
    before = model.state_dict()
    trainer.fit((X, Y), epochs=1)
    assert all((before[k] == v).all() for k, v in model.state_dict().items())


def test_the_steps_behind_the_best_weights_are_theirs() -> None:
    """After a fit whose best epoch was the third, the next step is Adam's fourth."""
    model = _model()
    optimizer = optim.Adam(model.parameters(), lr=0.3)
    trainer = Trainer(model, loss="mse", optimizer=optimizer)
    trainer.fit((X, Y), epochs=60, batch_size="full", validation=(X, -Y))
    assert trainer.stopped is not None and trainer.stopped.best_epoch < 60
    assert optimizer.steps_of(next(model.parameters())) == trainer.stopped.best_epoch
    assert trainer.step == 60


def test_parameters_that_the_optimizer_lacks_are_left_alone() -> None:
    model = _model()
    before = model.state_dict()
    Trainer(model, loss="mse", optimizer=optim.SGD(model[2].parameters(), lr=0.1)).fit((X, Y), epochs=1)
    after = model.state_dict()
    assert [(before[k] == after[k]).all() for k in before] == [True, True, False, False]


REFUSALS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "another model's": (lambda m: optim.SGD(_model().parameters()), {}, r"optim.Adam\(model.parameters\(\)\)"),
    "lr of an optimizer": (lambda m: optim.SGD(m.parameters()), {"lr": 0.1}, "belongs to the optimizer"),
    "lr of a rule": (lambda m: optim.SGDRule(), {"lr": 0.1}, "belongs to the rule"),
    "a name": (lambda m: "hope", {}, "use one of sgd, adam, adamw, nadam, radam, adamax, rmsprop, adagrad"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    make, settings, words = REFUSALS[name]
    model = _model()
    with pytest.raises(InputError, match=words):
        Trainer(model, loss="mse", optimizer=make(model), **settings)
