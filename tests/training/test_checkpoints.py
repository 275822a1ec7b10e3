"""A fit that is interrupted anywhere goes on to the bytes of one that never was; nothing that was written is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.kills import kill_and_resume
from sklon import Trainer, nn, optim, set_num_threads
from sklon._base.errors import InputError, RunFolderError
from sklon.optim import RULES
from sklon.tensors.modes import seeded
from sklon.training.callbacks import Callback
from sklon.training.checkpoints import Checkpoints, newest
from sklon.training.stopping import Reason
from tests.training.test_parts import RULE_CASES

ROWS, INPUTS, EPOCHS = 50, 4, 6
RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((ROWS, INPUTS)).astype(np.float32), RNG.standard_normal((ROWS, 1)).astype(np.float32)
FIT: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 8, "validation": 0.2}


class KilledError(Exception):
    """Ends a fit in the middle, as a kill would."""


class KillAfter(Callback):
    """Raises after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_epoch_end(self, trainer: Trainer, row: Any) -> Reason | None:
        if trainer.epoch >= self.epochs:
            raise KilledError
        return None


def trainer(rule: Any = "adam", **more: Any) -> Trainer:
    with seeded(1):
        layers = [nn.Linear(INPUTS, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)]
        model = nn.Sequential(*layers)
    return Trainer(model, loss="mse", optimizer=rule, seed=5, **more)


def everything(done: Trainer) -> dict[str, Any]:
    """All bytes that a fit ends with, and its history without the clock."""
    values = {k: np.asarray(v).tobytes() for k, v in done.model.state_dict().items()}
    slots = {k: v.tobytes() for k, v in done.updates.slots.items()}
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in done.history]
    stopped = None if done.stopped is None else (done.stopped.reason, done.stopped.epoch, done.stopped.best_epoch)
    return {**values, **slots, "history": history, "stopped": stopped, "step": done.step, "epoch": done.epoch}


def interrupted(folder: Path, every: int, kill_after: int, rule: Any = "adam", fit: Any = FIT, **more: Any) -> Trainer:
    """A fit that was killed once, and went on in another trainer."""
    plan = Checkpoints(folder, every_steps=every, every_minutes=None)
    with pytest.raises(KilledError):
        trainer(rule, **more).fit((X, Y), **fit, checkpoints=plan, callbacks=[KillAfter(kill_after)])
    again = trainer(rule, **more)
    with seeded(99):  # whatever the new process drew before
        for p in again.model.parameters():
            p.data = p.data * 0 + 7.0
    again.fit((X, Y), **fit, checkpoints=plan, resume=True)
    return again


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("every", [3, 5])
def test_every_optimizer_goes_on_to_the_same_bytes(rule: str, every: int, tmp_path: Path) -> None:
    whole = trainer(RULE_CASES[rule])
    whole.fit((X, Y), **FIT)
    assert everything(interrupted(tmp_path / "run", every, 4, RULE_CASES[rule])) == everything(whole)


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"average": optim.EMA(0.9)}, FIT),
    ({"average": optim.SWA(3)}, FIT),
    ({"l1": 0.01, "weight_decay": 0.1, "clip": optim.ClipNorm(0.5)}, FIT),
    ({}, {**FIT, "micro_batch_size": 3}),
    ({}, {**FIT, "early_stopping": "patience(2)", "epochs": 40}),
    ({}, {**FIT, "validation": None, "drop_last": True}),
    ({"on_non_finite": "skip"}, {**FIT, "shuffle": False}),
]


@pytest.mark.parametrize(("more", "fit"), CASES)
def test_everything_beside_the_optimizer_goes_on_too(more: Any, fit: Any, tmp_path: Path) -> None:
    whole = trainer(**more)
    whole.fit((X, Y), **fit)
    assert everything(interrupted(tmp_path / "run", 4, 3, fit=fit, **more)) == everything(whole)


def test_a_fit_goes_on_with_another_number_of_threads(tmp_path: Path) -> None:
    whole = trainer()
    whole.fit((X, Y), **FIT)
    try:
        set_num_threads(1)
        plan = Checkpoints(tmp_path / "run", every_steps=7, every_minutes=None)
        with pytest.raises(KilledError):
            trainer().fit((X, Y), **FIT, checkpoints=plan, callbacks=[KillAfter(2)])
        set_num_threads(3)
        again = trainer()
        again.fit((X, Y), **FIT, checkpoints=plan, resume=True)
    finally:
        set_num_threads(None)
    assert everything(again) == everything(whole)


def test_checkpoints_change_nothing_and_the_newest_are_kept(tmp_path: Path) -> None:
    plain, written = trainer(), trainer()
    plain.fit((X, Y), **FIT)
    written.fit((X, Y), **FIT, checkpoints=Checkpoints(tmp_path / "run", every_steps=2, keep=3))
    assert everything(written) == everything(plain)
    names = sorted(p.name for p in (tmp_path / "run").iterdir())
    assert names == [f"step-{step:012d}" for step in (26, 28, 30)]


def test_more_epochs_go_on_from_a_fit_that_ended(tmp_path: Path) -> None:
    whole = trainer()
    whole.fit((X, Y), **{**FIT, "epochs": 9})
    trainer().fit((X, Y), **FIT, checkpoints=tmp_path / "run")
    again = trainer()
    again.fit((X, Y), **{**FIT, "epochs": 9}, checkpoints=tmp_path / "run", resume=True)
    assert everything(again) == everything(whole)


def test_without_a_checkpoint_a_resumed_fit_begins(tmp_path: Path) -> None:
    whole, fresh = trainer(), trainer()
    whole.fit((X, Y), **FIT)
    fresh.fit((X, Y), **FIT, checkpoints=tmp_path / "run", resume=True)
    assert everything(fresh) == everything(whole)


def test_changed_data_and_settings_are_refused(tmp_path: Path) -> None:
    plan = tmp_path / "run"
    trainer().fit((X, Y), **FIT, checkpoints=plan)
    other = X.copy()
    other[7, 1] += 1e-6
    for wrong, words in [
        (lambda: trainer().fit((other, Y), **FIT, checkpoints=plan, resume=True), "the data are not those"),
        (lambda: trainer("sgd").fit((X, Y), **FIT, checkpoints=plan, resume=True), "another optimizer"),
        (lambda: trainer(l1=0.5).fit((X, Y), **FIT, checkpoints=plan, resume=True), "another penalties"),
        (
            lambda: trainer().fit((X, Y), **{**FIT, "batch_size": 9}, checkpoints=plan, resume=True),
            "another batch_size",
        ),
        (lambda: trainer().fit((X, Y), **FIT, resume=True), "resume needs checkpoints"),
    ]:
        with pytest.raises(InputError, match=words):
            wrong()


@pytest.mark.parametrize("file", ["state.safetensors", "run.json"])
def test_a_damaged_checkpoint_is_told_with_the_one_before(file: str, tmp_path: Path) -> None:
    plan = Checkpoints(tmp_path / "run", every_steps=10)
    trainer().fit((X, Y), **FIT, checkpoints=plan)
    last = sorted((tmp_path / "run").iterdir())[-1]
    content = bytearray((last / file).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (last / file).write_bytes(bytes(content))
    with pytest.raises(RunFolderError, match="damaged"):
        trainer().fit((X, Y), **FIT, checkpoints=plan, resume=True)


def test_a_half_written_checkpoint_is_none(tmp_path: Path) -> None:
    plan = Checkpoints(tmp_path / "run", every_steps=10)
    trainer().fit((X, Y), **FIT, checkpoints=plan)
    half = tmp_path / "run" / ".step-000000000099-abc"
    half.mkdir()
    (half / "state.safetensors").write_bytes(b"half")
    found = newest(tmp_path / "run")
    assert found is not None and found.record["step"] == 30


@pytest.mark.parametrize("wrong", [{"every_steps": 0}, {"keep": 0}, {"every_minutes": 0.0}, {"every_steps": 1.5}])
def test_plans_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Checkpoints("run", **wrong)


def test_kills_at_random_moments_lose_nothing_that_was_written(tmp_path: Path) -> None:
    """``kill -9`` some times in a row; ``python -m benchmarks.kills`` does it a hundred times."""
    survived = kill_and_resume(tmp_path, kills=6, epochs=1000, seed=4)
    assert survived.nothing_lost and survived.same
    assert max(survived.written) > 0, "some kill met a fit that had been written down"


def test_a_changed_record_is_told_too(tmp_path: Path) -> None:
    plan = Checkpoints(tmp_path / "run", every_steps=10)
    trainer().fit((X, Y), **FIT, checkpoints=plan)
    record = sorted((tmp_path / "run").iterdir())[-1] / "run.json"
    text = record.read_text()
    record.write_text(text.replace('"updates": 30', '"updates": 1'))
    assert record.read_text() != text
    with pytest.raises(RunFolderError, match="damaged"):
        trainer().fit((X, Y), **FIT, checkpoints=plan, resume=True)


def test_numbers_that_are_not_finite_are_written_and_read(tmp_path: Path) -> None:
    huge = (X, np.full_like(Y, 3e38))
    whole, again = trainer(), trainer()
    whole.fit((X, Y), **{**FIT, "validation": huge})
    with pytest.raises(KilledError):
        plan = Checkpoints(tmp_path / "run", every_steps=3)
        trainer().fit((X, Y), **{**FIT, "validation": huge}, checkpoints=plan, callbacks=[KillAfter(2)])
    again.fit((X, Y), **{**FIT, "validation": huge}, checkpoints=plan, resume=True)
    assert whole.history.curve("validation_loss") == [np.inf] * EPOCHS
    assert everything(again) == everything(whole)
    assert whole.stopped is not None and whole.stopped.best_epoch == EPOCHS


@pytest.mark.parametrize("fit", [{}, {"validation": None}])
def test_a_finished_fit_goes_on_to_itself_and_rewrites_nothing(fit: dict[str, Any], tmp_path: Path) -> None:
    plan = Checkpoints(tmp_path / "run", every_steps=10, keep=1)
    whole, again = trainer(), trainer()
    whole.fit((X, Y), **{**FIT, **fit}, checkpoints=plan)
    before = [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "run").iterdir())]
    again.fit((X, Y), **{**FIT, **fit}, checkpoints=plan, resume=True)
    assert [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "run").iterdir())] == before
    assert everything(again) == everything(whole) and whole.stopped is not None and again.stopped is not None
    assert again.stopped.sentence == whole.stopped.sentence


def test_later_checkpoints_of_another_fit_are_not_written_over(tmp_path: Path) -> None:
    trainer().fit((X, Y), **FIT, checkpoints=tmp_path / "run")
    with pytest.raises(InputError, match=r"holds checkpoints of another fit, up to step-000000000030"):
        trainer("sgd").fit((X, Y), **FIT, checkpoints=tmp_path / "run")
    once = trainer()
    for _ in range(2):  # but the same trainer goes on in its folder
        once.fit((X, Y), **FIT, checkpoints=tmp_path / "other")
