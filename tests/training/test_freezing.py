"""Frozen parameters keep their values, slots and counts of steps for as long as they are frozen, as in PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import EMA, RULES, Freeze
from sklon.tensors.modes import seeded
from sklon.training.callbacks import Callback
from sklon.training.checkpoints import Checkpoints
from sklon.training.stopping import Reason

ROWS, EPOCHS = 24, 6
RNG = np.random.default_rng(2)
X, Y = RNG.standard_normal((ROWS, 3)).astype(np.float32), RNG.standard_normal((ROWS, 1)).astype(np.float32)
FREEZES = [Freeze("0.*", last=2), Freeze("2.bias", first=3, last=4), Freeze("4.weight", first=5)]
PLAIN: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 8, "shuffle": False}


def model() -> Any:
    with seeded(1):
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1))


def values(trained: Trainer) -> dict[str, Any]:
    return {name: np.asarray(value).copy() for name, value in trained.model.state_dict().items()}


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
@pytest.mark.parametrize("given", [False, True])
def test_the_steps_are_pytorch_s_with_requires_grad_switched(name: str, given: bool) -> None:
    torch = pytest.importorskip("torch")
    classes = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "nadam": "NAdam", "rmsprop": "RMSprop"}
    ours = model()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    )
    theirs.load_state_dict({k: torch.tensor(np.asarray(v)) for k, v in ours.state_dict().items()})
    settings = {"lr": 0.02, **({"momentum": 0.9} if name == "sgd" else {})}
    reference = getattr(torch.optim, classes[name])(theirs.parameters(), **settings)
    for epoch in range(1, EPOCHS + 1):
        for key, parameter in theirs.named_parameters():
            parameter.requires_grad_(not any(one.holds(key, epoch) for one in FREEZES))
        for start in range(0, ROWS, 8):
            reference.zero_grad(set_to_none=True)
            rows = slice(start, start + 8)
            ((theirs(torch.tensor(X[rows])) - torch.tensor(Y[rows])) ** 2).mean().backward()
            reference.step()
    rule: Any = RULES[name](**settings)
    if given:
        rule = getattr(optim, classes[name])(ours.parameters(), **settings)
    trainer = Trainer(ours, loss="mse", optimizer=rule, freeze=FREEZES)
    trainer.fit((X, Y), **PLAIN)
    for key, value in theirs.state_dict().items():
        assert np.allclose(np.asarray(ours.state_dict()[key]), value.numpy(), atol=2e-5), key


@pytest.mark.parametrize("rule", sorted(RULES))
def test_values_stand_still_exactly_while_frozen_and_move_afterwards(rule: str) -> None:
    seen: list[dict[str, Any]] = []

    class Look(Callback):
        reads_model = True

        def on_epoch_end(self, trainer: Trainer, row: Any) -> Reason | None:
            seen.append(values(trainer))
            return None

    trainer = Trainer(model(), loss="mse", optimizer=rule, lr=0.01, freeze=FREEZES, weight_decay=0.1)
    before = values(trainer)
    trainer.fit((X, Y), **PLAIN, callbacks=[Look()])
    for epoch, (old, new) in enumerate(zip([before, *seen], seen, strict=False), 1):
        for name in before:
            held = any(one.holds(name, epoch) for one in FREEZES)
            assert (old[name] == new[name]).all() == held, (epoch, name)


def test_two_fits_with_freezes_are_one_and_a_saved_trainer_goes_on(tmp_path: Path) -> None:
    whole, halves = (Trainer(model(), loss="mse", lr=0.01, freeze=FREEZES) for _ in range(2))
    whole.fit((X, Y), **PLAIN)
    halves.fit((X, Y), **{**PLAIN, "epochs": 3})
    halves.save(tmp_path / "run")
    again = sklon.load(tmp_path / "run")
    for other in (halves, again):
        other.fit((X, Y), **{**PLAIN, "epochs": 3})
        assert {k: v.tobytes() for k, v in values(other).items()} == {k: v.tobytes() for k, v in values(whole).items()}
        assert other.updates.before == whole.updates.before
    assert whole.updates.before["group0~1"] == (EPOCHS - 2) * 3


@pytest.mark.parametrize("earlier", [0, 2])
def test_a_killed_fit_goes_on_through_freezes(earlier: int, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    class Kill(Callback):
        def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
            if trainer.step >= 3 * (earlier + 2) + 1:
                raise KilledError
            return None

    def begun() -> Trainer:
        trainer = Trainer(model(), loss="mse", lr=0.01, freeze=FREEZES)
        if earlier:
            trainer.fit((X, Y), **{**PLAIN, "epochs": earlier})
        return trainer

    plan = Checkpoints(tmp_path / "run", every_steps=1, every_minutes=None)
    whole, again = begun(), begun()
    whole.fit((X, Y), **{**PLAIN, "epochs": 4})
    with pytest.raises(KilledError):
        begun().fit((X, Y), **{**PLAIN, "epochs": 4}, checkpoints=plan, callbacks=[Kill()])
    again.fit((X, Y), **{**PLAIN, "epochs": 4}, checkpoints=plan, resume=True)
    assert {k: v.tobytes() for k, v in values(again).items()} == {k: v.tobytes() for k, v in values(whole).items()}
    other = Trainer(model(), loss="mse", lr=0.01)
    with pytest.raises(InputError, match="freeze"):
        other.fit((X, Y), **{**PLAIN, "epochs": 4}, checkpoints=plan, resume=True)


def test_averages_go_on_while_their_parameter_is_frozen() -> None:
    trainer = Trainer(model(), loss="mse", lr=0.05, average=EMA(0.5), freeze=[Freeze("4.weight", first=3)])
    plain = Trainer(model(), loss="mse", lr=0.05, freeze=[Freeze("4.weight", first=3)])
    for one in (trainer, plain):
        one.fit((X, Y), **{**PLAIN, "epochs": 20})
    averaged, last = values(trainer)["4.weight"], values(plain)["4.weight"]
    assert np.allclose(averaged, last, atol=1e-7), "after 54 frozen steps the average is the value"


def test_an_epoch_in_which_everything_is_frozen_measures_only() -> None:
    trainer = Trainer(model(), loss="mse", freeze=[Freeze("*", last=1)])
    before, loss = values(trainer), trainer.evaluate(X, Y)
    history = trainer.fit((X, Y), **{**PLAIN, "epochs": 1})
    assert history[0]["train_loss"] == pytest.approx(loss, rel=1e-5)
    assert all((values(trainer)[name] == before[name]).all() for name in before)
    trainer.fit((X, Y), **{**PLAIN, "epochs": 1})
    assert any((values(trainer)[name] != before[name]).any() for name in before)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Freeze("0.*", first=0), "first must be the number of an epoch"),
        (lambda: Freeze("0.*", first=3, last=2), r"last \(2\) must not lie before first"),
        (lambda: Trainer(model(), loss="mse", freeze=[Freeze("head.*")]), "no parameter is called 'head"),
        (lambda: Trainer(model(), loss="mse", freeze=["0.*"]), "freeze holds optim.Freeze"),  # type: ignore[list-item]
    ],
)
def test_freezes_that_mean_nothing_are_refused(make: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()


def test_describe_says_what_is_frozen_when() -> None:
    text = Trainer(model(), loss="mse", freeze=FREEZES).describe((X, Y), epochs=3)
    assert "freeze 0.* in epochs 1 to 2\n" in text and "freeze 4.weight from epoch 5 on\n" in text
