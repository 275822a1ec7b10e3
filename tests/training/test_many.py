"""Many fits at once are what each would be alone, to the bit, on any number of threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads, own_num_threads
from sklon.compiler.interrupts import deferred_interrupts, told_by
from sklon.training.many import Fit, fit_many, side_by_side

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4)).astype(np.float32)
LABELS = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(np.int64) + (X[:, 2] > 1)


def _fits(count: int) -> list[Fit]:
    """Networks of three structures with rates, penalties, seeds, rows and reasons to stop of their own."""
    found = []
    for i in range(count):
        sklon.manual_seed(i)
        width = (8, 8, 33)[i % 3]
        model = nn.Sequential(nn.Linear(4, width), nn.Tanh() if i % 3 else nn.ReLU(), nn.Linear(width, 3))
        rule = optim.SGDRule(lr=0.02 * (i + 1), momentum=0.5 + 0.04 * i) if i % 2 else "adam"
        trainer = Trainer(model, loss="cross_entropy", optimizer=rule, l2=10.0 ** -(2 + i % 4), seed=i)
        rows = np.flatnonzero(np.arange(len(X)) % 5 != i % 5)
        settings: dict[str, Any] = {"epochs": 6 + i, "batch_size": 32 + i}
        if i % 4 == 0:
            held = np.flatnonzero(np.arange(len(X)) % 5 == i % 5)
            settings |= {"validation": (X[held], LABELS[held]), "early_stopping": "patience(2)"}
        found.append(Fit(trainer, (X[rows], LABELS[rows]), settings))
    return found


def _told(fit: Fit) -> Any:
    trainer = fit.trainer
    assert trainer.stopped is not None
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in trainer.history]
    return rows, trainer.stopped.sentence, [v.tobytes() for v in trainer.model.state_dict().values()]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_many_are_what_each_is_alone(threads: int) -> None:
    together, alone = _fits(9), _fits(9)
    histories = fit_many(together, threads=threads)
    for fit in alone:
        fit()
    assert [_told(fit) for fit in together] == [_told(fit) for fit in alone]
    assert [len(history) for history in histories] == [len(fit.trainer.history) for fit in alone]


def test_none_are_no_fits() -> None:
    assert fit_many([]) == [] and side_by_side([]) == []


def test_two_fits_of_one_network_are_refused() -> None:
    one, other = _fits(2)
    with pytest.raises(InputError, match="two of the fits have one trainer"):
        fit_many([one, one])
    with pytest.raises(InputError, match="two of the fits have one model"):
        fit_many([one, Fit(Trainer(one.trainer.model, loss="cross_entropy"), other.data)])


def test_the_error_of_a_fit_is_raised_and_no_other_one_begins() -> None:
    fits = _fits(6)
    wrong = Fit(fits[1].trainer, (X, LABELS + 7), fits[1].settings)
    with pytest.raises(InputError, match="the classes must be 0 to 2"):
        fit_many([wrong, *fits[2:]], threads=1)
    assert all(fit.trainer.stopped is None for fit in fits[2:])


def test_functions_run_in_threads_of_their_own_and_keep_their_order() -> None:
    meeting = threading.Barrier(3)

    def work(number: int) -> tuple[int, str]:
        meeting.wait(timeout=30)
        return number, threading.current_thread().name

    found = side_by_side([lambda n=n: work(n) for n in range(3)], threads=3)  # type: ignore[misc]
    assert found == [(0, "sklon-fits"), (1, "sklon-fits"), (2, "sklon-fits")]


def test_cores_are_shared_among_the_functions_that_run() -> None:
    first, second = threading.Barrier(2), threading.Barrier(2)

    def work(last: bool) -> list[int]:
        first.wait(timeout=30)
        bounds = [get_num_threads()]
        second.wait(timeout=30)
        if last:
            while get_num_threads() == 1:  # until the other one has ended
                time.sleep(0.001)
            bounds.append(get_num_threads())
        return bounds

    sklon.set_num_threads(2)
    try:
        assert side_by_side([lambda: work(False), lambda: work(True)], threads=2) == [[1], [1, 2]]
    finally:
        sklon.set_num_threads(None)


def test_a_thread_s_own_bound_is_below_that_of_the_process() -> None:
    sklon.set_num_threads(3)
    try:
        with own_num_threads(lambda: 8):
            assert get_num_threads() == 3
        with own_num_threads(lambda: 0):
            assert get_num_threads() == 1
        assert get_num_threads() == 3
    finally:
        sklon.set_num_threads(None)


SCRIPT = """
import numpy as np, sklon
from sklon import Trainer, nn
from sklon.training import Fit, fit_many
X = np.random.default_rng(0).standard_normal((500, 20)).astype(np.float32)
trainers = [Trainer(nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 1)), loss="mse") for _ in range(4)]
print("begun", flush=True)
fit_many([Fit(t, (X, X[:, :1]), {"epochs": 10**9, "batch_size": 50}) for t in trainers], threads=2)
print([t.stopped and t.stopped.reason for t in trainers], len(trainers[0].history) > 1, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind exist on POSIX systems only")
def test_interrupted_fits_leave_usable_models_and_no_other_one_begins() -> None:
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert rest == "['interrupted', 'interrupted', None, None] True\n"
    assert process.returncode == 0


def test_threads_that_work_for_one_that_is_told_are_told_as_well() -> None:
    """As folds of a network within a search."""
    told, begun, ended = threading.Event(), [], []

    def work(number: int) -> None:
        begun.append(number)
        told.set()
        with deferred_interrupts():
            pass
        ended.append(number)

    with told_by(told), pytest.raises(KeyboardInterrupt):
        side_by_side([partial(work, number) for number in range(4)], threads=1)
    assert begun == [0] and ended == []


def test_a_fit_that_is_told_to_stop_ends_between_epochs_that_are_counted() -> None:
    """What native code did and what Python counted agree, so that another fit goes on as if nothing had happened."""
    told, stop = threading.Event(), threading.Event()
    (fit,) = _fits(1)
    settings: dict[str, Any] = {"batch_size": 32}

    def until_told() -> None:
        with told_by(stop):
            fit.trainer.fit(fit.data, epochs=10**9, **settings)
        told.set()

    threading.Thread(target=until_told, daemon=True).start()
    until = time.monotonic() + 60
    while len(fit.trainer.history) < 40 and time.monotonic() < until:
        time.sleep(0.001)
    stop.set()
    assert told.wait(timeout=60)
    done = fit.trainer.epoch
    assert fit.trainer.stopped is not None and fit.trainer.stopped.reason == "interrupted"
    assert len(fit.trainer.history) == done and fit.trainer.step == 3 * done
    (alone,) = _fits(1)
    alone.trainer.fit(alone.data, epochs=done, **settings)
    assert _told(fit)[2] == _told(alone)[2]
