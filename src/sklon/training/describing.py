"""A trainer in words: the loop as pseudo-code with its settings and callbacks at their places, and HTML of its parts.

Everything is read from the objects that do the work; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeAlias

from sklon._base.errors import InputError
from sklon._base.notebook import card, facts
from sklon.graph.node import Graph
from sklon.nn import summary
from sklon.optim.penalties import Penalties

from .callbacks import Callback, Callbacks, overrides
from .checkpoints import Checkpoints, plan_of
from .feed import Feed, feed_of
from .progress import Progress
from .stopping import Both, Either, StoppingRule, rule_for
from .streams import Rows, Stream

if TYPE_CHECKING:
    from .trainer import Trainer

Lines: TypeAlias = list[str]
INDENT = "    "
HOOKS = ("on_fit_start", "on_chunk_end", "on_epoch_end", "on_fit_end")
#: so many names of parameters are listed
MOST_NAMES = 4
ORDERS = {"shuffled": "shuffled by seed {seed}", "in_order": "in their order"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one fit does: sizes, settings, and who is called; no data."""

    epochs: int
    rows: int  # that an epoch takes
    weighted: bool
    order: str  # the sampler's name
    together: int | None  # blocks that are shuffled together, of rows that are read in blocks
    batch: int
    micro: int
    batches: int
    last: int  # rows of the last batch
    validation: int | None  # rows
    rule: StoppingRule | None
    limit: float | None
    checkpoints: Checkpoints | None
    hooks: Mapping[str, tuple[str, ...]]
    graph: Graph | None = None  # of a step, once it is recorded

    @staticmethod
    def of(
        feed: Feed,
        held_out: Rows | None,
        epochs: int,
        rule: StoppingRule | None,
        limit: float | None,
        checkpoints: Checkpoints | None,
        callbacks: Callbacks,
        graph: Graph | None = None,
    ) -> Plan:
        """The plan of a fit from what it made of its arguments."""
        rows = feed.rows()
        return Plan(
            epochs=epochs,
            rows=int(rows.sum()),
            weighted=feed.samples.columns.weighted,
            order=feed.sampler.name,
            together=feed.samples.blocks.together if isinstance(feed.samples, Stream) else None,
            batch=feed.batch,
            micro=feed.micro,
            batches=len(rows),
            last=int(rows[-1]) if len(rows) else 0,
            validation=None if held_out is None else len(held_out),
            rule=rule,
            limit=limit,
            checkpoints=checkpoints,
            hooks={hook: tuple(_names(callbacks, hook)) for hook in HOOKS},
            graph=graph,
        )


def planned(trainer: Trainer, data: Any, settings: Mapping[str, Any]) -> Plan:
    """The plan of ``fit(data, **settings)``, which is not run. Raises as ``fit`` does."""
    if data is None:
        raise InputError("what fit does follows from its data; pass them first, as in describe((X, y), epochs=5)")
    given = signature(trainer.fit).bind(data, **settings)
    given.apply_defaults()
    chosen = given.arguments
    names = ("batch_size", "micro_batch_size", "shuffle", "drop_last", "validation")
    feed, held_out = feed_of(data, **{name: chosen[name] for name in names}, seed=trainer.seed)
    rule, kept = chosen["early_stopping"], chosen["checkpoints"]
    return Plan.of(
        feed,
        held_out,
        chosen["epochs"],
        rule_for(rule),
        chosen["time_limit"],
        plan_of(kept),
        Callbacks((*chosen["callbacks"], *([Progress()] if chosen["progress"] else []))),
    )


def description(trainer: Trainer, plan: Plan | None) -> str:
    """The loop as pseudo-code; without a plan the sizes are left open."""
    most = "" if plan is None else f" (at most {plan.epochs:,})"
    return "\n".join(
        [
            f"train {summary.line(trainer.model)}",
            *_hook(plan, "on_fit_start"),
            f"for each epoch{most}:",
            *_indented(_epoch(trainer, plan)),
            *_end(plan),
        ]
    )


def html(trainer: Trainer) -> str:
    """What trains what, for notebooks."""
    plan = trainer.plan
    rows: list[tuple[str, str]] = [
        ("model", summary.line(trainer.model)),
        ("loss", repr(trainer.loss)),
        ("optimizer", "; ".join(_rules(trainer))),
        ("schedule", "" if trainer.updates.schedule is None else str(trainer.updates.schedule)),
        ("penalties", "; ".join(_penalties(trainer.updates.chosen))),
        ("frozen", "; ".join(map(str, trainer.updates.freezes))),
        ("clip", written(trainer.options.clip)),
        ("average", written(trainer.average)),
        ("not finite", "batches are skipped" if trainer.options.skip else ""),
        ("data", "" if plan is None else f"{_order(trainer, plan)}; {_batches(plan)}"),
        ("watched by", "" if plan is None or plan.validation is None else _counted(plan.validation, "row")),
        ("seed", str(trainer.seed)),
        ("trained", f"{_counted(trainer.epoch, 'epoch')}, {_counted(trainer.step, 'step')}"),
        ("stopped", "" if trainer.stopped is None else trainer.stopped.sentence),
    ]
    return card("Trainer", facts((name, value) for name, value in rows if value))


def written(value: Any) -> str:
    """A value as its name, its first setting, and the others that are not the defaults; nothing for None.

    >>> from sklon import optim, stopping
    >>> written(optim.RULES["adam"](eps=1e-6)), written(optim.ClipNorm(1.0))
    ('adam(lr=0.001, eps=1e-06)', 'clip_norm(limit=1.0)')
    >>> written(stopping.parse("patience & (up | gl)"))
    'patience(patience=20) & (up(strips=4) | gl(alpha=5.0))'
    """
    if value is None:
        return ""
    if isinstance(value, Either):
        return f"{written(value.first)} | {written(value.second)}"
    if isinstance(value, Both):
        parts = (f"({written(r)})" if isinstance(r, Either) else written(r) for r in (value.first, value.second))
        return " & ".join(parts)
    name = getattr(value, "name", type(value).__name__)
    return f"{name}({', '.join(_settings(value))})" if is_dataclass(value) else str(name)


def _settings(value: Any) -> Lines:
    named = [(field, getattr(value, field.name)) for field in fields(value) if field.init]
    return [f"{field.name}={one!r}" for i, (field, one) in enumerate(named) if not i or one != field.default]


# ---- the loop from outside in
def _epoch(trainer: Trainer, plan: Plan | None) -> Lines:
    return [
        f"take {_order(trainer, plan)}",
        *(f"freeze {one}" for one in trainer.updates.freezes),
        "for each batch:" if plan is None else f"for each of {_batches(plan)}:",
        *_indented(_step(trainer, plan)),
        *_hook(plan, "on_chunk_end", " every 50 ms"),
        *_validation(trainer, plan),
        *_hook(plan, "on_epoch_end"),
        *_stops(plan),
    ]


def _step(trainer: Trainer, plan: Plan | None) -> Lines:
    weighted = ", each row by its weight" if plan is not None and plan.weighted else ""
    added = "added up over the parts and " if plan is not None and plan.micro < plan.batch else ""
    count = "the weights" if weighted else "the rows"
    bad = "skip the batch and count it" if trainer.options.skip else "stop, with the values before the epoch"
    what = "loss or a gradient" if trainer.options.skip else "loss"
    schedule, average = trainer.updates.schedule, trainer.average
    return [
        f"loss = {trainer.loss!r} of model(inputs) and targets{weighted}",
        f"gradients = backward(loss), {added}divided by {count} of the batch",
        *([f"clip the gradients: {written(trainer.options.clip)}"] if trainer.options.clip is not None else []),
        f"if the {what} is not finite: {bad}",
        *([f"learning rate by {schedule}"] if schedule is not None else []),
        *(f"update by {rule}" for rule in _rules(trainer)),
        *(f"with {penalty}" for penalty in _penalties(trainer.updates.chosen)),
        *([f"move the averaged weights: {written(average)}"] if average is not None else []),
        *_checkpoints(plan),
    ]


def _order(trainer: Trainer, plan: Plan | None) -> str:
    if plan is None:
        return "the rows"
    order = ORDERS.get(plan.order, "drawn by the sampler {name} and seed {seed}")
    blocks = "" if plan.together is None else f", read in blocks, {plan.together:,} at a time"
    return f"{_counted(plan.rows, 'row')} {order.format(seed=trainer.seed, name=plan.order)}{blocks}"


def _batches(plan: Plan) -> str:
    parts = f", in parts of {plan.micro:,}" if plan.micro < plan.batch else ""
    short = f", {plan.last:,} in the last one" if plan.last != plan.batch else ""
    return f"{_counted(plan.batches, 'batch', 'es')} of {_counted(plan.batch, 'row')}{short}{parts}"


def _rules(trainer: Trainer) -> Lines:
    """Each rule with its settings; with the names of its parameters where there are several."""
    trained = {name for name, parameter in trainer.model.named_parameters() if parameter.requires_grad}
    by_rule: dict[str, list[str]] = {}
    for name, (_, rule) in trainer.updates.rules.items():
        if name in trained:
            by_rule.setdefault(written(rule), []).append(name)
    if len(by_rule) == 1 and len(trained) == len(next(iter(by_rule.values()))):
        return list(by_rule)
    return [f"{rule} for {_listed(names)}" for rule, names in by_rule.items()] or ["nothing: all is frozen"]


def _penalties(chosen: tuple[Penalties, ...]) -> Lines:
    """Each penalty with those who pay it."""
    return [
        f"{written(penalty)} on {'all weights but biases and norms' if one.pattern is None else one.pattern}"
        for one in chosen
        for penalty in one.penalties
    ]


def _checkpoints(plan: Plan | None) -> Lines:
    if plan is None or plan.checkpoints is None:
        return []
    kept = plan.checkpoints
    steps = [] if kept.every_steps is None else [_counted(kept.every_steps, "step")]
    minutes = [] if kept.every_minutes is None else [f"{kept.every_minutes:g} minutes"]
    when = f"every {' or '.join(steps + minutes)}, and " if steps or minutes else ""
    return [f"write a checkpoint to {str(kept.folder)!r} {when}at the end; the newest {kept.keep} stay"]


def _validation(trainer: Trainer, plan: Plan | None) -> Lines:
    if plan is None or plan.validation is None:
        return []
    averaged = " with the averaged weights" if trainer.average is not None else ""
    return [f"validate on {_counted(plan.validation, 'row')}{averaged}; keep the best weights"]


def _stops(plan: Plan | None) -> Lines:
    if plan is None:
        return []
    rule = [] if plan.rule is None else [f"stop if {written(plan.rule)}"]
    return rule + ([] if plan.limit is None else [f"stop after {plan.limit:g} seconds, also within an epoch"])


def _end(plan: Plan | None) -> Lines:
    which = "the weights" if plan is None else "the last weights" if plan.validation is None else "the best weights"
    return [f"give the model {which}", *_hook(plan, "on_fit_end")]


def _hook(plan: Plan | None, hook: str, when: str = "") -> Lines:
    names = () if plan is None else plan.hooks[hook]
    return [f"{hook}{when}: {', '.join(names)}"] if names else []


def _names(callbacks: Callbacks, hook: str) -> Lines:
    """Who does something in a hook, in the order in which they are asked."""
    found = [_title(one) for one in callbacks.all if overrides(one, hook)]
    return found[::-1] if hook == "on_fit_end" else found


def _title(callback: Callback) -> str:
    return type(callback).__name__


def _listed(names: Lines) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _indented(lines: Lines) -> Lines:
    return [INDENT + line for line in lines]


def _counted(count: int, noun: str, plural: str = "s") -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}{plural}"
