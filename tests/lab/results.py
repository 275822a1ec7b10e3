"""The runs that several tests read: each experiment, as it stands, once."""

from __future__ import annotations

from functools import cache

from sklon.lab import all_questions
from sklon.lab.running import Result, run_experiment

EXPERIMENTS = {e.number: e for q in all_questions() for e in q.experiments}


@cache
def result_of(number: str, fault: str | None = None) -> Result:
    """The run of an experiment with its defaults, with the fault of that name if one is given."""
    experiment = EXPERIMENTS[number]
    return run_experiment(experiment, fault=next((f for f in experiment.faults if f.name == fault), None))
