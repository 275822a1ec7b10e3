"""``show_program``: what becomes of a trainer's step, a model, a pending tensor or a compiled function.

The views and their text are the compiler's (``compiler/view``); here is found what to look at.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.compiler.executable import Steps
from sklon.compiler.limit import Limit
from sklon.compiler.view.subject import Subject, Viewable
from sklon.compiler.view.view import PARTS, ProgramView, measured_view, view_of
from sklon.nn import Module
from sklon.tensors import Tensor
from sklon.tensors.subject import subject_of_tensor

from .arrays import samples
from .captured import captured_by
from .evaluation import EVALUATION_ROWS, scalars_of, state_of, table_of
from .rehearsal import rehearsed
from .step import record_prediction
from .trainer import Trainer


def show_program(
    what: Any,
    data: Any = None,
    *,
    batch_size: int | str = "auto",
    micro_batch_size: int | None = None,
    passes: bool = True,
    measure: bool = False,
    threads: int | None = None,
    file: TextIO | None = None,
) -> ProgramView:
    """Print the graph, what each pass changed in it, and the program with kernels, tiles, layouts and memory.

    ``what`` is

    - a :class:`Trainer`: its training step, of the last fit, or of ``fit(data, batch_size=…, micro_batch_size=…)``;
    - a module with example inputs as ``data``, an array or a tuple of arrays: its prediction, without dropout;
    - a tensor that is not computed yet: everything that would be computed with it;
    - a function of :func:`sklon.jit`: what was recorded last, or the program for its arguments as ``data``, a tuple;
    - anything else with a method ``program_subject(data)``.

    With ``measure`` the steps are run, on copies of all state, and a table says of each kernel its time, its
    operations and bytes, and its share of the machine's peak; a trainer needs its data for that. ``threads`` are as
    many as the work is worth by default. ``passes=False`` leaves out the graph and what was changed in it. Nothing
    that is looked at is changed, and no data are printed.

    It prints to ``file``, by default standard output, as its name says, and returns what it printed as a value, whose
    parts (``passes``, ``program``, ``loops``, ``measured``, …) can be worked with; at the prompt that is one line.

    Raises InputError for what has no program, or none yet.

    >>> import io
    >>> import numpy as np
    >>> from sklon import nn, show_program
    >>> view = show_program(nn.Linear(2, 1), np.zeros((8, 2), np.float32), file=io.StringIO())
    >>> view
    <prediction of Linear: 2 loops in 1 phase>
    >>> view.work.flops  # 2 for each term, and 1 for the bias, of 8 rows
    40
    """
    if threads is not None:
        check_whole(1, threads=threads)
    subject = subject_of(what, data, batch_size, micro_batch_size)
    view = measured_view(subject, threads) if measure else view_of(subject)
    _print(view.text(PARTS if passes else PARTS[1:]), file or sys.stdout)
    return view


def _print(text: str, file: TextIO) -> None:
    """Write a text; what the file cannot encode is a question mark."""
    encoding = getattr(file, "encoding", None) or "utf-8"
    file.write(text.encode(encoding, "replace").decode(encoding))


def subject_of(what: Any, data: Any, batch_size: int | str = "auto", micro_batch_size: int | None = None) -> Subject:
    """What is to be looked at."""
    if isinstance(what, Trainer):
        return _of_trainer(what, data, batch_size, micro_batch_size)
    if batch_size != "auto" or micro_batch_size is not None:
        raise InputError("batch_size and micro_batch_size belong to a trainer; leave them out")
    if isinstance(what, Module):
        return _of_module(what, data)
    if isinstance(what, Tensor):
        if data is not None:
            raise InputError("a pending tensor knows what it is computed from; leave the data out")
        return subject_of_tensor(what)
    if isinstance(what, Viewable):
        return what.program_subject(data)
    raise InputError(
        "show_program shows a Trainer, a module with inputs, a jitted function or a pending tensor, not "
        f"{type(what).__name__}"
    )


def _of_trainer(trainer: Trainer, data: Any, batch_size: int | str, micro_batch_size: int | None) -> Subject:
    if data is not None:
        return rehearsed(trainer, data, batch_size=batch_size, micro_batch_size=micro_batch_size)
    plan = trainer.plan
    if plan is None or plan.graph is None:
        raise InputError(
            "what a trainer's step does follows from its data; fit it first, or pass them, as in "
            "show_program(trainer, (X, y))"
        )
    title = f"training step of {type(trainer.model).__name__}"
    return Subject(title=title, graph=plan.graph, max_rows=plan.micro, limit=Limit.of(trainer.memory_limit))


def _of_module(model: Module, inputs: Any) -> Subject:
    if inputs is None:
        raise InputError("what a module computes follows from its inputs; pass some, as in show_program(model, X)")
    data = samples(inputs)
    graph = record_prediction(model, data.columns)
    rows = min(EVALUATION_ROWS, len(data))
    table = table_of(scalars_of(graph), {}, 1)
    return Subject(
        title=f"prediction of {type(model).__name__}",
        graph=graph,
        max_rows=rows,
        arrays={
            **state_of(model), **captured_by(graph), **data.bound(), "rows": np.arange(len(data), dtype=np.int32),
        },
        steps=Steps(np.array([rows]), np.zeros(1, np.int64), table),
    )  # fmt: skip
