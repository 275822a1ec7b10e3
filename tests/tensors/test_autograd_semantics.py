"""Gradients to the letter: programs that give the same values, ``.grad``s and kinds of errors as in PyTorch."""

from __future__ import annotations

from textwrap import dedent

import pytest

import sklon
from sklon._base.errors import InputError
from tests.tensors.programs_gradients import BACKWARD, GRAD, HOOKS, LEAVES, MODES
from tests.tensors.programs_training import IN_PLACE, NET, NETWORKS
from tests.tensors.semantics import check, check_same_kind, run

torch = pytest.importorskip("torch")

TABLES = {
    "backward": BACKWARD, "grad": GRAD, "leaves": LEAVES, "modes": MODES, "hooks": HOOKS, "in place": IN_PLACE,
}  # fmt: skip
PROGRAMS = [
    pytest.param(source, id=f"{table}: {name}") for table, rows in TABLES.items() for name, source in rows.items()
]


@pytest.mark.parametrize("source", PROGRAMS)
def test_a_program_means_what_it_means_in_pytorch(source: str) -> None:
    try:
        check(source, torch)
    finally:
        torch.set_grad_enabled(True)
        sklon.set_grad_enabled(True)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_net_and_its_optimizer_do_what_they_do_in_pytorch(name: str) -> None:
    check(NET + dedent(NETWORKS[name]), torch)


#: programs that PyTorch refuses or answers differently, and what they give here
DIFFERENCES = {
    "a value that was read is kept": (
        "y = w * w\nwith lib.no_grad():\n    w += 1\ny.sum().backward(); result = w.grad",
        [2.0, 4.0],
    ),
    "an exp written over": ("y = w.exp(); y *= 2; y.sum().backward(); result = w.grad / w.detach().exp()", [2.0, 2.0]),
    "data written over": ("y = w * w; w.data += 1; y.sum().backward(); result = w.grad", [2.0, 4.0]),
    "a detached result is a value of its own": ("y = c * 2; d = y.detach(); y += 1; result = d", [1.0, 4.0]),
    "numpy of a leaf is a copy": ("result = new(w.numpy())", [1.0, 2.0]),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_where_pytorch_differs(name: str) -> None:
    source, expected = DIFFERENCES[name]
    ours, theirs = run(source, sklon), run(source, torch)
    assert ours.error is None and ours.result[1] == pytest.approx(expected)
    assert theirs.error is not None or theirs.result[1] != pytest.approx(expected)


def test_writing_to_a_view_says_what_to_do() -> None:
    x = sklon.zeros(2, 3)
    for view in (x.T, x.permute(1, 0), x.unsqueeze(0), x.expand(2, 3)):
        with pytest.raises(InputError, match=r"clone\(\)"):
            view.add_(1)
    x.T.clone().add_(1)


def test_asking_for_the_grad_of_a_result_warns() -> None:
    for lib in (sklon, torch):
        assert run("y = w * 2; y.grad", lib).warned
        assert not run("y = w * 2; y.retain_grad(); y.grad; w.grad; c.grad", lib).warned


def test_a_device_that_is_not_there_is_explained_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"computes on the processor .* leave out \.to\(\"cuda:0\"\)"):
        sklon.zeros(2).to("cuda:0")
    assert sklon.zeros(2).device == "cpu"


def test_a_check_that_cannot_fail_is_none() -> None:
    with pytest.raises(AssertionError):
        check("result = w if lib.__name__ == 'torch' else v", torch)
    with pytest.raises(AssertionError):
        check_same_kind(None, RuntimeError("only there"))
