"""Moving, reducing, sorting and multiplying arrays, with PyTorch as the judge: value and gradient of each.

A row is an expression in ``x`` and ``y`` for us and one for PyTorch; ``""`` where the words are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.errors import ShapeError

torch = pytest.importorskip("torch")


@dataclass(frozen=True, slots=True)
class Row:
    ours: str
    theirs: str = ""
    x: tuple[int, ...] = (3, 4)
    y: tuple[int, ...] = (4, 5)
    gradient: bool = True

    def __str__(self) -> str:
        return f"{self.ours} {self.x}"


ROWS = (
    # moving
    Row("x.reshape(2, 6)"),
    Row("x.reshape(-1, 3).reshape(4, 3)"),
    Row("x.view(12)"),
    Row("x.flatten()"),
    Row("x.flatten(1)", x=(2, 3, 4)),
    Row("x.unflatten(1, (2, -1))"),
    Row("x.squeeze().unsqueeze(-1)", x=(3, 1, 2, 1)),
    Row("x.squeeze(1)", x=(3, 1, 2, 1)),
    Row("x.permute(2, 0, 1)", x=(2, 3, 4)),
    Row("x.transpose(0, 2)", x=(2, 3, 4)),
    Row("x.mT", x=(2, 3, 4)),
    Row("x.movedim(0, -1)", x=(2, 3, 4)),
    Row("sklon.moveaxis(x, (0, 1), (1, 2))", "torch.moveaxis(x, (0, 1), (1, 2))", x=(2, 3, 4)),
    Row("x.expand(5, -1, 4)", x=(3, 1)),
    Row("sklon.concat([x, x * 2, x[:, :1]], 1)", "torch.cat([x, x * 2, x[:, :1]], 1)"),
    Row("sklon.concat([x, x.exp()])", "torch.cat([x, x.exp()])", x=(40, 17)),
    Row("sklon.stack([x, x.exp()], 1)", "torch.stack([x, x.exp()], 1)"),
    Row("sklon.stack([x, x], -1)", "torch.stack([x, x], -1)"),
    Row("x.split(2, 1)[1]"),
    Row("x.split([1, 3], 1)[1]"),
    Row("x.chunk(3, 1)[1]", x=(3, 7)),
    Row("x.unbind(1)[2]"),
    Row("x.narrow(1, 1, 2)"),
    Row("x.select(1, -1)"),
    Row("x.flip(0, 1)"),
    Row("x.roll(1, 1)"),
    Row("x.roll((1, -2), (0, 1))"),
    Row("x.roll(5)"),
    Row("x.repeat(2, 3)"),
    Row("x.repeat(2, 1, 3)"),
    Row("sklon.repeat(x, 2, 1)", "torch.repeat_interleave(x, 2, 1)"),
    Row("sklon.repeat(x, 3)", "torch.repeat_interleave(x, 3)"),
    Row("x.tril()", x=(2, 4, 4)),
    Row("x.triu(1)", x=(4, 3)),
    Row("x.diagonal()", x=(4, 3)),
    Row("x.diagonal(1)"),
    Row("x.masked_fill(x > 0, 7.0)"),
    # at indices
    Row("x.gather(1, k)", x=(3, 4)),
    Row("x.index_select(1, i)"),
    Row("x.scatter_add(1, k, y)", y=(3, 3)),
    Row("x.index_add(1, i, y, alpha=2)", y=(3, 3)),
    # reducing
    Row("x.amax(1)"),
    Row("x.amin(0, True)"),
    Row("x.max() + x.min()"),
    Row("x.max(1).values"),
    Row("x.min(0, True)[0]"),
    Row("x.max(1).indices", gradient=False),
    Row("x.norm() + x.norm(1, 0).sum()"),
    Row("x.prod()"),
    Row("(x * (x > 0)).prod(1, True)"),
    Row("sklon.prod(x - x[:, 2:3], 1)", "torch.prod(x - x[:, 2:3], 1)"),
    Row("x.var()"),
    Row("x.var(1)"),
    Row("x.std(0, keepdim=True)"),
    Row("sklon.logsumexp(x, 1)", "torch.logsumexp(x, 1)"),
    Row("sklon.vector_norm(x, 1)", "torch.linalg.vector_norm(x, dim=1)"),
    Row("sklon.vector_norm(x * 0)", "torch.linalg.vector_norm(x * 0)"),
    Row("x.cumsum(1)", x=(3, 37)),
    Row("x.cumprod(0)", x=(9, 2)),
    Row("((x > 0) * x).cumprod(1)", x=(2, 9)),
    Row("sklon.diff(x, 1, 2)", "torch.diff(x, n=2, dim=1)"),
    Row("(x > 0).all(1)", gradient=False),
    Row("(x > 0).any()", gradient=False),
    Row("x.argmax(1)", gradient=False),
    Row("x.argmin()", gradient=False),
    Row("(x > 0).sum(0)", gradient=False),
    Row("sklon.count_nonzero(x > 0)", "torch.count_nonzero(x > 0)", gradient=False),
    # in order
    Row("x.sort(1)[0]", x=(3, 17)),
    Row("x.sort(0, True)[0]"),
    Row("x.argsort(1)", gradient=False),
    Row("sklon.topk(x, 2)[0]", "torch.topk(x, 2)[0]"),
    Row("sklon.topk(x, 2, 0, largest=False)[1]", "torch.topk(x, 2, 0, largest=False)[1]", gradient=False),
    Row("sklon.searchsorted(s, x)", "torch.searchsorted(s, x)", gradient=False),
    Row("sklon.searchsorted(s, x, 'right')", "torch.searchsorted(s, x, right=True)", gradient=False),
    # products
    Row("x @ y"),
    Row("x @ y", x=(4,)),
    Row("x @ y", x=(2, 3, 4)),
    Row("x @ y", x=(2, 3, 4), y=(2, 4, 5)),
    Row("x @ y", x=(3, 4), y=(2, 4, 5)),
    Row("x @ y", x=(4,), y=(2, 4, 5)),
    Row("x @ y", x=(2, 3, 4), y=(4,)),
    Row("x @ y", x=(2, 1, 3, 4), y=(5, 4, 2)),
    Row("sklon.outer(x, y)", "torch.outer(x, y)", x=(3,), y=(4,)),
    Row("sklon.vecdot(x, y)", "torch.linalg.vecdot(x, y)", x=(3, 4), y=(4,)),
    Row("sklon.tensordot(x, y, 1)", "torch.tensordot(x, y, 1)", x=(2, 3, 4)),
    Row("sklon.tensordot(x, y, ([1, 0], [0, 1]))", "torch.tensordot(x, y, ([1, 0], [0, 1]))", x=(3, 4), y=(4, 3)),
    Row("sklon.einsum('nk,mk->nm', x, y)", "torch.einsum('nk,mk->nm', x, y)", y=(5, 4)),
    Row("sklon.einsum('bij,bjk->ki', x, y)", "torch.einsum('bij,bjk->ki', x, y)", x=(2, 3, 4), y=(2, 4, 5)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_same_as_pytorch(row: Row) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(row.x), rng.standard_normal(row.y)
    shared = {"k": rng.integers(0, 4, (3, 3)), "i": np.array([2, 0, 2]), "s": np.sort(rng.standard_normal(6))}
    mine = _run(row.ours, sklon, x, y, {n: sklon.tensor(a) for n, a in shared.items()}, row.gradient)
    reference = _run(row.theirs or row.ours, torch, x, y, {n: torch.tensor(a) for n, a in shared.items()}, row.gradient)
    for found, expected in zip(mine, reference, strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def _run(text: str, lib: Any, x: Any, y: Any, names: dict[str, Any], gradient: bool) -> list[np.ndarray[Any, Any]]:
    """The value, and the gradients of its projection on fixed weights."""
    leaves = [lib.tensor(a) for a in (x, y)]
    for leaf in leaves:
        leaf.requires_grad_()
    result = eval(text, {"sklon": sklon, "torch": torch, "x": leaves[0], "y": leaves[1], **names})
    if not gradient:
        return [result.numpy()]
    weights = np.random.default_rng(1).standard_normal(tuple(result.shape))
    (result * lib.tensor(weights)).sum().backward()
    grads = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    return [result.detach().numpy(), *grads]


def test_nan_is_sorted_last_and_found_first() -> None:
    x = sklon.tensor([2.0, float("nan"), 1.0, float("inf")])
    assert str(sklon.sort(x).tolist()) == "[1.0, 2.0, inf, nan]"
    assert str(sklon.sort(x, descending=True).tolist()) == "[nan, inf, 2.0, 1.0]"
    assert x.argmax().item() == x.argmin().item() == 1


def test_equal_elements_keep_their_order() -> None:
    x = sklon.tensor([1, 0, 1, 0, 1])
    assert sklon.argsort(x).tolist() == [1, 3, 0, 2, 4]
    assert sklon.argsort(x, descending=True).tolist() == [0, 2, 4, 1, 3]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0,), (3, 0, 2)])
def test_values_without_elements(shape: tuple[int, ...]) -> None:
    x, reference = sklon.tensor(np.zeros(shape), requires_grad=True), torch.zeros(shape, dtype=torch.float64)
    np.testing.assert_array_equal((x + 1).numpy(), (reference + 1).numpy())
    np.testing.assert_array_equal((x.exp() * 2).sum(0).numpy(), (reference.exp() * 2).sum(0).numpy())
    np.testing.assert_array_equal(x.prod().numpy(), reference.prod().numpy())
    assert sklon.concat([x, x], -1).numpy().shape == torch.cat([reference, reference], -1).shape
    assert sklon.sort(x).numpy().shape == shape
    (x * x).sum().backward()
    assert x.grad is not None and x.grad.numpy().shape == shape
    with pytest.raises(ShapeError, match="no elements"):
        x.amax()


def test_products_over_no_terms_are_zero() -> None:
    left, right = sklon.zeros(4, 0, requires_grad=True), sklon.zeros(0, 3)
    assert (left @ right).tolist() == [[0.0] * 3] * 4
    (left @ right).sum().backward()
    assert left.grad is not None and left.grad.numpy().shape == (4, 0)
    assert (sklon.zeros(0, 4) @ sklon.ones(4, 3)).numpy().shape == (0, 3)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("x.reshape(5, 3)", "not as many elements"),
        ("x.reshape(-1, 5)", "cannot take the shape"),
        ("x.reshape(-1, -1)", "at most one"),
        ("sklon.concat([x, x[:, :2]])", "cannot be joined"),
        ("sklon.stack([x, x[:1]])", "one shape"),
        ("sklon.squeeze(x, 0)", "not of size one"),
        ("x.split([1, 1], 1)", "do not make up the 4"),
        ("x.narrow(1, 3, 2)", "do not lie on axis"),
        ("x @ x", "matmul needs"),
        ("sklon.topk(x, 5)", "has no 5 elements"),
        ("x.permute(0, 0)", "no order of the axes"),
    ],
)
def test_what_does_not_fit_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        eval(expression, {"sklon": sklon, "x": sklon.ones(3, 4)})


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_integers_and_booleans_move_and_add_up(dtype: str) -> None:
    array = np.array([[3, -1, 2], [2, 2, -5]], dtype)
    x, reference = sklon.tensor(array), torch.tensor(array)
    for expression in (
        "x.sum()",
        "x.prod(1)",
        "x.flip(1)",
        "x.cumsum(0)",
        "x.sort(1)[0]",
        "x.amin(1)",
        "x.min()",
        "x == 2",
    ):
        found, expected = (eval(expression, {"x": given}) for given in (x, reference))
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), err_msg=expression)
        assert found.dtype.name == str(expected.dtype).removeprefix("torch.")
