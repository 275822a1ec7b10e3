"""Running experiments: settings in, frames recorded, checks judged.

Every run has a random source of its own, so nothing that a process did before changes a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors.modes import seeded

from .catalogue import find
from .check import Check
from .controls import settle
from .experiment import Experiment, Fault, Frame, Record
from .figure import Figure
from .question import Question
from .text import Language, number


@dataclass(frozen=True, slots=True)
class Result:
    """One experiment that was run. ``fault`` is the one that was switched on, if any."""

    experiment: Experiment
    fault: Fault | None
    record: Record
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return all(check.passed for check in self.checks)

    @property
    def as_expected(self) -> bool:
        """Whether all checks hold; with a fault, whether one of them caught it."""
        return self.passed if self.fault is None else not self.passed

    @property
    def figure(self) -> Figure:
        """The figure of this run."""
        return self.experiment.figure(self.record)

    def summary(self, language: Language = "en") -> dict[str, Any]:
        """What was asked, measured and found, as values that JSON can hold."""
        return {
            "experiment": self.experiment.number,
            "title": self.experiment.title.of(language),
            "fault": self.fault.name if self.fault else None,
            "controls": dict(self.record.controls),
            "seed": self.record.seed,
            "passed": self.passed,
            "checks": [_summary(check, language) for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """All results of one call of :func:`run`."""

    question: Question
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether every check of every experiment holds."""
        return all(result.passed for result in self.results)

    @property
    def as_expected(self) -> bool:
        """Whether what should hold holds, and every fault was caught."""
        return all(result.as_expected for result in self.results)

    def check(self, experiment: str, name: str) -> Check | None:
        """The check of that name, if its experiment was run."""
        found = (c for r in self.results if r.experiment.number == experiment for c in r.checks if c.name == name)
        return next(found, None)

    def lines(self, language: Language = "en") -> list[str]:
        """A line for each result and each check."""
        return [line for result in self.results for line in _lines(result, language)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def run(which: str, *, seed: int = 0, fault: bool | str = False, **controls: Any) -> Outcome:
    """Run the experiments of a question ("Q9", "batch-size") or one of them ("E9b").

    ``controls`` are set in every experiment that has them. ``fault=True`` runs each experiment once with each of its
    faults instead, a name with the fault of that name.

    >>> from sklon import lab
    >>> lab.run("E8", batch_size=32).passed
    True

    InputError for what names nothing, for unknown controls, and for values outside their bounds.
    """
    question, experiments = find(which)
    _check_controls(which, experiments, controls)
    results: list[Result] = []
    for experiment in experiments:
        own = {c.name for c in experiment.controls}
        given = {name: value for name, value in controls.items() if name in own}
        results += [run_experiment(experiment, given, seed, chosen) for chosen in _faults(experiment, fault)]
    if isinstance(fault, str) and not results:
        known = ", ".join(f.name for e in experiments for f in e.faults)
        raise InputError(f"{which} has no fault {fault!r}; it has {known}")
    return Outcome(question, tuple(results))


def run_experiment(
    experiment: Experiment, controls: Mapping[str, Any] | None = None, seed: int = 0, fault: Fault | None = None
) -> Result:
    """One experiment, recorded to its end and judged."""
    settings = settle(experiment.controls, controls or {})
    frames = tuple(frames_of(experiment, settings, seed, fault))
    return judged(experiment, Record(settings, seed, frames), fault)


def judged(experiment: Experiment, record: Record, fault: Fault | None = None) -> Result:
    """What the checks say of a run that was recorded to its end."""
    with np.errstate(all="ignore"):
        return Result(experiment, fault, record, experiment.checked(record))


def frames_of(
    experiment: Experiment, controls: Mapping[str, Any], seed: int, fault: Fault | None = None
) -> Iterator[Frame]:
    """The frames of a run, one by one, each computed when it is asked for."""
    subject = experiment.subject if fault is None else fault.subject
    source = seeded(seed)
    with source:
        frames = iter(experiment.run(subject, controls, seed))
    while True:
        with source, np.errstate(all="ignore"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _faults(experiment: Experiment, fault: bool | str) -> list[Fault | None]:
    if fault is False:
        return [None]
    return [f for f in experiment.faults if fault is True or f.name == fault]


def _check_controls(which: str, experiments: tuple[Experiment, ...], controls: Mapping[str, Any]) -> None:
    known = {c.name for e in experiments for c in e.controls}
    for name in controls:
        if name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise InputError(f"{which} has no control {name!r}; {has}")


def _summary(check: Check, language: Language) -> dict[str, Any]:
    return {
        "name": check.name,
        "says": check.says.of(language),
        "measured": _finite(check.measured),
        "predicted": None if check.predicted is None else _finite(check.predicted),
        "bound": check.bound(language),
        "passed": check.passed,
    }


def _finite(value: float) -> float | str:
    """JSON has no infinities: they are words."""
    return value if np.isfinite(value) else str(value)


_VERDICTS: dict[Language, tuple[str, str]] = {"en": ("holds", "FAILS"), "ru": ("верно", "НЕВЕРНО")}
_WITH_FAULT: dict[Language, str] = {"en": "with the fault", "ru": "с ошибкой"}
_MEASURED: dict[Language, str] = {"en": "measured", "ru": "измерено"}
_PREDICTED: dict[Language, str] = {"en": "predicted", "ru": "предсказано"}
_BOUND: dict[Language, str] = {"en": "bound", "ru": "граница"}


def _lines(result: Result, language: Language) -> Iterator[str]:
    fault = f" ({_WITH_FAULT[language]}: {result.fault.says.of(language)})" if result.fault else ""
    yield f"{result.experiment.number} {result.experiment.title.of(language)}{fault}"
    for check in result.checks:
        verdict = _VERDICTS[language][0 if check.passed else 1]
        numbers = [f"{_MEASURED[language]} {number(check.measured, language)}"]
        if check.predicted is not None:
            numbers.append(f"{_PREDICTED[language]} {number(check.predicted, language)}")
        numbers.append(f"{_BOUND[language]} {check.bound(language)}")
        yield f"  {verdict:8} {check.says.of(language)}: {', '.join(numbers)}"
