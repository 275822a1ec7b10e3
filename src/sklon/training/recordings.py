"""What is recorded once for all fits of one structure: graphs of steps, evaluations and predictions.

Recording a small network costs as much as hundreds of its steps. Two models have one structure if all their settings
are equal and their parts have the same names, shapes and types: then they record the same graph, but for the nodes'
identities. Only modules of this package are compared so; what is a module of one's own, or reads tensors from outside,
is recorded each time. Numbers of a rule are scalars of the program, so rules may differ in them, but not in whether a
number is zero (``optim.rules.rule``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from sklon._base.locks import Lock
from sklon.graph.node import Graph
from sklon.nn import Loss, Module
from sklon.nn.settings import TABLES
from sklon.optim import Rule
from sklon.tensors import Tensor
from sklon.tensors.watching import frozen

from .captured import captured_by
from .step import Columns, record_evaluation, record_prediction, record_training
from .updating import PLAIN, Options

#: recorded graphs that are kept
KEPT = 256
#: where classes come from whose settings say all that their recording depends on
OURS = "sklon."


class _Kept:
    """The newest values by key; several Python threads may ask."""

    def __init__(self) -> None:
        self._turn, self._found = Lock(), OrderedDict[Hashable, Any]()

    def of(self, key: Hashable, make: Callable[[], Any], worth: Callable[[Any], bool] = lambda made: True) -> Any:
        """The value of a key, made where there is none; two threads may both make one, and the first stays."""
        with self._turn:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = make()
        if not worth(made):
            return made
        with self._turn:
            if len(self._found) >= KEPT:
                self._found.popitem(last=False)
            return self._found.setdefault(key, made)


_graphs = _Kept()


def training_graph(
    model: Module,
    loss: Loss,
    rules: Mapping[str, tuple[str, Rule]],
    columns: Columns,
    options: Options = PLAIN,
    frozen_names: frozenset[str] = frozenset(),
) -> Graph:
    """The graph of one training step, as ``record_training`` gives it."""
    structures = tuple((name, group, _of_rule(rule)) for name, (group, rule) in rules.items())
    rest = (columns, frozen(options), frozen_names, structures)
    return _recorded(
        ("training", rest), (model, loss), lambda: record_training(model, loss, rules, columns, options, frozen_names)
    )


def evaluation_graph(model: Module, loss: Loss, columns: Columns) -> Graph:
    """The graph of the loss without dropout, as ``record_evaluation`` gives it."""
    return _recorded(("evaluation", columns), (model, loss), lambda: record_evaluation(model, loss, columns))


def prediction_graph(model: Module, columns: Columns) -> Graph:
    """The graph of a model's outputs, as ``record_prediction`` gives it."""
    return _recorded(("prediction", columns), (model,), lambda: record_prediction(model, columns))


def _recorded(what: Hashable, modules: tuple[Module, ...], record: Callable[[], Graph]) -> Graph:
    structures = [structure_of(module) for module in modules]
    if any(one is None for one in structures):
        return record()
    graph: Graph = _graphs.of((what, *structures), record, worth=lambda made: not captured_by(made))
    return graph


def structure_of(module: Module) -> Hashable | None:
    """What decides the recording of a module, as a value that equals another one's; None where that is not known.

    >>> from sklon import nn
    >>> one, other = structure_of(nn.Linear(3, 2)), structure_of(nn.Linear(3, 1))
    >>> one == structure_of(nn.Linear(3, 2)), one == other
    (True, False)
    """
    found: list[Hashable] = []
    numbers: dict[int, int] = {}  # of parts, parameters and buffers: shared ones have one number
    for path, part in module.named_modules(remove_duplicate=False):
        if not type(part).__module__.startswith(OURS) or part._forward_hooks or part._forward_pre_hooks:
            return None
        parts = {name: one for table in TABLES for name, one in getattr(part, table).items()}
        settings = tuple((n, frozen(v)) for n, v in part.__dict__.items() if n not in parts and n not in _UNSEEN)
        held = tuple((n, numbers.setdefault(id(one), len(numbers)), _type_of(one)) for n, one in parts.items())
        found.append((path, type(part), settings, held))
    return tuple(found)


#: tables of parts, which are looked at by themselves, and the mode, which recording chooses
_UNSEEN = frozenset((*TABLES, "training"))


def _type_of(part: Any) -> Hashable:
    """The shape and type of a tensor, and whether it is trained; of a module it is told with its path."""
    if isinstance(part, Tensor):
        return part.shape, part.dtype, part.requires_grad
    return type(part).__qualname__


def _of_rule(value: Any) -> Hashable:
    """A rule without its numbers, of which only counts whether they are zero."""
    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith(OURS):
        return type(value), tuple(_of_rule(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple):
        return tuple(map(_of_rule, value))
    return (float, value == 0) if isinstance(value, float) else frozen(value)
