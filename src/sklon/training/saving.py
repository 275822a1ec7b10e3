"""A trainer in a run folder, and back: model, loss and optimizer as data, arrays beside them, nothing that executes.

A Sequential of known layers and a loss of sklon are described in ``run.json``. A class or a function of one's own is
not: whoever loads passes it again, and is told how. What is loaded goes on as the trainer would have.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sklon._base.errors import InputError
from sklon.nn import Loss, Module
from sklon.nn.description import build, describe
from sklon.nn.loss import FunctionLoss
from sklon.optim import RULES, Rule
from sklon.optim.averaging import AVERAGES
from sklon.optim.clipping import CLIPS
from sklon.optim.freezing import Freeze
from sklon.optim.penalties import described as penalties_described
from sklon.optim.penalties import from_description
from sklon.optim.schedules import Schedule

from . import folder as files
from .diagnosis import Fault
from .losses import loss_of

if TYPE_CHECKING:
    from .stopped import Stopped
    from .trainer import Trainer

Part = TypeVar("Part", bound=Module)
VERSIONS = ("sklon", "numpy", "llvmlite")


# ---- writing
def save(trainer: Trainer, out: Path, *, overwrite: bool) -> None:
    """Write model, optimizer, history and record as one folder that appears at once."""
    free = files.check_free(out, overwrite=overwrite, repair="give another path, or overwrite=True if it is a run")
    with files.appearing(free) as folder:
        files.write_arrays(folder / files.MODEL, trainer.model.state_dict())
        files.write_arrays(folder / files.OPTIMIZER, trainer.updates.slots)
        files.write_history(folder, trainer.history.rows)
        files.write_record(folder, record_of(trainer))


def record_of(trainer: Trainer) -> dict[str, Any]:
    """What ``run.json`` holds."""
    return {
        "schema": files.SCHEMA,
        "kind": files.MODULE,
        **_parts(trainer),
        "optimizer": _optimizer(trainer),
        "epoch": trainer.epoch,
        "step": trainer.step,
        "stopped": None if trainer.stopped is None else asdict(trainer.stopped),
        "versions": _versions(),
    }


def _parts(trainer: Trainer) -> dict[str, Any]:
    return {
        "model": {"class": type(trainer.model).__name__, "description": describe(trainer.model)},
        "loss": {"class": _title(trainer.loss), "description": describe(trainer.loss), "means": _means(trainer.loss)},
        "penalties": penalties_described(trainer.updates.chosen),
        "freeze": [asdict(one) for one in trainer.updates.freezes],
        "clip": _named(trainer.options.clip, CLIPS),
        "average": _named(trainer.average, AVERAGES),
        "on_non_finite": "skip" if trainer.options.skip else "stop",
        "schedule": _schedule(trainer.updates.schedule),
        "seed": trainer.seed,
    }


def _schedule(schedule: Schedule | None) -> str | None:
    if schedule is not None and not schedule.writable:
        raise InputError("a schedule that holds a Python function cannot be written to a file")
    return None if schedule is None else str(schedule)


def described(trainer: Trainer) -> dict[str, Any]:
    """What decides the values of a fit, besides data and order: all that a fit that goes on must share."""
    optimizer = _optimizer(trainer)
    groups = {name: {k: v for k, v in group.items() if k != "steps"} for name, group in optimizer["groups"].items()}
    return {**_parts(trainer), "optimizer": {**optimizer, "groups": groups}}


def _named(value: Any, known: Mapping[str, type[Any]]) -> dict[str, Any] | None:
    """A value of a registry as its name and settings; InputError for one that a file cannot hold."""
    if value is None:
        return None
    if known.get(value.name) is not type(value):
        raise InputError(f"{type(value).__name__} is not one of {', '.join(known)}, so a file cannot hold it")
    return {"name": value.name, "settings": asdict(value)}


def _from_name(entry: Mapping[str, Any] | None, known: Mapping[str, type[Any]]) -> Any:
    return None if entry is None else known[entry["name"]](**entry["settings"])


def _title(loss: Loss) -> str:
    """What a user would write for a loss."""
    return loss.extra_repr() if isinstance(loss, FunctionLoss) else f"{type(loss).__name__}()"


def _means(loss: Loss) -> bool:
    return isinstance(loss, FunctionLoss) and loss.means


def _optimizer(trainer: Trainer) -> dict[str, Any]:
    """Groups with rule, settings and steps, and the group of each parameter."""
    groups = {
        group: {"rule": type(rule).__name__, **_settings(rule), "steps": trainer.updates.before[group]}
        for group, rule in trainer.updates.rules.values()
    }
    return {"groups": groups, "parameters": {name: group for name, (group, _) in trainer.updates.rules.items()}}


def _settings(rule: Rule) -> dict[str, Any]:
    if RULES.get(rule.name) is not type(rule):
        return {"name": None, "settings": None}
    names = [field.name for field in fields(rule) if field.init]
    return {"name": rule.name, "settings": {name: getattr(rule, name) for name in names}}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


# ---- reading
def restore(folder: Path, make: Callable[..., Trainer], stopped: type[Stopped], given: Mapping[str, Any]) -> Trainer:
    """The trainer that a folder holds; what data could not describe is passed again."""
    record = files.read_record(folder)
    with files.reading(folder):
        needed = _Needed(folder, record)
        net, wanted = needed.part("model", given["model"], Module), needed.loss(given["loss"])
        rules = needed.rules(given["optimizer"])
        needed.check()
        net.load_state_dict(files.read_arrays(folder / files.MODEL))
        trainer = make(
            net,
            loss=wanted,
            optimizer=next(iter(rules.values()), given["optimizer"]),
            penalties=from_description(record.get("penalties", ())),
            freeze=[Freeze(**entry) for entry in record.get("freeze", ())],
            clip=_from_name(record.get("clip"), CLIPS),
            average=_from_name(record.get("average"), AVERAGES),
            schedule=record.get("schedule"),
            on_non_finite=record.get("on_non_finite", "stop"),
            seed=record["seed"],
        )
        _go_on(trainer, record, rules, files.read_arrays(folder / files.OPTIMIZER))
        trainer.history.rows = [
            {name: value for name, value in row.items() if value is not None} for row in files.read_history(folder)
        ]
        trainer.stopped = None if record["stopped"] is None else _stopped(stopped, **record["stopped"])
    return trainer


def _stopped(make: type[Stopped], fault: Mapping[str, Any] | None = None, **words: Any) -> Stopped:
    return make(**words, fault=None if fault is None else Fault(**_tuples(fault)))


def _go_on(trainer: Trainer, record: Mapping[str, Any], rules: Mapping[str, Rule], slots: files.Arrays) -> None:
    """Epoch, steps and the optimizer's state as they were."""
    trainer.epoch, trainer.step = record["epoch"], record["step"]
    if not rules:
        return
    groups, parameters = record["optimizer"]["groups"], record["optimizer"]["parameters"]
    trainer.updates.rules = {name: (group, rules[group]) for name, group in parameters.items()}
    trainer.updates.before = {group: entry["steps"] for group, entry in groups.items()}
    trainer.updates.slots = slots


class _Needed:
    """Collects what a folder does not describe, to ask for all of it in one line."""

    def __init__(self, folder: Path, record: Mapping[str, Any]) -> None:
        self.folder, self.record = folder, record
        self.missing: dict[str, str] = {}
        self.line: dict[str, str] = {}

    def part(self, name: str, given: Any, kind: type[Part]) -> Any:
        """What was given under a name, or what the record describes."""
        entry = self.record[name]
        shown = entry["class"] + ("()" if name == "model" else "")
        if given is not None:
            self.line[name] = shown
            if not isinstance(given, kind):
                raise InputError(f"{name} must be an nn.{kind.__name__}, not {type(given).__name__}")
            return given
        if entry["description"] is None:
            self.missing[name] = self.line[name] = shown
            return None
        return build(entry["description"])

    def loss(self, given: Any) -> Any:
        """The loss; a function that was declared a mean is one again."""
        if given is None or isinstance(given, str | Loss):
            return self.part("loss", None if given is None else loss_of(given, None), Loss)
        return loss_of(given, "mean" if self.record["loss"]["means"] else None)

    def rules(self, given: Any) -> dict[str, Rule]:
        """The rule of each group; none where an optimizer is given."""
        groups = self.record["optimizer"]["groups"]
        if given is not None:
            self.line["optimizer"] = "…"
            return {}
        for entry in groups.values():
            if entry["name"] is None:
                self.missing["optimizer"] = self.line["optimizer"] = f"{entry['rule']}(…)"
                return {}
        return {group: RULES[entry["name"]](**_tuples(entry["settings"])) for group, entry in groups.items()}

    def check(self) -> None:
        """Raise InputError with the line that loads this folder."""
        if not self.missing:
            return
        passed = ", ".join(f"{name}={value}" for name, value in self.line.items())
        raise InputError(
            f"the {' and the '.join(self.missing)} of {self.folder} {'is' if len(self.missing) == 1 else 'are'} of "
            f"your own, which files do not hold (nothing that is loaded executes code): "
            f"sklon.load({str(self.folder)!r}, {passed})"
        )


def _tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where rules have pairs."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
