"""What counts as one structure: equal recordings have equal keys, and nothing else has."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon.graph.node import Graph, Slot, slots, structure
from sklon.optim.named import settings_of
from sklon.optim.rules import RULES
from sklon.tensors.values import number_of
from sklon.training import recordings
from sklon.training.recordings import structure_of, training_graph
from sklon.training.step import columns_of, record_training

X, Y = np.zeros((8, 4), np.float32), np.zeros((8, 2), np.float32)
COLUMNS = columns_of([X], Y)


def _net(width: int = 3, p: float = 0.5) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, 2))


def test_equal_models_have_one_structure_and_others_do_not() -> None:
    one = structure_of(_net())
    assert one is not None and one == structure_of(_net()) and hash(one) == hash(structure_of(_net()))
    frozen = _net()
    frozen[0].weight.requires_grad_(False)
    changed = [_net(5), _net(p=0.4), frozen, _net().double(), nn.Sequential(*_net(), nn.Identity())]
    assert all(structure_of(other) != one for other in changed)


def test_tied_weights_are_another_structure() -> None:
    apart, tied = (nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)) for _ in range(2))
    tied[1].weight = tied[0].weight
    assert structure_of(apart) != structure_of(tied)


def test_what_is_not_ours_has_no_structure() -> None:
    class Own(nn.Module):
        def forward(self, x: Any) -> Any:
            return x

    hooked = _net()
    hooked[0].register_forward_hook(lambda module, inputs, output: output)
    assert structure_of(nn.Sequential(Own())) is None and structure_of(hooked) is None


def test_a_graph_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Graph] = []

    def counting(*arguments: Any) -> Graph:
        made.append(record_training(*arguments))
        return made[-1]

    monkeypatch.setattr(recordings, "record_training", counting)
    monkeypatch.setattr(recordings, "_graphs", recordings._Kept())
    for lr, l2 in ((0.1, 1e-3), (0.2, 1e-2), (0.2, 0.0)):
        trainer = Trainer(_net(), loss="mse", lr=lr, l2=l2)
        training_graph(trainer.model, trainer.loss, trainer.rules, COLUMNS)
    assert len(made) == 2  # a penalty of zero is none


def _numbers(graph: Graph) -> list[Any]:
    """The numbers that stand in a graph without a name: a program gets them as they were when it was recorded."""
    unnamed = [n for n in slots(graph) if isinstance(n.op, Slot) and n.op.space == "scalar" and not n.op.label]
    return [number_of(n) for n in unnamed]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_s_numbers_are_no_part_of_a_recording(name: str) -> None:
    """So rules that differ in numbers, none of them zero, may share one."""
    rule: Any = RULES[name](**settings_of(name, None))
    numbers = {f.name: getattr(rule, f.name) for f in fields(rule) if f.init}
    moved = {n: _moved(v) for n, v in numbers.items() if _moved(v) != v}
    other = replace(rule, **moved)
    assert moved and recordings._of_rule(rule) == recordings._of_rule(other)
    model, loss = _net(), nn.MSELoss()
    graphs: list[Graph] = [
        record_training(model, loss, {n: ("g", one) for n, _ in model.named_parameters()}, COLUMNS)
        for one in (rule, other)
    ]
    assert structure(graphs[0]) == structure(graphs[1])
    assert _numbers(graphs[0]) == _numbers(graphs[1])


def _moved(value: Any) -> Any:
    """Another number where there is one that is not zero."""
    if isinstance(value, float) and value:
        return value * 0.9375
    if isinstance(value, tuple):
        return tuple(_moved(v) for v in value)
    rule: Any = value
    return replace(rule, lr=rule.lr * 0.9375) if is_dataclass(value) else value  # a rule within a rule


def test_a_shared_recording_computes_with_each_one_s_numbers() -> None:
    def fitted(lr: float, clear: bool) -> Any:
        if clear:
            recordings._graphs._found.clear()
        sklon.manual_seed(0)
        trainer = Trainer(_net(), loss="huber", optimizer="sgd", lr=lr, l2=lr / 10, seed=int(lr * 100))
        rows = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)
        trainer.fit((rows, rows[:, :2]), epochs=4, batch_size=16)
        return [v.tobytes() for v in trainer.model.state_dict().values()]

    assert [fitted(lr, False) for lr in (0.1, 0.3)] == [fitted(lr, True) for lr in (0.1, 0.3)]
