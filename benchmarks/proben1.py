"""PROBEN1's linear networks against their published errors: ``python -m benchmarks.proben1``.

43 problems, ten runs each, by the rules of the report (shared/data/proben1/README.md): no hidden layer and identity
outputs, Rprop on the whole training set, η⁺ = 1.2, η⁻ = 0.5, Δ₀ of each weight random in 0.005…0.02, Δmax = 50,
Δmin = 0, weights random in −0.01…0.01. After every strip of 5 epochs: stop by GL5, by a training progress below 0.1 ‰,
or after 3000 epochs. "Training" and "validation" are the smallest errors reached, "test" is the error of the weights
with the smallest validation error. E_tr(t) is what epoch t sees before its update. No problem has rules of its own.

*Which Rprop?* The rules do not say, and three forms differ in what follows when a derivative turns its sign: sklon's
``RpropRule``, which is PyTorch's, rests once; another takes the last step back; the plain one steps by the new sign as
ever. All were tried. The table decides, for all problems at once, for the plain one, here :class:`PlainRpropRule`: only
it agrees down to the epochs that were needed. ``--rule package`` takes ``RpropRule``, which needs about a quarter fewer
and gets below errors that the table reached on its way only (mushroom1 after 3000 epochs: 0.006 against 0.014); with it
33 of 43 are inside.

*What is inside.* Within two published deviations σ, where both the mean and σ count at the end of their rounding: a σ
printed as 0.00 is anything below 0.005. How many are inside with σ exactly as printed is counted too.

*Why some are outside.* In the first strips Rprop still swings, and GL5 may end a run there with a large error. Where
some of the ten published runs met with it, σ is wide; where none did, σ is tiny, and one such run of ours moves the
mean beyond any multiple of it. So the count is a matter of the draw: 36, 41 and 40 of 43 for the seeds 0, 1 and 2,
with σ as printed 33, 36 and 38. What can be checked stands under the table for each problem that is outside: whether
the runs that GL5 did not end are inside, and how many standard errors lie between the published mean and ours, both of
ten runs; below about 3 the draw explains it. mushroom1 is printed without deviations, so it is taken for one run and
compared with the spread of ours.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np

from sklon import Tensor, Trainer, maximum, nn, optim, set_num_threads, stopping, where
from sklon._base.cores import available_cores

from .proben1_problems import (
    DATA,
    Array,
    Problem,
    Published,
    classification_error,
    percentage,
    read_problem,
    read_published,
    squared_error,
)

RUNS, STRIP, MOST_EPOCHS = 10, 5, 3000
STOP = stopping.GL(5) | stopping.TrainingProgress(below=0.1, strip=STRIP)
FIRST_STEPS = (0.005, 0.02)
LARGEST_FIRST_WEIGHT = 0.01
SETTINGS = {"etas": (0.5, 1.2), "step_sizes": (0.0, 50.0)}
DECIDING = ("training", "validation", "test")
WANTED = 36


# ---- the plain form of Rprop
@dataclass(frozen=True, slots=True)
class PlainRpropRule(optim.RpropRule):
    """Rprop that always steps: p ← p − sign(g)·s, with s adapted as by ``RpropRule``; g′ ← g, also after a turn.

    Source: equation (1) of M. Riedmiller, *Rprop – description and implementation details*, 1994; called Rprop⁻ by Igel
    and Hüsken, 2000.
    """

    name: ClassVar[str] = "plain_rprop"

    def update(
        self, param: Tensor, grad: Tensor, slots: Mapping[str, Tensor], scalars: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        agreement = grad * slots["prev"]
        factor = where(agreement > 0.0, scalars["grow"], where(agreement < 0.0, scalars["shrink"], 1.0))
        size = maximum(slots["step_size"] * factor, scalars["smallest"])
        size = -maximum(-size, -scalars["largest"])
        step = where(grad > 0.0, size, where(grad < 0.0, -size, 0.0))
        return param - step, {"prev": grad, "step_size": size}


class PlainRprop(optim.Optimizer):
    """Applies :class:`PlainRpropRule`."""

    rule = PlainRpropRule


OPTIMIZERS: dict[str, type[optim.Optimizer]] = {"plain": PlainRprop, "package": optim.Rprop}


# ---- one run
@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The errors of one run in percent, the epochs it took and the best of them, and the word for why it ended."""

    training: float
    validation: float
    test: float
    classification: float
    epochs: int
    relevant: int
    reason: str


def train(problem: Problem, optimizer: type[optim.Optimizer], rng: np.random.Generator) -> Run:
    """One network, strip by strip until the rules stop it."""
    model = first_network(problem, rng)
    trainer = Trainer(model, loss="mse", optimizer=with_first_steps(optimizer, model, rng))
    data, held_out, test = problem.training, problem.validation, problem.test
    curve: list[float] = []
    best: dict[str, Array] = {}
    reason = None
    while reason is None and trainer.epoch < MOST_EPOCHS:
        trainer.fit((data.X, data.t), epochs=STRIP, batch_size="full", shuffle=False)
        curve.append(percentage(trainer.evaluate(held_out.X, held_out.t)))
        if curve.index(min(curve)) == len(curve) - 1:
            best = model.state_dict()
        reason = STOP.check(stopping.Curves(curve, trainer.history.curve("train_loss")))
    model.load_state_dict(best)
    outputs = trainer.predict(test.X)
    return Run(
        training=percentage(min(trainer.history.curve("train_loss"))),
        validation=min(curve),
        test=squared_error(outputs, test.t),
        classification=classification_error(outputs, test.t),
        epochs=trainer.epoch,
        relevant=STRIP * (curve.index(min(curve)) + 1),
        reason=reason.name if reason else "epochs",
    )


def first_network(problem: Problem, rng: np.random.Generator) -> nn.Module:
    """Inputs connected to identity outputs, in double precision."""
    model = nn.Linear(problem.training.X.shape[1], problem.training.t.shape[1], dtype="float64")
    bound = LARGEST_FIRST_WEIGHT
    model.load_state_dict({name: rng.uniform(-bound, bound, p.shape) for name, p in model.state_dict().items()})
    return model


def with_first_steps(optimizer: type[optim.Optimizer], model: nn.Module, rng: np.random.Generator) -> optim.Optimizer:
    """An optimizer whose first step is random for each weight."""
    made = optimizer(model.parameters(), **SETTINGS)
    smallest, largest = FIRST_STEPS
    for param in model.parameters():
        sizes = np.asarray(rng.uniform(smallest, largest, param.numpy().shape))
        made.take_over(param, {"prev": np.zeros_like(sizes), "step_size": sizes}, 0)
    return made


# ---- all runs
@cache
def _problem(folder: Path, name: str) -> Problem:
    return read_problem(folder / f"{name}.dt")


def _run(folder: Path, rule: str, seed: int, which: tuple[str, int]) -> Run:
    name, number = which
    return train(_problem(folder, name), OPTIMIZERS[rule], np.random.default_rng([seed, number]))


def all_runs(folder: Path, names: Sequence[str], rule: str, seed: int, workers: int) -> Iterator[tuple[Run, ...]]:
    """The runs of each problem in turn, made by some processes of one thread each."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=set_num_threads, initargs=(1,)) as pool:
        runs = pool.map(partial(_run, folder, rule, seed), product(names, range(RUNS)))
        for _ in names:
            yield tuple(next(runs) for _ in range(RUNS))


# ---- the comparison
@dataclass(frozen=True, slots=True)
class Comparison:
    """The runs of a problem beside the published errors."""

    name: str
    runs: tuple[Run, ...]
    published: Mapping[str, Published]

    def mean(self, measure: str) -> float:
        """Over the runs."""
        return float(np.mean([getattr(run, measure) for run in self.runs]))

    def deviation(self, measure: str) -> float:
        """Over the runs, with n − 1."""
        return float(np.std([getattr(run, measure) for run in self.runs], ddof=1)) if len(self.runs) > 1 else 0.0

    @property
    def outside(self) -> list[str]:
        """The deciding errors that are not inside."""
        return [m for m in DECIDING if abs(self.published[m].distance(self.mean(m))) > 2]

    @property
    def strictly_inside(self) -> bool:
        """Whether all are, with the deviations as printed."""
        return all(self.published[m].holds_strictly(self.mean(m)) for m in DECIDING)

    def row(self) -> str:
        """A line of the table."""
        cells = [self._cell(m) if m in self.published else " " * 33 for m in (*DECIDING, "classification")]
        verdict = "outside" if self.outside else "inside"
        epochs = f"{self.mean('epochs'):5.0f} {self.mean('relevant'):5.0f}"
        return " | ".join([f"{self.name:10}", *cells, epochs, verdict])

    def _cell(self, measure: str) -> str:
        theirs = self.published[measure]
        digits = 3 if theirs.unit < 0.01 else 2
        ours = f"{self.mean(measure):6.3f} ± {self.deviation(measure):5.3f}"
        return f"{ours} {theirs.mean:6.{digits}f} ± {theirs.deviation:4.2f} {theirs.distance(self.mean(measure)):+5.1f}"

    def explanation(self) -> str:
        """Why the problem is outside: what the runs that GL5 ended have to do with it, and how likely the draw is."""
        apart = ", ".join(f"{m} by {self._standard_errors(m):.1f} standard errors" for m in self.outside)
        ended = [run.epochs for run in self.runs if run.reason == "gl"]
        rest = Comparison(self.name, tuple(run for run in self.runs if run.reason != "gl"), self.published)
        if not ended:
            return f"{self.name}: {apart}; GL5 ended no run"
        which = f"GL5 ended {len(ended)} of {len(self.runs)} runs, after {_span(ended)} epochs"
        if not rest.runs:
            return f"{self.name}: {apart}; {which}"
        others = "outside in " + " and ".join(rest.outside) if rest.outside else "inside"
        return f"{self.name}: {apart}; {which}; the others are {others}"

    def _standard_errors(self, measure: str) -> float:
        """|m − μ| less its rounding, in √(s²/n + σ²/n): of a single published run, in √(s²/n + s²)."""
        theirs, ours, n = self.published[measure], self.deviation(measure), len(self.runs)
        beyond = max(0.0, abs(self.mean(measure) - theirs.mean) - theirs.unit / 2)
        their_error = ours if theirs.single else (theirs.deviation + theirs.unit / 2) / np.sqrt(n)
        return float(beyond / np.hypot(ours / np.sqrt(n), their_error))


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least} to {most}"


HEADER = " | ".join(
    [f"{'problem':10}"]
    + [f"{name:^33}" for name in ("training", "validation", "test", "classification (test)")]
    + ["epochs, best", ""]
)


def summary(found: Sequence[Comparison]) -> str:
    """The counts, and a line for each problem that is outside."""
    inside = sum(not c.outside for c in found)
    strictly = sum(c.strictly_inside for c in found)
    ends = Counter(run.reason for c in found for run in c.runs)
    return "\n".join(
        [
            f"inside: {inside} of {len(found)} (wanted of 43: {WANTED}); with σ as printed: {strictly}",
            "runs ended by: " + ", ".join(f"{reason} {count}" for reason, count in ends.most_common()),
            *(f"outside: {c.explanation()}" for c in found if c.outside),
        ]
    )


def main() -> None:
    """Train, and print the table; exit code 1 if fewer of all problems are inside than wanted."""
    parser = argparse.ArgumentParser(description="PROBEN1's linear networks against their published errors.")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of PROBEN1")
    parser.add_argument("--problems", nargs="+", metavar="NAME", help="some of the 43")
    parser.add_argument("--rule", choices=sorted(OPTIMIZERS), default="plain", help="the form of Rprop")
    parser.add_argument("--seed", type=int, default=0, help="another draw of all first weights and steps")
    parser.add_argument("--workers", type=int, default=available_cores(), help="processes")
    options = parser.parse_args()
    if not options.data.is_dir():
        print("PROBEN1 is not there; name its folder with --data")
        return
    published = read_published(options.data)
    names = options.problems or list(published)
    if unknown := [name for name in names if name not in published]:
        parser.error(f"the table has no {unknown[0]}; it has {', '.join(published)}")
    start = time.perf_counter()
    print("each cell: ours, published, distance in published deviations beyond rounding\n" + HEADER)
    found = []
    for name, runs in zip(
        names, all_runs(options.data, names, options.rule, options.seed, options.workers), strict=True
    ):
        found.append(Comparison(name, runs, published[name]))
        print(found[-1].row(), flush=True)
    print(f"{summary(found)}\n{time.perf_counter() - start:.0f} seconds")
    sys.exit(not options.problems and sum(not c.outside for c in found) < WANTED)


if __name__ == "__main__":
    main()
