"""PyTorch's own database of operators is the judge: values, two orders of derivatives, refused inputs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sklon._base.errors import SklonError
from sklon._base.store import Store
from sklon.graph.build import Build
from sklon.graph.node import REGISTRY, Node, Op
from sklon.nn import functional as nnf
from sklon.tensors import elementwise, programs

from .op_db import Entry, compare, compiled, interpreted, judge, refused, torch
from .op_db_rows import ENTRIES

BY_NAME = {entry.name: entry for entry in ENTRIES}
REFUSING = [entry for entry in ENTRIES if entry.info.error_inputs_func]
#: functions that the database has not, or not as layers; tested with layers, losses and random numbers
ELSEWHERE = {
    "batch_norm",
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "feature_alpha_dropout",
    "flatten",
    "hinge_loss",
    "pinball_loss",
    "rrelu",
    "sigmoid",
    "softmax",
    "log_softmax",
    "tanh",
}


def test_the_list_is_long_and_names_everything_once() -> None:
    assert len(BY_NAME) == len(ENTRIES) >= 120


def test_every_function_is_in_the_list() -> None:
    listed = {entry.ours for entry in ENTRIES}
    public = {name: getattr(elementwise, name) for name in elementwise.__all__}
    assert {name for name, function in public.items() if function not in listed} == {"polygamma"}  # listed by orders
    layers = {name for name in nnf.__all__ if f"nn.functional.{name}" not in BY_NAME}
    assert layers <= ELSEWHERE


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_values_and_derivatives(entry: Entry) -> None:
    types = [t for t in (torch.float64, torch.float32, *entry.types) if t in entry.info.dtypes]
    judged = judge(entry, types)
    compare(entry, judged, interpreted(judged), "interpreted")
    compare(entry, judged, compiled(judged), "compiled")


@pytest.mark.parametrize("entry", REFUSING, ids=str)
def test_what_pytorch_refuses_is_refused(entry: Entry) -> None:
    for what, message, call in refused(entry):
        if any(part in message for part in entry.accepted):
            continue
        with pytest.raises(SklonError):
            pytest.fail(f"{what} is accepted: {call()}; PyTorch says {message}")


# ---- the judge itself
@pytest.mark.parametrize(
    ("op", "entry"), [("tanh", "tanh"), ("mul", "square"), ("pow", "pow"), ("where", "clamp"), ("fmod", "remainder")]
)
@pytest.mark.parametrize("share", (0, 1), ids=("wrong by a part", "missing"))
def test_a_wrong_derivative_is_caught(op: str, entry: str, share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = REGISTRY[op].vjp

    def wrong(self: Op, build: Build, node: Node, g: Node) -> list[Node | None]:
        grads = right(self, build, node, g)
        return [None if share or d is None else build.mul(d, build.full_like(1.0001, d)) for d in grads]

    monkeypatch.setattr(REGISTRY[op], "vjp", wrong)
    judged = judge(BY_NAME[entry], [torch.float64])
    with pytest.raises(AssertionError, match="gradient 0 of order 1"):
        compare(BY_NAME[entry], judged, interpreted(judged), "interpreted")


def test_a_wrong_second_derivative_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of tanh is computed from its result; here it is given as a number that no derivative reaches."""
    right = REGISTRY["tanh"].vjp

    def wrong(self: Op, build: Build, node: Node, g: Node) -> list[Node | None]:
        return [d and build.mul(g, build.stop_gradient(build.div(d, g))) for d in right(self, build, node, g)]

    monkeypatch.setattr(REGISTRY["tanh"], "vjp", wrong)
    judged = judge(BY_NAME["tanh"], [torch.float64])
    with pytest.raises(AssertionError, match="gradient 0 of order 2"):
        compare(BY_NAME["tanh"], judged, interpreted(judged), "interpreted")


def test_a_wrong_instruction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY["hypot"], "symbol", "fmax")
    monkeypatch.setattr(programs, "programs", Store(1))
    judged = judge(BY_NAME["hypot"], [torch.float64])
    compare(BY_NAME["hypot"], judged, interpreted(judged), "interpreted")
    with pytest.raises(AssertionError, match="hypot, compiled: result 0"):
        compare(BY_NAME["hypot"], judged, compiled(judged), "compiled")


def test_a_row_without_samples_fails() -> None:
    nothing = replace(BY_NAME["sin"], leave=lambda sample: "nothing is taken")
    judged = judge(nothing, [torch.float64])
    with pytest.raises(AssertionError, match="no sample was judged"):
        compare(nothing, judged, interpreted(judged), "interpreted")
