"""``kill -9`` at random moments, again and again: does the run go on from what was written, to the same bytes?

::

    python -m benchmarks.kills --kills 100
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sklon.training.checkpoints import newest

PROGRAM = """
import sys
import numpy as np
from sklon import Trainer, nn
from sklon.tensors.modes import seeded
from sklon.training.checkpoints import Checkpoints
random = np.random.default_rng(0)
X = random.standard_normal((400, 8)).astype(np.float32)
y = (X[:, :1] * X[:, 1:2]).astype(np.float32)
with seeded(1):
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1))
trainer = Trainer(model, loss="mse", optimizer="adam", lr=0.01)
plan = Checkpoints(sys.argv[1], every_steps=40, every_minutes=None)
trainer.fit((X, y), epochs=int(sys.argv[2]), batch_size=16, validation=0.2, checkpoints=plan, resume=True)
print(model[0].weight.detach().numpy().tobytes().hex(), trainer.history[-1]["validation_loss"].hex())
"""
#: the most seconds for which a run goes on after it was started, or after it wrote its first new checkpoint
LATEST = 0.6
#: of the kills, those that come that soon after the start, before anything may be written
SOON = 0.2


@dataclass(frozen=True, slots=True)
class Survived:
    """What came of it: the steps written at each kill, and whether the run ended with the bytes of one left alone."""

    written: tuple[int, ...]
    same: bool

    @property
    def nothing_lost(self) -> bool:
        """Whether no kill took away what had been written."""
        return all(b >= a for a, b in zip(self.written, self.written[1:], strict=False))


def kill_and_resume(folder: Path, kills: int, epochs: int, seed: int = 0) -> Survived:
    """Start a run, kill it, start it again …, then let it end, beside a run that is left alone."""
    moments, written = random.Random(seed), []
    whole, killed = ([sys.executable, "-c", PROGRAM, str(folder / name), str(epochs)] for name in ("whole", "killed"))
    for _ in range(kills):
        process = subprocess.Popen(killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if moments.random() >= SOON:
            _wait_for_more(process, folder / "killed")
        time.sleep(moments.uniform(0, LATEST))
        process.send_signal(signal.SIGKILL)
        process.wait()
        written.append(_step(folder / "killed"))
    ends = [subprocess.run(run, capture_output=True, text=True, check=True).stdout for run in (whole, killed)]
    return Survived(tuple(written), ends[0] == ends[1] != "")


def _step(folder: Path) -> int:
    """The step of the newest checkpoint, or -1."""
    found = newest(folder)
    return -1 if found is None else int(found.record["step"])


def _wait_for_more(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the run has written more than there was, however slow the machine is, or has ended."""
    before = _step(folder)
    while process.poll() is None and _step(folder) == before:
        time.sleep(0.005)


def main() -> None:
    """Print what came of it; exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=4000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        survived = kill_and_resume(Path(folder), given.kills, given.epochs)
    print(f"steps written at each kill: {', '.join(map(str, survived.written))}")
    print(f"nothing that was written was lost: {survived.nothing_lost}; ended with the same bytes: {survived.same}")
    sys.exit(not (survived.nothing_lost and survived.same))


if __name__ == "__main__":
    main()
