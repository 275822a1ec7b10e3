"""Random shapes between memory guards, as ``python -m benchmarks.shapes`` runs them; and that the guards catch."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shapes import failure
from tests.guards import PAGE, Guards
from tests.random_shapes import trial

COUNT = 300
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pages are protected by mprotect")

#: programs that touch what is not theirs, each run in a process of its own
WRONG = {
    "a byte behind an array is read": """
array = Guards(at_end=True).zeros((5,), np.float32)
ctypes.string_at(array.ctypes.data + array.nbytes, 1)
""",
    "a byte before an array is read": """
array = Guards(at_end=False).zeros((5,), np.float32)
ctypes.string_at(array.ctypes.data - 1, 1)
""",
    "a table is written": """
array = Guards(at_end=True).zeros((5,), np.float32)
read_only(array)
ctypes.memset(array.ctypes.data, 0, 1)
""",
    "compiled code reads a row behind a table": """
drawn = next(t for t in map(trial, range(100)) if "space='data'" in repr(t))
drawn.indices[-1] = drawn.max_rows  # the rows of its tables
guarded(drawn)
""",
}
IMPORTS = """
import ctypes
import numpy as np
from tests.guards import Guards, guarded, read_only
from tests.random_shapes import trial
"""


def test_random_shapes_agree_and_touch_nothing_else() -> None:
    found = failure(0, COUNT, 0)
    assert found is None, str(found)


@pytest.mark.parametrize("what", WRONG)
def test_touching_what_is_not_ones_own_kills(what: str) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS + WRONG[what]], cwd=ROOT, capture_output=True)
    assert -done.returncode in (signal.SIGSEGV, signal.SIGBUS), done.stderr.decode()


@pytest.mark.parametrize("at_end", [True, False])
def test_writing_beside_an_array_is_seen(at_end: bool) -> None:
    guards = Guards(at_end)
    array = guards.zeros((PAGE // 8 - 3,), np.float64)
    guards.check()
    ctypes.memset(array.ctypes.data + (-1 if at_end else array.nbytes), 0, 1)
    with pytest.raises(AssertionError, match="beside an array"):
        guards.check()


def test_a_program_follows_from_its_number() -> None:
    assert repr(trial(7, 1)) == repr(trial(7, 1)) != repr(trial(8, 1))
    for name, array in trial(7, 1).arrays.items():
        np.testing.assert_array_equal(array, trial(7, 1).arrays[name])
