"""Where a number stopped being finite: faults that are put at a known step, op, layer, line and row are found there."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon.data.sampling import Weighted
from sklon.graph import nonfinite
from sklon.nn import functional
from sklon.optim import SGDRule
from sklon.training import diagnosis
from sklon.training import run as run_module
from sklon.training.arrays import Samples
from sklon.training.checkpoints import Checkpoints
from sklon.training.diagnosis import Fault
from sklon.training.feed import feed_of

Array = np.ndarray[Any, Any]
ROWS, BATCH = 40, 8
BAD = 17  # the row at fault
X, Y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)  # held out
STILL = SGDRule(lr=0.0)  # the model stays as it is, so that steps are known


class Log(nn.Module):
    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        return x.log()


class Root(nn.Module):
    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        return x.sqrt()


class Masked(nn.Module):
    """log where it is defined, as people write it: its value is right, its gradient is not."""

    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        return sklon.where(x > 0, x.log(), 0.0)


class Attention(nn.Module):
    """A softmax over what a mask of −∞ leaves: nothing, where the input says so."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", sklon.tensor([[0.0, -np.inf, 0.0]]))

    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        scores = sklon.where(x > 0, x + self.get_buffer("mask"), -np.inf)
        return functional.softmax(scores, 1)


def line(module: type[nn.Module], words: str) -> str:
    """Where the source of a module has these words."""
    text, first = inspect.getsourcelines(module)
    return f"{Path(__file__).name}:{first + next(i for i, code in enumerate(text) if words in code)}"


def data(value: float = 0.0, columns: int = 3) -> tuple[Array, Array]:
    """Positive inputs, with one value in row BAD."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, (ROWS, columns)).astype(np.float32)
    x[BAD, 1] = value
    return x, np.ones((ROWS, 1), np.float32)


def nested(layer: nn.Module) -> nn.Sequential:
    """``layer`` under the path head.2."""
    head = nn.Sequential(nn.ReLU(), nn.Identity(), layer)
    return nn.Sequential({"head": head, "out": nn.Linear(3, 1)})


def fault_of(trainer: Trainer, rows: tuple[Array, Array], **fit: Any) -> Fault:
    trainer.fit(rows, **{"epochs": 3, "batch_size": BATCH, "shuffle": False, **fit})
    assert trainer.stopped is not None and trainer.stopped.reason == "non_finite" and trainer.stopped.fault is not None
    assert trainer.stopped.fault.sentence in trainer.stopped.sentence
    assert all(np.isfinite(p.numpy()).all() for p in trainer.model.parameters())
    return trainer.stopped.fault


# ---- the loss
def test_the_op_its_layer_line_and_row_are_told() -> None:
    trainer = Trainer(nested(Log()), loss="mse", optimizer=STILL)
    where = line(Log, "x.log()")
    expected = Fault(
        3, "log", "forward", "-inf", "head.2", where, rows=(BAD,), bad_rows=1, of_rows=BATCH
    )  # row 17 is in the third batch of eight
    assert fault_of(trainer, data()) == expected
    assert trainer.stopped is not None and trainer.stopped.sentence == (
        f"Stopped after epoch 0: the loss was no longer a finite number in step 3: log in layer 'head.2' ({where}) "
        "gave -inf for 1 of 8 rows (row 17); a smaller lr helps."
    )


def step_of_the_row(trainer: Trainer, rows: tuple[Array, Array], **fit: Any) -> int:
    """The step of the first epoch that takes row BAD, by its number in the data that were given."""
    feed, _ = feed_of(rows, seed=trainer.seed, **fit)
    assert isinstance(feed.samples, Samples)
    numbers = np.arange(ROWS) if feed.samples.numbers is None else feed.samples.numbers
    return 1 + int(np.flatnonzero(numbers[feed.order(trainer.seed, 0)] == BAD)[0]) // feed.batch


FITS: dict[str, dict[str, Any]] = {
    "shuffled": {"batch_size": BATCH, "shuffle": True},
    "held out": {"batch_size": BATCH, "shuffle": True, "validation": 0.2},
    "parts": {"batch_size": 13, "micro_batch_size": 4, "validation": 0.2, "shuffle": True},
    "one row": {"batch_size": 1, "shuffle": True},
    "full": {"batch_size": "full", "shuffle": True},
    "sampled": {"batch_size": BATCH, "shuffle": Weighted(1 + 9.0 * (np.arange(ROWS) == BAD))},
}


@pytest.mark.parametrize("chunk", [0.0, 10.0])
@pytest.mark.parametrize("fit", FITS)
def test_rows_are_those_of_the_data_set_in_whatever_order(
    fit: str, chunk: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "CHUNK_SECONDS", chunk)
    trainer = Trainer(nested(Log()), loss="mse", optimizer=STILL, seed=6)
    found = fault_of(trainer, data(), **FITS[fit])
    assert set(found.rows) == {BAD} and found.step == step_of_the_row(trainer, data(), **FITS[fit])


def test_many_rows_are_counted_and_the_first_are_told() -> None:
    x, y = data()
    x[8:16] = 0.0
    found = fault_of(Trainer(nested(Log()), loss="mse", optimizer=STILL), (x, y))
    assert (found.step, found.rows, found.bad_rows) == (2, (8, 9, 10, 11, 12), 8)
    assert "gave -inf for 8 of 8 rows (rows 8, 9, 10, 11, 12, …)" in found.sentence


def test_layers_of_sklon_have_no_line_and_the_loss_is_a_place() -> None:
    x, y = data()
    y[BAD] = 1e30  # its square is infinite
    found = fault_of(Trainer(nn.Linear(3, 1), loss="mse", optimizer=STILL), (x, y))
    assert (found.step, found.in_loss, found.layer, found.line, found.rows) == (3, True, "", "", (BAD,))
    assert "in the loss gave inf for 1 of 8 rows (row 17)" in found.sentence


def test_a_loss_of_one_s_own_has_its_line() -> None:
    def own(output: Any, target: Any) -> Any:
        return (output - target).log().sum(1)

    x, y = data()
    y[BAD] = 100.0
    where = f"{Path(__file__).name}:{own.__code__.co_firstlineno + 1}"
    model = nn.Linear(3, 1)
    model.weight.assign(np.full((1, 3), 10.0, np.float32))
    found = fault_of(Trainer(model, loss=own, optimizer=STILL), (x, y))
    assert (found.op, found.value, found.line, found.in_loss, found.rows) == ("log", "nan", where, True, (BAD,))
    assert f"log in the loss ({where}) gave nan" in found.sentence


def test_in_a_later_epoch_after_a_change_of_weights() -> None:
    """The weight grows by one a step from 86 on: exp(x) overflows at x > 88.72."""

    class Exp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(np.full((1, 1), 86.0, np.float32))

        def forward(self, *inputs: Any) -> Any:
            z = inputs[0] * self.w
            return z + z.exp() * 0.0

    def falling(output: Any, target: Any) -> Any:
        return -output.sum(1)  # −w·x: its gradient is −1

    x = np.ones((4, 1), np.float32)
    for held_out in (None, (x[:1], x[:1])):
        trainer = Trainer(Exp(), loss=falling, optimizer=SGDRule(lr=1.0), reduction="none")
        found = fault_of(trainer, (x, x), epochs=9, batch_size=4, validation=held_out)
        assert (found.step, found.op, found.value, found.bad_rows) == (4, "exp", "inf", 4)  # 86, 87, 88, 89
        assert trainer.epoch == 3 and trainer.model.w.item() in (87.0, 88.0, 89.0)


# ---- what is not finite on purpose
def test_a_mask_is_not_blamed_but_what_makes_nan_of_it() -> None:
    x, y = data(columns=3)
    x[BAD] = -1.0  # every score is masked: softmax(−∞, −∞, −∞) is no number
    model = nn.Sequential(nn.Identity(), Attention(), nn.Linear(3, 1))
    trainer = Trainer(model, loss="mse", optimizer=STILL)
    found = fault_of(trainer, (x, y))
    assert (found.step, found.op, found.layer, found.value, found.rows) == (3, "sub", "1", "nan", (BAD,))


# ---- gradients
def test_a_gradient_that_is_not_finite_is_told_with_its_parameter() -> None:
    model = nn.Sequential({"first": nn.Linear(3, 1, bias=False), "root": Root(), "last": nn.Linear(1, 1)})
    model[0].weight.assign(np.asarray([[0.0, 1.0, 0.0]], np.float32))  # √x of row 17 is 0, with an infinite slope
    found = fault_of(Trainer(model, loss="mse", optimizer=STILL), data())
    assert (found.step, found.phase, found.op, found.layer) == (3, "backward", "div", "root")
    assert (found.parameter, found.rows, found.line) == ("first.weight", (BAD,), line(Root, "x.sqrt()"))
    assert (
        "the gradient of 'first.weight' was no longer finite in step 3: div in the backward pass of" in found.sentence
    )


def test_a_gradient_of_the_last_step_of_a_fit_ends_it_too() -> None:
    x, y = data()
    order = np.r_[0:BAD, BAD + 1 : ROWS, BAD]  # the row comes last
    model = nn.Sequential(nn.Linear(3, 1, bias=False), Root())
    model[0].weight.assign(np.asarray([[0.0, 1.0, 0.0]], np.float32))
    for fit in ({}, {"micro_batch_size": 3}, {"batch_size": "full"}):
        found = fault_of(Trainer(model, loss="mse", optimizer=STILL), (x[order], y), epochs=1, **fit)
        assert (found.rows, found.parameter) == ((ROWS - 1,), "0.weight")


def test_clipping_by_the_norm_does_not_hide_whose_gradient_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1, bias=False), Root())
    model[0].weight.assign(np.eye(3, dtype=np.float32))
    model[0].bias.assign(np.zeros(3, np.float32))
    model[1].weight.assign(np.asarray([[0.0, 1.0, 0.0]], np.float32))
    found = fault_of(Trainer(model, loss="mse", optimizer=STILL, clip=optim.ClipNorm(1.0)), data())
    assert (found.parameter, found.rows, found.phase) == ("1.weight", (BAD,), "backward")


def test_a_value_that_is_chosen_away_is_not_blamed_but_its_gradient_is() -> None:
    model = nn.Sequential(nn.Linear(3, 1, bias=False), Masked())
    model[0].weight.assign(np.asarray([[0.0, 1.0, 0.0]], np.float32))
    found = fault_of(Trainer(model, loss="mse", optimizer=STILL), data())
    assert (found.step, found.phase, found.layer, found.rows) == (3, "backward", "1", (BAD,))


def test_an_update_that_is_not_finite_is_told_as_one() -> None:
    x, y = data(1.0)
    found = fault_of(Trainer(nn.Linear(3, 1), loss="mse", optimizer="sgd", lr=3e38), (x, y + 9), epochs=1)
    assert (found.step, found.phase, found.parameter) == (1, "update", "weight")
    assert (
        "the value of 'weight' was no longer finite in step 1" in found.sentence and "in the update" in found.sentence
    )


def test_a_rate_that_is_no_number_is_told() -> None:
    found = fault_of(Trainer(nn.Linear(3, 1), loss="mse", optimizer="sgd", lr=1e39), data(1.0), epochs=1)
    assert (found.phase, found.op, found.value) == ("start", "group0.lr", "inf")
    assert found.sentence == "the value of 'weight' was no longer finite in step 1: group0.lr was inf before it"


def test_a_parameter_that_came_so_is_told() -> None:
    model = nn.Sequential(nn.Linear(3, 1))
    model[0].weight.assign(np.full((1, 3), np.nan, np.float32))
    trainer = Trainer(model, loss="mse", optimizer=STILL)
    trainer.fit(data(), epochs=1)
    assert trainer.stopped is not None and "in step 1: 0.weight was nan before it" in trainer.stopped.sentence


# ---- as compiled code computes
def test_logarithms_of_subnormal_numbers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code takes them for zero, NumPy does not: without that, nothing is found but the step."""
    x, y = data(1e-40)
    trainer = Trainer(nested(Log()), loss="mse", optimizer=STILL)
    assert (found := fault_of(trainer, (x, y))).op == "log" and found.rows == (BAD,)
    monkeypatch.setattr(nonfinite, "_flushed", lambda value: value)
    trainer = Trainer(nested(Log()), loss="mse", optimizer=STILL)
    assert fault_of(trainer, (x, y)) == Fault(3)
    assert "in step 3; a smaller lr helps" in str(trainer.stopped)


def test_a_replay_of_another_state_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault lies where weights have grown: without the steps before, nothing is found."""
    x, y = data(1.0)
    trainer = Trainer(nn.Linear(3, 1), loss="mse", optimizer="sgd", lr=1e4)
    assert fault_of(trainer, (x, y)).op
    monkeypatch.setattr(diagnosis.Replay, "run", lambda *_: None)
    trainer = Trainer(nn.Linear(3, 1), loss="mse", optimizer="sgd", lr=1e4)
    assert not fault_of(trainer, (x, y)).op


# ---- around it
def test_a_resumed_fit_tells_the_same(tmp_path: Path) -> None:
    whole, parts = (Trainer(nested(Log()), loss="mse", optimizer=STILL) for _ in range(2))
    expected = fault_of(whole, data(), validation=(X, Y))
    good = Checkpoints(tmp_path / "run", every_steps=1, keep=9)
    parts.fit(data(), epochs=3, batch_size=BATCH, shuffle=False, validation=(X, Y), checkpoints=good)
    assert len(list((tmp_path / "run").iterdir())) == 2  # the newest: after two of five steps
    again = Trainer(nested(Log()), loss="mse", optimizer=STILL)
    assert fault_of(again, data(), validation=(X, Y), checkpoints=good, resume=True) == expected


def test_a_saved_trainer_has_its_fault(tmp_path: Path) -> None:
    x, y = data()
    y[BAD] = 1e30
    trainer = Trainer(nn.Sequential(nn.Linear(3, 1)), loss="mse", optimizer=STILL)
    fault_of(trainer, (x, y))
    trainer.save(tmp_path / "run")
    assert Trainer.load(tmp_path / "run").stopped == trainer.stopped


def test_recording_leaves_no_hook_in_the_model() -> None:
    model = nested(Root())
    Trainer(model, loss="mse").fit(data(1.0), epochs=1)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


class Careful(nn.Module):
    """Calls a part that raises, and goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong, self.log = nn.Linear(7, 7), Log()

    def forward(self, *inputs: Any) -> Any:
        try:
            return self.wrong(*inputs)
        except sklon._base.errors.InputError:
            return self.log(*inputs)


def test_a_part_that_raised_does_not_give_its_name_to_others() -> None:
    model = nn.Sequential(Careful(), Log(), nn.Linear(3, 1))
    x, y = data()
    x[BAD, 1] = 1.0
    x[:, 0] = 2.8
    x[BAD, 0] = 1.0  # log(log(1)) is −∞
    found = fault_of(Trainer(model, loss="mse", optimizer=STILL), (np.where(x < 2, x + 1.5 * (x != 1), x), y))
    assert (found.layer, found.rows) == ("1", (BAD,))
