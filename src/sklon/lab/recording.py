"""A run of an experiment under way: recorded piece by piece by whoever has time, and judged at its end."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from .controls import settle
from .experiment import Experiment, Fault, Frame, Record
from .running import Result, frames_of, judged


class Recording:
    """Frames of one run as far as they have been computed. Only one thread at a time may advance it.

    >>> from sklon.lab import find
    >>> recording = Recording(find("E23b")[1][0])
    >>> while recording.advance(0.0):
    ...     pass
    >>> recording.result().passed
    True
    """

    def __init__(
        self, experiment: Experiment, given: Mapping[str, Any] | None = None, seed: int = 0, fault: Fault | None = None
    ) -> None:
        self.experiment, self.seed, self.fault = experiment, seed, fault
        self.settings = settle(experiment.controls, given or {})
        self.frames: list[Frame] = []
        self._source = frames_of(experiment, self.settings, seed, fault)

    def advance(self, seconds: float) -> bool:
        """Record one frame, and more until so many seconds are over; False when there are no more."""
        until = monotonic() + seconds
        for frame in self._source:
            self.frames.append(frame)
            if monotonic() >= until:
                return True
        return False

    def result(self) -> Result:
        """What the checks say; only at the end."""
        return judged(self.experiment, Record(self.settings, self.seed, tuple(self.frames)), self.fault)
