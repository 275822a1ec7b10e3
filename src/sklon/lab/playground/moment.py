"""A moment of a training: everything that a page may show of it, as one value that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..controls import Settings
from .course import Change, Course, Ended
from .past import Snapshot

if TYPE_CHECKING:
    from .bench import Bench

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moment:
    """Where a training stands after ``step`` steps and ``epoch`` whole epochs.

    ``settings`` act now, ``waiting`` ones from the next epoch on; under those of ``acted`` the last step was taken, or
    the start made. ``share`` of the epoch under way is done. ``state`` are the values of parameters, buffers and the
    optimizer's slots by the labels of the Trainer, and ``earlier`` those before the last step, where it was looked at
    alone. The curves have a mean loss for each epoch. ``rate`` is the learning rate of now, ``start`` counts the
    trainings that the session has begun.
    """

    bench: Bench
    start: int
    first: Settings
    settings: Settings
    waiting: Settings
    acted: Settings
    step: int
    epoch: int
    share: float
    state: Mapping[str, Array]
    earlier: Mapping[str, Array] | None
    training_curve: Array
    testing_curve: Array
    rate: float
    ended: Ended | None
    playing: bool
    past: tuple[Snapshot, ...]
    changes: tuple[Change, ...]

    @property
    def wanted(self) -> Settings:
        """All settings as they were asked for: those that act and those that wait."""
        return {**self.settings, **self.waiting}


def moment_of(course: Course, bench: Bench, start: int, playing: bool) -> Moment:
    """Copies of all that a course holds now."""
    current = course.current
    return Moment(
        bench=bench,
        start=start,
        first=course.first,
        settings=course.settings,
        waiting=dict(course.pending),
        acted=course.acted,
        step=course.step,
        epoch=course.epoch,
        share=0.0 if current is None else current.batches(current.done) / len(current.ends),
        state={name: values.copy() for name, values in course.state.items()},
        earlier=course.earlier,
        training_curve=np.array(course.training_curve),
        testing_curve=np.array(course.testing_curve),
        rate=course.rate,
        ended=course.ended,
        playing=playing,
        past=course.past.kept,
        changes=tuple(course.log),
    )
