"""Ctrl-C for real: a signal sent to a training process, on one and two threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import sys, numpy as np, sklon
from sklon import Trainer, nn
import sklon.compiler.executable as executable
executable.WORTH_A_THREAD = 1
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
