"""show_program: what it takes, what it prints and returns, and what it leaves alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, show_program
from sklon._base.errors import InputError
from sklon.compiler.view.subject import Subject
from sklon.compiler.view.view import ProgramView
from sklon.tensors.programs import counters
from tests.docs.stages import step

X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
y = X[:, :1] - X[:, 1:2]


def trainer() -> Trainer:
    """A small network, always the same."""
    sklon.manual_seed(0)
    return Trainer(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), loss="mse")


def shown(what: Any, data: Any = None, **settings: Any) -> tuple[ProgramView, str]:
    """What it returns, and what it prints."""
    file = io.StringIO()
    return show_program(what, data, file=file, **settings), file.getvalue()


def test_it_prints_to_standard_output_and_returns_what_it_printed(capsys: pytest.CaptureFixture[str]) -> None:
    view = show_program(trainer(), (X, y), batch_size=50)
    told = capsys.readouterr()
    assert told.out == str(view) and told.err == ""
    assert told.out.startswith("training step of Sequential\n") and "at most 50 rows a step" in told.out


def test_a_trainer_shows_its_last_fit_or_the_one_that_its_data_would_make() -> None:
    one = trainer()
    with pytest.raises(InputError, match=r"show_program\(trainer, \(X, y\)\)"):
        shown(one)
    planned, _ = shown(one, (X, y), batch_size=25)
    assert (one.epoch, one.step) == (0, 0)
    one.fit((X, y), epochs=1, batch_size=25)
    fitted, _ = shown(one)
    assert fitted.program_text() == planned.program_text()
    parts, _ = shown(one, (X, y), batch_size=50, micro_batch_size=10)
    assert parts.program.max_rows == 10


def test_looking_and_measuring_leave_a_training_as_it_is() -> None:
    one, other = trainer(), trainer()
    for _ in range(2):
        shown(one, (X, y), batch_size=25, measure=True, threads=2)
        one.fit((X, y), epochs=1, batch_size=25)
        other.fit((X, y), epochs=1, batch_size=25)
    for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()


def test_measuring_adds_a_table_with_a_line_for_each_loop() -> None:
    view, text = shown(trainer(), (X, y), batch_size=25, measure=True, threads=1)
    assert view.measured is not None and len(view.measured.loops) == len(view.loops)
    table = text.split("\ntimes\n")[1]
    assert all(word in table for word in ("GFLOP/s", "of peak", "GB/s", "a step", "1 thread; the peak is"))
    assert len([line for line in table.splitlines() if " over [" in line or " map [" in line]) == len(view.loops)
    assert view.measured.work == view.work
    without, _ = shown(trainer(), (X, y), batch_size=25)
    assert without.measured is None and without.times_text() == ""


def test_a_module_shows_its_prediction() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    view, text = shown(model, X, measure=True)
    assert text.startswith("prediction of Sequential\n") and "random" not in text
    assert view.work.flops == 100 * (2 * 3 * 4 + 4 + 2 * 4 * 2 + 2)
    assert view.measured is not None
    with pytest.raises(InputError, match=r"show_program\(model, X\)"):
        shown(model)


def test_a_pending_tensor_shows_what_would_be_computed_and_stays_pending() -> None:
    w = sklon.tensor([1.0, 2.0, 3.0], requires_grad=True)
    loss = (w * w).sum()
    view, text = shown(loss, measure=True)
    assert view.work.flops == 3 + 3 and "reduce [] over [3]" in text
    before = counters.runs
    assert loss.item() == 14.0
    assert counters.runs == before + 1  # it was not computed by being shown
    with pytest.raises(InputError, match="has its value already"):
        shown(loss)


def test_what_says_itself_how_it_is_looked_at_is_asked() -> None:
    class Compiled:
        def program_subject(self, data: Any = None) -> Subject:
            return Subject(title=f"called with {data}", graph=step(), max_rows=8)

    assert shown(Compiled(), 3)[1].startswith("called with 3\n")
    with pytest.raises(InputError, match="not int"):
        shown(3)


def test_passes_can_be_left_out() -> None:
    text = shown(trainer(), (X, y), passes=False)[1]
    assert "passes:" not in text and "as recorded" not in text and "\nphase 0" in text


def test_what_a_file_cannot_encode_is_a_question_mark() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", newline="")
    show_program(trainer(), (X, y), file=file)
    file.flush()
    assert b"x0 ? t" in raw.getvalue() and b"phase 0" in raw.getvalue()


def test_a_jitted_step_shows_its_program_and_nothing_is_left_behind() -> None:
    sklon.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = sklon.optim.Adam(model.parameters(), lr=0.1)

    @sklon.jit
    def step(x: Any, y: Any) -> Any:
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    with pytest.raises(InputError, match="call it first, or pass them"):
        shown(step)
    before = model.state_dict()
    view, text = shown(step, (x, y), measure=True)
    assert "jitted function step" in text
    assert view.measured is not None
    assert optimizer.state_dict()["state"] == {} and step.recordings == 0
    for _ in range(2):
        assert all(np.array_equal(model.state_dict()[name], array) for name, array in before.items())
        step(x, y)
        before = model.state_dict()
        assert shown(step)[1] == shown(step, (x, y))[1]
    assert step.recordings == 1


def test_a_jitted_module_shows_its_prediction() -> None:
    predict = sklon.jit(nn.Linear(2, 1))
    assert "jitted function Linear" in shown(predict, np.zeros((8, 2), np.float32))[1]


def test_what_would_be_ignored_is_refused() -> None:
    x = np.zeros((8, 2), np.float32)
    for what, data, settings, match in (
        (sklon.tensor(x) * 2, x, {}, "leave the data out"),
        (sklon.tensor(x) * 2, None, {"batch_size": 3}, "belong to a trainer"),
        (nn.Linear(2, 1), x, {"micro_batch_size": 3}, "belong to a trainer"),
        (nn.Linear(2, 1), x, {"threads": 0}, "threads must be"),
        (nn.Linear(2, 1), x, {"threads": -1, "measure": True}, "threads must be"),
    ):
        with pytest.raises(InputError, match=match):
            shown(what, data, **settings)
