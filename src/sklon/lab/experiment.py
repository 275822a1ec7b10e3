"""An experiment as one value: what can be turned, what is claimed, what is done, how it looks, what breaks it.

The thing under test is the experiment's *subject*: an ingredient that ``run`` is given, such as a function, a layer or
an update rule. A *fault* is another value for the subject that is wrong in a known way. So nothing is ever patched:
the faulty experiment is the same experiment about something else, and its checks must tell the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from sklon._base.errors import ClaimError, InputError

from .check import Check, Finding
from .controls import Control, Settings
from .figure import Figure
from .text import Text

#: what an experiment shows at one moment: numbers and arrays by name
Frame: TypeAlias = Mapping[str, Any]
Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """A subject that is wrong in a known way; ``says`` tells what is wrong, in one sentence.

    ``breaks`` names the checks that have to notice it.
    """

    name: str
    says: Text
    subject: Any
    breaks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What one run has shown: its settings, its seed and its frames, in their order."""

    controls: Settings
    seed: int
    frames: tuple[Frame, ...]

    def __getitem__(self, name: str) -> Any:
        """The last value of that name."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        raise KeyError(name)

    def series(self, name: str) -> Array:
        """The values of that name over the frames that have it, stacked along a leading axis."""
        return np.asarray([frame[name] for frame in self.frames if name in frame])


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One experiment. ``run(subject, controls, seed)`` yields frames; checks and figure are functions of the record.

    ``number`` is that of its question, with a letter where a question has several: E9, E9b. ``run`` takes randomness
    from ``seed`` and from the random source in force alone, and keeps nothing between calls.

    ``claims`` says what is checked, under stable names, the decisive claim first: known before anything runs. The name
    of a control in braces stands for what it is set to. Each claim is checked once in every run.
    """

    number: str
    title: Text
    subject: Any
    faults: tuple[Fault, ...]
    run: Callable[[Any, Settings, int], Iterator[Frame]]
    claims: Mapping[str, Text]
    checks: Callable[[Record], Sequence[Finding]]
    figure: Callable[[Record], Figure]
    controls: tuple[Control, ...] = ()

    def claim(self, name: str, settings: Settings) -> Text:
        """What is claimed under a name, at some settings; InputError names the claims that there are."""
        if name not in self.claims:
            raise InputError(f"{self.number} has no check {name!r}; it has {', '.join(self.claims)}")
        return self.claims[name].filled(**settings)

    def checked(self, record: Record) -> tuple[Check, ...]:
        """What a run has shown of each claim, in the order of the claims; ClaimError if one was not checked once."""
        found = self.checks(record)
        names = [finding.name for finding in found]
        if sorted(names) != sorted(self.claims):
            raise ClaimError(f"{self.number} claims {', '.join(self.claims)}, and has checked {', '.join(names)}")
        by_name = {finding.name: finding for finding in found}
        return tuple(by_name[name].saying(self.claim(name, record.controls)) for name in self.claims)

    def with_fault(self, name: str | None = None) -> Experiment:
        """The same experiment about a faulty subject: the first fault, or the one of that name."""
        for fault in self.faults:
            if name in (None, fault.name):
                return replace(self, subject=fault.subject)
        known = ", ".join(f.name for f in self.faults)
        raise InputError(f"{self.number} has no fault {name!r}; it has {known}")
