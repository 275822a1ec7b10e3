"""A run in pieces is the same run."""

from __future__ import annotations

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.lab.recording import Recording
from sklon.lab.running import run_experiment
from tests.lab.results import EXPERIMENTS


@pytest.mark.parametrize(("number", "controls"), [("E4", {"direction": 30}), ("E16", {}), ("E8", {"batch_size": 16})])
@pytest.mark.parametrize("faulty", [False, True])
def test_pieces_make_the_whole(number: str, controls: dict[str, int], faulty: bool) -> None:
    experiment = EXPERIMENTS[number]
    fault = experiment.faults[0] if faulty else None
    recording = Recording(experiment, controls, 3, fault)
    pieces = 0
    while recording.advance(0.0):
        pieces += 1
        assert len(recording.frames) == pieces
    whole = run_experiment(experiment, controls, 3, fault)
    result = recording.result()
    assert len(whole.record.frames) == len(result.record.frames) == pieces
    expected, measured = ([check.measured for check in one.checks] for one in (whole, result))
    assert np.array_equal(expected, measured, equal_nan=True) and whole.as_expected is result.as_expected is True


def test_what_is_out_of_bounds_does_not_begin() -> None:
    with pytest.raises(InputError, match="batch_size"):
        Recording(EXPERIMENTS["E8"], {"batch_size": 0})
