"""The progress line: written over in a terminal and in a notebook, now and then in a log, without widgets."""

from __future__ import annotations

import io
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn
from sklon.training import progress as module
from sklon.training.progress import Log, Notebook, Progress, Terminal, line_for

X = np.random.default_rng(0).standard_normal((40, 2)).astype(np.float32)


class Clock:
    """A clock that goes on by as much at each look."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 0.0, seconds

    def monotonic(self) -> float:
        self.now += self.seconds
        return self.now


class OutStream(io.StringIO):
    """Stands for the stream of a notebook's kernel."""


OutStream.__module__ = "ipykernel.iostream"


class Tty(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, seconds: float, monkeypatch: pytest.MonkeyPatch, **fit: Any) -> str:
    """What a fit of three epochs writes to standard error, by a clock of its own."""
    monkeypatch.setattr(module, "time", Clock(seconds))
    monkeypatch.setattr(sys, "stderr", stream)
    Trainer(nn.Linear(2, 1), loss="mse").fit((X, X[:, :1]), epochs=3, batch_size=8, progress=True, **fit)
    return stream.getvalue()


def test_each_stream_has_its_line() -> None:
    assert isinstance(line_for(io.StringIO()), Log)
    assert isinstance(line_for(OutStream()), Notebook)


def test_a_terminal_has_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Tty()
    monkeypatch.setattr(sys, "stderr", stream)
    line = line_for(stream)
    assert isinstance(line, Terminal)
    line.show("epoch 1/3  [red]loss 0.5", 0.3)
    line.close("")
    assert "epoch 1/3  [red]loss 0.5" in stream.getvalue()


def test_a_short_fit_leaves_nothing_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(io.StringIO(), 1e-4, monkeypatch) == ""


def test_a_long_fit_leaves_lines_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(io.StringIO(), 4.0, monkeypatch, validation=0.2).splitlines()
    assert len(lines) >= 2 and "\r" not in "".join(lines)
    assert lines[-1].startswith("epoch 3/3  train loss ") and "  validation loss " in lines[-1]
    assert lines[-1].endswith(" left") and " steps/s  " in lines[-1]


def test_a_notebook_has_one_line_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(OutStream(), 1.0, monkeypatch)
    assert text.startswith("\repoch ") and text.count("\n") == 1 and text.endswith("0:00 left\n")
    lines = text.rstrip("\n").split("\r")[1:]
    assert all(len(b) >= len(a.rstrip()) for a, b in pairwise(lines))


def test_the_line_says_how_far_an_epoch_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", Clock(10.0))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    trainer, line = Trainer(nn.Linear(2, 1), loss="mse"), Progress()
    line.on_fit_start(trainer, 4)
    trainer.step, trainer.epoch = 30, 1
    line.on_chunk_end(trainer, 0.5)
    first = stream.getvalue().splitlines()[0]
    assert first == "epoch 2/4 (50 %)  1 steps/s  0:50 left"


def test_the_line_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    def predicted(**fit: Any) -> Any:
        trainer = Trainer(nn.Linear(2, 1, dtype="float32"), loss="mse")
        for parameter in trainer.model.parameters():
            parameter.assign(np.ones(parameter.shape, np.float32))
        trainer.fit((X, X[:, :1]), epochs=3, batch_size=8, **fit)
        return trainer.predict(X)

    plain = predicted()
    monkeypatch.setattr(sys, "stderr", OutStream())
    np.testing.assert_array_equal(predicted(progress=True), plain)
