"""The vocabulary of a training run, as rows: one per setting, with its name, default, values and help.

The command's flags, the arguments of ``sklon.train``, their help and ``run.json`` are generated from these
rows, so that a word means the same everywhere. A value arrives as text or as a Python value and is parsed by
its row's kind (``kinds``); what does not fit is refused with the values that do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklon._base.errors import InputError
from sklon.data import TASKS, nearest

from .kinds import (
    AT_LEAST_ZERO,
    BYTES,
    FLAG,
    NAME,
    NAMES,
    RULE,
    SCHEDULE,
    WIDTHS,
    Kind,
    one_of,
    optional,
    or_word,
    real,
    whole,
)
from .losses import LOSSES
from .scores import METRIC_NAMES

ACTIVATIONS = ("relu", "tanh", "gelu", "silu", "elu", "selu", "leaky_relu", "mish", "softplus", "sigmoid")
"""Activations by the names that settings use."""

LEARNING_RATES = {
    "sgd": 0.1,  # 0.198 and 0.409; 0.5 diverges on california
    "adam": 0.002,  # 0.192 and 0.226
    "adamw": 0.003,  # with its decay and average below; at 0.002, without them, 0.190 and 0.240
    "nadam": 0.002,  # 0.199 and 0.218
    "radam": 0.002,  # 0.187 and 0.245
    "adamax": 0.004,  # 0.190 and 0.239
    "rmsprop": 0.001,  # 0.193 and 0.209
    "adagrad": 0.01,  # 0.188 and 0.251; 0.04 gives 0.233 and 0.223
    "adadelta": 1.0,  # 0.193 and 0.213
    "lion": 0.0001,  # 0.184 and 0.236, where Adam had 0.186 and 0.224
    "lamb": 0.003,  # 0.185 and 0.229, beside the same; 0.006 gives 0.186 and 0.226
    "adamw_schedule_free": 0.002,  # 0.181 and 0.232, beside the same
    "muon": 0.001,  # 0.176 and 0.177, beside the same; 0.002 gives 0.178 and 0.183
    "rprop": 0.001,  # 0.180 and 0.324, on all rows at once in 200 epochs; on batches 0.242 and 0.956
}
"""What ``lr="auto"`` takes for each optimizer.

Behind each stands the best validation loss in 60 epochs on 8,000 rows of california (squared error) and of letter
(cross-entropy), with the other settings at their defaults; three or four rates were tried, each two to four times
the one before. Adam's was also measured on all tables of ``benchmarks.scores``. The four newest were measured later,
as means over three seeds and draws of the rows, so their numbers compare with the Adam beside them alone.
"""


DECAY, AVERAGED = 0.2, 0.995
"""What ``weight_decay="auto"`` and ``ema="auto"`` take for adamw; other optimizers go without.

On california (16,512 rows, seed 0) adamw with both, mish and 0.003 has a validation RMSE of 0.4608, Adam without them
and with relu 0.4815. A rate of 0.006 that falls by "warmup(0.05) >> cosine" over 48 epochs has 0.4617, in 0.7 of the
time.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the vocabulary."""

    name: str
    kind: Kind
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """The setting as the command spells it."""
        return "--" + self.name.replace("_", "-")

    @property
    def shown(self) -> str:
        """The default as the command would take it."""
        return show(self.default)

    def read(self, value: Any) -> Any:
        """The value that was meant, or an error that names the ones that can be meant."""
        try:
            return self.kind.parse(value)
        except (ValueError, TypeError) as error:
            given = f"{self.flag} {value}" if isinstance(value, str) else f"{self.name}={value!r}"
            why = f": {error}" if isinstance(error, InputError) else f"; give {self.kind.values}"
            raise InputError(f"{given} is not possible{why}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of one run, one field per row of ``SETTINGS``."""

    task: str
    metric: str
    seed: int
    loss: str
    class_weight: str | None
    hidden: tuple[int, ...]
    activation: str
    batch_norm: bool
    dropout: float
    optimizer: str
    lr: float | str
    schedule: str | None
    l1: float
    l2: float
    weight_decay: float | str
    clip_norm: float | None
    ema: float | str | None
    batch_size: int | str
    micro_batch_size: int | None
    memory_limit: int | None
    epochs: int
    time_limit: float | None
    early_stopping: str | None
    validation_fraction: float
    threads: int | None
    ignore: tuple[str, ...]
    id: tuple[str, ...]
    group_column: str | None
    time_column: str | None

    @property
    def learning_rate(self) -> float:
        """The learning rate as a number."""
        return LEARNING_RATES[self.optimizer] if self.lr == "auto" else float(self.lr)

    @property
    def decay(self) -> float:
        """The decoupled decay as a number.

        >>> Settings.from_words({}).decay, Settings.from_words({"optimizer": "sgd"}).decay
        (0.2, 0.0)
        """
        if isinstance(self.weight_decay, str):
            return DECAY if self.optimizer == "adamw" else 0.0
        return self.weight_decay

    @property
    def averaged(self) -> float | None:
        """The decay of the average of the weights; None if there is no average."""
        if isinstance(self.ema, str):
            return AVERAGED if self.optimizer == "adamw" else None
        return self.ema

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Settings:
        """Settings from names and values (text or Python); what is not named has its default.

        >>> Settings.from_words({"hidden": "64,64", "lr": 0.01}).hidden
        (64, 64)
        """
        known = {row.name: row for row in SETTINGS}
        for name in words:
            if name not in known:
                raise InputError(f"there is no setting {name!r}; {nearest(name, list(known))}")
        return cls(**{name: row.read(words.get(name, row.default)) for name, row in known.items()})

    def to_json(self) -> dict[str, Any]:
        """The values as what ``json`` can write."""
        values = {row.name: getattr(self, row.name) for row in SETTINGS}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def changed(self) -> dict[str, Any]:
        """The values that are not the defaults."""
        values = {row.name: getattr(self, row.name) for row in SETTINGS}
        return {row.name: values[row.name] for row in SETTINGS if values[row.name] != row.default}


def show(value: Any) -> str:
    """A value as the command would take it.

    >>> show((256, 256)), show(None)
    ('256,256', 'none')
    """
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, tuple):
        return f"{value}"
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value)
    return line.getvalue()


SETTINGS: tuple[Setting, ...] = (
    Setting("task", one_of("auto", *TASKS), "auto", "What to predict; auto decides from the target column."),
    Setting(
        "metric",
        one_of("auto", *METRIC_NAMES),
        "auto",
        "What the run is judged by: auto takes rmse for quantities and accuracy for classes.",
    ),
    Setting("seed", whole(0), 0, "The seed of the split, the first weights, the shuffling and the dropout."),
    Setting("loss", one_of("auto", *LOSSES), "auto", "What is minimised; auto takes what fits the task."),
    Setting(
        "class_weight",
        optional(one_of("balanced")),
        None,
        "balanced: each class counts the same, however rare it is.",
    ),
    Setting(
        "hidden",
        WIDTHS,
        (256, 256, 256),
        "The widths of the hidden layers.",
    ),
    Setting("activation", one_of(*ACTIVATIONS), "mish", "The function between the layers."),
    Setting("batch_norm", FLAG, False, "Normalize each hidden layer over the batch."),
    Setting(
        "dropout",
        real("a number from 0 up to but not 1", lambda p: 0 <= p < 1),
        0.1,
        "The share of hidden units that are switched off at random in training.",
    ),
    Setting("optimizer", one_of(*LEARNING_RATES), "adamw", "The rule that turns gradients into steps."),
    Setting(
        "lr",
        or_word(real("a number above 0", lambda lr: 0 < lr < float("inf")), "auto"),
        "auto",
        "The learning rate; auto takes what suits the optimizer, 0.003 for adamw.",
    ),
    Setting(
        "schedule",
        optional(SCHEDULE),
        None,
        "How the learning rate moves from step to step.",
    ),
    Setting("l1", AT_LEAST_ZERO, 0.0, "λ of λ·Σ|w|: weights become exactly zero."),
    Setting("l2", AT_LEAST_ZERO, 0.0, "λ of λ/2·Σw², as a part of the loss."),
    Setting(
        "weight_decay",
        or_word(AT_LEAST_ZERO, "auto"),
        "auto",
        "Decoupled: each step takes lr·λ of a weight away; auto takes 0.2 for adamw, else 0.",
    ),
    Setting(
        "clip_norm",
        optional(real("a number above 0", lambda limit: 0 < limit < float("inf"))),
        None,
        "The longest that all gradients together may be.",
    ),
    Setting(
        "ema",
        optional(or_word(real("a number from 0 up to but not 1", lambda decay: 0 <= decay < 1), "auto")),
        "auto",
        "Keep a moving average of the weights with this decay, and use it; auto takes 0.995 for adamw, else none.",
    ),
    Setting(
        "batch_size",
        or_word(whole(1), "full", "auto"),
        "auto",
        "Rows per step; auto takes 256, fewer for small tables, and all for rprop.",
    ),
    Setting(
        "micro_batch_size",
        optional(whole(1)),
        None,
        "Rows that are computed at once, to bound memory; a step is still the whole batch's.",
    ),
    Setting(
        "memory_limit",
        optional(BYTES),
        None,
        "The most memory that a step works in; what does not fit is recomputed, to the same bits.",
    ),
    Setting("epochs", whole(1), 200, "The most passes over the training rows."),
    Setting(
        "time_limit",
        optional(real("a number of seconds above 0", lambda s: 0 < s < float("inf"))),
        None,
        "The most seconds of training.",
    ),
    Setting(
        "early_stopping",
        optional(RULE),
        "patience(16)",
        "When to stop: patience(n) waits n epochs for a better validation loss; gl(5), up(3), … join by | and &.",
    ),
    Setting(
        "validation_fraction",
        real("a number between 0 and 1", lambda f: 0 < f < 1),
        0.15,
        "The share of rows held out to watch the training.",
    ),
    Setting("threads", optional(whole(1)), None, "The most threads; it never changes a result."),
    Setting("ignore", NAMES, (), "Columns that are no features."),
    Setting("id", NAMES, (), "Columns that name a row: no features, copied to predictions."),
    Setting("group_column", optional(NAME), None, "No group of this column on both sides of the split; no feature."),
    Setting("time_column", optional(NAME), None, "The latest rows by this column validate."),
)
