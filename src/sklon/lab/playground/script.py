"""The Python that reproduces a run: a script for ``sklon``, with a Trainer, whose final loss is the same to the bit.

It is what a learner would write. A change on the way begins another fit; one in the middle of an epoch needs the rows
of that epoch that are left, which a sampler in the script gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sklon.nn.activation import ACTIVATIONS
from sklon.optim import RULES
from sklon.optim.named import OPTIMIZERS

from ..controls import Settings
from .address import query_of
from .comparison import RUNS
from .datasets import Data
from .legs import Leg, legs, settings_on_the_way
from .moment import Moment
from .network import FEWEST_STEPS, SMALL, batch_rows, how_l1, rule_for

#: the file of one's own data that a script reads, as the page saves it: what ``data_text`` gives
DATA_FILE = "playground-data.csv"
#: the line that fills a weight, by the name of the initialisation
FILLS: Mapping[str, str] = {
    "xavier_uniform": "nn.init.xavier_uniform_(layer.weight)",
    "xavier_normal": "nn.init.xavier_normal_(layer.weight)",
    "kaiming_uniform": 'nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")',
    "kaiming_normal": 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
    "normal_1": "nn.init.normal_(layer.weight)",
    "small": f"nn.init.normal_(layer.weight, 0.0, {SMALL})",
    "zeros": "nn.init.zeros_(layer.weight)",
}
SAMPLER = '''

class Rows(Sampler):
    """Some rows of an epoch's order: a setting was changed, or the run ends, in the middle of it."""

    name = "rows"

    def __init__(self, epoch, first, last):
        self.epoch, self.first, self.last = epoch, first, last

    def order(self, rows, *, seed, epoch):
        return Shuffled().order(rows, seed=seed, epoch=self.epoch)[self.first : self.last]

    def length(self, rows):
        return self.last - self.first

'''


OWN_ROWS = f'''
def rows_of(run):
    """The rows of a run in {DATA_FILE}, a table of both."""
    with open("{DATA_FILE}", newline="", encoding="utf-8") as file:
        return np.array([[cell for cell in row[1:] if cell] for row in csv.reader(file) if row[0] == run], np.float64)
'''
#: the line that reads one's own data, from a table that has no other run in it
ALONE = f'np.loadtxt("{DATA_FILE}", delimiter=",", skiprows=1)'


def script(moment: Moment) -> str:
    """The Python that makes this run again, from the data to the two losses that it prints.

    Of a user's own data it reads ``playground-data.csv``, the text of :func:`data_text`; no value of them stands in
    the script.
    """
    body = list(_body(moment))
    says = f"A run of the sklon playground: {moment.step} steps. Its settings: {_settings(moment)}"
    return "\n".join([*_head([moment], says, "\n".join(body)), *body]) + "\n"


def script_of_two(first: Moment, second: Moment) -> str:
    """The Python that makes both runs again, one after the other, and prints the losses of each.

    Of a user's own data it reads ``playground-data.csv``, the text of :func:`data_text_of_two`.
    """
    body = []
    for run, moment in zip(RUNS, (first, second), strict=True):
        body += ["", f"# {run}: {moment.step} steps; {_settings(moment)}"]
        body += _body(moment, f'rows_of("{run}")', f"{run}: ")
    head = _head([first, second], "Two runs of the sklon playground, side by side.", "\n".join(body))
    return "\n".join([*head, *body[1:]]) + "\n"


def _body(moment: Moment, own: str = ALONE, prefix: str = "") -> Iterator[str]:
    """One run: data, model, training, and its losses, printed behind a prefix."""
    dropping = any(settings["dropout"] > 0 for settings in settings_on_the_way(moment))
    way = list(legs(moment)) or [Leg(settings=moment.settings, step=0, epoch=0, since=0, epochs=0)]
    yield from _data(moment.first, moment.bench.data, own)
    yield from _model(way[0].settings, moment.bench.data, dropping)  # what was changed before the first step counts
    yield from _training(moment, way, dropping)
    yield ""
    yield f'print("{prefix}training loss", trainer.evaluate(X, y))'
    yield f'print("{prefix}testing loss", trainer.evaluate(X_test, y_test))'


def _settings(moment: Moment) -> str:
    return query_of(moment.wanted) or "the defaults"


def _head(moments: Sequence[Moment], says: str, body: str) -> Iterator[str]:
    """What the scripts of these moments begin with."""
    apart = "rows_of(" in body
    yield f'"""{says}"""'
    yield ""
    yield from ["import csv", ""] if apart else []
    yield from ["import numpy as np", ""] if "np." in body or apart else []
    yield "import sklon"
    yield "from sklon import Trainer, nn, optim"
    rows = any(leg.rows for moment in moments for leg in legs(moment))
    yield from ["from sklon.data import Sampler, Shuffled"] if rows else []
    names = [name for name in ("Continued", "made") if f"{name}(" in body]
    yield from [f"from sklon.lab.playground import {', '.join(names)}"] if names else []
    yield from SAMPLER.splitlines() if rows else []
    yield from ["", *OWN_ROWS.splitlines(), ""] if apart else []
    yield ""


def _data(settings: Settings, data: Data, own: str) -> Iterator[str]:
    if settings["data"] != "own":
        names = ("points", "noise", "test_share", "seed")
        yield f'data = made("{settings["data"]}", {_arguments({name: settings[name] for name in names})})'
        yield from ["(X, y), (X_test, y_test) = data.training, data.testing", ""]
        return
    inputs = data.X.shape[1]
    y = f"table[:, {inputs}].astype(np.int32)" if data.y.ndim == 1 else f"table[:, {inputs}:-1].astype(np.float32)"
    yield f"table = {own}"
    yield f"X, y, test = table[:, :{inputs}].astype(np.float32), {y}, table[:, -1] == 1"
    yield from ["X, y, X_test, y_test = X[~test], y[~test], X[test], y[test]", ""]


def _model(settings: Settings, data: Data, dropping: bool) -> Iterator[str]:
    yield f"sklon.manual_seed({settings['seed']})"
    yield "model = nn.Sequential("
    inputs, width = data.X.shape[1], settings["width"]
    for _ in range(settings["depth"]):
        yield f"    nn.Linear({inputs}, {width}),"
        yield from [f"    nn.BatchNorm1d({width}),"] if settings["batch_norm"] == "on" else []
        yield f"    nn.{type(ACTIVATIONS[settings['activation']]()).__name__}(),"
        yield from [f"    nn.Dropout({settings['dropout']}),"] if dropping else []
        inputs = width
    yield from [f"    nn.Linear({inputs}, {data.outputs}),", ")"]
    if settings["initialisation"] in FILLS:
        yield from ["for layer in model:", "    if isinstance(layer, nn.Linear):"]
        yield f"        {FILLS[settings['initialisation']]}"


def _training(moment: Moment, way: Sequence[Leg], dropping: bool) -> Iterator[str]:
    """The optimizer, and for each leg what was changed and its fit; where nothing was, the trainer goes on."""
    before: Leg | None = None
    for leg in way:
        goes_on = before is not None and before.settings == leg.settings and leg.settings["schedule"] == "none"
        yield from _changed(leg.settings, before.settings if before else None, dropping)
        schedule = _schedule(moment, leg.settings)
        if schedule and (before is None or schedule != _schedule(moment, before.settings)):
            yield schedule
        yield from [] if goes_on else _trainer(moment, leg)
        if before is not None and not (goes_on and before.rows is None):
            yield f"trainer.epoch, trainer.step = {leg.epoch}, {leg.step}"
        yield from [_fit(moment, leg)] if leg.epochs else []
        before = leg


def _changed(settings: Settings, before: Settings | None, dropping: bool) -> Iterator[str]:
    """The optimizer, its numbers, and dropout, where they are others than before."""
    now = rule_for(settings)
    if before is None or settings["optimizer"] != before["optimizer"]:
        yield ""
        yield f"optimizer = optim.{_class_of(settings)}(model.parameters(), {_arguments(_own_settings(now))})"
    else:
        was = rule_for(before)
        differing = [f.name for f in fields(now) if getattr(now, f.name) != getattr(was, f.name)]  # type: ignore[arg-type]
        yield from [""] if differing or settings != before else []
        yield from (f'optimizer.param_groups[0]["{name}"] = {getattr(now, name)!r}' for name in differing)
    if before is not None and dropping and settings["dropout"] != before["dropout"]:
        yield from ["for layer in model:", "    if isinstance(layer, nn.Dropout):"]
        yield f"        layer.p = {settings['dropout']}"


def _trainer(moment: Moment, leg: Leg) -> Iterator[str]:
    settings = leg.settings
    proximal = how_l1(settings) == "proximal"
    shown = [f'loss="{moment.bench.data.loss}"', "optimizer=optimizer"]
    paid = ("l1", "l2", "weight_decay") if proximal else ("l2", "weight_decay")
    shown += [f"{name}={settings[name]}" for name in paid if settings[name]]
    if settings["l1"] and not proximal:
        shown.append(f'penalties=[optim.Penalties((optim.L1({settings["l1"]}, "subgradient"),))]')
    goes_on = f"Continued(schedule, {leg.since})" if leg.since else "schedule"
    shown += [f"schedule={goes_on}"] if settings["schedule"] != "none" else []
    shown += [f"seed={settings['seed']}"] if settings["seed"] else []
    yield f"trainer = Trainer(model, {', '.join(shown)})"


def _schedule(moment: Moment, settings: Settings) -> str:
    """The line that makes the schedule over all epochs, if there is one."""
    if settings["schedule"] == "none":
        return ""
    steps = max(settings["epochs"] * moment.bench.batches(settings), FEWEST_STEPS)
    return f'schedule = optim.schedules.parse("{settings["schedule"]}").over({steps})'


def _fit(moment: Moment, leg: Leg) -> str:
    batch, part, drop = batch_rows(leg.settings, len(moment.bench.training))
    given: dict[str, Any] = {"epochs": leg.epochs, "batch_size": batch}
    given |= {"micro_batch_size": part} if part < batch else {}
    given |= {"drop_last": True} if drop and leg.rows is None else {}
    rows = f", shuffle=Rows({leg.epoch}, {leg.rows[0]}, {leg.rows[1]})" if leg.rows else ""
    return f"trainer.fit((X, y), {_arguments(given)}{rows})"


def _class_of(settings: Settings) -> str:
    return OPTIMIZERS[settings["optimizer"]].__name__


def _own_settings(rule: Any) -> dict[str, Any]:
    """The rate, and whatever differs from the defaults of the rule."""
    usual = RULES[rule.name]()
    own = {f.name: getattr(rule, f.name) for f in fields(rule) if f.init}
    return {name: value for name, value in own.items() if name == "lr" or value != getattr(usual, name)}


def _arguments(given: Mapping[str, Any]) -> str:
    return ", ".join(
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value!r}" for name, value in given.items()
    )
