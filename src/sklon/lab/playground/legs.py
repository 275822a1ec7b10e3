"""The course of a run as fits of a Trainer: whole epochs where it can be, and rows of one epoch around a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from ..controls import Settings
from .moment import Moment
from .network import batch_rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Steps under equal settings that one fit takes: ``epochs`` whole ones, or the ``rows`` from–to of one.

    It begins after ``step`` steps and ``epoch`` epochs, where a schedule is at its step ``since``.
    """

    settings: Settings
    step: int
    epoch: int
    since: int
    epochs: int = 1
    rows: tuple[int, int] | None = None


@dataclass(slots=True)
class _Place:
    """Where a walk along a run has come to: steps, whole epochs, and batches of the epoch under way."""

    samples: int
    settings: Settings
    step: int = 0
    epoch: int = 0
    done: int = 0

    def to(self, step: int) -> Iterator[Leg]:
        """The legs from here to a step."""
        while self.step < step:
            batch, _, drop = batch_rows(self.settings, self.samples)
            batches = self.samples // batch if drop else -(-self.samples // batch)
            left = step - self.step
            whole = left // batches if not self.done else 0
            count = whole * batches or min(left, batches - self.done)
            since = self.epoch * batches + self.done
            rows = (self.done * batch, min((self.done + count) * batch, self.samples))
            yield Leg(
                settings=self.settings,
                step=self.step,
                epoch=self.epoch,
                since=since,
                epochs=whole or 1,
                rows=None if whole else rows,
            )
            passed = self.done + count
            self.step, self.epoch, self.done = self.step + count, self.epoch + passed // batches, passed % batches


def legs(moment: Moment) -> Iterator[Leg]:
    """The legs of a run from its first step to the moment."""
    place = _Place(len(moment.bench.training), moment.first)
    for step, changes in groupby(moment.changes, key=lambda change: change.step):
        yield from place.to(step)
        for change in changes:
            place.settings = {**place.settings, change.name: change.value}
    yield from place.to(moment.step)


def settings_on_the_way(moment: Moment) -> list[Settings]:
    """All settings that acted, the first ones first."""
    found = [moment.first]
    for change in moment.changes:
        found.append({**found[-1], change.name: change.value})
    return found


def epoch_ends(moment: Moment) -> Array:
    """After how many steps each of the moment's epochs ended: [epochs]. Batches change between two epochs only."""
    changes = [change for change in moment.changes if change.name == "batch_size"]
    settings, begun, ends = moment.first, 0, [np.zeros(0, np.int64)]
    for until, size in [*((c.step, c.value) for c in changes), (moment.step, None)]:
        batches = moment.bench.batches(settings)
        ends.append(begun + batches * np.arange(1, (until - begun) // batches + 1))
        settings, begun = {**settings, "batch_size": size}, until
    return np.concatenate(ends)
