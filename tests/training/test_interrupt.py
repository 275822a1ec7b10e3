"""Ctrl-C for real: a signal sent to a training process, on one and two threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys, numpy as np, sklon
from sklon import Trainer, nn
import sklon.compiler.executable as executable
executable.worthwhile = lambda program, rows: 8
sklon.set_num_threads(int(sys.argv[1]))
X = np.random.default_rng(0).standard_normal((4000, 30)).astype(np.float32)
trainer = Trainer(nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 1)), loss="mse")
class Tell(sklon.training.callbacks.Callback):
    def on_epoch_end(self, trainer, row):
        print("epoch", flush=True)
trainer.fit((X, X[:, :1]), epochs=10**9, batch_size=16, callbacks=[Tell()])
print("stopped", trainer.stopped.reason, bool(np.isfinite(trainer.predict(X)).all()), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind exist on POSIX systems only")
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_run_leaves_a_usable_model(threads: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "epoch\n"
        time.sleep(0.07)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert rest.splitlines()[-1] == "stopped interrupted True"
    assert process.returncode == 0


RESUMABLE = """
import sys, numpy as np, sklon
from sklon import Trainer, nn
from sklon.training.checkpoints import Checkpoints
X = np.random.default_rng(0).standard_normal((3000, 20)).astype(np.float32)
sklon.manual_seed(0)
trainer = Trainer(nn.Sequential(nn.Linear(20, 32), nn.Dropout(0.2), nn.ReLU(), nn.Linear(32, 1)), loss="mse")
class Tell(sklon.training.callbacks.Callback):
    begun = False
    def on_chunk_end(self, trainer, share):
        if not self.begun:
            print("begun", flush=True)
        self.begun = True
plan = Checkpoints(sys.argv[1], every_minutes=1000.0)
fit = dict(epochs=200, batch_size=16, validation=0.3, callbacks=[Tell()])
trainer.fit((X, X[:, :1]), checkpoints=plan, resume=sys.argv[2] == "resume", **fit)
state = {name: np.asarray(v).tobytes().hex()[:64] for name, v in trainer.model.state_dict().items()}
rows = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history]
print(trainer.stopped.reason, state, rows, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind exist on POSIX systems only")
def test_an_interrupted_fit_is_written_down_at_once_and_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    def run(folder: str, how: str, interrupt_after: float | None = None) -> str:
        command = [sys.executable, "-c", RESUMABLE, str(tmp_path / folder), how]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
            assert process.stdout is not None
            if interrupt_after is not None:
                process.stdout.readline()
                time.sleep(interrupt_after)
                process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return out.splitlines()[-1]

    whole = run("whole", "begin")
    assert run("cut", "begin", 0.01).startswith("interrupted")
    assert run("cut", "resume", 0.06).startswith("interrupted")
    assert run("cut", "resume") == whole
