"""The course of a training that obeys controls: steps, changes on the way, snapshots, and the way back.

No threads here, and no clock: where a course stands follows from its first settings, its log of changes and the number
of its steps, to the bit. Snapshots only shorten the way back.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from sklon.training import stopping
from sklon.training.arrays import samples
from sklon.training.diagnosis import not_finite
from sklon.training.epoch import Epoch
from sklon.training.evaluation import state_of
from sklon.training.losses import loss_for, loss_of

from ..controls import Settings
from ..text import Text
from .controls import Acts, row_of
from .datasets import Data, Own, data_of
from .network import network_of, rule_for, with_some_momentum
from .past import Past, Snapshot
from .stretch import Programs, Stretch, feed_for, initial_state

Array = np.ndarray[Any, Any]
SLOT = "slot."
#: steps of a replay between two looks at whether it is still wanted
AT_A_STRETCH = 256


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that was changed after so many steps."""

    step: int
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a course goes no further by itself: "epochs", "diverged" or a stopping rule's name, and a sentence."""

    reason: str
    says: Text


class Course:
    """One training from its first step on; ``settings`` are complete and within their bounds."""

    def __init__(self, settings: Settings, own: Own | None = None) -> None:
        self.first: Settings = dict(settings)
        self.settings: Settings = dict(settings)
        self.acted: Settings = self.settings  # in the last step
        self.data: Data = data_of(settings, own)
        self.model = network_of(settings, self.data)
        training, testing = samples(*self.data.training), samples(*self.data.testing)
        self.loss = loss_for(loss_of(self.data.loss, None), training)
        recorded = network_of(settings, self.data), loss_for(loss_of(self.data.loss, None), training)
        self.programs = Programs(*recorded, training, testing)
        self.step = self.epoch = self.taken = 0
        self.log: list[Change] = []
        self.pending: dict[str, Any] = {}
        self.training_curve, self.testing_curve = array("d"), array("d")
        self.ended: Ended | None = None
        self.current: Epoch | None = None
        self.earlier: dict[str, Array] | None = None  # the state before the last step, where that was run alone
        self.past = Past()
        self.stretch: Stretch | None = None  # compiled with the first step, so that there is something to see before
        self.state = state_of(self.model, self.loss)
        self.rate = float(settings["learning_rate"])
        self.remember()

    # ---- forwards
    def advance(self, most: int) -> int:
        """Run at most so many steps, within one epoch, unless the course has ended; how many were run."""
        if self.ended is not None or most < 1:
            return 0
        taken = self._advance(most)
        if self.past.is_due(self.step):
            self.remember()
        return taken

    def _advance(self, most: int) -> int:
        epoch = self._under_way()
        before = {name: array.copy() for name, array in self.state.items()}
        first, last = epoch.done, epoch.end_of(most, len(epoch.parts))
        if not self._run(epoch, first, last):
            last = self._back_to_finite(epoch, before, first, last)
            self.ended = Ended("diverged", _DIVERGED)
        batches = epoch.batches(last) - epoch.batches(first)
        self.earlier = before if batches == 1 else None
        self.acted = self.settings
        self.step, self.taken, epoch.done = self.step + batches, self.taken + batches, last
        if epoch.complete:
            self._finish(epoch)
        return batches

    def _run(self, epoch: Epoch, first: int, last: int) -> bool:
        """Run some parts natively; whether losses and parameters are finite."""
        program = self._now().program
        results = program.code.run(self.arrays, self.steps, first=first, last=last)
        epoch.losses[first:last] = results["loss"][first:last]
        return bool(np.isfinite(epoch.losses[first:last]).all()) and not not_finite(self.state, program.watched)

    def _back_to_finite(self, epoch: Epoch, before: dict[str, Array], first: int, last: int) -> int:
        """The state before the first step that is not finite: the number of parts that are done then."""
        bad = np.flatnonzero(~np.isfinite(epoch.losses[first:last]))
        done = epoch.batches(first)
        good = epoch.batches(first + int(bad[0])) if len(bad) else epoch.batches(last) - 1
        while True:
            for name, values in before.items():
                self.state[name][...] = values
            end = int(epoch.ends[good - 1]) if good > done else first
            if end == first or self._run(epoch, first, end):
                return end
            good -= 1

    def _under_way(self) -> Epoch:
        """The epoch under way, or the next one, in which what waited for it takes effect."""
        if self.current is None:
            waiting, self.pending = self.pending, {}
            self._apply([Change(self.step, name, value) for name, value in waiting.items()])
            self._begin(Epoch.of(self._now().feed.parts))
        assert self.current is not None
        return self.current

    def _now(self) -> Stretch:
        """The stretch under way; the first one is made here."""
        if self.stretch is None:
            self._place(Stretch.of(self.programs, self.settings, began=0, since=0, before=0))
        assert self.stretch is not None
        return self.stretch

    def _begin(self, epoch: Epoch) -> None:
        """Bind the rows of an epoch and the numbers of those of its steps that are left."""
        self.current = epoch
        stretch = self._now()
        self.arrays = {**self.state, **self.programs.samples.bound(), "rows": stretch.order(self.epoch)}
        self.steps, self.rate = stretch.steps(epoch, self.step)

    def _finish(self, epoch: Epoch) -> None:
        loss, count = epoch.totals
        self.epoch, self.current = self.epoch + 1, None
        self.training_curve.append(loss / count)
        self.testing_curve.append(self.programs.evaluation.mean_loss(self.state))
        self.ended = self.ended or self._reason()

    def _reason(self) -> Ended | None:
        """Why the course ends after this epoch, if it does."""
        rule = stopping.parse(self.settings["stopping"])
        found = rule.check(stopping.Curves(self.testing_curve, self.training_curve)) if rule is not None else None
        if found is not None:
            said = f"{self.settings['stopping']}: {found.sentence}"
            return Ended(found.name, Text(said, f"сработало правило {self.settings['stopping']}"))
        if self.epoch >= self.settings["epochs"]:
            return Ended("epochs", Text(f"all {self.epoch} epochs were run", f"пройдены все эпохи: {self.epoch}"))
        return None

    # ---- changes
    def unprepared(self, given: Settings) -> Callable[[], None] | None:
        """What compiles all that the steps under these changes need, in any thread; None where it is there."""
        settings = {**self.settings, **self.pending, **given}
        feed = feed_for(settings, self.programs.samples)
        return None if self.programs.has(settings, feed) else partial(self.programs.prepare, settings, feed)

    def change(self, name: str, value: Any) -> None:
        """Change a setting that leaves the weights as they are: now, or from the next epoch on."""
        self.change_all({name: value})

    def change_all(self, given: Mapping[str, Any]) -> None:
        """Change several of them at once: nothing is compiled for those between."""
        for name in given:
            self.pending.pop(name, None)
        differ = {name: value for name, value in given.items() if value != self.settings[name]}
        wait = {n for n in differ if row_of(n).acts is Acts.NEXT_EPOCH and self.current is not None}
        self.pending |= {name: differ[name] for name in wait}
        changes = [Change(self.step, name, value) for name, value in differ.items() if name not in wait]
        if changes:
            self._apply(changes)
            self.ended = None

    def _apply(self, changes: Sequence[Change]) -> None:
        """Begin a stretch with some settings changed; slots that a rule on the way did not have begin anew."""
        if not changes:
            return
        renewed: set[str] = set()
        for change in changes:
            before, anew = rule_for(self.settings), change.name == "optimizer"
            self.settings = {**self.settings, change.name: change.value}
            self.log.append(change)
            self.taken = 0 if anew else self.taken
            renewed |= set(rule_for(self.settings).slots) - (set() if anew else set(before.slots))
        self._place(Stretch.of(self.programs, self.settings, **self._here()))
        self._renew_slots(renewed)
        if self.current is not None:
            self._begin(self.current)

    def _here(self) -> dict[str, int]:
        """Where a stretch that begins now begins."""
        batches = len(feed_for(self.settings, self.programs.samples).starts())
        done = 0 if self.current is None else self.current.batches(self.current.done)
        return {"began": self.step, "since": self.epoch * batches + done, "before": self.taken}

    def _place(self, stretch: Stretch) -> None:
        """Go on under another stretch; state that only the last one needed goes, new state begins."""
        self.stretch = stretch
        fresh = initial_state(self.model, self.loss, stretch.program.graph, self._starts())
        for name in fresh.keys() & self.state.keys():
            if fresh[name].shape == self.state[name].shape:
                fresh[name][...] = self.state[name]
        self.state = fresh

    def _renew_slots(self, names: set[str]) -> None:
        """Let these slots of the optimizer begin anew, which it did not have before."""
        for label, start in self._starts().items():
            if label.split(".")[1] in names:
                self.state[label][...] = start

    def _starts(self) -> dict[str, float]:
        """The first values of the optimizer's slots, by their labels."""
        held = with_some_momentum(rule_for(self.settings)).slots
        names = [name for name, _ in self.model.named_parameters()]
        return {f"{SLOT}{slot}.{name}": value for slot, value in held.items() for name in names}

    # ---- backwards
    def remember(self) -> None:
        """Keep a snapshot of now."""
        done = 0 if self.current is None else self.current.done
        losses = np.zeros(0) if self.current is None else self.current.losses[:done].copy()
        stretch = self.stretch
        self.past.keep(
            Snapshot(
                step=self.step,
                epoch=self.epoch,
                taken=self.taken,
                done=done,
                losses=losses,
                state={name: array.copy() for name, array in self.state.items()},
                settings=self.settings,
                began=stretch.began if stretch else 0,
                since=stretch.since if stretch else 0,
                before=stretch.before if stretch else 0,
                changes=len(self.log),
            )
        )

    def rewind(self, step: int, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Go back to where the course stood after so many steps; what came later is forgotten.

        ``go_on`` is asked now and then; where it says no the replay is given up, and the course stands where it stood.
        Whether it went back.
        """
        here, target = self._everything(), min(max(step, 0), self.step)
        if self._replay(target, go_on):
            self.ended = None
            return True
        self.__dict__.update(here)
        return False

    def _everything(self) -> dict[str, Any]:
        """All that a replay changes: its arrays are new ones, but it shortens the log and the curves in place."""
        kept = {"log": list(self.log), "past": replace(self.past)}
        return {
            **self.__dict__, **kept, "training_curve": self.training_curve[:], "testing_curve": self.testing_curve[:],
        }  # fmt: skip

    def _replay(self, target: int, go_on: Callable[[], bool]) -> bool:
        """From the last snapshot to a step, under the changes of then; False where it was given up."""
        changes = [change for change in self.log if change.step <= target]
        snapshot = self.past.before(target)
        self.past.forget_after(target)
        self._restore(snapshot)
        for at, together in groupby(changes[snapshot.changes :], key=lambda change: change.step):
            if not self._run_to(at, go_on):
                return False
            made = list(together)
            wait = [c for c in made if at == target and row_of(c.name).acts is Acts.NEXT_EPOCH]
            self._apply([change for change in made if change not in wait])
            self.pending |= {change.name: change.value for change in wait}
        return self._run_to(target, go_on)

    def follow(self, step: int, log: Sequence[Change], curves: tuple[Array, Array], past: tuple[Snapshot, ...]) -> None:
        """Go where another course with the same first settings has come to, from its snapshots and its log."""
        self.log[:] = log
        self.training_curve, self.testing_curve = array("d", curves[0]), array("d", curves[1])
        self.past.kept, self.step = past, step
        self.rewind(step)

    def _run_to(self, step: int, go_on: Callable[[], bool]) -> bool:
        while self.step < step:
            if not go_on():
                return False
            self._advance(min(step - self.step, AT_A_STRETCH))
        return True

    def _restore(self, snapshot: Snapshot) -> None:
        self.settings, self.pending, self.current, self.ended = snapshot.settings, {}, None, None
        self.acted, self.earlier = snapshot.settings, None
        self.step, self.epoch, self.taken = snapshot.step, snapshot.epoch, snapshot.taken
        del self.log[snapshot.changes :], self.training_curve[self.epoch :], self.testing_curve[self.epoch :]
        self.state = dict(snapshot.state)
        where = {"began": snapshot.began, "since": snapshot.since, "before": snapshot.before}
        self._place(Stretch.of(self.programs, self.settings, **where))
        self._now().go_on_at(self.step)
        if snapshot.done:
            epoch = Epoch.of(self._now().feed.parts)
            epoch.done = snapshot.done
            epoch.losses[: snapshot.done] = snapshot.losses
            self._begin(epoch)


_DIVERGED = Text(
    "the loss is no longer a finite number; this is the last step before",
    "функция потерь уже не конечна; показан последний шаг до этого",
)
