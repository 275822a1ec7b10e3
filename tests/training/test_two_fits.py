"""A second fit goes on from the first, and its rules, schedules and sentences are its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn, optim, stopping
from sklon._base.errors import InputError
from sklon.data import ArrayBlocks, Balanced, Stratified, Weighted
from sklon.tensors.modes import seeded
from sklon.training.callbacks import Callback
from sklon.training.feed import feed_of
from sklon.training.stopping import Reason

ROWS = 60
RNG = np.random.default_rng(11)
X, Y = RNG.standard_normal((ROWS, 3)).astype(np.float32), RNG.standard_normal((ROWS, 1)).astype(np.float32)


def trainer(**more: Any) -> Trainer:
    with seeded(1):
        return Trainer(nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1)), loss="mse", seed=2, **more)


def test_patience_counts_the_epochs_of_its_own_fit() -> None:
    done = trainer(lr=0.05)
    fit: dict[str, Any] = {"epochs": 200, "batch_size": 8, "validation": 0.3, "early_stopping": "patience(3)"}
    done.fit((X, Y), **fit)
    assert done.stopped is not None and done.stopped.reason == "patience"
    before = done.epoch
    done.fit((X, Y), **fit)
    assert done.epoch - before > 3 or done.stopped.reason != "patience"


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        return Reason("enough", "it was enough") if trainer.step >= self.step else None


def test_a_plateau_sees_the_curve_of_its_own_fit_after_one_that_was_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sklon.training.run.CHUNK_SECONDS", 0.0)
    seen: list[list[float]] = []

    class Watch(optim.schedules.Plateau):
        def observe(self, t: int, curve: Any, lr: float) -> float:
            seen.append(list(curve))
            return super().observe(t, curve, lr)

    done = trainer(schedule=Watch())
    done.fit((X, Y), epochs=3, batch_size=8, callbacks=[StopAt(20)])
    assert done.stopped is not None
    assert done.stopped.sentence == "Stopped within epoch 3: it was enough."
    rows = len(done.history)
    seen.clear()
    done.fit((X, Y), epochs=3, batch_size=8)
    losses = [row["train_loss"] for row in done.history.rows[rows:]]
    assert [curve for curve in seen if curve][-1] == losses[:2]


def test_the_sentence_names_an_epoch_only_where_it_is_another_one() -> None:
    done = trainer()
    done.fit((X, Y), epochs=2, batch_size=8, validation=(X, np.full_like(Y, 3e38)))
    assert done.stopped is not None and done.stopped.sentence == "Stopped after epoch 2: all 2 epochs were run."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"epochs": "5"}, "epochs must be a whole number"),
        ({"time_limit": -1}, "time_limit must be a number of seconds above 0"),
        ({"time_limit": float("nan")}, "time_limit must be a number of seconds above 0"),
        ({"early_stopping": 3}, "early_stopping is a rule of sklon.stopping or its text"),
        ({"early_stopping": stopping.Patience(3, mode="max"), "validation": 0.2}, "a fit watches a loss, which falls"),
        ({"early_stopping": "patience(**{'patience': 3})", "validation": 0.2}, "patience has no"),
        ({"early_stopping": "patience(min_detla=3)", "validation": 0.2}, "did you mean min_delta"),
    ],
)
def test_what_a_fit_cannot_do_is_said_before_it_begins(arguments: dict[str, Any], says: str) -> None:
    done = trainer()
    with pytest.raises(InputError, match=says):
        done.fit((X, Y), **{"epochs": 2, **arguments})
    assert done.step == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"clip": 1.0}, r"clip is a value of sklon.optim, such as optim.ClipNorm\(1.0\), not 1.0"),
        ({"average": 0.999}, "average is a value of sklon.optim"),
        ({"schedule": lambda step: 1.0}, "schedule is a text"),
        ({"freeze": optim.Freeze("0.*")}, "freeze holds several"),
    ],
)
def test_what_a_trainer_cannot_be_made_of_is_said_at_once(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        trainer(**arguments)


def test_early_stopping_true_is_patience() -> None:
    done = trainer()
    done.fit((X, Y), epochs=500, batch_size=8, validation=0.3, early_stopping=True)
    assert done.stopped is not None and done.stopped.reason == "patience" and done.plan is not None
    assert str(done.plan.rule) == "patience"


@pytest.mark.parametrize("kind", [Weighted, Balanced, Stratified])
def test_what_a_sampler_knows_of_all_rows_it_knows_of_those_that_train(kind: Any) -> None:
    labels = np.arange(ROWS) % 3 + 1
    feed, held = feed_of((X, Y), shuffle=kind(labels), validation=0.25, seed=3)
    order = feed.order(3, 0)
    numbers = feed.samples.numbers  # type: ignore[union-attr]
    assert held is not None and numbers is not None and order.max() < len(numbers) == 45
    told = getattr(feed.sampler, "weights", getattr(feed.sampler, "labels", None))
    assert (np.asarray(told) == labels[numbers]).all()


def test_a_cycle_leaves_its_last_momentum_as_pytorch_does() -> None:
    """A schedule without momentum after one with: PyTorch's optimizer keeps what was set last."""
    torch = pytest.importorskip("torch")
    text = "sequential([exponential(0.9), cyclic(0.01, 0.05, 2), exponential(0.9)], [2, 7])"
    for own in (0.5, 0.0):
        done = trainer(optimizer=optim.SGDRule(lr=0.05, momentum=own), schedule=text)
        done.updates.begin(1, 12, 1)
        rule = done.updates.rules["0.weight"][1]
        momenta = done.updates._momenta(rule, 0, 12)
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05, momentum=own)
        cyclic = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.05, step_size_up=2)
        optimizer.param_groups[0]["momentum"] = own
        expected = [own] * 2
        for step in range(5):
            expected.append(done.updates._known_schedule().momentum(2 + step))  # type: ignore[arg-type, union-attr]
        expected += [expected[-1]] * 5
        assert momenta is not None and momenta.tolist() == expected
        assert cyclic is not None
        later = done.updates._momenta(rule, 9, 3)
        assert later is not None and later.tolist() == expected[9:]


def test_a_momentum_that_a_schedule_moves_later_is_in_the_program_from_the_start() -> None:
    plain, moved = (
        trainer(
            optimizer=optim.SGDRule(lr=0.05),
            schedule=f"sequential([exponential(0.9), cyclic(0.01, 0.05, 2, cycle_momentum={cycles})], [3])",
        )
        for cycles in (False, True)
    )
    for one in (plain, moved):
        one.fit((X, Y), epochs=2, batch_size=8, shuffle=False)
    assert not np.allclose(np.asarray(plain.model[0].weight.detach()), np.asarray(moved.model[0].weight.detach()))  # type: ignore[index]


def test_a_block_whose_rows_count_nothing_is_read() -> None:
    weights = np.ones(ROWS)
    weights[:20] = 0
    one, other = trainer(), trainer()
    one.fit(ArrayBlocks(X, Y, weights, rows=10), epochs=2, batch_size=8, shuffle=False)
    other.fit((X, Y, weights), epochs=2, batch_size=8, shuffle=False)
    assert (one.predict(X) == other.predict(X)).all()


def test_data_that_cannot_be_read_any_more_cost_nothing_that_was_trained() -> None:
    class Failing(ArrayBlocks):
        reads = 0

        def read(self, number: int) -> Any:
            self.reads += 1
            if self.reads > 40:
                raise OSError("the disk is gone")
            return super().read(number)

    with seeded(1):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    done = Trainer(model, loss="mse", average=optim.EMA(0.9))
    before = np.asarray(model[0].weight.detach()).copy()
    with pytest.raises(OSError, match="the disk is gone"):
        done.fit(Failing(X, Y, rows=10), epochs=50, batch_size=8)
    assert done.step > 0 and done.updates.before["group0"] == done.step
    assert (np.asarray(model[0].weight.detach()) != before).any()


def test_a_wrong_number_is_met_before_an_interrupt_that_comes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the steps in which the loss is lost: the model has the finite values from before."""
    import os
    import signal

    from sklon.training.run import Run

    run_steps = Run._steps

    def interrupted(self: Run, *args: Any) -> Any:
        found = run_steps(self, *args)
        if not np.isfinite(found["loss"]).all():
            os.kill(os.getpid(), signal.SIGINT)
        return found

    monkeypatch.setattr(Run, "_steps", interrupted)
    done = trainer(optimizer="sgd", lr=1e12)
    done.fit((X, Y), epochs=5, batch_size=8)
    assert done.stopped is not None and done.stopped.reason in ("non_finite", "interrupted")
    assert all(np.isfinite(np.asarray(v)).all() for v in done.model.state_dict().values())
