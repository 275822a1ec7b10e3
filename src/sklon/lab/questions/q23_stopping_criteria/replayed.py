"""E23: stopping rules on recorded curves, where everything that they do can be counted by hand.

Evaluations count from one. Shapes: CURVE [evaluations]; random curves [curves, evaluations].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sklon import stopping
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, above, equal, true
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, upright
from sklon.lab.text import Text
from sklon.training.stopping import Curves, Patience, Replayed, StoppingRule, replay

#: a curve with a dip, a lower minimum behind it, and a rise
CURVE = (1.0, 0.8, 0.6, 0.5, 0.52, 0.49, 0.51, 0.50, 0.53, 0.56, 0.60, 0.70)
#: a curve that stalls
STALLED = (1.0, 0.6, *(0.5,) * 10)
#: patience, where it stops on CURVE, and which evaluation it keeps
PATIENCES = ((1, 5, 4), (2, 8, 6), (3, 9, 6), (5, 11, 6))
#: α of the generalization loss in percent, and where it stops on CURVE
PERCENTS = ((2, 5), (5, 9), (10, 10), (20, 11))
#: epochs in a strip, and α of the quotient
STRIP, QUOTIENT = 2, 0.5
#: by how much the training loss falls in every epoch: fast and slow training under the same validation curve
FAST, SLOW = 0.9, 0.999
CURVES, EVALUATIONS, MOST_PATIENCE = 30, 50, 12
#: digits of a recorded value; with so few, ties are common
DIGITS = 2


@dataclass(frozen=True, slots=True)
class CountsTies(Patience):
    """Patience that takes an equal value for an improvement."""

    def check(self, curves: Curves) -> stopping.Reason | None:
        best, since = np.inf, 0
        for value in curves.watched:
            best, since = (value, 0) if best >= value else (best, since + 1)
        return None if since < self.patience else stopping.Reason("patience", "no improvement")


def restored(found: Replayed, watched: Array) -> float:
    """The value of the best epoch, whose weights are put back."""
    return found.best


def last(found: Replayed, watched: Array) -> float:
    """The value of the epoch at which training ended."""
    return float(watched[found.epoch - 1])


@dataclass(frozen=True, slots=True)
class Stopping:
    """The rule of patience, and the validation loss of the weights that are kept."""

    patience: Callable[[int], StoppingRule] = field(default=Patience)
    kept: Callable[[Replayed, Array], float] = field(default=restored)

    def replay(self, rule: StoppingRule, watched: Array) -> tuple[int, float]:
        """Where a rule stops on a curve, and the value of what is kept."""
        found = replay(rule, Curves(watched.tolist()))
        return found.epoch, self.kept(found, watched)


# ---- the run
def run(subject: Stopping, controls: Settings, seed: int) -> Iterator[Frame]:
    """Replay rules on a fixed curve, on one that stalls, and on random curves, which turn somewhere."""
    watched = np.array(CURVE)
    for patience, _, _ in PATIENCES:
        epoch, kept = subject.replay(subject.patience(patience), watched)
        yield {f"patience_{patience}": epoch, f"kept_{patience}": kept}
    for alpha, _ in PERCENTS:
        yield {f"gl_{alpha}": replay(stopping.GL(alpha), Curves(CURVE)).epoch}
    yield {"up": replay(stopping.UP(2, STRIP), Curves(CURVE)).epoch}
    yield {"pq": [_quotient(rate) for rate in (FAST, SLOW)]}
    yield {"stalled": subject.replay(subject.patience(3), np.array(STALLED))[0]}
    random = np.random.default_rng(seed)
    curves = np.array([_random_curve(random, controls["turn"], controls["noise"]) for _ in range(CURVES)])
    yield {"curves": curves}
    for patience in range(1, MOST_PATIENCE + 1):
        found = [subject.replay(subject.patience(patience), row) for row in curves]
        yield {"p": patience, "epochs": [epoch for epoch, _ in found], "kept": [kept for _, kept in found]}


def _quotient(rate: float) -> int:
    """Where PQ stops on the curve if the training loss falls at this rate."""
    training = rate ** np.arange(len(CURVE))
    return replay(stopping.PQ(QUOTIENT, STRIP), Curves(CURVE, training.tolist())).epoch


def _random_curve(random: np.random.Generator, turn: int, noise: float) -> Array:
    """A parabola over log time with its minimum near ``turn``, and noise that lasts for some evaluations."""
    t = np.arange(1, EVALUATIONS + 1)
    shape = 0.5 + 0.15 * np.log(t / (turn * random.uniform(0.7, 1.4))) ** 2
    waves = np.convolve(random.standard_normal(EVALUATIONS + 2), np.ones(3) / np.sqrt(3), "valid")
    return np.maximum(np.round(shape + noise * waves, DIGITS), 0.01)


def by_hand(curves: Array, patience: int) -> Array:
    """Where patience stops: the first evaluation so far behind the first best one until then, or the last of all."""
    best = np.array([[np.argmin(row[: t + 1]) for t in range(len(row))] for row in curves])
    late = np.arange(curves.shape[1]) - best >= patience
    late[:, -1] = True
    return np.asarray(late.argmax(1) + 1)


def _of_patience(patience: int) -> dict[str, Text]:
    return {
        f"patience-{patience}": Text(
            f"patience {patience} stops at evaluation", f"терпение {patience}: остановка на проверке"
        ),
        f"kept-{patience}": Text(f"loss kept with patience {patience}", f"терпение {patience}: сохранены потери"),
    }


# ---- what must come out
#: what is checked
CLAIMS = {
    **{name: says for patience, *_ in PATIENCES for name, says in _of_patience(patience).items()},
    "stalled": Text("patience 3 stops on a stalled curve at evaluation", "терпение 3 на застывшей кривой: проверка"),
    **{
        f"gl-{alpha}": Text(
            f"a rise of more than {alpha} % stops at evaluation", f"подъём больше {alpha} %: остановка на проверке"
        )
        for alpha, _ in PERCENTS
    },
    "up": Text("two rises in strips of 2 stop at evaluation", "два подъёма по отрезкам из 2: остановка на проверке"),
    "pq-slow": Text("PQ, slow training: evaluation", "PQ, медленное обучение: проверка"),
    "pq-fast": Text("PQ, fast training: evaluation", "PQ, быстрое обучение: проверка"),
    "as-by-hand": Text(
        "random curves with another stop than counted by hand",
        "случайных кривых с иной остановкой, чем вручную",
    ),
    "longer-with-patience": Text(
        "more patience never stops earlier", "с большим терпением остановка никогда не раньше"
    ),
    "kept-is-least": Text("what is kept is the least loss so far", "сохранены наименьшие потери из увиденных"),
    "regret": Text(
        "mean loss above the best possible: patience 1 minus patience 12",
        "средние потери сверх лучших возможных: терпение 1 минус терпение 12",
    ),
}


def checks(record: Record) -> list[Finding]:
    """Where each rule stops on the fixed curves, and what holds on all random ones."""
    return [*_patience_checks(record), *_other_checks(record), *_random_checks(record)]


def _patience_checks(record: Record) -> list[Finding]:
    found = []
    for patience, epoch, best in PATIENCES:
        found += [
            equal(f"patience-{patience}", record[f"patience_{patience}"], epoch),
            equal(f"kept-{patience}", record[f"kept_{patience}"], CURVE[best - 1]),
        ]
    return [*found, equal("stalled", record["stalled"], 6)]


def _other_checks(record: Record) -> list[Finding]:
    thresholds = [equal(f"gl-{alpha}", record[f"gl_{alpha}"], epoch) for alpha, epoch in PERCENTS]
    fast, slow = record["pq"]
    return [
        *thresholds,
        equal("up", record["up"], 10),
        equal("pq-slow", slow, 8),
        equal("pq-fast", fast, 12),
    ]


def _random_checks(record: Record) -> list[Finding]:
    curves, epochs, kept = record["curves"], record.series("epochs"), record.series("kept")
    expected = np.array([by_hand(curves, int(p)) for p in record.series("p")])
    least = np.array([[row[:end].min() for row, end in zip(curves, ends, strict=True)] for ends in epochs])
    regret = regrets(record)
    return [
        equal("as-by-hand", np.sum(epochs != expected), 0),
        true("longer-with-patience", bool(np.all(np.diff(epochs, axis=0) >= 0))),
        true("kept-is-least", bool(np.all(kept == least))),
        above("regret", regret[0] - regret[-1], 0.005),
    ]


def regrets(record: Record) -> Array:
    """By how much the kept loss exceeds the least of the whole curve, for each patience, mean over curves."""
    return np.asarray((record.series("kept") - record["curves"].min(1)).mean(1))


def figure(record: Record) -> Figure:
    """The fixed curve with the stops, and what patience costs and saves on random curves."""
    epochs = np.arange(1, len(CURVE) + 1)
    loss = Text("validation loss", "потери на валидации")
    return Figure(
        caption=Text(
            "Left: a validation curve with a dip and a lower minimum behind it. Patience 1 stops in the first rise and "
            "never sees the minimum; the other rules stop behind it and go back. Middle: over many random curves, how "
            "much worse the kept loss is than the best of the whole curve. Right: how long training takes. Patience "
            "buys quality with time.",
            "Слева: кривая на валидации с впадиной, за которой есть минимум поглубже. Терпение 1 останавливается на "
            "первом же подъёме и до минимума не доходит; остальные правила срабатывают за ним и возвращаются. В "
            "центре: насколько сохранённые потери хуже лучших на всей кривой, в среднем по многим случайным кривым. "
            "Справа: сколько длится обучение. За качество терпение платит временем.",
        ),
        panels=(
            Panel(
                x=Text("evaluation", "проверка"),
                y=loss,
                marks=(
                    curve(epochs, CURVE, style="line+points", tone=0),
                    upright(record["patience_1"], Text("patience 1", "терпение 1"), tone=4),
                    upright(record["patience_3"], Text("patience 3", "терпение 3"), tone=1),
                    upright(record["gl_10"], Text("more than 10 % worse", "хуже на 10 %"), tone=3),
                    curve([6], [CURVE[5]], Text("best", "лучшая"), style="points", tone=2),
                ),
            ),
            Panel(
                x=Text("patience", "терпение"),
                y=Text("loss above the best", "потери сверх лучших"),
                marks=(curve(record.series("p"), regrets(record), style="line+points", tone=0),),
            ),
            Panel(
                x=Text("patience", "терпение"),
                y=Text("evaluations until the stop", "проверок до остановки"),
                marks=(curve(record.series("p"), record.series("epochs").mean(1), style="line+points", tone=1),),
            ),
        ),
    )


E23 = Experiment(
    number="E23",
    title=Text("Rules on recorded curves", "Правила на записанных кривых"),
    subject=Stopping(),
    faults=(
        Fault(
            "ties-improve",
            Text("an equal value counts as an improvement", "равное значение считается улучшением"),
            Stopping(patience=CountsTies),
            breaks=("stalled", "as-by-hand"),
        ),
        Fault(
            "not-restored",
            Text("the last weights are kept, not the best", "сохраняются последние веса, а не лучшие"),
            Stopping(kept=last),
            breaks=("kept-1", "kept-2", "kept-3", "kept-5", "kept-is-least", "regret"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("noise", 0.03, 0.015, 0.08, Text("noise of the random curves", "шум случайных кривых")),
        Whole("turn", 15, 8, 25, Text("where the random curves turn", "где случайные кривые разворачиваются")),
    ),
)
