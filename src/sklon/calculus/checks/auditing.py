"""The audit of a model's gradients: one row for each parameter, beside finite differences and sums over samples.

What the user's own element type gives is looked at for zeros and for what is not finite; what is right is decided in
float64, on the same model, whose every number and setting is put back. A verdict comes with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.notebook import card, paragraph, table
from sklon.nn import Module
from sklon.tensors.modes import enable_grad

from .bench import bench_of
from .inspecting import Inspection, ParameterAudit, own_gradients

#: verdicts that are faults
FAULTS = ("wrong", "unused", "uneven rows", "not finite")
#: letters in a line of what is said below the table
COLUMNS = 100
HEAD = ("parameter", "shape", "norm", "differences", "rows", "zeros", "dead rows", "not finite", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The gradients of a model on a batch: a row for each parameter, and remarks about the whole."""

    parameters: tuple[ParameterAudit, ...]
    loss: float
    rows: int  # of the batch that were used
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no parameter has a fault. Zeros and kinks are told, and are none."""
        return not any(p.verdict in FAULTS for p in self.parameters)

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        faults = [p for p in self.parameters if p.verdict in FAULTS]
        count = sum(p.verdict != "frozen" for p in self.parameters)
        what = f"{count} parameter{'s' * (count != 1)} on {self.rows} rows"
        if not faults:
            return f"The gradients of {what} are right; the loss is {self.loss:.6g}."
        return f"Of {what}, {len(faults)} {'has' if len(faults) == 1 else 'have'} a fault; the loss is {self.loss:.6g}."

    @property
    def reasons(self) -> tuple[str, ...]:
        """What there is to say, each reason once with the parameters that it is about."""
        about: dict[str, list[str]] = {}
        for p in self.parameters:
            if p.reason:
                about.setdefault(p.reason, []).append(p.name)
        return (*(f"{_listed(names)}: {reason}." for reason, names in about.items()), *self.remarks)

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        """The table with its head; shares that are not finite only where there are some."""
        rows = [HEAD, *(p.cells for p in self.parameters)]
        if any(p.not_finite for p in self.parameters):
            return rows
        place = HEAD.index("not finite")
        return [(*row[:place], *row[place + 1 :]) for row in rows]

    def __str__(self) -> str:
        lines = _aligned(self._rows)
        reasons = [fill(reason, COLUMNS, break_long_words=False) for reason in self.reasons]
        return "\n".join([self.sentence, "", *lines, *(["", *reasons] if reasons else [])])

    def _repr_html_(self) -> str:
        head, *rows = self._rows
        return card(self.sentence, table(head, rows), *(paragraph(r, soft=True) for r in self.reasons))

    def json(self) -> dict[str, Any]:
        """Everything as what JSON can hold."""
        return {
            "passed": self.passed,
            "loss": _plain(self.loss),
            "rows": self.rows,
            "remarks": list(self.remarks),
            "parameters": [{name: _plain(v) for name, v in asdict(p).items()} for p in self.parameters],
        }


@enable_grad
def audit(
    model: Module, loss: Callable[..., Any], batch: Any, *, entries: int = 6, rows: int = 64, seed: int = 0
) -> Audit:
    """Compare the gradient of each parameter with finite differences and with the sum of its samples' gradients.

    ``loss(prediction, target)`` is one number; ``batch`` is (X, y) as tensors or arrays [B, …], of which the first
    ``rows`` are used; X may be a tuple of arrays for a model with several inputs. The model is looked at in the mode
    that it is in. For each parameter the ``entries``/2 entries with the largest gradients, as many random ones, and a
    random direction through all of them are compared with central differences as in :func:`check_grads`: about
    2·(entries + 1) evaluations of the batch for each, and two for each row.

    Everything is compared in float64, to which parameters, buffers and batch are converted meanwhile; afterwards
    parameters, buffers, ``.grad``, hooks, settings, running statistics and random numbers are to the bit what they
    were. Each evaluation draws the same random numbers, from ``seed``, so that dropout has one mask. Hooks on
    parameters do not run. Where a row's output depends on other rows (batch norm in training) or on its place
    (dropout), the rows' losses of the whole batch are differentiated one by one, and a remark says so.

    A parameter is *wrong* if its gradient is not the derivative, *unused* if the loss does not depend on it, *not
    finite*, or has *uneven rows*: the batch's gradient is neither mean nor sum of its rows', as for a mean of means. A
    gradient of *zero* and one at a *kink*, where it lies between the slopes of both sides, are told and pass. Raises
    InputError for a batch or a loss that does not fit, for a model without trained parameters, and for a loss that
    changes from call to call. Rows of padding of an embedding are not trained and not compared.

    >>> from sklon import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> X, y = np.linspace(-1, 1, 24).reshape(8, 3), np.ones((8, 1))
    >>> found = audit(model, nn.MSELoss(), (X, y))
    >>> found.passed, [p.verdict for p in found.parameters]
    (True, ['right', 'right', 'right', 'right'])
    """
    check_whole(1, entries=entries, rows=rows)
    bench = bench_of(model, loss, batch, rows, seed)
    own = own_gradients(bench)
    with bench.in_float64() as exact:
        inspection = Inspection.of(exact, entries)
        found = tuple(inspection.row(name, parameter, own) for name, parameter in bench.parameters.items())
    shortened = [f"Of {len(batch[1])} rows the first {len(bench)} were used."] if len(batch[1]) > rows else []
    return Audit(parameters=found, loss=own.loss, rows=len(bench), remarks=(*shortened, *inspection.remarks))


# ---- in words
def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under each other: words to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    to_the_left = (0, 1, len(widths) - 1)

    def padded(row: Sequence[str]) -> list[str]:
        pairs = zip(row, widths, strict=True)
        return [cell.ljust(w) if i in to_the_left else cell.rjust(w) for i, (cell, w) in enumerate(pairs)]

    return ["  ".join(padded(row)).rstrip() for row in rows]


def _plain(value: Any) -> Any:
    """A value that JSON can hold: numbers that are not finite are None."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value
