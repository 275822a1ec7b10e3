"""Callbacks: the order of the hooks, reasons that stop, errors that leave a usable model, and what a hook sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon import Trainer, manual_seed, nn, optim
from sklon._base.errors import InputError
from sklon.training import Callback
from sklon.training import run as run_module
from sklon.training.history import Row
from sklon.training.stopping import Reason

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


def trainer(**more: Any) -> Trainer:
    manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
    return Trainer(model, loss="mse", lr=0.01, **more)


class Told(Callback):
    """Writes down every hook."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        self.log.append(f"{self.name} start {epochs}")

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        self.log.append(f"{self.name} chunk {share:.2f}")
        return None

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        self.log.append(f"{self.name} epoch {row['epoch']:.0f}")
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        assert trainer.stopped is not None
        self.log.append(f"{self.name} end {trainer.stopped.reason}")


class In(Callback):
    """Does something in one hook: returns a value, or raises an error."""

    def __init__(self, hook: str, does: Any, after: int = 1) -> None:
        self.hook, self.does, self.left = hook, does, after

    def _act(self, hook: str) -> Any:
        if hook != self.hook:
            return None
        self.left -= 1
        if self.left:
            return None
        if isinstance(self.does, Exception):
            raise self.does
        return self.does

    def on_fit_start(self, trainer: Trainer, epochs: int) -> None:
        self._act("on_fit_start")

    def on_chunk_end(self, trainer: Trainer, share: float) -> Reason | None:
        found: Reason | None = self._act("on_chunk_end")
        return found

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        found: Reason | None = self._act("on_epoch_end")
        return found

    def on_fit_end(self, trainer: Trainer) -> None:
        self._act("on_fit_end")


ENOUGH = Reason("enough", "it was enough")


# ---- order
def test_the_hooks_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_SECONDS", 0.0)  # a chunk is a batch
    log: list[str] = []
    trainer().fit((X, Y), epochs=2, batch_size=20, callbacks=[Told("a", log), Told("b", log)])
    chunks = [f"{name} chunk {share}" for share in ("0.33", "0.67", "1.00") for name in "ab"]
    epochs = [[*chunks, f"a epoch {i}", f"b epoch {i}"] for i in (1, 2)]
    assert log == ["a start 2", "b start 2", *epochs[0], *epochs[1], "b end epochs", "a end epochs"]


def test_the_start_counts_the_epochs_that_are_left_after_a_resume(tmp_path: Any) -> None:
    log: list[str] = []
    with pytest.raises(KeyError):
        trainer().fit((X, Y), epochs=5, batch_size=60, checkpoints=tmp_path, callbacks=[In("on_epoch_end", KeyError())])
    first = trainer()
    first.fit((X, Y), epochs=2, batch_size=60, checkpoints=tmp_path)
    trainer().fit((X, Y), epochs=5, batch_size=60, checkpoints=tmp_path, resume=True, callbacks=[Told("a", log)])
    assert log[0] == "a start 3" and log[-1] == "a end epochs"


# ---- stopping
@pytest.mark.parametrize("hook", ["on_chunk_end", "on_epoch_end"])
def test_a_returned_reason_stops(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_SECONDS", 0.0)
    done = trainer()
    history = done.fit((X, Y), epochs=9, batch_size=20, callbacks=[In(hook, ENOUGH, after=2)])
    assert done.stopped is not None
    assert (done.stopped.reason, "it was enough" in done.stopped.sentence) == ("enough", True)
    assert [row["step"] for row in history] == ([2] if hook == "on_chunk_end" else [3, 6])


def test_all_are_asked_and_the_first_reason_counts() -> None:
    log: list[str] = []
    done = trainer()
    others = [In("on_epoch_end", ENOUGH), In("on_epoch_end", Reason("second", "…")), Told("a", log)]
    done.fit((X, Y), epochs=9, validation=0.2, early_stopping="time_limit(0)", callbacks=others)
    assert done.stopped is not None and done.stopped.reason == "enough" and "a epoch 1" in log


def test_an_epoch_that_is_cut_short_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_SECONDS", 0.0)
    log: list[str] = []
    history = trainer().fit((X, Y), epochs=9, batch_size=20, time_limit=1e-9, callbacks=[Told("a", log)])
    assert log[1:] == ["a chunk 0.33", "a epoch 1", "a end time_limit"] and len(history) == 1


@pytest.mark.parametrize("wrong", [True, "stop", 3])
def test_what_is_no_reason_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"on_epoch_end of In returns a stopping\.Reason to stop or None"):
        trainer().fit((X, Y), epochs=2, callbacks=[In("on_epoch_end", wrong)])


@pytest.mark.parametrize("wrong", [Callback, print, "Progress"])
def test_what_is_no_callback_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"a callback is a sklon\.training\.Callback, not "):
        trainer().fit((X, Y), epochs=2, callbacks=[wrong])


# ---- errors
@pytest.mark.parametrize("hook", ["on_chunk_end", "on_epoch_end"])
def test_an_error_ends_the_fit_with_a_usable_model(hook: str) -> None:
    log: list[str] = []
    done, plain = trainer(), trainer()
    fit: dict[str, Any] = {"batch_size": 60, "validation": 0.2}
    with pytest.raises(ZeroDivisionError, match="boom") as caught:
        done.fit((X, Y), epochs=9, **fit, callbacks=[In(hook, ZeroDivisionError("boom"), after=3), Told("a", log)])
    plain.fit((X, Y), epochs=3, **fit)
    assert caught.value.__notes__ == [f"raised by the callback In in {hook}; the model keeps its best values"]
    np.testing.assert_array_equal(done.predict(X), plain.predict(X))
    assert done.stopped is not None and done.stopped.reason == "error"
    assert "ZeroDivisionError was raised" in done.stopped.sentence and log[-1] == "a end error"
    done.fit((X, Y), epochs=1, **fit)
    assert done.epoch == 4


def test_an_error_at_the_start_tells_only_those_that_were_told() -> None:
    log: list[str] = []
    done = trainer()
    before = done.predict(X)
    first = In("on_fit_end", ValueError("at the end"))
    with pytest.raises(ValueError, match="at the end") as caught:
        done.fit((X, Y), epochs=2, callbacks=[first, In("on_fit_start", KeyError("at the start")), Told("a", log)])
    assert isinstance(caught.value.__context__, KeyError) and log == []
    np.testing.assert_array_equal(done.predict(X), before)


def test_an_error_at_the_end_lets_the_others_end() -> None:
    log: list[str] = []
    done = trainer()
    with pytest.raises(ValueError, match="boom"):
        done.fit((X, Y), epochs=2, callbacks=[Told("a", log), In("on_fit_end", ValueError("boom"))])
    assert log[-1] == "a end epochs" and done.stopped is not None and done.stopped.reason == "epochs"


# ---- what a hook sees
class Evaluates(Callback):
    """Compares the model after each epoch with what validated it."""

    def __init__(self, inputs: Array, target: Array) -> None:
        self.inputs, self.target = inputs, target
        self.seen: list[float] = []

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        self.seen.append(trainer.evaluate(self.inputs, self.target))
        return None


@pytest.mark.parametrize("average", [None, optim.EMA(0.9)])
def test_a_hook_sees_the_model_that_was_validated(average: Any) -> None:
    watcher = Evaluates(X[40:], Y[40:])
    history = trainer(average=average).fit(
        (X[:40], Y[:40]), epochs=4, batch_size=8, validation=(X[40:], Y[40:]), callbacks=[watcher]
    )
    np.testing.assert_allclose(watcher.seen, history.curve("validation_loss"), rtol=1e-6)


def test_watching_and_meddling_change_no_bit() -> None:
    class Meddles(Callback):
        def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
            for parameter in trainer.model.parameters():
                parameter.assign(parameter.numpy() * 0)
            return None

    plain, meddled = trainer(), trainer()
    for one, callbacks in ((plain, []), (meddled, [Meddles()])):
        one.fit((X, Y), epochs=3, batch_size=16, callbacks=callbacks)
    np.testing.assert_array_equal(plain.predict(X), meddled.predict(X))
