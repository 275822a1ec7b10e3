"""PyTorch's optimizer database as the judge: every configuration of the rules that we have, and every refusal."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import sklon
from tests.optim.rows import EXECUTION, ROWS, Problem, Row, assert_same

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's databases need it")
optim_db = pytest.importorskip("torch.testing._internal.common_optimizers").optim_db

STEPS = 50
#: entries of the database that we have no rule for, and why
NOT_OURS = {
    "ASGD": "averaging composes with every rule",
    "Adafactor": "made for models that do not fit into memory",
    "LBFGS": "no rule for one parameter: see test_lbfgs.py",
    "SparseAdam": "there are no sparse gradients",
}
INFOS = {info.optim_cls.__name__: info for info in optim_db if info.optim_cls.__name__ not in NOT_OURS}
SHARED = {name: row for name, row in ROWS.items() if row.ours is not None}
NAMES = {row.name: row for row in SHARED.values()}
#: refusals of PyTorch that differ here: it warns that this will be an error
STRICTER = {"a param group cannot have duplicate parameters": ValueError}


def _of_execution(settings: dict[str, Any]) -> bool:
    """Options of execution, and numbers as tensors: a number here is a Python number, no part of the program."""
    numbers = [v for value in settings.values() for v in (value if isinstance(value, tuple) else (value,))]
    return not EXECUTION.isdisjoint(settings) or any(isinstance(v, torch.Tensor) for v in numbers)


CONFIGURATIONS = [
    pytest.param(name, case.kwargs, id=f"{name}-{case.desc}")
    for name, info in INFOS.items()
    for case in info.optim_inputs_func(device="cpu")
    if not _of_execution(case.kwargs)
]


@pytest.fixture(autouse=True)
def _double_precision(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch keeps NAdam's product of momenta in its default type, and Muon's iterations in bfloat16."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_the_database_is_covered() -> None:
    assert INFOS.keys() == NAMES.keys()
    assert len(CONFIGURATIONS) >= 55


def _problems(row: Row) -> tuple[Problem, Problem]:
    return Problem(sklon, row.matrices), Problem(torch, row.matrices)


@pytest.mark.parametrize(("name", "settings"), CONFIGURATIONS)
def test_fifty_steps_follow_pytorch(name: str, settings: dict[str, Any]) -> None:
    ours, theirs = _problems(NAMES[name])
    ours.steps(NAMES[name].optimizer(ours.params, **settings), STEPS)
    theirs.steps(INFOS[name].optim_cls(theirs.params, **settings), STEPS)
    assert_same(ours, theirs)


@pytest.mark.parametrize("row", SHARED.values(), ids=SHARED)
def test_every_part_of_the_formula_follows_pytorch(row: Row) -> None:
    ours, theirs = _problems(row)
    ours.steps(row.optimizer(ours.params, **row.shared), STEPS)
    theirs.steps(INFOS[row.name].optim_cls(theirs.params, **row.shared), STEPS)
    assert_same(ours, theirs)


# ---- refusals
REFUSALS = [
    pytest.param(name, case, id=f"{name}-{case.optimizer_error_input.desc or case.error_regex}")
    for name, info in INFOS.items()
    for case in info.optim_error_inputs_func(device="cpu", dtype=torch.float64)
    if EXECUTION.isdisjoint(case.optimizer_error_input.kwargs) and "complex" not in case.error_regex
]


@pytest.mark.parametrize(("name", "case"), REFUSALS)
def test_refusals_are_of_the_same_kind(name: str, case: Any) -> None:
    given = case.optimizer_error_input
    params = [sklon.ones(1, requires_grad=True)] if given.params is None else _as_ours(given.params, {})
    with pytest.raises(STRICTER.get(given.desc, case.error_type)):
        NAMES[name].optimizer(params, **given.kwargs)


def _as_ours(params: Any, known: dict[int, sklon.Tensor]) -> Any:
    """The same structure of parameters, with our tensors: one for each of PyTorch's."""
    if isinstance(params, torch.Tensor):
        return known.setdefault(id(params), sklon.tensor(params.detach().numpy(), requires_grad=True))
    if isinstance(params, dict):
        return {name: _as_ours(value, known) for name, value in params.items()}
    return type(params)(_as_ours(p, known) for p in params) if isinstance(params, list | tuple) else params


# ---- names, order and defaults
@pytest.mark.parametrize("row", SHARED.values(), ids=SHARED)
def test_signatures_are_pytorchs(row: Row) -> None:
    ours = inspect.signature(row.optimizer).parameters
    theirs = inspect.signature(INFOS[row.name].optim_cls).parameters
    expected = {name: p.default for name, p in theirs.items() if name not in EXECUTION}
    assert {name: p.default for name, p in ours.items() if name not in (row.ours or ())} == expected
    assert set(row.ours or ()) <= ours.keys()
    positional = [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == list(theirs)[: len(positional)] or "capturable" in theirs


# ---- states change hands in the middle of a run
@pytest.mark.parametrize("row", SHARED.values(), ids=SHARED)
def test_a_state_of_pytorch_is_continued(row: Row) -> None:
    ours, theirs = _problems(row)
    reference = INFOS[row.name].optim_cls(theirs.params, **row.shared)
    theirs.steps(reference, 7)
    ours.params = [sklon.tensor(p, requires_grad=True) for p in theirs.values()]
    mine = row.optimizer(ours.params)
    mine.load_state_dict(reference.state_dict())
    ours.steps(mine, 3)
    theirs.steps(reference, 3)
    assert_same(ours, theirs)


@pytest.mark.parametrize("row", SHARED.values(), ids=SHARED)
def test_pytorch_continues_our_state(row: Row) -> None:
    ours, theirs = _problems(row)
    mine = row.optimizer(ours.params, **row.shared)
    ours.steps(mine, 7)
    theirs.params = [torch.tensor(p, requires_grad=True) for p in ours.values()]
    reference = INFOS[row.name].optim_cls(theirs.params)
    packed = mine.state_dict()
    state = {i: {k: torch.as_tensor(v) for k, v in entry.items()} for i, entry in packed["state"].items()}
    options = {k: v for k, v in reference.param_groups[0].items() if k in EXECUTION}
    groups = [{**options, **group} for group in packed["param_groups"]]
    reference.load_state_dict({"state": state, "param_groups": groups})
    ours.steps(mine, 3)
    theirs.steps(reference, 3)
    assert_same(ours, theirs)
    assert packed["state"][0].keys() == reference.state[theirs.params[0]].keys()
