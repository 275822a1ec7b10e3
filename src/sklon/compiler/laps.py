"""Programs that take turns lap after lap, such as an epoch of training and a look at a validation set.

The laps run in one native call, in which Python is not entered, where every program runs on one thread; else each
piece is a call of its own. After each lap copies of arrays can be noted, so that any lap can be looked at later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .executable import ALIGNMENT, Call, address, aligned_zeros
from .executor import Prepared
from .interrupts import deferred_interrupts
from .kernels.laps import ROW_WORDS

Array = np.ndarray[Any, Any]


class Noted:
    """What arrays held after each lap, side by side in one block of memory, a row for each lap."""

    def __init__(self, arrays: Mapping[str, Array], laps: int) -> None:
        self.arrays = dict(arrays)
        ends = np.cumsum([-(-array.nbytes // ALIGNMENT) * ALIGNMENT for array in self.arrays.values()])
        self.starts = dict(zip(self.arrays, [0, *ends[:-1].tolist()], strict=True))
        self.rows = aligned_zeros((laps, int(ends[-1])), np.uint8)

    def after(self, lap: int) -> dict[str, Array]:
        """What the arrays held after a lap, counted from 0; this is the note itself."""
        return {name: self._of(self.rows[lap], name) for name in self.arrays}

    def of(self, name: str) -> Array:
        """What one of them held after each lap: [laps, *shape]."""
        return self._of(self.rows, name)

    def _of(self, rows: Array, name: str) -> Array:
        array, start = self.arrays[name], self.starts[name]
        part = rows[..., start : start + array.nbytes].view(array.dtype)
        return part.reshape(rows.shape[:-1] + array.shape)

    def note(self, lap: int) -> None:
        """Note what they hold now."""
        for name, row in self.after(lap).items():
            row[...] = self.arrays[name]

    def copies(self) -> Array:
        """The rows of a native call that note each lap: [laps, arrays, words]."""
        found = np.zeros((len(self.rows), len(self.arrays), ROW_WORDS), np.int64)
        laps = address(self.rows) + self.rows.shape[1] * np.arange(len(self.rows))
        found[:, :, 1] = np.add.outer(laps, list(self.starts.values()))
        found[:, :, 2] = [address(array) for array in self.arrays.values()]
        found[:, :, 3] = [array.nbytes for array in self.arrays.values()]
        return found


class Laps:
    """So many laps. In each of them every call runs as many steps as stand beside it, its next ones."""

    def __init__(self, turns: Sequence[tuple[Prepared, int]], laps: int, noted: Noted | None = None) -> None:
        self.turns, self.laps, self.noted = tuple(turns), laps, noted
        calls = [call for call, _ in self.turns]
        native = [call for call in calls if isinstance(call, Call) and call.working.threads == 1]
        self._rows = self._written(native) if len(native) == len(calls) else None
        self._entry = native[0].executable.laps if self._rows is not None else None

    def run(self, first: int, last: int) -> None:
        """Run the laps from ``first`` on, before ``last``."""
        with deferred_interrupts():
            if self._rows is None or self._entry is None:
                for lap in range(first, last):
                    self._lap(lap)
            elif first < last:
                some = self._rows[first:last]
                self._entry(address(some), some.shape[0] * some.shape[1])

    def _lap(self, lap: int) -> None:
        for call, steps in self.turns:
            call.run(lap * steps, (lap + 1) * steps)
        if self.noted is not None:
            self.noted.note(lap)

    def _written(self, calls: Sequence[Call]) -> Array:
        """The rows of the native call, for each lap as many: [laps, rows, words]."""
        own = np.zeros((self.laps, len(calls), ROW_WORDS), np.int64)
        for k, (call, (_, steps)) in enumerate(zip(calls, self.turns, strict=True)):
            firsts = steps * np.arange(self.laps)
            own[:, k, 0], own[:, k, 1] = call.executable.code.address, call.working.address
            own[:, k, 2], own[:, k, 3] = firsts, firsts + steps
        return own if self.noted is None else np.concatenate([own, self.noted.copies()], axis=1)
