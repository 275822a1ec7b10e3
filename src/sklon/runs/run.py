"""A run: what training gives and a run folder holds; it predicts, saves itself, and says how good it is.

The value is immutable; ``load`` and ``train`` make one. Predictions come in the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from sklon._base.errors import InputError
from sklon.data import Preparation, read
from sklon.estimators.tabular.fitting import Weights, network_of
from sklon.estimators.tabular.network import Architecture
from sklon.training import Trainer

from .evaluation import answers, judged
from .folder import is_of_module, read_run, write_run
from .glance import html
from .predictions import Predictions, predictions_of
from .scores import metric_of
from .settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A trained network with its preparation, its record (``run.json``), history and report."""

    record: dict[str, Any]
    weights: Weights
    history: tuple[dict[str, Any], ...]
    report: str
    path: Path | None = None

    @property
    def preparation(self) -> Preparation:
        """What is done to the columns of a table before the network sees them."""
        return Preparation.from_json(self.record["preparation"])

    @property
    def settings(self) -> Settings:
        """The settings with which it was trained."""
        return Settings.from_words(self.record["settings"])

    @property
    def score(self) -> float:
        """The score on the validation rows, in the run's metric."""
        return float(self.record["scores"]["network"][self.record["scores"]["metric"]])

    def predict(self, source: Any) -> Predictions:
        """Predictions for every row of a path, frame or mapping, which needs no target column.

        Raises ``InputError`` if a column is absent on which the network was trained.
        """
        preparation, record, table = self.preparation, self.record, read(source)
        architecture = Architecture.from_json(record["architecture"])
        network = network_of(architecture, self.weights, record["task"]["loss"])
        outputs = network(preparation.inputs(table))
        named = {name: table.column(name).text for name in record["settings"]["id"] if name in table.names}
        return replace(predictions_of(preparation.target, outputs[:, 0]), ids=named)

    def evaluate(self, source: Any) -> dict[str, Any]:
        """The scores on a path, frame or mapping that has the target, with the number of rows and an interval.

        Rows without a target are left out and counted; labels that no training row had count as wrong.
        """
        table = read(source)
        rows, truth = answers(self.preparation, table)
        kind = self.record["task"]["kind"]
        metric = metric_of(kind, self.settings.metric)
        return judged(kind, table.source, len(table) - len(rows), truth, self.predict(rows), metric)

    def save(self, out: str | PathLike[str], *, overwrite: bool = False) -> Run:
        """Write a run folder at ``out``; the run that knows its path.

        ``out`` must not exist or be empty, or with ``overwrite`` hold a run.
        """
        path = Path(out)
        write_run(path, self.weights, self.record, self.history, self.report, overwrite=overwrite)
        return replace(self, path=path)

    def summary(self) -> dict[str, Any]:
        """The run in one small JSON object: what the commands print with ``--json``."""
        record = self.record
        scores = record["scores"]
        return {
            "run": None if self.path is None else str(self.path),
            "status": record["status"],
            "task": record["task"]["kind"],
            "target": record["task"]["target"],
            "metric": scores["metric"],
            "higher_is_better": scores["higher_is_better"],
            "score": self.score,
            "scores": {name: scores[name] for name in ("network", "linear", "trivial")},
            "epochs": record["stopped"]["epoch"],
            "best_epoch": record["stopped"]["best_epoch"],
            "stopped": record["stopped"]["reason"],
            "seconds": record["seconds"],
            "rows": record["data"]["rows"],
            "seed": record["settings"]["seed"],
            "report": None if self.path is None else str(self.path / "report.html"),
        }

    def _repr_html_(self) -> str:
        """What the run says of itself, its scores and its curves, for notebooks."""
        return html(self.record, self.history)


def load(run: str | PathLike[str], *, model: Any = None, loss: Any = None, optimizer: Any = None) -> Any:
    """What a run folder holds, ready to use; nothing in it is executed.

    A folder of ``sklon train`` or ``Run.save`` gives a :class:`Run`, one of ``Trainer.save`` a :class:`Trainer`, whose
    ``model``, ``loss`` or ``optimizer`` is passed where it is a class or a function of your own.

    Raises ``RunFolderError`` if it is no run folder, is damaged, or is of another version, and ``InputError`` with
    the line that loads it where something of your own is needed.
    """
    own = {"model": model, "loss": loss, "optimizer": optimizer}
    if is_of_module(Path(run)):
        return Trainer.load(run, **own)
    if any(part is not None for part in own.values()):
        raise InputError(f"{run} is the run of a table, which holds all that it needs: sklon.load({str(run)!r})")
    return load_table(run)


def load_table(run: str | PathLike[str]) -> Run:
    """The run in a folder that ``sklon train`` or ``Run.save`` wrote. Raises as ``load`` does."""
    path = Path(run)
    weights, record, history, report = read_run(path)
    return Run(record=record, weights=weights, history=history, report=report, path=path)
