"""A fit as a snapshot, and a fit from one: everything that the next step depends on, and what both must share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.errors import InputError

from .checkpoints import Checkpoints, Snapshot, check_same, digest, newest
from .epoch import Epoch
from .saving import described

if TYPE_CHECKING:
    from .run import Run

Array = np.ndarray[Any, Any]


def snapshot_of(run: Run) -> Snapshot:
    """Everything that the next step depends on."""
    trainer, current = run.trainer, run.current
    arrays = {f"state/{label}": array for label, array in run.state.items()}
    for name, kept in (("best", run.best), ("finite", run.last_finite)):
        arrays.update({f"{name}/{label}": array for label, array in (kept[0] if kept else {}).items()})
    if current is not None:
        arrays.update({"epoch/losses": current.losses, "epoch/counts": current.counts})
    record = {
        **run.identity,
        "epoch": trainer.epoch,
        "step": trainer.step,
        "first_epoch": run.first_epoch,
        "first_row": run.first_row,
        "parts_done": 0 if current is None else current.done,
        "updates": run.updates,
        "skipped": run.skipped,
        "best": None if run.best is None else [run.best[1], run.best_loss],
        "best_epoch": run.best_epoch,
        "finite": None if run.last_finite is None else run.last_finite[1],
        "before": trainer.updates.before,
        "history": trainer.history.rows,
        "seconds": time.perf_counter() - run.started,
    }
    return Snapshot(arrays, record)


def resumed(run: Run, plan: Checkpoints | None) -> int:
    """Go on from the newest checkpoint, if there is one; the epoch after which the fit began."""
    if plan is None:
        raise InputError("resume needs checkpoints=FOLDER, the folder that the fit was written to")
    found = newest(plan.folder)
    if found is not None:
        _go_on(run, found)
    return run.first_epoch


def _go_on(run: Run, snapshot: Snapshot) -> None:
    """Take a snapshot's place; raises InputError if it is of other data or settings."""
    trainer, record = run.trainer, snapshot.record
    check_same(record, run.identity["settings"], run.identity["data"])
    groups = _by_group(snapshot.arrays)
    for label, array in groups["state"].items():
        run.state[label][...] = array
    trainer.epoch, trainer.step = record["epoch"], record["step"]
    run.first_epoch, run.first_row, run.best_epoch = record["first_epoch"], record["first_row"], record["best_epoch"]
    trainer.updates.before, trainer.updates.first_epoch = dict(record["before"]), run.first_epoch + 1
    trainer.history.rows = [dict(row) for row in record["history"]]
    run.updates, run.skipped = record["updates"], record["skipped"]
    if record["best"] is not None:
        updates, run.best_loss = record["best"]
        run.best = groups["best"], updates
    if record["finite"] is not None:
        run.last_finite = groups["finite"], record["finite"]
    if record["parts_done"]:
        run.current = Epoch.of(run.feed.parts)
        run.current.done = record["parts_done"]
        run.current.losses[...] = groups["epoch"]["losses"]
        run.current.counts[...] = groups["epoch"]["counts"]
    run.started = time.perf_counter() - record["seconds"]
    if run.writer is not None:
        run.writer.last_step = trainer.step


def identity_of(run: Run) -> dict[str, Any]:
    """What a checkpoint must have in common with a fit that goes on from it."""
    feed, trainer = run.feed, run.trainer
    order: dict[str, Any] = {"batch_size": feed.batch, "micro_batch_size": feed.micro, "sampler": feed.sampler.name}
    order["order of the first epoch"] = feed.order_digest(trainer.seed)
    settings = {**described(trainer), **order, "drop_last": feed.drop_last}
    schedule = trainer.updates.schedule
    if schedule is not None and not schedule.complete:
        settings["steps of the schedule"] = run.total_steps
    return {"settings": settings, "data": digest(feed.samples, run.held_out)}


def _by_group(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Arrays by the two halves of their names."""
    groups: dict[str, dict[str, Array]] = {"state": {}, "best": {}, "finite": {}, "epoch": {}}
    for name, array in arrays.items():
        group, _, label = name.partition("/")
        groups[group][label] = np.array(array)
    return groups
